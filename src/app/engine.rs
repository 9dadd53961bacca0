//! A running engine, and how it stops in order.

use super::{Reload, Rooms};
use crate::backup::{Schedule, keep_making};
use crate::board::Board;
use crate::carrier::Carrier;
use crate::chance::Chance;
use crate::config::Config;
use crate::core::link::Member;
use crate::dialer::{Dialer, DialerBeat, DialerSettings, Gate, Link, LostTimes, Questions};
use crate::live_call::LiveCalls;
use crate::planner::{Planner, PlannerBeat};
use crate::silence::Silence;
use crate::web::{Limits, Web, console_router, router, router_with_console, serve};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The listeners of an engine, bound already.
pub struct Listeners {
    /// For carriers and monitors.
    pub web: TcpListener,
    /// For the people at this computer.
    pub console: Option<TcpListener>,
}

/// A running engine: web servers, planner, diallers.
pub struct Engine {
    /// Where carriers and monitors reach it.
    pub address: SocketAddr,
    /// Where the console and the API are.
    pub console: Option<SocketAddr>,
    /// Calls in progress.
    pub live: Arc<LiveCalls>,
    /// The planner, to be asked directly.
    pub planner: Arc<Planner>,
    /// Rings when the plan changed.
    pub planned: Arc<Notify>,
    stop_work: CancellationToken,
    stop_web: CancellationToken,
    work: TaskTracker,
    servers: Vec<tokio::task::JoinHandle<std::io::Result<()>>>,
}

/// How long a stop waits for calls that are being placed and a plan being written.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it waits then for the last answers of a web server.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

impl Engine {
    /// Starts everything.
    ///
    /// # Errors
    /// When a listener has no address.
    pub fn start(rooms: Rooms, listeners: Listeners) -> anyhow::Result<Engine> {
        let address = listeners.web.local_addr()?;
        let apart = listeners.console.as_ref().map(TcpListener::local_addr).transpose()?;
        let beside = apart.is_none() && rooms.config.server.is_private();
        let console = apart.or(beside.then_some(address));
        let stop_web = CancellationToken::new();
        let Works { live, planner, planned, web, stop: stop_work, tasks: work } = Works::start(rooms, Beats::default());
        let open = if beside { router_with_console(web.clone()) } else { router(web.clone()) };
        let servers = [Some((listeners.web, open)), listeners.console.map(|listener| (listener, console_router(web)))]
            .into_iter()
            .flatten()
            .map(|(listener, routes)| tokio::spawn(serve(listener, routes, Limits::default(), stop_web.clone())))
            .collect();
        Ok(Engine { address, console, live, planner, planned, stop_work, stop_web, work, servers })
    }

    /// Reads the files of rules again as they change, until it stops.
    pub fn keep_reading(&self, reload: Reload) {
        self.work.spawn(reload.run(self.stop_work.clone()));
    }

    /// Makes copies of the store until it stops.
    pub fn keep_backing_up(&self, schedule: Schedule) {
        let (store, clock) = (self.live.store.clone(), self.live.clock.clone());
        self.work.spawn(keep_making(schedule, store, clock, self.stop_work.clone()));
    }

    /// Stops in order: no new calls; requests under way are finished; then the web servers close. What does not end in time
    /// is left as a crash would leave it, and said: the next start finds out what became of it.
    ///
    /// # Errors
    /// When a web server failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop_work.cancel();
        self.work.close();
        let left = unfinished(&self.work, PATIENCE).await;
        if left > 0 {
            tracing::warn!(left, "still under way after {} s: planning, placing or asking after calls", PATIENCE.as_secs());
        }
        self.stop_web.cancel();
        for mut server in self.servers {
            match tokio::time::timeout(LAST_ANSWERS, &mut server).await {
                Ok(ended) => ended??,
                Err(_) => {
                    tracing::warn!(
                        "requests are still being answered after {} s: their connections are cut",
                        LAST_ANSWERS.as_secs()
                    );
                    server.abort();
                }
            }
        }
        Ok(())
    }
}

/// What an engine does beside listening: planner and diallers, and what its web servers answer with.
pub struct Works {
    /// Calls in progress.
    pub live: Arc<LiveCalls>,
    /// The planner, to be asked directly.
    pub planner: Arc<Planner>,
    /// Rings when the plan changed.
    pub planned: Arc<Notify>,
    /// What the web servers answer with.
    pub web: Web,
    /// Begins no new call and no new plan once it is cancelled.
    pub stop: CancellationToken,
    /// Everything that is under way.
    pub tasks: TaskTracker,
}

/// How often the loops look for what nobody told them of.
#[derive(Debug, Clone, Default)]
pub struct Beats {
    /// The planner.
    pub planner: PlannerBeat,
    /// The diallers.
    pub dialer: DialerBeat,
}

impl Works {
    /// Starts planner and diallers.
    pub fn start(rooms: Rooms, beats: Beats) -> Works {
        let board = rooms.live.board.clone();
        Works::start_by(rooms, beats, board)
    }

    /// The same where the planner goes by a board of its own: what the diallers check once more is then up to them alone.
    pub fn start_by(rooms: Rooms, beats: Beats, board: Board) -> Works {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let silence = silence(&rooms);
        let web = Web {
            live: rooms.live.clone(),
            store: rooms.store.clone(),
            board: rooms.live.board.clone(),
            clock: rooms.clock.clone(),
            silence: silence.clone(),
        };
        let planned = Arc::new(Notify::new());
        let planner =
            Arc::new(Planner { store: rooms.store.clone(), board, clock: rooms.clock.clone(), chance: rooms.chance.clone() });
        rooms.live.nudge.all();
        tasks.spawn(planner.clone().run_by(beats.planner, rooms.stale, planned.clone(), stop.clone()));
        for carrier in rooms.live.carriers.values() {
            let dialer = Arc::new(dialer(&rooms.config, &rooms.live, carrier.clone(), &rooms.chance, &planned, &silence));
            tasks.spawn(dialer.run_by(beats.dialer, stop.clone(), tasks.clone()));
        }
        Works { live: rooms.live, planner, planned, web, stop, tasks }
    }
}

/// How many of the tasks are still under way when they have had their time.
async fn unfinished(work: &TaskTracker, patience: Duration) -> usize {
    match tokio::time::timeout(patience, work.wait()).await {
        Ok(()) => 0,
        Err(_) => work.len(),
    }
}

/// The watch over the feeds that are configured.
fn silence(rooms: &Rooms) -> Arc<Silence> {
    let (feeds, max_age) = (rooms.config.feeds.keys().cloned().collect(), rooms.config.feed_max_age);
    Arc::new(Silence::new(rooms.store.clone(), rooms.clock.clone(), rooms.chance.clone(), max_age, feeds))
}

/// The carriers that share their work: those that reach real telephones, or those that do not.
fn sharing(config: &Config, real: bool) -> Vec<Member> {
    let of_this_sort = config.carriers.values().filter(|carrier| carrier.kind.is_real == real);
    of_this_sort.map(|carrier| Member { carrier: carrier.name.clone(), weight: carrier.weight }).collect()
}

fn dialer(
    config: &Config,
    live: &Arc<LiveCalls>,
    carrier: Arc<dyn Carrier>,
    chance: &Chance,
    planned: &Arc<Notify>,
    silence: &Arc<Silence>,
) -> Dialer {
    // `carriers` made one carrier of each configured name: it is there.
    let settings = &config.carriers[carrier.name()];
    Dialer {
        settings: DialerSettings { max_calls: settings.max_calls, ring_timeout: settings.ring_timeout },
        gate: Gate::new(settings.calls_per_second),
        link: Link::new(carrier.name().clone(), sharing(config, settings.kind.is_real)),
        carrier,
        live: live.clone(),
        chance: chance.clone(),
        planned: planned.clone(),
        holder: format!("dialler-{}", chance.hex(4)),
        silence: silence.clone(),
        questions: Questions::default(),
        lost_times: LostTimes::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_ends_does_not_keep_a_stop_waiting() {
        let work = TaskTracker::new();
        work.spawn(async {});
        let never = work.spawn(std::future::pending::<()>());
        work.close();
        assert_eq!(unfinished(&work, Duration::from_millis(20)).await, 1);
        never.abort();
        assert_eq!(unfinished(&work, PATIENCE).await, 0);
    }
}
