//! How the carriers stand, as this process knows it: read from the store before each round, written when an answer changes
//! it. The first of several replicas that hears of trouble tells the others.

use super::streak::Streak;
use crate::carrier::Refusal;
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptId, CarrierName};
use crate::core::link::{CarrierState, Member, News, Standing, Take, Why, takes};
use crate::store::{CarrierRow, Store, StoreError};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How often a change is made again when another replica wrote in between.
const TRIES: usize = 8;

/// A carrier among those that share its work.
#[derive(Debug)]
pub struct Link {
    carrier: CarrierName,
    members: Vec<Member>,
    known: Mutex<BTreeMap<CarrierName, CarrierRow>>,
    /// What was refused in a row, as far as this process knows.
    streak: Mutex<Streak>,
}

impl Link {
    /// `carrier`, with all those that share the work, itself included.
    pub fn new(carrier: CarrierName, members: Vec<Member>) -> Link {
        Link { carrier, members, known: Mutex::default(), streak: Mutex::default() }
    }

    /// Reads how all carriers stand. What was read before a change of ours, and comes after it, is older than what is known.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self, store: &dyn Store) -> Result<(), StoreError> {
        let rows = store.carriers().await?;
        let mut known = self.known();
        for row in rows {
            if known.get(&row.state.carrier).is_none_or(|it| it.revision <= row.revision) {
                known.insert(row.state.carrier.clone(), row);
            }
        }
        Ok(())
    }

    /// Whether calls can be placed.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        self.row().state.standing(now)
    }

    /// How many calls at once can be made, of so many that are configured.
    pub fn lines(&self, configured: u32, now: DateTime<Utc>) -> u32 {
        self.row().state.lines(configured, now)
    }

    /// When the first turn begins that nobody has reserved.
    pub fn next_send_at(&self) -> DateTime<Utc> {
        self.row().next_send_at
    }

    /// Whose calls are taken now. A carrier that is tried takes what is its own; the others have its share meanwhile.
    pub fn takes(&self, now: DateTime<Utc>) -> Vec<Take> {
        let known = self.known();
        let is_free = |carrier: &CarrierName| {
            let state = known.get(carrier).map(|row| &row.state);
            *carrier == self.carrier || state.is_none_or(|state| state.standing(now) == Standing::Free)
        };
        takes(&self.carrier, &self.members, is_free)
    }

    /// Takes in what a request taught, and tells the other replicas where that changes anything.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn hear(&self, store: &dyn Store, news: &News, now: DateTime<Utc>) -> Result<(), StoreError> {
        let before = self.row().state;
        if !self.change(store, |state| state.after(news, now)).await? {
            return Ok(());
        }
        let after = self.row().state;
        tell(&self.carrier, &before, &after, now);
        let item = before.pause.and_then(|pause| pause.item);
        match item.filter(|_| after.pause.is_none()) {
            Some(item) => store.resolve_work(&item, "the carrier takes calls again").await.map(drop),
            None => Ok(()),
        }
    }

    /// A call was placed: what was refused before it was no row.
    pub fn taken(&self) {
        self.streak().clear();
    }

    /// What a refusal of this attempt, to this number, is about when those before it are looked at: of so many in a row that
    /// nobody understands, or numbers in a row that we may not call, the last is about our account.
    pub fn weigh(&self, why: Refusal, attempt: &AttemptId, to: &PhoneNumber) -> Refusal {
        let pause = self.row().state.pause;
        let tries_the_account = pause.is_some_and(|pause| pause.trying && pause.why == Why::Account);
        self.streak().weigh(why, attempt, to, tries_the_account)
    }

    /// Notes that this dialler tries one call; `false` where another one does already, or nothing is to be tried.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn try_one(&self, store: &dyn Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.change(store, |state| (state.standing(now) == Standing::Trial).then(|| state.trying(now))).await
    }

    /// When a service starts, somebody may have acted: a carrier that refused our account is tried.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start(&self, store: &dyn Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.look(store).await?;
        self.change(store, |state| state.at_start(now)).await.map(drop)
    }

    /// Writes what `change` makes of the newest state; `false` where it makes nothing of it.
    async fn change(
        &self,
        store: &dyn Store,
        change: impl Fn(&CarrierState) -> Option<CarrierState>,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let row = self.row();
            let Some(state) = change(&row.state) else { return Ok(false) };
            match store.save_carrier(&state, row.revision).await {
                Ok(()) => {
                    let row = CarrierRow { state, revision: row.revision + 1, ..row };
                    self.known().insert(self.carrier.clone(), row);
                    return Ok(true);
                }
                Err(StoreError::Conflict) => self.look(store).await?,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    fn streak(&self) -> MutexGuard<'_, Streak> {
        // As with what is known.
        self.streak.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn row(&self) -> CarrierRow {
        let nothing =
            || CarrierRow { state: CarrierState::new(self.carrier.clone()), revision: 0, next_send_at: DateTime::UNIX_EPOCH };
        self.known().get(&self.carrier).cloned().unwrap_or_else(nothing)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<CarrierName, CarrierRow>> {
        // Plain data, whole at every moment: a panic elsewhere cannot have broken it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says what changed, to whoever reads the log.
fn tell(carrier: &CarrierName, before: &CarrierState, after: &CarrierState, now: DateTime<Utc>) {
    let (was, is) = (before.standing(now), after.standing(now));
    match is {
        Standing::Paused(why, until) if was != is => {
            let until = until.map(|until| until.to_rfc3339());
            tracing::warn!(%carrier, why = why.as_str(), until, "nothing is placed through the carrier for now");
        }
        Standing::Free if was != is => tracing::info!(%carrier, "calls are placed through the carrier again"),
        _ => {}
    }
    if let Some(lines) = after.lines.filter(|_| after.lines != before.lines) {
        tracing::warn!(%carrier, lines = lines.limit, until = lines.until.to_rfc3339(), "the carrier takes fewer calls at once");
    }
}
