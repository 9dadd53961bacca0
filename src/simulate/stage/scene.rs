//! What all parts of a simulated day share: true time, chance, trouble that is on, and what was seen.

use super::waiting::Waiting;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::ids::{AttemptId, PatientId};
use crate::simulate::day::{Moment, Rates, StoreTrouble};
use crate::simulate::guarded::Kind;
use crate::simulate::history::{Act, Actor, History, Seen, StoreSeen};
use crate::simulate::mischief::{Mischief, Struck};
use crate::store::{DatabaseFault, StoreError};
use chrono::Duration;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long a dead replica stays away, where nothing else says so; in seconds.
const AWAY: [i64; 6] = [2, 2, 15, 15, 90, 400];
/// An operation of a slow store takes so long at most.
const SLOWEST_MS: u64 = 10_000;
/// Happenings that strike while something is done hold it up no longer than this.
const HELD_UP: std::time::Duration = std::time::Duration::from_secs(2);

/// One life of a process.
#[derive(Debug)]
pub struct Life {
    /// Whose.
    pub actor: Actor,
    /// Fires when it is killed.
    pub dead: CancellationToken,
}

impl Life {
    /// A new one.
    pub fn new(actor: Actor) -> Arc<Life> {
        Arc::new(Life { actor, dead: CancellationToken::new() })
    }

    /// Returns at once while it lives, and never once it is dead.
    pub async fn while_alive(&self) {
        if self.dead.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}

/// What the stage is to do.
pub(in crate::simulate) enum Order {
    /// Something that waited for a moment happens now; whoever waits for it is told.
    Happen(usize, oneshot::Sender<()>),
    /// A replica died; it comes back after so long.
    Restart(usize, Duration),
    /// The witness has seen enough.
    End,
}

/// Hears of everything as it happens, and may end the day.
pub type Witness = Box<dyn FnMut(chrono::DateTime<chrono::Utc>, &Seen) -> ControlFlow<()> + Send>;

/// What all parts share.
pub struct Scene {
    /// True time, and the carrier's.
    pub clock: Clock,
    /// The time that the hospital's machines show.
    pub wall: Clock,
    chance: Chance,
    /// So many operations of the store are believed to be of use.
    most: u64,
    orders: mpsc::UnboundedSender<Order>,
    state: Mutex<State>,
}

struct State {
    rates: Rates,
    trouble: Option<StoreTrouble>,
    waiting: Waiting,
    attempts: BTreeMap<String, AttemptId>,
    patients: BTreeMap<AttemptId, PatientId>,
    history: History,
    witness: Option<Witness>,
    struck: Struck,
    moves: u64,
    operations: u64,
}

impl Scene {
    pub(in crate::simulate) fn new(
        clocks: (Clock, Clock),
        (seed, most): (u64, u64),
        rates: Rates,
        waiting: Waiting,
        orders: mpsc::UnboundedSender<Order>,
        witness: Option<Witness>,
    ) -> Scene {
        let state = State {
            rates,
            trouble: None,
            waiting,
            attempts: BTreeMap::new(),
            patients: BTreeMap::new(),
            history: History::default(),
            witness,
            struck: Struck::default(),
            moves: 0,
            operations: 0,
        };
        Scene { clock: clocks.0, wall: clocks.1, chance: Chance::seeded(seed), most, orders, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Plain data, whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, rate: f64) -> bool {
        rate > 0.0 && (self.chance.below(1_000_000) as f64) < rate * 1e6
    }

    /// One of so many.
    pub(in crate::simulate) fn one_of(&self, count: usize) -> usize {
        self.chance.below(count.max(1) as u64) as usize
    }

    /// Notes what has just happened.
    pub fn see(&self, seen: Seen) {
        let mut state = self.state();
        if let Seen::Store(StoreSeen { what, .. }) = &seen {
            state.moves += u64::from(what.is_some());
            match what.as_deref() {
                Some(Act::Leased(leased)) => {
                    let of = leased.iter().map(|one| (one.attempt.id.clone(), one.outreach.visit.patient.clone()));
                    state.patients.extend(of);
                }
                Some(Act::Requested(order, _)) => {
                    state.attempts.insert(order.token.as_str().to_string(), order.attempt.clone());
                }
                Some(Act::Incoming(commit, _)) => {
                    if let Some(join) = &commit.join {
                        state.attempts.insert(commit.token.as_str().to_string(), join.attempt.id.clone());
                        state.attempts.insert(join.token.as_str().to_string(), join.attempt.id.clone());
                        state.patients.insert(join.attempt.id.clone(), join.patient.clone());
                    }
                }
                _ => {}
            }
        } else {
            state.moves += 1;
        }
        let now = self.clock.now();
        if state.witness.as_mut().is_some_and(|witness| witness(now, &seen).is_break()) {
            let _ = self.orders.send(Order::End);
        }
        state.history.push(now, seen);
    }

    /// Counts what went wrong.
    pub fn strike(&self, mischief: Mischief) {
        self.state().struck.add(mischief);
    }

    /// How much has happened that changes anything.
    pub(in crate::simulate) fn moves(&self) -> u64 {
        self.state().moves
    }

    /// An operation of the store begins. After too many of them the day is over.
    pub(in crate::simulate) fn works(&self) {
        let mut state = self.state();
        state.operations += 1;
        if state.operations == self.most {
            let _ = self.orders.send(Order::End);
        }
    }

    /// Operations of the store, and whether they were too many.
    pub(in crate::simulate) fn operations(&self) -> (u64, bool) {
        let operations = self.state().operations;
        (operations, operations >= self.most)
    }

    /// The attempt of an address, where a token of one stands in it.
    pub(in crate::simulate) fn attempt_in(&self, address: &str) -> Option<AttemptId> {
        let state = self.state();
        address.split(['/', '?', '#', '&', '=']).find_map(|part| state.attempts.get(part).cloned())
    }

    // -- the store

    /// Lets time pass before an operation.
    pub(in crate::simulate) async fn delay(&self) {
        let (rate, is_slow) = {
            let state = self.state();
            (state.rates.store_slow, state.trouble == Some(StoreTrouble::Slow))
        };
        if is_slow || self.is(rate) {
            self.strike(Mischief::StoreSlow);
            return self.pause(self.chance.below(SLOWEST_MS)).await;
        }
        self.delay_after().await;
    }

    /// Lets a moment pass, or none: what else is under way may come in between.
    pub(in crate::simulate) async fn delay_after(&self) {
        if let wait @ 1..=3 = self.chance.below(12) {
            self.pause(wait).await;
        }
    }

    pub(in crate::simulate) async fn pause(&self, ms: u64) {
        tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
    }

    /// Why an operation fails before it has done anything, where it does.
    pub(in crate::simulate) fn refuses(&self, kind: Kind) -> Option<StoreError> {
        let (trouble, rate) = {
            let state = self.state();
            (state.trouble, state.rates.commit_fails)
        };
        let writes = kind == Kind::Writes;
        let (mischief, code, what) = match trouble {
            Some(StoreTrouble::Full) if writes => (Mischief::StoreFull, "13", "database or disk is full"),
            Some(StoreTrouble::ReadOnly) if writes => (Mischief::StoreReadOnly, "8", "attempt to write a readonly database"),
            Some(StoreTrouble::Failing) => (Mischief::CommitFails, "10", "disk I/O error"),
            _ if self.is(rate) => (Mischief::CommitFails, "10", "disk I/O error"),
            _ => return None,
        };
        self.strike(mischief);
        Some(DatabaseFault { code: Some(code.to_string()), message: what.to_string() }.into())
    }

    /// Whether an operation that is done is reported as failed.
    pub(in crate::simulate) fn goes_unheard(&self) -> bool {
        let rate = self.state().rates.commit_unheard;
        let unheard = self.is(rate);
        if unheard {
            self.strike(Mischief::CommitUnheard);
        }
        unheard
    }

    /// Whether a replica dies at an operation, before it (`false`) or after it.
    pub(in crate::simulate) fn dies_at_commit(&self, life: &Life, kind: Kind) -> Option<bool> {
        let rate = self.state().rates.killed_at_commit;
        let dies = kind == Kind::Writes && matches!(life.actor, Actor::Replica(..)) && self.is(rate);
        dies.then(|| {
            self.strike(Mischief::KilledAtCommit);
            self.chance.below(2) == 0
        })
    }

    /// Whether a replica dies at a message, before it took effect (`false`) or after it.
    pub(in crate::simulate) fn dies_at_send(&self) -> Option<bool> {
        let rate = self.state().rates.killed_at_send;
        self.is(rate).then(|| {
            self.strike(Mischief::KilledAtSend);
            self.chance.below(2) == 0
        })
    }

    /// Kills it at once. It comes back some time later.
    pub(in crate::simulate) fn kill(&self, life: &Life, place: &'static str) {
        let away = AWAY[self.one_of(AWAY.len())];
        self.kill_for(life, place, Duration::seconds(away));
    }

    /// The same, for so long.
    pub(in crate::simulate) fn kill_for(&self, life: &Life, place: &'static str, away: Duration) {
        let Actor::Replica(which, _) = life.actor else { return };
        if life.dead.is_cancelled() {
            return;
        }
        self.see(Seen::Killed(life.actor, place));
        life.dead.cancel();
        // The stage listens as long as there is one.
        let _ = self.orders.send(Order::Restart(which, away));
    }

    // -- what happens

    /// A call gets somewhere: what waited for that happens, now or a moment later.
    pub(in crate::simulate) async fn reaches(&self, attempt: &AttemptId, moment: Moment) {
        for told in self.begin(attempt, moment) {
            if self.chance.below(2) == 0 {
                // It happens in between, whatever that takes; but a feed that cannot be taken in holds nobody up.
                let _ = tokio::time::timeout(HELD_UP, told).await;
            }
        }
    }

    /// The same for whoever cannot wait.
    pub(in crate::simulate) fn begin(&self, attempt: &AttemptId, moment: Moment) -> Vec<oneshot::Receiver<()>> {
        let mut state = self.state();
        let State { waiting, patients, .. } = &mut *state;
        let due = patients.get(attempt).map(|patient| waiting.reached(patient, attempt, moment)).unwrap_or_default();
        drop(state);
        let happens = due.into_iter().map(|happening| {
            let (tell, told) = oneshot::channel();
            let _ = self.orders.send(Order::Happen(happening, tell));
            told
        });
        happens.collect()
    }

    /// Another trouble of the store, or none.
    pub(in crate::simulate) fn set_trouble(&self, trouble: Option<StoreTrouble>) {
        self.state().trouble = trouble;
        self.see(Seen::StoreTrouble(trouble));
    }

    /// Nothing goes wrong any more.
    pub(in crate::simulate) fn heal(&self) {
        self.state().rates = Rates::default();
        self.set_trouble(None);
    }

    /// What was seen, and what struck.
    pub(in crate::simulate) fn end(&self) -> (History, Struck) {
        let mut state = self.state();
        (std::mem::take(&mut state.history), std::mem::take(&mut state.struck))
    }
}

/// The token in an address of ours, unseen. What is asked again has a query, in which none stands.
pub(in crate::simulate) fn without_tokens(address: &str) -> String {
    let (path, query) = address.find('?').map_or((address, ""), |at| address.split_at(at));
    let masked = path.split('/').map(|part| if part.len() >= 32 { "…" } else { part });
    masked.collect::<Vec<_>>().join("/") + query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_token() {
        let token = "de7dd1fe928e08fee9875b5cdcc5d87669ea60faf41af70d";
        let shown = |rest: &str| without_tokens(&format!("/carriers/main/voice/{token}/{rest}"));
        assert_eq!(shown("1/key"), "/carriers/main/voice/…/1/key");
        let again = "fallback?try=2&failed=1&put=12006";
        assert_eq!(shown(again), format!("/carriers/main/voice/…/{again}"));
    }
}
