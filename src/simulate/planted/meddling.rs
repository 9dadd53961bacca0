//! Between the engine and its store: a store that forgets, keeps too long, or writes something else.

use crate::core::call::CallEvent;
use crate::core::domain::{Appointment, AttemptStatus, Closure, Outcome, PhoneNumber, Purpose, VisitKey, WorkItem};
use crate::core::ids::{AppointmentId, AttemptId, AttemptToken, CarrierName, FeedName, PatientId, SiteKey, WorkItemId};
use crate::core::link::{CarrierState, Take};
use crate::core::plan::PatientFacts;
use crate::store::*;
use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What it does otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    LeaseEarly,
    NoDedupe,
    AnswerAnew,
    RedialUnknown,
    NoOptOuts,
    NineUnheard,
    KeyLost,
    CompletedWins,
    HalfVoicemail,
    StaleFacts,
    NoticesTold,
    NoLines,
    NoPace,
    NoRescue,
    NoWork,
    OtherDecisions,
    NoLog,
    SomeUnplanned,
    NoChanges,
}

/// How long stale facts are kept.
const STALE: Duration = Duration::hours(1);
/// How long before its time a call is leased.
const EARLY: Duration = Duration::hours(4);

/// A store behind a twist.
pub(super) struct Meddling {
    store: SharedStore,
    twist: Twist,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// What was asked for and may be unknown: its holder, and when its answer must be known.
    asked: BTreeMap<AttemptId, (String, DateTime<Utc>)>,
    facts: BTreeMap<PatientId, (DateTime<Utc>, PatientFacts)>,
}

impl Meddling {
    pub fn new(store: SharedStore, twist: Twist) -> Meddling {
        Meddling { store, twist, memory: Mutex::default() }
    }

    fn is(&self, twist: Twist) -> bool {
        self.twist == twist
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn known_facts(&self, patients: &[PatientId], now: DateTime<Utc>) -> Result<Vec<PatientFacts>> {
        let mut all = self.store.load_facts(patients, now).await?;
        if self.is(Twist::NoOptOuts) {
            for facts in &mut all {
                (facts.opted_out, facts.patient.flags.opt_out) = (false, false);
                facts.opted_out_numbers.clear();
            }
        }
        if self.is(Twist::NoDedupe) {
            let outreaches = all.iter_mut().flat_map(|facts| &mut facts.outreaches);
            outreaches.for_each(|kept| kept.attempts.retain(|attempt| !attempt.status.is_final()));
        }
        if self.is(Twist::NoChanges) {
            all.iter_mut().for_each(|facts| facts.changes.clear());
        }
        if self.is(Twist::NoticesTold) {
            let notices =
                all.iter_mut().flat_map(|facts| &mut facts.outreaches).filter(|o| o.outreach.purpose != Purpose::Reminder);
            for attempt in
                notices.flat_map(|kept| &mut kept.attempts).filter(|attempt| attempt.status < AttemptStatus::Requesting)
            {
                // Who is to be told counts as told.
                (attempt.status, attempt.outcome) = (AttemptStatus::Completed, Some(Outcome::Heard));
                (attempt.placed_at, attempt.ended_at) = (Some(now), Some(now));
            }
        }
        if self.is(Twist::StaleFacts) {
            let mut memory = self.memory();
            for facts in &mut all {
                match memory.facts.get(&facts.patient.id).filter(|(at, _)| now - *at < STALE) {
                    // Calls are known, the schedule is not.
                    Some((_, old)) => {
                        facts.appointments.clone_from(&old.appointments);
                        facts.changes.clone_from(&old.changes);
                    }
                    None => {
                        memory.facts.insert(facts.patient.id.clone(), (now, facts.clone()));
                    }
                }
            }
        }
        Ok(all)
    }

    async fn request(&self, order: &RequestOrder) -> Result<RequestVerdict> {
        let mut order = order.clone();
        if self.is(Twist::NoOptOuts) {
            order.respect_opt_outs = false;
        }
        if self.is(Twist::StaleFacts) {
            order.stamp = None;
        }
        let verdict = self.store.begin_request(&order).await?;
        if self.is(Twist::RedialUnknown) && verdict == RequestVerdict::Granted {
            self.memory().asked.insert(order.attempt.clone(), (order.holder.clone(), order.lease_until));
        }
        Ok(verdict)
    }

    async fn leases_ended(&self, now: DateTime<Utc>) -> Result<u64> {
        if self.is(Twist::RedialUnknown) {
            let over: Vec<_> = {
                let mut memory = self.memory();
                let over = memory.asked.iter().filter(|(_, (_, until))| *until <= now);
                let over: Vec<_> = over.map(|(attempt, (holder, _))| (attempt.clone(), holder.clone())).collect();
                over.iter().for_each(|(attempt, _)| drop(memory.asked.remove(attempt)));
                over
            };
            for (attempt, holder) in over {
                self.store.give_back(&attempt, &holder, &GiveBack::Later(now)).await?;
            }
        }
        self.store.expire_leases(now).await
    }

    async fn call(&self, commit: &CallCommit) -> Result<()> {
        let mut commit = commit.clone();
        let is_key = |event: &StoredEvent| matches!(event.event, CallEvent::Key { .. } | CallEvent::Meant { .. });
        let standing = &mut commit.standing;
        match self.twist {
            Twist::KeyLost if commit.events.iter().any(is_key) => return Ok(()),
            Twist::NineUnheard => commit.opt_out = None,
            Twist::CompletedWins if standing.outcome.is_some() && !standing.keys.is_empty() => {
                standing.outcome = Some(Outcome::Heard);
            }
            Twist::HalfVoicemail if standing.outcome == Some(Outcome::VoicemailIncomplete) => {
                standing.outcome = Some(Outcome::VoicemailLeft);
            }
            Twist::NoWork => commit.open_work.clear(),
            Twist::NoLog => commit.log = None,
            _ => {}
        }
        self.store.commit_call(&commit).await
    }

    fn remembered(&self, mut call: Option<CallRecord>) -> Option<CallRecord> {
        if self.is(Twist::AnswerAnew) {
            let events = call.iter_mut().flat_map(|call| &mut call.events);
            events.filter_map(|event| event.reply.as_mut()).for_each(|reply| reply.push_str("<!-- again -->"));
        }
        call
    }

    async fn plan(&self, plan: &PlanCommit) -> Result<()> {
        let mut plan = plan.clone();
        if self.is(Twist::NoWork) {
            plan.open_work.clear();
        }
        if self.is(Twist::SomeUnplanned) {
            plan.open.retain(|(outreach, _)| !is_overlooked(&outreach.visit));
        }
        if self.is(Twist::OtherDecisions) {
            plan.decisions.iter_mut().for_each(|decision| decision.essence.push('!'));
        }
        self.store.commit_plan(&plan).await
    }

    async fn lease(&self, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>> {
        let mut request = request.clone();
        if self.is(Twist::NoLines) {
            request.max_lines = 1_000;
        }
        if self.is(Twist::LeaseEarly) {
            request.now += EARLY;
        }
        self.store.lease_shared(&request, takes).await
    }
}

/// One in ten patients.
fn is_overlooked(visit: &VisitKey) -> bool {
    visit.patient.as_str().ends_with('7')
}

macro_rules! meddled {
    ($($name:ident($($arg:ident: $type:ty),*) -> $done:ty;)*) => {
        #[async_trait]
        impl Store for Meddling {
            $(async fn $name(&self $(, $arg: $type)*) -> Result<$done> {
                self.store.$name($($arg),*).await
            })*

            async fn close(&self) {
                self.store.close().await;
            }

            async fn load_facts(&self, patients: &[PatientId], now: DateTime<Utc>) -> Result<Vec<PatientFacts>> {
                self.known_facts(patients, now).await
            }

            async fn begin_request(&self, order: &RequestOrder) -> Result<RequestVerdict> {
                self.request(order).await
            }

            async fn expire_leases(&self, now: DateTime<Utc>) -> Result<u64> {
                self.leases_ended(now).await
            }

            async fn commit_call(&self, commit: &CallCommit) -> Result<()> {
                self.call(commit).await
            }

            async fn commit_plan(&self, plan: &PlanCommit) -> Result<()> {
                self.plan(plan).await
            }

            async fn lease_shared(&self, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>> {
                self.lease(request, takes).await
            }

            async fn load_call(&self, token: &AttemptToken) -> Result<Option<CallRecord>> {
                Ok(self.remembered(self.store.load_call(token).await?))
            }

            async fn live_calls(&self) -> Result<Vec<LiveCall>> {
                if self.is(Twist::NoRescue) { Ok(Vec::new()) } else { self.store.live_calls().await }
            }

            async fn take_turns(&self, wish: &TurnWish) -> Result<Option<DateTime<Utc>>> {
                if self.is(Twist::NoPace) { Ok(Some(wish.now)) } else { self.store.take_turns(wish).await }
            }

            async fn open_work(&self, item: &WorkItem) -> Result<bool> {
                if self.is(Twist::NoWork) { Ok(true) } else { self.store.open_work(item).await }
            }

            async fn log_webhooks(&self, entries: &[WebhookEntry]) -> Result<()> {
                if self.is(Twist::NoLog) { Ok(()) } else { self.store.log_webhooks(entries).await }
            }
        }
    };
}

meddled! {
    migrate() -> u32;
    ready() -> ();
    secret(name: &str, fresh: Vec<u8>) -> Vec<u8>;
    load_known(appointments: &[AppointmentId], patients: &[PatientId]) -> Known;
    commit_intake(batch: &IntakeBatch) -> ();
    feed_heard(feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> ();
    silent_feeds(before: DateTime<Utc>) -> Vec<(FeedName, Vec<SiteKey>)>;
    appointments(feed: Option<&FeedName>, limit: u32) -> Vec<Appointment>;
    count_appointments(feed: Option<&FeedName>) -> u64;
    bookings_between(site: &SiteKey, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Appointment>;
    consents(patient: &PatientId) -> Vec<Consent>;
    changes(patient: &PatientId) -> Vec<ChangeRecord>;
    classed_by_rule(after: (DateTime<Utc>, &AppointmentId), limit: u32) -> Vec<Appointment>;
    reclassify(changes: &[Reclassify]) -> u64;
    unknown_services(from: DateTime<Utc>, limit: u32) -> Vec<UnknownService>;
    patients_to_plan(now: DateTime<Utc>, after: Option<&PatientId>, limit: u32) -> Vec<PatientId>;
    touched(limit: u32) -> Touched;
    forget_touched(upto: i64) -> ();
    touch(patients: &[PatientId]) -> ();
    hold_lease(name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> bool;
    leave_lease(name: &str, holder: &str) -> ();
    declare_closure(closure: &Closure, reason: &str, visits: &[(VisitKey, u32)]) -> ();
    closures(all: bool) -> Vec<ClosureRecord>;
    withdraw_closures(site: &SiteKey, day: NaiveDate, at: DateTime<Utc>) -> u64;
    carriers() -> Vec<CarrierRow>;
    save_carrier(state: &CarrierState, revision: i64) -> ();
    next_due(carrier: &CarrierName, now: DateTime<Utc>) -> Option<DateTime<Utc>>;
    give_back(attempt: &AttemptId, holder: &str, back: &GiveBack) -> ();
    lines_in_use(carrier: &CarrierName) -> u32;
    calls_of_others(attempt: &AttemptId, phone: &PhoneNumber, ids: &[String]) -> Vec<String>;
    copy_to(file: &Path) -> ();
    damage() -> Option<String>;
    mark_copy(made_at: DateTime<Utc>) -> ();
    copied_at() -> Option<DateTime<Utc>>;
    note_lost_time(from: DateTime<Utc>, until: DateTime<Utc>) -> ();
    lost_times() -> Vec<LostTime>;
    is_asked(lost: &LostTime, phone: &PhoneNumber) -> bool;
    note_asked(lost: &LostTime, phone: &PhoneNumber) -> ();
    take_over(attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> ();
    load_call_by_id(attempt: &AttemptId) -> Option<CallRecord>;
    keep_audio(audio: &[(String, String)]) -> ();
    audio_recipe(id: &str) -> Option<String>;
    caller(number: &PhoneNumber, since: DateTime<Utc>) -> Caller;
    load_incoming(key: &IncomingKey) -> Option<IncomingCall>;
    open_incoming(new: &NewIncoming) -> ();
    commit_incoming(commit: &IncomingCommit) -> IncomingVerdict;
    end_incoming(token: &AttemptToken, at: DateTime<Utc>) -> ();
    worklist(all: bool, limit: u32) -> Vec<WorkItem>;
    count_open_work() -> u64;
    claim_work(item: &WorkItemId, owner: &str) -> bool;
    resolve_work(item: &WorkItemId, resolution: &str) -> bool;
    add_opt_out(opt_out: &OptOut) -> ();
    opt_outs(limit: u32) -> Vec<OptOut>;
    remove_opt_outs(who: &OptIn) -> u64;
    opt_out_records(limit: u32) -> Vec<OptOutRecord>;
    calls(since: Option<DateTime<Utc>>, limit: u32) -> Vec<CallLine>;
    newest_calls(query: &CallQuery) -> Vec<CallLine>;
    call_counts() -> Vec<CallCount>;
    decisions(visit: &VisitKey) -> Vec<(DateTime<Utc>, StoredDecision)>;
    decisions_to_replay(query: &ReplayQuery) -> Vec<Replay>;
    webhooks(query: &WebhookQuery) -> Vec<(i64, WebhookEntry)>;
}
