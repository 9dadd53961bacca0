//! What a feed said, taken in once: each change against what is known, the newest version wins, the raw input is kept, and
//! the planned calls that it makes untrue are withdrawn in the same transaction.
//!
//! Deciding is pure and stands in `apply` (bookings), `changes` (what patients must be told), `patient` and `consent`;
//! `group` says which rows belong in one transaction. Here they are brought to the store, again when somebody else
//! wrote in between. Never here: carriers, and who is called. Start reading at [`take_in`].

mod apply;
mod changes;
mod consent;
mod group;
mod patient;

pub use apply::{Decided, Said, apply};

use crate::core::domain::Applied;
use crate::core::ids::{AppointmentId, FeedName, PatientId, SiteKey};
use crate::feed::{Reading, Row};
use crate::store::{IntakeBatch, Known, RawInput, Store, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use std::collections::BTreeSet;

/// How often a batch is decided anew when another writer was faster. Each time somebody made progress.
const TRIES: usize = 10;

/// Why a file could not be taken in to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed under way.
    #[error(
        "{stored} of {all} rows of feed {feed} are stored, then the store failed: {source}. Import the same file again when the \
         store answers; rows that are stored already count as same"
    )]
    Store {
        /// Which feed.
        feed: FeedName,
        /// Rows that are stored.
        stored: usize,
        /// Rows there are.
        all: usize,
        /// What the store said.
        source: StoreError,
    },
}

/// How a reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// A person took it in: it says nothing about whether a feed is alive.
    ByHand,
    /// A feed that is listened to or polled brought it, or was asked and had nothing new.
    Live,
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LineNote {
    /// First physical line of the row (the header is line 1).
    pub line: u64,
    /// In words, without a private value.
    pub reason: String,
}

/// What became of a file (interfaces, section 6): `read = new + changed + same + cancelled + |refused|`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// Rows, refused ones included.
    pub read: u64,
    /// Bookings not seen before.
    pub new: u64,
    /// Rows that changed what is known.
    pub changed: u64,
    /// Rows that said nothing new, or were older than what is known.
    pub same: u64,
    /// Bookings called off, also when first seen so.
    pub cancelled: u64,
    /// Rows that could not be used.
    pub refused: Vec<LineNote>,
    /// Rows that were kept though something is missing.
    pub noticed: Vec<LineNote>,
}

/// The part of the store that intake needs: every [`Store`] has it.
#[async_trait]
pub trait Ledger: Sync {
    /// See [`Store::load_known`].
    async fn load_known(&self, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known, StoreError>;
    /// See [`Store::commit_intake`].
    async fn commit_intake(&self, batch: &IntakeBatch) -> Result<(), StoreError>;
    /// See [`Store::feed_heard`].
    async fn feed_heard(&self, feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> Result<(), StoreError>;
}

#[async_trait]
impl<S: Store + ?Sized> Ledger for S {
    async fn load_known(&self, appointments: &[AppointmentId], patients: &[PatientId]) -> Result<Known, StoreError> {
        Store::load_known(self, appointments, patients).await
    }

    async fn commit_intake(&self, batch: &IntakeBatch) -> Result<(), StoreError> {
        Store::commit_intake(self, batch).await
    }

    async fn feed_heard(&self, feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> Result<(), StoreError> {
        Store::feed_heard(self, feed, sites, at).await
    }
}

/// Takes a reading in, about 500 rows a transaction. `zone_of` gives a site's zone, for the day of a visit. A live feed
/// counts as heard, also where it had nothing to say.
///
/// # Errors
/// When the store fails; what was committed before stays, and the same file can be taken in again.
pub async fn take_in<L: Ledger + ?Sized>(
    store: &L,
    feed: &FeedName,
    reading: &Reading,
    arrival: Arrival,
    now: DateTime<Utc>,
    zone_of: &(dyn Fn(&SiteKey) -> Option<Tz> + Sync),
) -> Result<ImportReport, Error> {
    let mut report = ImportReport { read: reading.rows.len() as u64, ..ImportReport::default() };
    let mut stored = 0;
    for rows in group::batches(&reading.rows) {
        let failed = |source| Error::Store { feed: feed.clone(), stored, all: reading.rows.len(), source };
        let applied = take_in_batch(store, feed, &rows, arrival, now, zone_of).await.map_err(failed)?;
        stored += rows.len();
        applied.into_iter().for_each(|what| report.count(what));
    }
    if arrival == Arrival::Live && reading.rows.is_empty() {
        let failed = |source| Error::Store { feed: feed.clone(), stored, all: 0, source };
        store.feed_heard(feed, &[], now).await.map_err(failed)?;
    }
    report.note(reading);
    tracing::info!(
        %feed,
        read = report.read,
        new = report.new,
        changed = report.changed,
        same = report.same,
        cancelled = report.cancelled,
        refused = report.refused.len(),
        "taken in"
    );
    Ok(report)
}

async fn take_in_batch<L: Ledger + ?Sized>(
    store: &L,
    feed: &FeedName,
    rows: &[&Row],
    arrival: Arrival,
    now: DateTime<Utc>,
    zone_of: &(dyn Fn(&SiteKey) -> Option<Tz> + Sync),
) -> Result<Vec<Applied>, StoreError> {
    let said = Said::of(rows);
    let raw: Vec<RawInput> = rows.iter().map(|row| raw_input(row)).collect();
    let mut tries = 0;
    loop {
        let known = store.load_known(&said.appointments(), &said.patients()).await?;
        let decided = apply(&known, &said, now, zone_of);
        let batch = IntakeBatch {
            feed: feed.clone(),
            at: now,
            raw: raw.clone(),
            appointments: decided.appointments,
            patients: decided.patients,
            withdraw: decided.withdraw,
            opt_outs: decided.opt_outs,
            changes: decided.changes,
            consents: decided.consents,
            heard: (arrival == Arrival::Live).then(|| said.sites()),
        };
        tries += 1;
        match store.commit_intake(&batch).await {
            Ok(()) => return Ok(decided.applied),
            Err(StoreError::Conflict) if tries < TRIES => tracing::debug!(%feed, tries, "another writer was faster"),
            Err(error) => return Err(error),
        }
    }
}

fn raw_input(row: &Row) -> RawInput {
    let refused = row.content.as_ref().err().map(|refused| refused.reason.clone());
    RawInput { line: row.line, text: row.raw.clone(), refused }
}

impl ImportReport {
    fn count(&mut self, what: Applied) {
        *match what {
            Applied::New => &mut self.new,
            Applied::Changed => &mut self.changed,
            Applied::Same => &mut self.same,
            Applied::Cancelled => &mut self.cancelled,
        } += 1;
    }

    fn note(&mut self, reading: &Reading) {
        self.noticed.extend(reading.noticed.iter().map(|(line, reason)| LineNote { line: *line, reason: reason.clone() }));
        for row in &reading.rows {
            let line = row.line;
            match &row.content {
                Err(refused) => self.refused.push(LineNote { line, reason: refused.reason.clone() }),
                Ok(good) if !good.noticed.is_empty() => self.noticed.push(LineNote { line, reason: good.noticed.join("; ") }),
                Ok(_) => {}
            }
        }
    }
}

/// Distinct values, in order.
fn distinct<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
