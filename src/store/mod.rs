//! What is remembered. One trait in words of the domain, two databases behind it: SQLite embedded and PostgreSQL for
//! several replicas. Every operation that writes is one transaction.
//!
//! Never here: deciding. Reads give what is known; writes take what was decided elsewhere and refuse only what the
//! data itself forbids (a lease that is not held, a revision that is not the newest, a cap that is full).
//! Start reading at [`Store`]; what goes in and out stands in `records`.

mod address;
mod fault;
mod notices;
mod postgres;
mod records;
#[expect(clippy::duplicate_mod, reason = "the shared SQL is compiled once for each database")]
mod sqlite;
mod stored;

pub use fault::DatabaseFault;
pub use notices::{Notice, Notices};
pub use records::*;

use crate::core::domain::{Appointment, Closure, PhoneNumber, VisitKey, WorkItem};
use crate::core::ids::{AppointmentId, AttemptId, AttemptToken, CarrierName, FeedName, PatientId, SiteKey, WorkItemId};
use crate::core::link::{CarrierState, Take};
use crate::core::plan::PatientFacts;
use address::Address;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

/// The store, shared.
pub type SharedStore = Arc<dyn Store>;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote in between: load again and decide again. Nothing was written.
    #[error("another writer was faster; load again")]
    Conflict,
    /// The database does not answer or refuses. Where it was asked to write, nobody knows whether it did: whoever asks again
    /// must find out first, or ask for something that may be written twice.
    #[error("the store failed: {0}")]
    Database(#[from] DatabaseFault),
    /// The schema cannot be brought up to date.
    #[error("the store's schema: {0}")]
    Schema(String),
    /// A stored value cannot be read back.
    #[error("the store holds something unreadable in {place}: {what}")]
    Unreadable {
        /// Table and column.
        place: &'static str,
        /// What is wrong, without the value.
        what: String,
    },
    /// This database does that with tools of its own.
    #[error("{0}")]
    NotHere(&'static str),
    /// The URL names no database we know.
    #[error("store.url: {0}")]
    Url(String),
}

/// The result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Work under way on a connection.
type Working<'c, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;

/// As [`open`]; on PostgreSQL an ordinary operation ends with an error after `usual`, where that is shorter than is usual.
///
/// # Errors
/// As [`open`].
pub async fn open_within(url: &str, usual: std::time::Duration) -> Result<SharedStore> {
    open_address(url, Some(usual)).await
}

/// Opens the store at a URL: `sqlite://FILE` (what follows is the path as it is), `sqlite::memory:` (for tests: gone when it
/// is closed), `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. The schema is left as it is: see [`Store::migrate`]. Call it inside the
/// tokio runtime that the store is used in.
///
/// # Errors
/// [`StoreError::Url`] when the URL names no store, [`StoreError::Database`] when the store does not answer. Neither
/// repeats the URL.
pub async fn open(url: &str) -> Result<SharedStore> {
    open_address(url, None).await
}

async fn open_address(url: &str, usual: Option<std::time::Duration>) -> Result<SharedStore> {
    Ok(match Address::parse(url)? {
        Address::File(path) => Arc::new(sqlite::SqlStore::new(sqlite::Pools::open(Some(&path)).await?)),
        Address::Memory => Arc::new(sqlite::SqlStore::new(sqlite::Pools::open(None).await?)),
        Address::Postgres(options) => Arc::new(postgres::SqlStore::new(postgres::Pools::open(*options, usual).await?)),
    })
}

/// Brings what stands beside a SQLite store's file into the file itself, so that it is whole alone. Nobody may have it open.
///
/// # Errors
/// While somebody else has it open, and when it cannot be read.
pub async fn gather(file: &Path) -> Result<()> {
    sqlite::gather(file).await
}

/// The file of a SQLite store that is not there yet: [`open`] would make it. None where it is there, for every other
/// store, and where the URL names none.
pub fn missing_file(url: &str) -> Option<PathBuf> {
    match Address::parse(url) {
        Ok(Address::File(path)) if !path.exists() => Some(path),
        _ => None,
    }
}

/// The file of a SQLite store; none for every other store, and where the URL names none.
pub fn file_of(url: &str) -> Option<PathBuf> {
    match Address::parse(url) {
        Ok(Address::File(path)) => Some(path),
        _ => None,
    }
}

/// The URL of the SQLite store in a file.
pub fn file_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// Everything the engine remembers.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Brings the schema up to date; safe when several start at once. Returns how many migrations ran.
    async fn migrate(&self) -> Result<u32>;
    /// Whether the database answers and this program can work with its schema: it has every step that the program knows, and
    /// no newer one that says that the program is too old. Steps that a newer program has added do no harm.
    async fn ready(&self) -> Result<()>;
    /// How the database is set so that what was committed may be lost, in sentences for an operator.
    async fn doubts(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    /// Notices of one kind, from now on: of what any process commits where the database tells it, else of what this one
    /// does. They may be lost, so that whoever waits for them must look by itself, too.
    fn notices(&self, _notice: Notice) -> Notices {
        Notices::never()
    }
    /// Finishes what was handed in and lets go of the database; nothing works afterwards. A SQLite file is whole without
    /// the files beside it then, unless another process still has it open. Waits for a few seconds at most.
    async fn close(&self);
    /// The named secret of this deployment, kept from the first call on; `fresh` is what it becomes if there is none.
    async fn secret(&self, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>>;

    // -- intake
    /// What is known about these bookings and patients, with the revision each must still have at the commit, and what is
    /// pending about the bookings.
    async fn load_known(&self, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known>;
    /// Writes one batch of a feed, withdrawing what it makes stale, in one transaction.
    /// [`StoreError::Conflict`] when a revision or what is pending is not what the batch was decided on.
    async fn commit_intake(&self, batch: &IntakeBatch) -> Result<()>;
    /// Notes that a live feed was heard, though it may have said nothing: for all sites it ever spoke of, and for `sites`.
    /// Never for what is taken in by hand.
    async fn feed_heard(&self, feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> Result<()>;
    /// The live feeds last heard before `before`, each with the sites that it ever spoke of. One that is configured no more
    /// stays among them: the caller knows which ones count.
    async fn silent_feeds(&self, before: DateTime<Utc>) -> Result<Vec<(FeedName, Vec<SiteKey>)>>;
    /// Stored bookings in order of start.
    async fn appointments(&self, feed: Option<&FeedName>, limit: u32) -> Result<Vec<Appointment>>;
    /// How many bookings are stored.
    async fn count_appointments(&self, feed: Option<&FeedName>) -> Result<u64>;
    /// The booked and confirmed ones at a site that start in `from..until`, in order of start.
    async fn bookings_between(&self, site: &SiteKey, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Appointment>>;
    /// Where the patient's numbers came from, oldest first.
    async fn consents(&self, patient: &PatientId) -> Result<Vec<Consent>>;
    /// What ever changed about the patient's bookings after they were made, oldest first, told or pending.
    async fn changes(&self, patient: &PatientId) -> Result<Vec<ChangeRecord>>;

    // -- services
    /// At most `limit` bookings whose class the classification rules gave, in order of start and id: those after a place in
    /// that order. No id stands before every other.
    async fn classed_by_rule(&self, after: (DateTime<Utc>, &AppointmentId), limit: u32) -> Result<Vec<Appointment>>;
    /// Gives bookings another class, where rules gave them the one that they have; returns how many.
    async fn reclassify(&self, changes: &[Reclassify]) -> Result<u64>;
    /// At most `limit` kinds of visit that no rule knows among the bookings that start at or after a moment, the most
    /// frequent first.
    async fn unknown_services(&self, from: DateTime<Utc>, limit: u32) -> Result<Vec<UnknownService>>;

    // -- planning
    /// The patients that have a booking starting after `now` or an attempt still planned: whom the planner must look at. At
    /// most `limit` of them, the next ones after `after` in the store's order of ids; none when nobody is left.
    async fn patients_to_plan(&self, now: DateTime<Utc>, after: Option<&PatientId>, limit: u32) -> Result<Vec<PatientId>>;
    /// All facts about these patients (unknown ones are left out), in the order of the ids.
    async fn load_facts(&self, patients: &[PatientId], now: DateTime<Utc>) -> Result<Vec<PatientFacts>>;
    /// Whose facts somebody other than the planner changed, in any process: the first ones of a queue, at most `limit` of its
    /// entries. They stay until [`Store::forget_touched`].
    async fn touched(&self, limit: u32) -> Result<Touched>;
    /// Removes the entries up to that number from the queue.
    async fn forget_touched(&self, upto: i64) -> Result<()>;
    /// Puts patients into the queue: what is planned for them changed.
    async fn touch(&self, patients: &[PatientId]) -> Result<()>;
    /// Writes what the planner decided. Everything in it is idempotent: what already stands is left alone, and an open
    /// attempt of the same outreach keeps a second one out. Withdrawals and closed items come before what is opened. Whoever
    /// else writes may have to wait for it: a few hundred patients at a time.
    async fn commit_plan(&self, plan: &PlanCommit) -> Result<()>;
    /// Takes or renews the named lease for `holder` until a moment; `false` while somebody else has it.
    async fn hold_lease(&self, name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool>;
    /// Lets go of the named lease, so that nobody need wait for its end; nothing happens where `holder` does not have it.
    async fn leave_lease(&self, name: &str, holder: &str) -> Result<()>;

    // -- closures
    /// Keeps a closure with the visits it covers, each with its place in the order of visit time.
    /// [`StoreError::Conflict`] when one of this id is kept already.
    async fn declare_closure(&self, closure: &Closure, reason: &str, visits: &[(VisitKey, u32)]) -> Result<()>;
    /// The closures in force, or `all` ever declared, in the order of their beginning.
    async fn closures(&self, all: bool) -> Result<Vec<ClosureRecord>>;
    /// Withdraws the closures in force of a site on a local day; returns how many.
    async fn withdraw_closures(&self, site: &SiteKey, day: NaiveDate, at: DateTime<Utc>) -> Result<u64>;

    // -- dialling
    /// Takes due attempts (`due_at <= now < not_after`, status planned) of these routes for one dialler: the next line goes to
    /// the site that has the fewest, and of sites that have equally many to one with a notice; within a site notices go first,
    /// then the earliest visit. Never two to one number or one patient at once, and no more than its carrier has lines free.
    /// They are calls of that carrier from then on, whatever the job named, unless they are given back. Whoever else leases for
    /// the carrier waits, so that together they keep to its lines.
    async fn lease_shared(&self, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>>;
    /// The same, of the attempts whose jobs name the carrier itself.
    async fn lease_due(&self, request: &LeaseRequest) -> Result<Vec<Leased>> {
        self.lease_shared(request, &[Take::whole(&request.carrier)]).await
    }
    /// The carriers of which something is known, by name.
    async fn carriers(&self) -> Result<Vec<CarrierRow>>;
    /// Writes how a carrier stands. [`StoreError::Conflict`] when its row does not have that revision any more (0: no row).
    async fn save_carrier(&self, state: &CarrierState, revision: i64) -> Result<()>;
    /// Reserves the next turns of a carrier that nobody has; the moment of the first one. None where it is after
    /// `wish.latest`.
    async fn take_turns(&self, wish: &TurnWish) -> Result<Option<DateTime<Utc>>>;
    /// The earliest `due_at` of a planned attempt whose job names this carrier and that may still be placed
    /// (`now < not_after`), however long past it is. One whose time is over waits for the planner, not for a dialler.
    async fn next_due(&self, carrier: &CarrierName, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>>;
    /// Commits that the carrier is about to be asked (status requesting), after checking in the same transaction that the
    /// lease is held, nobody opted out, nothing about the patient changed, no other call to the number is live, and no cap is
    /// full.
    async fn begin_request(&self, order: &RequestOrder) -> Result<RequestVerdict>;
    /// Gives a leased attempt back: planned again for later, or cancelled so that the planner plans anew. One that is
    /// requesting can be given back too while nothing was heard of it, no event and no carrier's id: the carrier refused it
    /// for now and no call exists. Nothing happens when `holder` does not have it any more.
    async fn give_back(&self, attempt: &AttemptId, holder: &str, back: &GiveBack) -> Result<()>;
    /// Makes leased attempts whose lease is over planned again; returns how many.
    async fn expire_leases(&self, now: DateTime<Utc>) -> Result<u64>;
    /// Attempts whose call exists or may exist, oldest first.
    async fn live_calls(&self) -> Result<Vec<LiveCall>>;
    /// How many calls of a carrier hold a line (leased or live).
    async fn lines_in_use(&self, carrier: &CarrierName) -> Result<u32>;
    /// Which of these carrier's ids are known as calls to `phone` of other attempts than this one.
    async fn calls_of_others(&self, attempt: &AttemptId, phone: &PhoneNumber, ids: &[String]) -> Result<Vec<String>>;

    // -- back-up
    /// Writes a copy of the whole store, as it is at one moment, into a file that does not exist or is empty, while others go
    /// on working. [`StoreError::NotHere`] where the database has tools of its own for that.
    async fn copy_to(&self, file: &Path) -> Result<()>;
    /// What is wrong with the database's file, where something is: every page is read.
    async fn damage(&self) -> Result<Option<String>>;
    /// Marks this store as a copy that was made at (or just after) a moment: nobody may work with it until it is restored.
    async fn mark_copy(&self, made_at: DateTime<Utc>) -> Result<()>;
    /// When this store was copied, where it is a copy that nobody restored.
    async fn copied_at(&self) -> Result<Option<DateTime<Utc>>>;
    /// Notes that calls which were begun in `from..until` may be unknown to this store; a copy counts as restored then.
    async fn note_lost_time(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
    /// The times of which this store knows nothing, the oldest first.
    async fn lost_times(&self) -> Result<Vec<LostTime>>;
    /// Whether every call to a number in a lost time is known by now.
    async fn is_asked(&self, lost: &LostTime, phone: &PhoneNumber) -> Result<bool>;
    /// Notes that every call to a number in a lost time is known: the carriers were asked.
    async fn note_asked(&self, lost: &LostTime, phone: &PhoneNumber) -> Result<()>;
    /// An attempt that is requesting stands for a call that this carrier began at that moment.
    async fn take_over(&self, attempt: &AttemptId, carrier: &CarrierName, began: DateTime<Utc>) -> Result<()>;

    // -- calls
    /// A call by its secret token.
    async fn load_call(&self, token: &AttemptToken) -> Result<Option<CallRecord>>;
    /// A call by its name.
    async fn load_call_by_id(&self, attempt: &AttemptId) -> Result<Option<CallRecord>>;
    /// Appends events of one call and writes what follows from them, in one transaction.
    /// [`StoreError::Conflict`] when the call has more events than `commit.after_events` or the reply key exists.
    async fn commit_call(&self, commit: &CallCommit) -> Result<()>;
    /// Keeps what audio ids stand for, where that is not known: `(id, recipe)`.
    async fn keep_audio(&self, audio: &[(String, String)]) -> Result<()>;
    /// What an audio id stands for.
    async fn audio_recipe(&self, id: &str) -> Result<Option<String>>;

    // -- calls to our number
    /// Whose number this is, and how many wrong birthdays were entered from it in calls that came at `since` or later.
    async fn caller(&self, number: &PhoneNumber, since: DateTime<Utc>) -> Result<Caller>;
    /// A call to our number.
    async fn load_incoming(&self, key: &IncomingKey) -> Result<Option<IncomingCall>>;
    /// Keeps a call that has just come, with what it was answered. [`StoreError::Conflict`] when the carrier's id is known.
    async fn open_incoming(&self, new: &NewIncoming) -> Result<()>;
    /// Keeps what a step was answered, and writes what follows from it, in one transaction. [`StoreError::Conflict`] when the
    /// step is not the last one that was given.
    async fn commit_incoming(&self, commit: &IncomingCommit) -> Result<IncomingVerdict>;
    /// Notes that a call to our number is over.
    async fn end_incoming(&self, token: &AttemptToken, at: DateTime<Utc>) -> Result<()>;

    // -- people
    /// Opens an item, unless one of its kind is open for the same visit; `false` when it was there.
    async fn open_work(&self, item: &WorkItem) -> Result<bool>;
    /// At most `limit` items, oldest first: open and claimed ones, or all.
    async fn worklist(&self, all: bool, limit: u32) -> Result<Vec<WorkItem>>;
    /// How many items are open or claimed.
    async fn count_open_work(&self) -> Result<u64>;
    /// Gives an open item to `owner`; `false` when it is not open.
    async fn claim_work(&self, item: &WorkItemId, owner: &str) -> Result<bool>;
    /// Closes an item with what was done; `false` when it was closed already.
    async fn resolve_work(&self, item: &WorkItemId, resolution: &str) -> Result<bool>;
    /// Adds to the suppression list.
    async fn add_opt_out(&self, opt_out: &OptOut) -> Result<()>;
    /// At most `limit` entries of the suppression list, newest first.
    async fn opt_outs(&self, limit: u32) -> Result<Vec<OptOut>>;
    /// Takes entries of the patient or the number back, also where a feed opted the patient out; returns how many. They stay
    /// on record. An entry of a patient and a number of which only one is taken back stands on for the other.
    async fn remove_opt_outs(&self, who: &OptIn) -> Result<u64>;
    /// At most `limit` entries of the suppression list that stand or ever stood, newest first.
    async fn opt_out_records(&self, limit: u32) -> Result<Vec<OptOutRecord>>;

    // -- reading
    /// Attempts that were placed or ended, oldest first, with their outreach.
    async fn calls(&self, since: Option<DateTime<Utc>>, limit: u32) -> Result<Vec<CallLine>>;
    /// The same, newest first: a page of those that stand before the attempt `query.before` when given (none where there is
    /// no such attempt).
    async fn newest_calls(&self, query: &CallQuery) -> Result<Vec<CallLine>>;
    /// How many attempts stand in each status and outcome.
    async fn call_counts(&self) -> Result<Vec<CallCount>>;
    /// What was decided about a visit and when, oldest first.
    async fn decisions(&self, visit: &VisitKey) -> Result<Vec<(DateTime<Utc>, StoredDecision)>>;
    /// Decisions with what they were made from, in their order. Those without are left out.
    async fn decisions_to_replay(&self, query: &ReplayQuery) -> Result<Vec<Replay>>;
    /// Keeps entries of the webhook log.
    async fn log_webhooks(&self, entries: &[WebhookEntry]) -> Result<()>;
    /// Entries of the webhook log in order (with `query.newest` the last ones), after `query.after` when given. With several replicas an entry may get its number
    /// a moment before it can be read: whoever follows the log asks again from a little earlier.
    async fn webhooks(&self, query: &WebhookQuery) -> Result<Vec<(i64, WebhookEntry)>>;
}
