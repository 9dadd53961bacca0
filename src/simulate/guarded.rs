//! The store as a simulated replica sees it: the real one, with trouble and death before and after every operation.
//!
//! Each operation runs to its end within one poll, so that no two ever race for real: their order is the order in which the
//! runtime's tasks run, and that follows from the seed. What may come between two operations, the drawn delays let come.

use super::history::{Act, Done, Intake, Opened, Plan, StoreSeen};
use super::memo::Memo;
use super::stage::{Life, Scene};
use crate::core::domain::{Appointment, Closure, PhoneNumber, VisitKey, WorkItem};
use crate::core::ids::{AppointmentId, AttemptId, AttemptToken, CarrierName, FeedName, PatientId, SiteKey, WorkItemId};
use crate::core::link::{CarrierState, Take};
use crate::core::plan::PatientFacts;
use crate::simulate::day::Moment;
use crate::simulate::history::Seen;
use crate::store::*;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use tokio::runtime::Handle;

/// The store of one life of a replica.
pub struct GuardedStore {
    store: SharedStore,
    /// The runtime that the store lives in.
    home: Handle,
    scene: Arc<Scene>,
    life: Arc<Life>,
    memo: Arc<Memo>,
}

/// What an operation does to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reads,
    Writes,
}

/// The store's thread runs on the same core: so often it is let on before this one sleeps. To be woken costs more than to look.
const LOOKS: u32 = 20;

/// Waits for work of another runtime, here and now: nothing else of this thread's runtime runs meanwhile.
pub(super) fn here_and_now<F: Future>(home: &Handle, work: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let _inside = home.enter();
    // How often it is polled is left to real time: that must not count against the task that waits.
    let mut work = pin!(tokio::task::unconstrained(work));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut looks = 0;
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending if looks < LOOKS => {
                looks += 1;
                thread::yield_now();
            }
            Poll::Pending => thread::park(),
        }
    }
}

impl GuardedStore {
    /// `store`, whose home is another runtime, for one life.
    pub fn new(store: SharedStore, home: Handle, scene: Arc<Scene>, life: Arc<Life>, memo: Arc<Memo>) -> GuardedStore {
        GuardedStore { store, home, scene, life, memo }
    }

    async fn run<T, W, S>(&self, op: &'static str, kind: Kind, work: W, see: S) -> Result<T>
    where
        W: Future<Output = Result<T>> + Send,
        S: FnOnce(&T) -> Option<Act> + Send,
    {
        let (scene, life) = (&self.scene, &self.life);
        life.while_alive().await;
        scene.works();
        scene.delay().await;
        life.while_alive().await;
        if let Some(fault) = scene.refuses(kind) {
            self.see(op, Done::Refused, None);
            return Err(fault);
        }
        let dies = scene.dies_at_commit(life, kind);
        if dies == Some(false) {
            scene.kill(life, op);
            life.while_alive().await;
        }
        let done = here_and_now(&self.home, work);
        let act = done.as_ref().ok().and_then(see);
        let unheard = kind == Kind::Writes && done.is_ok() && scene.goes_unheard();
        let how = match &done {
            Ok(_) if unheard => Done::Unheard,
            Ok(_) => Done::Yes,
            Err(StoreError::Conflict) => Done::Conflict,
            Err(_) => Done::Failed,
        };
        let moments = act.as_ref().map(Self::moments).unwrap_or_default();
        // What nobody has written since needs no line of its own.
        let known = self.memo.note(op, kind, how, act.as_ref());
        if !known || how != Done::Yes {
            self.see(op, how, act);
        }
        if dies == Some(true) {
            scene.kill(life, op);
            life.while_alive().await;
        }
        for (attempt, moment) in moments {
            scene.reaches(&attempt, moment).await;
        }
        scene.delay_after().await;
        life.while_alive().await;
        if unheard { Err(DatabaseFault::new("disk I/O error").into()) } else { done }
    }

    /// Which calls got where by what was done.
    fn moments(act: &Act) -> Vec<(AttemptId, Moment)> {
        match act {
            Act::Leased(leased) => leased.iter().map(|one| (one.attempt.id.clone(), Moment::Leased)).collect(),
            Act::Requested(order, RequestVerdict::Granted) => vec![(order.attempt.clone(), Moment::Requesting)],
            _ => Vec::new(),
        }
    }

    fn see(&self, op: &'static str, done: Done, what: Option<Act>) {
        let what = what.map(Box::new);
        self.scene.see(Seen::Store(StoreSeen { actor: self.life.actor, op, done, what }));
    }
}

fn planned(plan: &PlanCommit) -> Act {
    let open = plan.open.iter().map(|(promise, attempt)| {
        let (outreach, visit) = (promise.id.clone(), promise.visit.clone());
        let promise = promise.clone();
        Opened { outreach, promise, attempt: attempt.id.clone(), visit, due_at: attempt.due_at, not_after: attempt.not_after }
    });
    Act::Planned(Plan {
        at: plan.at,
        patients: plan.facts.iter().map(|facts| facts.patient.id.clone()).collect(),
        open: open.collect(),
        shift: plan.shift.clone(),
        withdraw: plan.withdraw.clone(),
        open_work: plan.open_work.clone(),
        close_work: plan.close_work.clone(),
    })
}

fn taken_in(batch: &IntakeBatch) -> Act {
    Act::TakenIn(Intake {
        raw: batch.raw.iter().map(|row| row.text.reveal().clone()).collect(),
        appointments: batch.appointments.iter().map(|it| it.value.clone()).collect(),
        withdraw: batch.withdraw.clone(),
        opt_outs: batch.opt_outs.clone(),
        heard: batch.heard.is_some(),
    })
}

macro_rules! guarded {
    (
        memo: { $($memo_kind:ident $memo_name:ident($($memo_arg:ident: $memo_type:ty),*) -> $memo_done:ty $(, $memo_see:expr)?;)* }
        store: { $($kind:ident $name:ident($($arg:ident: $type:ty),*) -> $done:ty $(, $see:expr)?;)* }
    ) => {
        #[async_trait]
        impl Store for GuardedStore {
            $(async fn $memo_name(&self $(, $memo_arg: $memo_type)*) -> Result<$memo_done> {
                let known = self.memo.$memo_name(&*self.store $(, $memo_arg)*);
                self.run(stringify!($memo_name), Kind::$memo_kind, known, guarded!(@see $($memo_see)?)).await
            })*

            $(async fn $name(&self $(, $arg: $type)*) -> Result<$done> {
                self.run(stringify!($name), Kind::$kind, self.store.$name($($arg),*), guarded!(@see $($see)?)).await
            })*

            // It stays open for the next life.
            async fn close(&self) {}
        }
    };
    (@see) => { |_| None };
    (@see $see:expr) => { $see };
}

guarded! {
    memo: {
        Reads silent_feeds(before: DateTime<Utc>) -> Vec<(FeedName, Vec<SiteKey>)>;
        Reads touched(limit: u32) -> Touched;
        Writes lease_shared(request: &LeaseRequest, takes: &[Take]) -> Vec<Leased>, |leased| (!leased.is_empty()).then(|| Act::Leased(leased.clone()));
        Reads carriers() -> Vec<CarrierRow>;
        Reads next_due(carrier: &CarrierName, now: DateTime<Utc>) -> Option<DateTime<Utc>>;
        Writes expire_leases(now: DateTime<Utc>) -> u64, |count| (*count > 0).then_some(Act::LeasesEnded(*count));
        Reads live_calls() -> Vec<LiveCall>;
    }
    store: {
        Writes migrate() -> u32;
        Reads ready() -> ();
        Writes secret(name: &str, fresh: Vec<u8>) -> Vec<u8>;
        Reads load_known(appointments: &[AppointmentId], patients: &[PatientId]) -> Known;
        Writes commit_intake(batch: &IntakeBatch) -> (), |()| Some(taken_in(batch));
        Writes feed_heard(feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> ();
        Reads appointments(feed: Option<&FeedName>, limit: u32) -> Vec<Appointment>;
        Reads count_appointments(feed: Option<&FeedName>) -> u64;
        Reads bookings_between(site: &SiteKey, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Appointment>;
        Reads consents(patient: &PatientId) -> Vec<Consent>;
        Reads changes(patient: &PatientId) -> Vec<ChangeRecord>;
        Reads classed_by_rule(after: (DateTime<Utc>, &AppointmentId), limit: u32) -> Vec<Appointment>;
        Writes reclassify(changes: &[Reclassify]) -> u64;
        Reads unknown_services(from: DateTime<Utc>, limit: u32) -> Vec<UnknownService>;
        Reads patients_to_plan(now: DateTime<Utc>, after: Option<&PatientId>, limit: u32) -> Vec<PatientId>;
        Reads load_facts(patients: &[PatientId], now: DateTime<Utc>) -> Vec<PatientFacts>;
        Writes forget_touched(upto: i64) -> ();
        Writes touch(patients: &[PatientId]) -> ();
        Writes commit_plan(plan: &PlanCommit) -> (), |()| Some(planned(plan));
        Writes hold_lease(name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> bool;
        Writes leave_lease(name: &str, holder: &str) -> ();
        Writes declare_closure(closure: &Closure, reason: &str, visits: &[(VisitKey, u32)]) -> ();
        Reads closures(all: bool) -> Vec<ClosureRecord>;
        Writes withdraw_closures(site: &SiteKey, day: NaiveDate, at: DateTime<Utc>) -> u64;
        Writes save_carrier(state: &CarrierState, revision: i64) -> ();
        Writes take_turns(wish: &TurnWish) -> Option<DateTime<Utc>>;
        Writes begin_request(order: &RequestOrder) -> RequestVerdict, |verdict| Some(Act::Requested(order.clone(), *verdict));
        Writes give_back(attempt: &AttemptId, holder: &str, back: &GiveBack) -> (), |()| Some(Act::GivenBack(attempt.clone(), *back));
        Reads lines_in_use(carrier: &CarrierName) -> u32;
        Reads calls_of_others(attempt: &AttemptId, phone: &PhoneNumber, ids: &[String]) -> Vec<String>;
        Reads copy_to(file: &Path) -> ();
        Reads damage() -> Option<String>;
        Writes mark_copy(made_at: DateTime<Utc>) -> ();
        Reads copied_at() -> Option<DateTime<Utc>>;
        Writes note_lost_time(from: DateTime<Utc>, until: DateTime<Utc>) -> ();
        Reads lost_times() -> Vec<LostTime>;
        Reads is_asked(lost: &LostTime, phone: &PhoneNumber) -> bool;
        Writes note_asked(lost: &LostTime, phone: &PhoneNumber) -> ();
        Writes take_over(attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> ();
        Reads load_call(token: &AttemptToken) -> Option<CallRecord>;
        Reads load_call_by_id(attempt: &AttemptId) -> Option<CallRecord>;
        Writes commit_call(commit: &CallCommit) -> (), |()| Some(Act::Call(commit.clone()));
        Writes keep_audio(audio: &[(String, String)]) -> ();
        Reads audio_recipe(id: &str) -> Option<String>;
        Reads caller(number: &PhoneNumber, since: DateTime<Utc>) -> Caller;
        Reads load_incoming(key: &IncomingKey) -> Option<IncomingCall>;
        Writes open_incoming(new: &NewIncoming) -> ();
        Writes commit_incoming(commit: &IncomingCommit) -> IncomingVerdict, |verdict| Some(Act::Incoming(commit.clone(), *verdict));
        Writes end_incoming(token: &AttemptToken, at: DateTime<Utc>) -> ();
        Writes open_work(item: &WorkItem) -> bool, |is_new| Some(Act::Work(item.clone(), *is_new));
        Reads worklist(all: bool, limit: u32) -> Vec<WorkItem>;
        Reads count_open_work() -> u64;
        Writes claim_work(item: &WorkItemId, owner: &str) -> bool;
        Writes resolve_work(item: &WorkItemId, resolution: &str) -> bool, |was_open| Some(Act::WorkResolved(item.clone(), *was_open));
        Writes add_opt_out(opt_out: &OptOut) -> (), |()| Some(Act::OptOut(opt_out.clone()));
        Reads opt_outs(limit: u32) -> Vec<OptOut>;
        Writes remove_opt_outs(who: &OptIn) -> u64;
        Reads opt_out_records(limit: u32) -> Vec<OptOutRecord>;
        Reads calls(since: Option<DateTime<Utc>>, limit: u32) -> Vec<CallLine>;
        Reads newest_calls(query: &CallQuery) -> Vec<CallLine>;
        Reads call_counts() -> Vec<CallCount>;
        Reads decisions(visit: &VisitKey) -> Vec<(DateTime<Utc>, StoredDecision)>;
        Reads decisions_to_replay(query: &ReplayQuery) -> Vec<Replay>;
        Writes log_webhooks(entries: &[WebhookEntry]) -> ();
        Reads webhooks(query: &WebhookQuery) -> Vec<(i64, WebhookEntry)>;
    }
}
