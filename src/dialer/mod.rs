//! The loop that places calls: take due attempts, read the schedule again, commit `requesting`, ask the carrier. One
//! dialler a carrier; replicas share the work by leases.
//!
//! Never here: SQL, deciding who is called. Start reading at [`Dialer::run`].

mod abandon;
mod answer;
mod asked;
mod brief;
mod callback;
mod desks;
mod gate;
mod link;
mod lost;
mod place;
mod rescue;
mod streak;

pub use asked::LoggedCarrier;
pub use brief::BriefWriter;
pub use callback::CallbackNumbers;
pub use desks::Desks;
pub use gate::Gate;
pub use link::Link;
pub use lost::LostTimes;
pub use place::REQUEST_TIMEOUT;
pub use rescue::Questions;

use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::ids::{CarrierName, PatientId};
use crate::core::link::{Standing, Take};
use crate::core::plan::PatientFacts;
use crate::live_call::LiveCalls;
use crate::silence::Silence;
use crate::store::{GiveBack, LeaseRequest, Leased, Notice, Notices, StoreError};
use chrono::{DateTime, Duration, Utc};
use place::Way;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a leased attempt is this dialler's own: reading the schedule again, and a commit. From the request on, another clock runs ([`place`]). So long also waits what a crash left leased.
const LEASE: Duration = Duration::seconds(15);
/// How often due work is looked for, whatever is expected.
const LOOK: Duration = Duration::milliseconds(500);
/// How often it is looked for at most, while one plan after the other is told by other replicas.
const TOLD: Duration = Duration::milliseconds(50);
/// A dialler rests so many times as long as its last round took: replicas that all look at once would only wait for each
/// other, and whoever rests takes more calls at a time.
const REST: u32 = 3;
/// The longest rest: a call is noticed within a second, whatever a round takes.
const LONGEST_REST: Duration = Duration::milliseconds(250);
/// How often what a crash left is looked for.
const RESCUE: Duration = Duration::seconds(5);

/// How often a dialler looks for what nobody told it of.
#[derive(Debug, Clone, Copy)]
pub struct DialerBeat {
    /// For due work, where none is known of; what is left for a reason is looked at twice a second in any case.
    pub look: Duration,
    /// For what a crash left.
    pub rescue: Duration,
}

impl Default for DialerBeat {
    fn default() -> DialerBeat {
        DialerBeat { look: LOOK, rescue: RESCUE }
    }
}

/// What a dialler keeps to.
#[derive(Debug, Clone)]
pub struct DialerSettings {
    /// Calls at once.
    pub max_calls: u32,
    /// How long it may ring.
    pub ring_timeout: Duration,
}

/// The dialler of one carrier.
pub struct Dialer {
    /// Who places the calls.
    pub carrier: Arc<dyn Carrier>,
    /// Takes in what the carrier answers.
    pub live: Arc<LiveCalls>,
    /// What it keeps to.
    pub settings: DialerSettings,
    /// Tokens of attempts.
    pub chance: Chance,
    /// Rings when the plan changed.
    pub planned: Arc<Notify>,
    /// Its name on leases, which each lease adds to: new at every start.
    pub holder: String,
    /// Where calls wait for their turn.
    pub gate: Gate,
    /// How the carriers stand.
    pub link: Link,
    /// The sites that nobody is called about now.
    pub silence: Arc<Silence>,
    /// What the carrier was asked about calls of unknown fate.
    pub questions: Questions,
    /// The times of which a restored store knows nothing.
    pub lost_times: LostTimes,
}

impl Dialer {
    fn clock(&self) -> &Clock {
        &self.live.clock
    }

    /// [`Dialer::run_by`] the usual beat.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, tracker: TaskTracker) {
        self.run_by(DialerBeat::default(), stop, tracker).await;
    }

    /// Places calls and rescues what a crash left, until `stop`; then no new call is begun.
    pub async fn run_by(self: Arc<Self>, beat: DialerBeat, stop: CancellationToken, tracker: TaskTracker) {
        let rescuer = self.clone();
        let stopped = stop.clone();
        tracker.spawn(async move { rescuer.run_rescue(beat.rescue, stopped).await });
        if let Err(error) = self.link.start(&*self.live.store, self.clock().now()).await {
            tracing::error!(%error, carrier = %self.carrier.name(), "how the carrier stands could not be read; trying again");
        }
        let mut planned = self.live.store.notices(Notice::Planned);
        loop {
            let (began, watch) = (self.clock().now(), self.clock().stopwatch());
            if let Err(error) = self.dial_due(&tracker, &stop).await {
                tracing::error!(%error, carrier = %self.carrier.name(), "dialling failed; trying again");
            }
            let rest = Duration::from_std(watch.elapsed() * REST).unwrap_or(LONGEST_REST).min(LONGEST_REST);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = async {
                    self.clock().sleep(rest).await;
                    self.wait(began, beat.look, &mut planned).await;
                } => {}
            }
        }
    }

    /// Until the next attempt is due, the plan changed, or it is time to look anyway. What fell due since the last round
    /// `began` is due now; what was due before is left for a reason, such as the pace.
    async fn wait(&self, began: DateTime<Utc>, at_most: Duration, planned: &mut Notices) {
        let now = self.clock().now();
        let mut look = now + at_most;
        let routes: BTreeSet<CarrierName> = self.link.takes(now).into_iter().map(|take| take.route).collect();
        for route in routes {
            let due = self.live.store.next_due(&route, now).await.ok().flatten();
            look = match due {
                Some(due) if due > began => due.min(look),
                Some(_) => look.min(now + LOOK),
                None => look,
            };
        }
        tokio::select! {
            biased;
            () = self.clock().sleep_until(look) => {}
            () = self.planned.notified() => {}
            () = planned.next() => self.clock().sleep_until(look.min(began + TOLD)).await,
        }
    }

    /// One round: takes what is due, for which lines are free and turns come within about a second, and begins to place it on
    /// `tracker`; returns how many.
    ///
    /// Whatever the pace, nothing is leased that must wait longer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dial_due(self: &Arc<Self>, tracker: &TaskTracker, stop: &CancellationToken) -> Result<usize, StoreError> {
        if stop.is_cancelled() {
            return Ok(0);
        }
        self.link.look(&*self.live.store).await?;
        let now = self.clock().now();
        let room = self.gate.room(now, self.link.next_send_at());
        let (limit, trial) = match self.link.standing(now) {
            Standing::Paused(..) => (0, false),
            Standing::Trial => (room.min(1), true),
            Standing::Free => (room, false),
        };
        let takes = self.link.takes(now);
        if limit == 0 || takes.is_empty() {
            return Ok(0);
        }
        // Each lease has a name of its own: who lost one cannot give back what was leased again, or requested, since.
        let holder: Arc<str> = format!("{}-{}", self.holder, self.chance.hex(4)).into();
        let leased = self.lease(now, &holder, limit, &takes).await?;
        if leased.is_empty() {
            return Ok(0);
        }
        if trial && !self.link.try_one(&*self.live.store, now).await? {
            for one in leased {
                self.live.store.give_back(&one.attempt.id, &holder, &GiveBack::Later(now)).await?;
            }
            return Ok(0);
        }
        let count = leased.len();
        let placing: Vec<_> =
            leased.into_iter().map(|one| (one, Way { holder: holder.clone(), waiting: self.gate.queue(), trial })).collect();
        let reserved = self.reserve_for_waiting().await;
        let mut facts = self.facts_of(placing.iter().map(|(one, _)| one), now).await;
        for (one, way) in placing {
            let dialer = self.clone();
            let facts = facts.remove(&one.outreach.visit.patient);
            tracker.spawn(async move { dialer.place(one, facts, way).await });
        }
        reserved.map(|()| count)
    }

    /// What is known about the patients of a lease, read for all of them together. Whoever is missing is looked for again
    /// when the call is placed.
    async fn facts_of(&self, leased: impl Iterator<Item = &Leased>, now: DateTime<Utc>) -> HashMap<PatientId, PatientFacts> {
        let patients: Vec<_> = leased.map(|one| one.outreach.visit.patient.clone()).collect();
        match self.live.store.load_facts(&patients, now).await {
            Ok(facts) => facts.into_iter().map(|facts| (facts.patient.id.clone(), facts)).collect(),
            Err(error) => {
                tracing::warn!(%error, "what is known about the patients of a lease is read for each alone");
                HashMap::new()
            }
        }
    }

    async fn lease(&self, now: DateTime<Utc>, holder: &str, limit: u32, takes: &[Take]) -> Result<Vec<Leased>, StoreError> {
        let request = LeaseRequest {
            carrier: self.carrier.name().clone(),
            now,
            until: now + LEASE,
            holder: holder.to_string(),
            limit,
            max_lines: self.link.lines(self.settings.max_calls, now),
            skip_sites: self.silence.sites().await?,
        };
        self.live.store.lease_shared(&request, takes).await
    }

    async fn run_rescue(self: Arc<Self>, every: Duration, stop: CancellationToken) {
        loop {
            if let Err(error) = self.rescue().await {
                tracing::error!(%error, carrier = %self.carrier.name(), "rescue failed; trying again");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.clock().sleep(every) => {}
            }
        }
    }
}
