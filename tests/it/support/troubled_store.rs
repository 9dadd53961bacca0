//! A store that gets into trouble when it is told to: slow, refusing, unreadable. Everything else is the real one's.

use async_trait::async_trait;
use callahead::clock::Clock;
use callahead::core::domain::*;
use callahead::core::ids::*;
use callahead::core::link::{CarrierState, Take};
use callahead::core::plan::PatientFacts;
use callahead::store::*;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::path::Path;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The real store, and what goes wrong with it.
pub struct TroubledStore {
    store: SharedStore,
    clock: Clock,
    /// Whether nothing is ever heard again of whoever is the next to commit `requesting`.
    pub dies: AtomicBool,
    /// How long the next commit of `requesting` takes, by the clock.
    pub slow_commit: Mutex<Duration>,
    /// What happens when it is done.
    pub meanwhile: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// Whether worklist items cannot be opened.
    pub no_work: AtomicBool,
    /// Whether no call of a lost time can be taken over.
    pub no_take_over: AtomicBool,
    /// Whether the disk is full before a copy is whole.
    pub full: AtomicBool,
    /// The call that cannot be loaded.
    pub unreadable: Mutex<Option<AttemptId>>,
}

impl TroubledStore {
    pub fn new(store: SharedStore, clock: Clock) -> TroubledStore {
        let slow_commit = Mutex::new(Duration::zero());
        let [dies, no_work, no_take_over, full] = [false; 4].map(AtomicBool::new);
        let (meanwhile, unreadable) = (Mutex::default(), Mutex::default());
        TroubledStore { store, clock, dies, slow_commit, meanwhile, no_work, no_take_over, full, unreadable }
    }

    async fn begin_request(&self, order: &RequestOrder) -> Result<RequestVerdict> {
        if self.dies.swap(false, Ordering::Relaxed) {
            std::future::pending().await
        }
        let verdict = self.store.begin_request(order).await;
        let slow = std::mem::replace(&mut *self.slow_commit.lock().expect("no panic"), Duration::zero());
        self.clock.advance_to(self.clock.now() + slow);
        let meanwhile = self.meanwhile.lock().expect("no panic").take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        verdict
    }

    async fn open_work(&self, item: &WorkItem) -> Result<bool> {
        if self.no_work.load(Ordering::Relaxed) {
            return Err(StoreError::Conflict);
        }
        self.store.open_work(item).await
    }

    async fn copy_to(&self, file: &Path) -> Result<()> {
        self.store.copy_to(file).await?;
        if self.full.load(Ordering::Relaxed) { Err(StoreError::Conflict) } else { Ok(()) }
    }

    async fn take_over(&self, attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> Result<()> {
        if self.no_take_over.load(Ordering::Relaxed) {
            return Err(StoreError::Conflict);
        }
        self.store.take_over(attempt, carrier, began).await
    }

    async fn load_call_by_id(&self, attempt: &AttemptId) -> Result<Option<CallRecord>> {
        if self.unreadable.lock().expect("no panic").as_ref() == Some(attempt) {
            return Err(StoreError::Conflict);
        }
        self.store.load_call_by_id(attempt).await
    }
}

/// A store whose operations are handed on: to the real one, or to what stands above.
macro_rules! handed_on {
    (
        troubled: { $(async fn $own:ident(&self $(, $own_arg:ident: $own_type:ty)*) -> $own_done:ty;)* }
        real: { $(async fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $done:ty;)* }
    ) => {
        #[async_trait]
        impl Store for TroubledStore {
            $(async fn $own(&self $(, $own_arg: $own_type)*) -> $own_done {
                TroubledStore::$own(self $(, $own_arg)*).await
            })*
            $(async fn $name(&self $(, $arg: $type)*) -> $done {
                self.store.$name($($arg),*).await
            })*
        }
    };
}

handed_on! {
    troubled: {
        async fn begin_request(&self, order: &RequestOrder) -> Result<RequestVerdict>;
        async fn load_call_by_id(&self, attempt: &AttemptId) -> Result<Option<CallRecord>>;
        async fn open_work(&self, item: &WorkItem) -> Result<bool>;
        async fn copy_to(&self, file: &Path) -> Result<()>;
        async fn take_over(&self, attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> Result<()>;
    }
    real: {
        async fn migrate(&self) -> Result<u32>;
        async fn ready(&self) -> Result<()>;
        async fn close(&self) -> ();
        async fn secret(&self, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>>;
        async fn load_known(&self, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known>;
        async fn commit_intake(&self, batch: &IntakeBatch) -> Result<()>;
        async fn feed_heard(&self, feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> Result<()>;
        async fn silent_feeds(&self, before: DateTime<Utc>) -> Result<Vec<(FeedName, Vec<SiteKey>)>>;
        async fn appointments(&self, feed: Option<&FeedName>, limit: u32) -> Result<Vec<Appointment>>;
        async fn count_appointments(&self, feed: Option<&FeedName>) -> Result<u64>;
        async fn bookings_between(&self, site: &SiteKey, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Appointment>>;
        async fn consents(&self, patient: &PatientId) -> Result<Vec<Consent>>;
        async fn changes(&self, patient: &PatientId) -> Result<Vec<ChangeRecord>>;
            async fn classed_by_rule(&self, after: (DateTime<Utc>, &AppointmentId), limit: u32) -> Result<Vec<Appointment>>;
        async fn reclassify(&self, changes: &[Reclassify]) -> Result<u64>;
        async fn unknown_services(&self, from: DateTime<Utc>, limit: u32) -> Result<Vec<UnknownService>>;
        async fn patients_to_plan(&self, now: DateTime<Utc>, after: Option<&PatientId>, limit: u32) -> Result<Vec<PatientId>>;
        async fn load_facts(&self, patients: &[PatientId], now: DateTime<Utc>) -> Result<Vec<PatientFacts>>;
        async fn touched(&self, limit: u32) -> Result<Touched>;
        async fn forget_touched(&self, upto: i64) -> Result<()>;
        async fn touch(&self, patients: &[PatientId]) -> Result<()>;
        async fn commit_plan(&self, plan: &PlanCommit) -> Result<()>;
        async fn hold_lease(&self, name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool>;
        async fn leave_lease(&self, name: &str, holder: &str) -> Result<()>;
        async fn declare_closure(&self, closure: &Closure, reason: &str, visits: &[(VisitKey, u32)]) -> Result<()>;
        async fn closures(&self, all: bool) -> Result<Vec<ClosureRecord>>;
        async fn withdraw_closures(&self, site: &SiteKey, day: NaiveDate, at: DateTime<Utc>) -> Result<u64>;
        async fn lease_shared(&self, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>>;
        async fn carriers(&self) -> Result<Vec<CarrierRow>>;
        async fn save_carrier(&self, state: &CarrierState, revision: i64) -> Result<()>;
        async fn take_turns(&self, wish: &TurnWish) -> Result<Option<DateTime<Utc>>>;
        async fn next_due(&self, carrier: &CarrierName, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>>;
        async fn give_back(&self, attempt: &AttemptId, holder: &str, back: &GiveBack) -> Result<()>;
        async fn expire_leases(&self, now: DateTime<Utc>) -> Result<u64>;
        async fn live_calls(&self) -> Result<Vec<LiveCall>>;
        async fn lines_in_use(&self, carrier: &CarrierName) -> Result<u32>;
        async fn calls_of_others(&self, attempt: &AttemptId, phone: &PhoneNumber, ids: &[String]) -> Result<Vec<String>>;
        async fn damage(&self) -> Result<Option<String>>;
        async fn mark_copy(&self, made_at: DateTime<Utc>) -> Result<()>;
        async fn copied_at(&self) -> Result<Option<DateTime<Utc>>>;
        async fn note_lost_time(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
        async fn lost_times(&self) -> Result<Vec<LostTime>>;
        async fn is_asked(&self, lost: &LostTime, phone: &PhoneNumber) -> Result<bool>;
        async fn note_asked(&self, lost: &LostTime, phone: &PhoneNumber) -> Result<()>;
        async fn load_call(&self, token: &AttemptToken) -> Result<Option<CallRecord>>;
        async fn commit_call(&self, commit: &CallCommit) -> Result<()>;
        async fn keep_audio(&self, audio: &[(String, String)]) -> Result<()>;
        async fn audio_recipe(&self, id: &str) -> Result<Option<String>>;
        async fn caller(&self, number: &PhoneNumber, since: DateTime<Utc>) -> Result<Caller>;
        async fn load_incoming(&self, key: &IncomingKey) -> Result<Option<IncomingCall>>;
        async fn open_incoming(&self, new: &NewIncoming) -> Result<()>;
        async fn commit_incoming(&self, commit: &IncomingCommit) -> Result<IncomingVerdict>;
        async fn end_incoming(&self, token: &AttemptToken, at: DateTime<Utc>) -> Result<()>;
        async fn worklist(&self, all: bool, limit: u32) -> Result<Vec<WorkItem>>;
        async fn count_open_work(&self) -> Result<u64>;
        async fn claim_work(&self, item: &WorkItemId, owner: &str) -> Result<bool>;
        async fn resolve_work(&self, item: &WorkItemId, resolution: &str) -> Result<bool>;
        async fn add_opt_out(&self, opt_out: &OptOut) -> Result<()>;
        async fn opt_outs(&self, limit: u32) -> Result<Vec<OptOut>>;
        async fn remove_opt_outs(&self, who: &OptIn) -> Result<u64>;
        async fn opt_out_records(&self, limit: u32) -> Result<Vec<OptOutRecord>>;
        async fn calls(&self, since: Option<DateTime<Utc>>, limit: u32) -> Result<Vec<CallLine>>;
        async fn newest_calls(&self, query: &CallQuery) -> Result<Vec<CallLine>>;
        async fn call_counts(&self) -> Result<Vec<CallCount>>;
        async fn decisions(&self, visit: &VisitKey) -> Result<Vec<(DateTime<Utc>, StoredDecision)>>;
        async fn decisions_to_replay(&self, query: &ReplayQuery) -> Result<Vec<Replay>>;
        async fn log_webhooks(&self, entries: &[WebhookEntry]) -> Result<()>;
        async fn webhooks(&self, query: &WebhookQuery) -> Result<Vec<(i64, WebhookEntry)>>;
    }
}
