//! What the store would say again: the loops of a replica ask the same many times an hour, and where nothing was written
//! meanwhile the answer is known. Nothing is guessed: an answer is given again only as long as no write came between, and no
//! time has passed at which it could be another. A build with debug assertions asks the store each time all the same, and
//! holds the two answers against each other.

use super::guarded::Kind;
use super::history::{Act, Done};
use crate::core::ids::{CarrierName, FeedName, SiteKey};
use crate::core::link::Take;
use crate::store::{CarrierRow, GiveBack, LeaseRequest, Leased, LiveCall, Result, Store, Touched};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Operations that write nothing of what is asked here.
const BESIDE: [&str; 6] = ["hold_lease", "leave_lease", "log_webhooks", "keep_audio", "secret", "migrate"];
/// Operations that have written nothing where they have done nothing of note.
const IDLE: [&str; 2] = ["lease_shared", "expire_leases"];

/// The answers of one store, for all who ask it.
#[derive(Default)]
pub(super) struct Memo(Mutex<State>);

/// At which version and when it was asked, and what was answered.
type NextDue = (u64, DateTime<Utc>, Option<DateTime<Utc>>);
/// At which version and when it was asked, and for what: the limit, the sites left out, whose calls.
type Idle = (u64, DateTime<Utc>, u32, Vec<SiteKey>, Vec<Take>);

#[derive(Default)]
struct State {
    /// Rises with every write.
    version: u64,
    /// The last operation was answered from here.
    hit: bool,
    /// Nothing is known: whatever is asked, the store is asked.
    is_off: bool,
    /// No live feed was ever heard, so that none can be silent.
    feeds_heard: bool,
    touched: Option<(u64, u32, Touched)>,
    carriers: Option<(u64, Vec<CarrierRow>)>,
    live_calls: Option<(u64, Vec<LiveCall>)>,
    next_due: BTreeMap<CarrierName, NextDue>,
    /// Requests for work that found none.
    idle: BTreeMap<CarrierName, Idle>,
    no_lease_ended: Option<(u64, DateTime<Utc>)>,
    /// Every moment at which an attempt was ever to become due, to lapse, or to lose its lease.
    dues: BTreeSet<DateTime<Utc>>,
    lapses: BTreeSet<DateTime<Utc>>,
    leases: BTreeSet<DateTime<Utc>>,
}

/// Whether one of these moments lies after `from`, up to `to`.
fn between(moments: &BTreeSet<DateTime<Utc>>, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    to < from || moments.range((Bound::Excluded(from), Bound::Included(to))).next().is_some()
}

impl Memo {
    /// One that knows nothing: for a store that does not always say the same to the same question.
    pub fn off() -> Memo {
        Memo(Mutex::new(State { is_off: true, ..State::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain data, whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what an operation did; whether it was answered from here.
    pub fn note(&self, op: &str, kind: Kind, done: Done, act: Option<&Act>) -> bool {
        let mut state = self.state();
        let hit = std::mem::take(&mut state.hit);
        let idle = done == Done::Yes && act.is_none() && IDLE.contains(&op);
        if state.is_off || kind == Kind::Writes && !BESIDE.contains(&op) && !idle {
            state.version += 1;
        }
        state.feeds_heard |= op == "feed_heard";
        match act {
            Some(Act::Planned(plan)) => {
                state.dues.extend(plan.open.iter().map(|new| new.due_at));
                state.lapses.extend(plan.open.iter().map(|new| new.not_after));
                state.dues.extend(plan.shift.iter().map(|shift| shift.due_at));
                state.lapses.extend(plan.shift.iter().map(|shift| shift.not_after));
            }
            Some(Act::GivenBack(_, GiveBack::Later(due))) => {
                state.dues.insert(*due);
            }
            Some(Act::TakenIn(intake)) => state.feeds_heard |= intake.heard,
            Some(Act::Leased(leased)) => state.lapses.extend(leased.iter().map(|one| one.attempt.not_after)),
            Some(Act::Requested(order, _)) => {
                state.leases.insert(order.lease_until);
            }
            _ => {}
        }
        hit
    }

    /// Gives what is known, or asks and keeps the answer.
    async fn answer<T: PartialEq + Debug>(
        &self,
        known: impl FnOnce(&State) -> Option<T> + Send,
        ask: impl Future<Output = Result<T>> + Send,
        keep: impl FnOnce(&mut State, &T) + Send,
    ) -> Result<T> {
        let known = known(&self.state());
        if let Some(known) = known {
            if cfg!(debug_assertions) {
                assert_eq!(ask.await?, known);
            }
            self.state().hit = true;
            return Ok(known);
        }
        let found = ask.await?;
        keep(&mut self.state(), &found);
        Ok(found)
    }

    /// [`Store::touched`].
    pub async fn touched(&self, store: &dyn Store, limit: u32) -> Result<Touched> {
        let fits = |(version, asked, _): &&(u64, u32, Touched), state: &State| (*version, *asked) == (state.version, limit);
        let known = |state: &State| state.touched.as_ref().filter(|known| fits(known, state)).map(|(.., known)| known.clone());
        let keep = |state: &mut State, found: &Touched| state.touched = Some((state.version, limit, found.clone()));
        self.answer(known, store.touched(limit), keep).await
    }

    /// [`Store::carriers`].
    pub async fn carriers(&self, store: &dyn Store) -> Result<Vec<CarrierRow>> {
        let known = |state: &State| {
            state.carriers.as_ref().filter(|(version, _)| *version == state.version).map(|(_, known)| known.clone())
        };
        let keep = |state: &mut State, found: &Vec<CarrierRow>| state.carriers = Some((state.version, found.clone()));
        self.answer(known, store.carriers(), keep).await
    }

    /// [`Store::live_calls`].
    pub async fn live_calls(&self, store: &dyn Store) -> Result<Vec<LiveCall>> {
        let known = |state: &State| {
            state.live_calls.as_ref().filter(|(version, _)| *version == state.version).map(|(_, known)| known.clone())
        };
        let keep = |state: &mut State, found: &Vec<LiveCall>| state.live_calls = Some((state.version, found.clone()));
        self.answer(known, store.live_calls(), keep).await
    }

    /// [`Store::silent_feeds`].
    pub async fn silent_feeds(&self, store: &dyn Store, before: DateTime<Utc>) -> Result<Vec<(FeedName, Vec<SiteKey>)>> {
        let known = |state: &State| (!state.feeds_heard && !state.is_off).then(Vec::new);
        self.answer(known, store.silent_feeds(before), |_, _| {}).await
    }

    /// [`Store::next_due`].
    pub async fn next_due(&self, store: &dyn Store, carrier: &CarrierName, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let known = |state: &State| {
            let (version, asked, known) = state.next_due.get(carrier)?;
            (*version == state.version && !between(&state.lapses, *asked, now)).then_some(*known)
        };
        let keep = |state: &mut State, found: &Option<DateTime<Utc>>| {
            state.next_due.insert(carrier.clone(), (state.version, now, *found));
        };
        self.answer(known, store.next_due(carrier, now), keep).await
    }

    /// [`Store::lease_shared`].
    pub async fn lease_shared(&self, store: &dyn Store, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>> {
        let known = |state: &State| {
            let (version, asked, lines, skipped, of) = state.idle.get(&request.carrier)?;
            let is_same =
                *version == state.version && *lines == request.max_lines && *skipped == request.skip_sites && of == takes;
            (is_same && !between(&state.dues, *asked, request.now)).then(Vec::new)
        };
        let keep = |state: &mut State, found: &Vec<Leased>| {
            if found.is_empty() {
                let asked = (state.version, request.now, request.max_lines, request.skip_sites.clone(), takes.to_vec());
                state.idle.insert(request.carrier.clone(), asked);
            } else {
                state.leases.insert(request.until);
            }
        };
        self.answer(known, store.lease_shared(request, takes), keep).await
    }

    /// [`Store::expire_leases`].
    pub async fn expire_leases(&self, store: &dyn Store, now: DateTime<Utc>) -> Result<u64> {
        let known = |state: &State| {
            let (version, asked) = state.no_lease_ended?;
            (version == state.version && !between(&state.leases, asked, now)).then_some(0)
        };
        let keep = |state: &mut State, ended: &u64| state.no_lease_ended = (*ended == 0).then_some((state.version, now));
        self.answer(known, store.expire_leases(now), keep).await
    }
}
