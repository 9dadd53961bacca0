//! The store's SQL, written once and compiled once for each database (`#[path]` in `sqlite/mod.rs` and
//! `postgres/mod.rs`). What differs comes from that parent: the types `Conn`, `Row`, `Tx` and `Pools`, the functions
//! `lock`, `tell`, `give_back` and `migrator`, the constant `TABLES_IN_ONE_STATEMENT`, and the pieces of SQL `is_in!` and `skip_locked!`.
//!
//! One file an idea; each function takes the connection of a transaction that [`SqlStore`] begins and commits.

/// What a planned attempt becomes that is not to be made.
macro_rules! withdrawn {
    () => {
        "status = 'cancelled', end_reason = 'withdrawn', holder = NULL, lease_until = NULL"
    };
}

/// An attempt `a` that holds a line: a dialler has it, or its call exists or may exist.
macro_rules! busy {
    () => {
        "a.status IN ('leased', 'requesting', 'unknown', 'accepted', 'ringing', 'in_progress')"
    };
}

/// An attempt `a` that counts as a call made: `Attempt::counts_as_called`, word for word.
macro_rules! counts_as_called {
    () => {
        "(a.inbound = 0 AND (a.status IN ('requesting', 'unknown', 'accepted', 'ringing', 'in_progress')
          OR (a.status IN ('completed', 'failed', 'cancelled') AND a.outcome IS NOT NULL AND a.outcome <> 'busy'
              AND (a.outcome <> 'failed' OR COALESCE(a.end_reason, '') IN ('unknown', 'fax'))
              AND (a.outcome <> 'superseded' OR COALESCE(a.end_reason, '') <> 'withdrawn'))))"
    };
}

mod call;
mod call_short;
mod carriers;
mod changes;
mod closures;
mod dial;
mod facts;
mod feeds;
mod incoming;
mod inputs;
mod intake;
mod lease;
mod leases;
mod lost;
mod opt_outs;
mod people;
mod plan;
mod reading;
mod rows;
mod schema;
mod services;
mod stamp;
mod touched;

use super::{Conn, Pools, Row, TABLES_IN_ONE_STATEMENT, Tx, copy_to, damage, give_back, lock, migrator, tell};
use crate::core::domain::{Appointment, Closure, PhoneNumber, VisitKey, WorkItem};
use crate::core::ids::{AppointmentId, AttemptId, AttemptToken, CarrierName, FeedName, PatientId, SiteKey, WorkItemId};
use crate::core::link::{CarrierState, Take};
use crate::core::plan::PatientFacts;
use crate::store::{
    CallCommit, CallCount, CallLine, CallQuery, CallRecord, Caller, CarrierRow, ChangeRecord, ClosureRecord, Consent, GiveBack,
    IncomingCall, IncomingCommit, IncomingKey, IncomingVerdict, IntakeBatch, Known, LeaseRequest, Leased, LiveCall, LostTime,
    NewIncoming, Notice, Notices, OptIn, OptOut, OptOutRecord, PlanCommit, Reclassify, Replay, ReplayQuery, RequestOrder,
    RequestVerdict, Result, Store, StoredDecision, Touched, TurnWish, UnknownService, WebhookEntry, WebhookQuery,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use std::path::Path;

/// What a transaction can have to itself. Whoever takes several takes them in this order.
#[allow(dead_code, reason = "SQLite has one writer and needs no names of locks")]
pub(super) enum Lock<'a> {
    /// Bringing the schema up to date.
    Schema,
    /// Writing what a planner decided.
    Plan,
    /// Counting and placing calls to a patient.
    Patient(&'a str),
    /// Counting and placing calls to a number.
    Number(&'a str),
    /// Counting and taking lines of a carrier.
    Lines(&'a str),
    /// Telling the planner whose facts changed.
    Touched,
}

/// More patients than the planner reads at once are many.
const A_FEW: usize = 50;

/// How long a piece of work may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Length {
    /// A few statements.
    Usual,
    /// Statements for many patients.
    Long,
    /// Bringing the schema up to date.
    Schema,
}

/// A store in one of the databases.
pub(in crate::store) struct SqlStore {
    pools: Pools,
}

impl SqlStore {
    pub fn new(pools: Pools) -> SqlStore {
        SqlStore { pools }
    }
}

/// One transaction that writes: committed when the work is done, undone when it fails. What it needs is named first and
/// copied, because the work is done elsewhere and to its end, even when whoever asked for it goes away.
macro_rules! writing {
    ($store:ident, [$($input:ident),*], |$conn:ident| $work:expr) => {
        writing!($store, Usual, [$($input),*], |$conn| $work)
    };
    ($store:ident, $length:ident, [$($input:ident),*], |$conn:ident| $work:expr) => {{
        $(let $input = $input.to_owned();)*
        $store.pools.write(Length::$length, move |$conn: &mut Conn| Box::pin(async move { $work.await })).await
    }};
}

/// Reading without a transaction: for one statement, or several that need not see the same state.
macro_rules! reading {
    ($store:ident, |$conn:ident| $work:expr) => {
        reading!($store, Usual, |$conn| $work)
    };
    ($store:ident, $length:ident, |$conn:ident| $work:expr) => {
        $store
            .pools
            .within(Length::$length, async {
                let mut $conn = $store.pools.reader().await?;
                let done = $work.await;
                give_back($conn, done.as_ref().err());
                done
            })
            .await
    };
}

#[async_trait]
impl Store for SqlStore {
    async fn migrate(&self) -> Result<u32> {
        writing!(self, Schema, [], |conn| schema::migrate(conn))
    }

    async fn ready(&self) -> Result<()> {
        reading!(self, |conn| schema::check(&mut conn))
    }

    async fn doubts(&self) -> Result<Vec<String>> {
        self.pools.within(Length::Usual, self.pools.doubts()).await
    }

    fn notices(&self, notice: Notice) -> Notices {
        self.pools.notices(notice)
    }

    async fn close(&self) {
        self.pools.close().await;
    }

    async fn secret(&self, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>> {
        writing!(self, [name, fresh], |conn| schema::secret(conn, &name, fresh))
    }

    async fn load_known(&self, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known> {
        reading!(self, |conn| intake::load_known(&mut conn, appointments, patients))
    }

    async fn commit_intake(&self, batch: &IntakeBatch) -> Result<()> {
        writing!(self, Long, [batch], |conn| intake::commit(conn, &batch))
    }

    async fn feed_heard(&self, feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> Result<()> {
        writing!(self, [feed, sites], |conn| feeds::heard(conn, &feed, &sites, at))
    }

    async fn silent_feeds(&self, before: DateTime<Utc>) -> Result<Vec<(FeedName, Vec<SiteKey>)>> {
        reading!(self, |conn| feeds::silent(&mut conn, before))
    }

    async fn appointments(&self, feed: Option<&FeedName>, limit: u32) -> Result<Vec<Appointment>> {
        reading!(self, |conn| intake::appointments(&mut conn, feed, limit))
    }

    async fn count_appointments(&self, feed: Option<&FeedName>) -> Result<u64> {
        reading!(self, |conn| intake::count_appointments(&mut conn, feed))
    }

    async fn bookings_between(&self, site: &SiteKey, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Appointment>> {
        reading!(self, |conn| closures::bookings_between(&mut conn, site, from, until))
    }

    async fn consents(&self, patient: &PatientId) -> Result<Vec<Consent>> {
        reading!(self, |conn| feeds::consents(&mut conn, std::slice::from_ref(patient)))
    }

    async fn changes(&self, patient: &PatientId) -> Result<Vec<ChangeRecord>> {
        reading!(self, |conn| changes::history(&mut conn, patient))
    }

    async fn classed_by_rule(&self, after: (DateTime<Utc>, &AppointmentId), limit: u32) -> Result<Vec<Appointment>> {
        reading!(self, |conn| services::classed_by_rule(&mut conn, after, limit))
    }

    async fn reclassify(&self, changes: &[Reclassify]) -> Result<u64> {
        writing!(self, Long, [changes], |conn| services::reclassify(conn, &changes))
    }

    async fn unknown_services(&self, from: DateTime<Utc>, limit: u32) -> Result<Vec<UnknownService>> {
        reading!(self, |conn| services::unknown(&mut conn, from, limit))
    }

    async fn patients_to_plan(&self, now: DateTime<Utc>, after: Option<&PatientId>, limit: u32) -> Result<Vec<PatientId>> {
        reading!(self, |conn| facts::patients_to_plan(&mut conn, now, after, limit))
    }

    async fn load_facts(&self, patients: &[PatientId], now: DateTime<Utc>) -> Result<Vec<PatientFacts>> {
        let load = async {
            let mut tx: Tx = self.pools.begin_reading().await?;
            let facts = facts::load(&mut tx, patients, now).await?;
            tx.commit().await?;
            Ok(facts)
        };
        let length = if patients.len() > A_FEW { Length::Long } else { Length::Usual };
        self.pools.within(length, load).await
    }

    async fn touched(&self, limit: u32) -> Result<Touched> {
        reading!(self, |conn| touched::next(&mut conn, limit))
    }

    async fn forget_touched(&self, upto: i64) -> Result<()> {
        writing!(self, [upto], |conn| touched::forget(conn, upto))
    }

    async fn touch(&self, patients: &[PatientId]) -> Result<()> {
        writing!(self, [patients], |conn| touched::note(conn, patients.iter().map(PatientId::as_str)))
    }

    async fn commit_plan(&self, plan: &PlanCommit) -> Result<()> {
        if !reading!(self, Long, |conn| plan::is_news(&mut conn, plan))? {
            return Ok(());
        }
        writing!(self, Long, [plan], |conn| plan::commit(conn, &plan))
    }

    async fn hold_lease(&self, name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
        writing!(self, [name, holder], |conn| leases::hold(conn, &name, &holder, now, until))
    }

    async fn leave_lease(&self, name: &str, holder: &str) -> Result<()> {
        writing!(self, [name, holder], |conn| leases::leave(conn, &name, &holder))
    }

    async fn declare_closure(&self, closure: &Closure, reason: &str, visits: &[(VisitKey, u32)]) -> Result<()> {
        writing!(self, Long, [closure, reason, visits], |conn| closures::declare(conn, &closure, &reason, &visits))
    }

    async fn closures(&self, all: bool) -> Result<Vec<ClosureRecord>> {
        reading!(self, |conn| closures::closures(&mut conn, all))
    }

    async fn withdraw_closures(&self, site: &SiteKey, day: NaiveDate, at: DateTime<Utc>) -> Result<u64> {
        writing!(self, [site], |conn| closures::withdraw(conn, &site, day, at))
    }

    async fn lease_shared(&self, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>> {
        // Most looks find nothing: they are to hold nobody up.
        let is_due = reading!(self, |conn| lease::is_any_due(&mut conn, request, takes))?;
        if !is_due {
            return Ok(Vec::new());
        }
        writing!(self, [request, takes], |conn| lease::lease(conn, &request, &takes))
    }

    async fn next_due(&self, carrier: &CarrierName, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        reading!(self, |conn| dial::next_due(&mut conn, carrier, now))
    }

    async fn carriers(&self) -> Result<Vec<CarrierRow>> {
        reading!(self, |conn| carriers::carriers(&mut conn))
    }

    async fn save_carrier(&self, state: &CarrierState, revision: i64) -> Result<()> {
        writing!(self, [state], |conn| carriers::save(conn, &state, revision))
    }

    async fn take_turns(&self, wish: &TurnWish) -> Result<Option<DateTime<Utc>>> {
        writing!(self, [wish], |conn| carriers::take_turns(conn, &wish))
    }

    async fn begin_request(&self, order: &RequestOrder) -> Result<RequestVerdict> {
        writing!(self, [order], |conn| dial::begin_request(conn, &order))
    }

    async fn give_back(&self, attempt: &AttemptId, holder: &str, back: &GiveBack) -> Result<()> {
        writing!(self, [attempt, holder, back], |conn| dial::give_back(conn, &attempt, &holder, &back))
    }

    async fn expire_leases(&self, now: DateTime<Utc>) -> Result<u64> {
        writing!(self, [now], |conn| dial::expire_leases(conn, now))
    }

    async fn live_calls(&self) -> Result<Vec<LiveCall>> {
        reading!(self, |conn| dial::live_calls(&mut conn))
    }

    async fn lines_in_use(&self, carrier: &CarrierName) -> Result<u32> {
        reading!(self, |conn| dial::lines_in_use(&mut conn, carrier))
    }

    async fn calls_of_others(&self, attempt: &AttemptId, phone: &PhoneNumber, ids: &[String]) -> Result<Vec<String>> {
        reading!(self, |conn| dial::calls_of_others(&mut conn, attempt, phone, ids))
    }

    async fn copy_to(&self, file: &Path) -> Result<()> {
        reading!(self, |conn| copy_to(&mut conn, file))
    }

    async fn damage(&self) -> Result<Option<String>> {
        reading!(self, |conn| damage(&mut conn))
    }

    async fn mark_copy(&self, made_at: DateTime<Utc>) -> Result<()> {
        writing!(self, [made_at], |conn| lost::mark_copy(conn, made_at))
    }

    async fn copied_at(&self) -> Result<Option<DateTime<Utc>>> {
        reading!(self, |conn| lost::copied_at(&mut conn))
    }

    async fn note_lost_time(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        writing!(self, [from, until], |conn| lost::note(conn, from, until))
    }

    async fn lost_times(&self) -> Result<Vec<LostTime>> {
        reading!(self, |conn| lost::times(&mut conn))
    }

    async fn is_asked(&self, lost: &LostTime, phone: &PhoneNumber) -> Result<bool> {
        reading!(self, |conn| lost::is_asked(&mut conn, lost.id, phone))
    }

    async fn note_asked(&self, lost: &LostTime, phone: &PhoneNumber) -> Result<()> {
        writing!(self, [lost, phone], |conn| lost::note_asked(conn, lost.id, &phone))
    }

    async fn take_over(&self, attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> Result<()> {
        writing!(self, [attempt, carrier, began], |conn| lost::take_over(conn, &attempt, &carrier, began))
    }

    async fn load_call(&self, token: &AttemptToken) -> Result<Option<CallRecord>> {
        reading!(self, |conn| call::load_by_token(&mut conn, token))
    }

    async fn load_call_by_id(&self, attempt: &AttemptId) -> Result<Option<CallRecord>> {
        reading!(self, |conn| call::load_by_id(&mut conn, attempt))
    }

    async fn commit_call(&self, commit: &CallCommit) -> Result<()> {
        let done = if TABLES_IN_ONE_STATEMENT && call_short::fits(commit) {
            reading!(self, |conn| call_short::commit(&mut conn, commit))
        } else {
            writing!(self, [commit], |conn| call::commit(conn, &commit))
        };
        if done.is_ok() && commit.log.is_some() {
            self.pools.logged();
        }
        done
    }

    async fn keep_audio(&self, audio: &[(String, String)]) -> Result<()> {
        writing!(self, [audio], |conn| call::keep_audio(conn, &audio))
    }

    async fn audio_recipe(&self, id: &str) -> Result<Option<String>> {
        reading!(self, |conn| call::audio_recipe(&mut conn, id))
    }

    async fn caller(&self, number: &PhoneNumber, since: DateTime<Utc>) -> Result<Caller> {
        reading!(self, |conn| incoming::caller(&mut conn, number, since))
    }

    async fn load_incoming(&self, key: &IncomingKey) -> Result<Option<IncomingCall>> {
        reading!(self, |conn| incoming::load(&mut conn, key))
    }

    async fn open_incoming(&self, new: &NewIncoming) -> Result<()> {
        writing!(self, [new], |conn| incoming::open(conn, &new))
    }

    async fn commit_incoming(&self, commit: &IncomingCommit) -> Result<IncomingVerdict> {
        writing!(self, [commit], |conn| incoming::commit(conn, &commit))
    }

    async fn end_incoming(&self, token: &AttemptToken, at: DateTime<Utc>) -> Result<()> {
        writing!(self, [token], |conn| incoming::end(conn, &token, at))
    }

    async fn open_work(&self, item: &WorkItem) -> Result<bool> {
        writing!(self, [item], |conn| people::open_work(conn, &item))
    }

    async fn worklist(&self, all: bool, limit: u32) -> Result<Vec<WorkItem>> {
        reading!(self, |conn| people::worklist(&mut conn, all, limit))
    }

    async fn count_open_work(&self) -> Result<u64> {
        reading!(self, |conn| people::count_open_work(&mut conn))
    }

    async fn claim_work(&self, item: &WorkItemId, owner: &str) -> Result<bool> {
        writing!(self, [item, owner], |conn| people::claim_work(conn, &item, &owner))
    }

    async fn resolve_work(&self, item: &WorkItemId, resolution: &str) -> Result<bool> {
        writing!(self, [item, resolution], |conn| people::resolve_work(conn, &item, &resolution))
    }

    async fn add_opt_out(&self, opt_out: &OptOut) -> Result<()> {
        writing!(self, [opt_out], |conn| opt_outs::add(conn, &opt_out))
    }

    async fn opt_outs(&self, limit: u32) -> Result<Vec<OptOut>> {
        reading!(self, |conn| opt_outs::standing(&mut conn, limit))
    }

    async fn remove_opt_outs(&self, who: &OptIn) -> Result<u64> {
        writing!(self, [who], |conn| opt_outs::remove(conn, &who))
    }

    async fn opt_out_records(&self, limit: u32) -> Result<Vec<OptOutRecord>> {
        reading!(self, |conn| opt_outs::records(&mut conn, limit))
    }

    async fn calls(&self, since: Option<DateTime<Utc>>, limit: u32) -> Result<Vec<CallLine>> {
        reading!(self, |conn| reading::calls(&mut conn, since, limit))
    }

    async fn newest_calls(&self, query: &CallQuery) -> Result<Vec<CallLine>> {
        reading!(self, |conn| reading::newest_calls(&mut conn, query))
    }

    async fn call_counts(&self) -> Result<Vec<CallCount>> {
        reading!(self, |conn| reading::call_counts(&mut conn))
    }

    async fn decisions(&self, visit: &VisitKey) -> Result<Vec<(DateTime<Utc>, StoredDecision)>> {
        reading!(self, |conn| reading::decisions(&mut conn, visit))
    }

    async fn decisions_to_replay(&self, query: &ReplayQuery) -> Result<Vec<Replay>> {
        reading!(self, |conn| inputs::decisions_to_replay(&mut conn, query))
    }

    async fn log_webhooks(&self, entries: &[WebhookEntry]) -> Result<()> {
        let done = match entries {
            [entry] if TABLES_IN_ONE_STATEMENT => reading!(self, |conn| reading::log_webhook(&mut conn, entry)),
            _ => writing!(self, [entries], |conn| reading::log_webhooks(conn, &entries)),
        };
        if done.is_ok() {
            self.pools.logged();
        }
        done
    }

    async fn webhooks(&self, query: &WebhookQuery) -> Result<Vec<(i64, WebhookEntry)>> {
        reading!(self, |conn| reading::webhooks(&mut conn, query))
    }
}
