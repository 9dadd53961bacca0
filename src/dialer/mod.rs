//! The loop that places calls: take due attempts, read the schedule again, commit `requesting`, ask the carrier. One
//! dialler a carrier; replicas share the work by leases.
//!
//! Never here: SQL, deciding who is called. Start reading at [`Dialer::run`].

mod abandon;
mod asked;
mod brief;
mod callback;
mod desks;
mod pace;
mod place;
mod rescue;

pub use asked::LoggedCarrier;
pub use callback::CallbackNumbers;
pub use desks::Desks;
pub use pace::Pace;
pub use place::REQUEST_TIMEOUT;
pub use rescue::Questions;

use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Organization;
use crate::live_call::LiveCalls;
use crate::silence::Silence;
use crate::store::LeaseRequest;
use chrono::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a leased attempt is this dialler's own: the second of turns that is leased at once, and reading the schedule
/// again. From the request on, another clock runs ([`place`]). So long also waits what a crash left leased.
const LEASE: Duration = Duration::seconds(15);
/// How often due work is looked for, whatever is expected.
const LOOK: Duration = Duration::milliseconds(500);
/// How often what a crash left is looked for.
const RESCUE: Duration = Duration::seconds(5);

/// What a dialler keeps to.
#[derive(Debug, Clone)]
pub struct DialerSettings {
    /// New calls a second.
    pub calls_per_second: f64,
    /// Calls at once.
    pub max_calls: u32,
    /// How long it may ring.
    pub ring_timeout: Duration,
    /// Who calls.
    pub organization: Organization,
    /// Numbers to call back, where a site or department has its own.
    pub callback_numbers: CallbackNumbers,
    /// Whom patients can speak with.
    pub desks: Desks,
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
    /// When the next call may be asked for.
    pub pace: Pace,
    /// The sites that nobody is called about now.
    pub silence: Arc<Silence>,
    /// Whether the carrier refuses our account: nothing is dialled until somebody acts.
    pub paused: AtomicBool,
    /// What the carrier was asked about calls of unknown fate.
    pub questions: Questions,
}

impl Dialer {
    fn clock(&self) -> &Clock {
        &self.live.clock
    }

    /// Places calls and rescues what a crash left, until `stop`; then no new call is begun.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, tracker: TaskTracker) {
        let rescuer = self.clone();
        let stopped = stop.clone();
        tracker.spawn(async move { rescuer.run_rescue(stopped).await });
        loop {
            match self.dial_due(&tracker, &stop).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::error!(%error, carrier = %self.carrier.name(), "dialling failed; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wait() => {}
            }
        }
    }

    /// Until the next attempt is due, the plan changed, or it is time to look anyway.
    async fn wait(&self) {
        let now = self.clock().now();
        let look = now + LOOK;
        let due = self.live.store.next_due(self.carrier.name(), now).await.ok().flatten().filter(|due| *due > now);
        tokio::select! {
            () = self.clock().sleep_until(due.map_or(look, |due| due.min(look))) => {}
            () = self.planned.notified() => {}
        }
    }

    /// One round: waits for a turn, takes what is due and for which lines are free, and begins to place it on `tracker`;
    /// returns how many.
    ///
    /// The turn comes first, then the lease: whatever the pace, nothing is leased that must wait longer than a second.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn dial_due(
        self: &Arc<Self>,
        tracker: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<usize, crate::store::StoreError> {
        if self.paused.load(Ordering::Relaxed) {
            return Ok(0);
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(0),
            () = self.pace.ready(self.clock()) => {}
        }
        // Each lease has a name of its own: who lost one cannot give back what was leased again, or requested, since.
        let holder: Arc<str> = format!("{}-{}", self.holder, self.chance.hex(4)).into();
        let now = self.clock().now();
        let leased = self
            .live
            .store
            .lease_due(&LeaseRequest {
                carrier: self.carrier.name().clone(),
                now,
                until: now + LEASE,
                holder: holder.to_string(),
                limit: self.pace.batch(),
                max_lines: self.settings.max_calls,
                skip_sites: self.silence.sites().await?,
            })
            .await?;
        let count = leased.len();
        for one in leased {
            self.pace.wait(self.clock()).await;
            let (dialer, holder) = (self.clone(), holder.clone());
            tracker.spawn(async move { dialer.place(one, &holder).await });
        }
        Ok(count)
    }

    async fn run_rescue(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if let Err(error) = self.rescue().await {
                tracing::error!(%error, carrier = %self.carrier.name(), "rescue failed; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock().sleep(RESCUE) => {}
            }
        }
    }
}
