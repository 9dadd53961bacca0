//! PostgreSQL fails over in the middle of two hundred calls: the primary is killed, or frozen, and its synchronous standby
//! takes over. Two engines on one loopback proxy go on; the carrier's own account shows that nobody was dialled twice and no
//! acknowledged answer was lost.

use crate::kill::write_hospital;
use crate::support::pair::Pair;
use crate::support::proxy::Proxy;
use callahead::app::{Engine, Listeners, Rooms};
use callahead::carrier::simulator::{self, CallTally, FaultList, NetworkSettings, Pressed, Simulator, SimulatorSettings, Tally};
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::{EndReason, Outcome};
use callahead::store::{CallLine, Direction, SharedStore, WebhookEntry, WebhookQuery, open};
use chrono::{Duration, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration as Real, Instant};
use tokio::net::{TcpListener, TcpStream};

const PATIENTS: usize = 200;
/// How much faster than the world the engines and the telephones live. The databases and all time-outs do not.
const FASTER: f64 = 5.0;
/// How long anything is waited for.
const PATIENCE: Real = Real::from_secs(180);

/// What happens to the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disaster {
    Killed,
    Frozen,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_is_killed_among_two_hundred_calls() {
    fail_over(Disaster::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_is_frozen_among_two_hundred_calls() {
    fail_over(Disaster::Frozen).await;
}

async fn fail_over(disaster: Disaster) {
    let Some(mut pair) = tokio::task::spawn_blocking(Pair::start).await.expect("it ends") else { return };
    let hospital = Hospital::open(&pair).await;
    // In the middle of placing, and in the middle of talking.
    hospital.until("calls are under way and keys were taken", |tally| {
        tally.calls.len() >= PATIENTS / 4 && tally.calls.iter().filter(|call| !call.acknowledged.is_empty()).count() >= 5
    });
    let begun = Instant::now();
    let mut story = format!("failover, primary {disaster:?}: {} calls placed\n", hospital.network.tally().calls.len());
    match disaster {
        Disaster::Killed => pair.kill_first(),
        Disaster::Frozen => pair.freeze_first(),
    }
    hospital.until("somebody hears one moment", |tally| hospital.who_heard(tally, &hospital.one_moment()) > 0);
    hospital.until("the same caller hears one moment, then the apology", |tally| hospital.heard_both(tally) > 0);
    let line = |story: &mut String, at: Real, what: &str| *story += &format!("  {:6.2} s  {what}\n", at.as_secs_f64());
    line(&mut story, Real::ZERO, "the primary is gone");
    line(&mut story, begun.elapsed(), "a caller has heard one moment, then the apology");

    // Whoever promotes makes sure first that nobody reaches the old one.
    hospital.proxy.fence();
    pair.promote_second();
    hospital.proxy.lead_to(&pair.second());
    // The frozen one lives again beside the new one, and does not know that it is none any more.
    let thawed = (disaster == Disaster::Frozen).then(|| {
        pair.thaw_first();
        tokio::spawn(confirms_nothing(pair.first(), pair.password.clone()))
    });
    let promoted = hospital.clock.now();
    line(&mut story, begun.elapsed(), "the standby is promoted, and the proxy leads there");
    let seen = hospital.network.tally().calls.len();
    let answered = |entry: &WebhookEntry| entry.direction == Direction::In && entry.at >= promoted && entry.verdict == "ok";
    let (mut first, mut anew) = (None, None);
    while first.is_none() || anew.is_none() {
        if first.is_none() && hospital.log().await.iter().any(answered) {
            first = Some(begun.elapsed());
        }
        if anew.is_none() && hospital.network.tally().calls.len() > seen {
            anew = Some(begun.elapsed());
        }
        if begun.elapsed() > PATIENCE {
            let work = hospital.truth.worklist(false, 99).await.expect("the worklist");
            panic!("no webhook is answered ({first:?}), or no call placed ({anew:?}): {work:?}");
        }
        tokio::time::sleep(Real::from_millis(10)).await;
    }
    line(&mut story, first.unwrap_or_default(), "the first webhook is answered");
    line(&mut story, anew.unwrap_or_default(), "the first new call");
    hospital.settle().await;
    line(&mut story, begun.elapsed(), "everything is settled (an idle clock is put forward)");
    let tally = hospital.network.tally();
    story += &hospital.judge(&tally).await;
    if let Some(thawed) = thawed {
        let known = thawed.await.expect("the old primary confirms nothing");
        let ours = hospital.calls().await.iter().filter(|call| call.attempt.placed_at.is_some()).count() as i64;
        assert!(known < ours, "the old primary knows {known} calls of {ours}");
        story += &format!("  the old primary, thawed, confirmed no write, and knows {known} of {ours} calls\n");
    }
    // Not eprintln!, which the test runner would swallow.
    std::io::stderr().write_all(story.as_bytes()).expect("standard error takes it");
    hospital.close().await;
}

/// Two engines, their telephones, and the way to the database.
struct Hospital {
    engines: Vec<Engine>,
    stores: Vec<SharedStore>,
    network: Simulator,
    proxy: Proxy,
    truth: SharedStore,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Hospital {
    async fn open(pair: &Pair) -> Hospital {
        let proxy = Proxy::to(&pair.first()).await;
        let url = proxy.url("postgres", "callahead", &pair.password);
        until_synchronous(&url).await;
        let standby = Proxy::to(&pair.second()).await.url("postgres", "callahead", &pair.password);
        let refused = open(&standby).await.err().expect("nothing can be written there").to_string();
        assert!(refused.contains("the server is a standby"), "{refused}");
        let truth = open(&url).await.expect("the store opens");
        let clock = Clock::fast(Utc::now(), FASTER);
        let (web, telephones) = (listen().await, listen().await);
        let folder = tempfile::tempdir().expect("a folder");
        let port = |listener: &TcpListener| listener.local_addr().expect("its address").port();
        write_hospital(folder.path(), port(&web), port(&telephones), PATIENTS);
        let settings = SimulatorSettings {
            account: "ACsimulator".to_string(),
            auth_token: "simulator".into(),
            clock: clock.clone(),
            seed: 11,
            faults: FaultList::default(),
        };
        let network = simulator::serve_as(telephones, settings, NetworkSettings::default()).await.expect("a network");
        let (mut engines, mut stores) = (Vec::new(), Vec::new());
        for seed in [1, 2] {
            let mut config = Config::load(Some(&folder.path().join("callahead.toml")), []).expect("a sound configuration");
            for carrier in config.carriers.values_mut() {
                (carrier.calls_per_second, carrier.max_calls) = (10.0, 150);
            }
            config.limits.max_call = Duration::minutes(2);
            let store = open(&url).await.expect("the store opens");
            let rooms = Rooms::open(config, store.clone(), clock.clone(), Chance::seeded(seed)).await.expect("rooms");
            if seed == 1 {
                let csv = std::fs::read(folder.path().join("day.csv")).expect("the file");
                let (feed, layout) = ("day".into(), callahead::feed::csv::CsvSettings::default());
                rooms.rulings.take_csv_in(&*store, &feed, &layout, &csv, clock.now()).await.expect("taken in");
            }
            let listeners = Listeners { web: listen().await, console: None };
            engines.push(Engine::start(rooms, listeners).expect("an engine"));
            stores.push(store);
        }
        tokio::spawn(share(web, engines.iter().map(|engine| engine.address).collect()));
        Hospital { engines, stores, network, proxy, truth, clock, _folder: folder }
    }

    /// Waits until the telephones have seen enough.
    fn until(&self, what: &str, enough: impl Fn(&Tally) -> bool) {
        let begun = Instant::now();
        while !enough(&self.network.tally()) {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", self.network.tally().by_status());
            std::thread::park_timeout(Real::from_millis(10));
        }
    }

    /// Waits until every call is over and everybody has an outcome. The clock is put forward while nobody is on the line: what
    /// nobody knows the fate of is asked about for a minute.
    async fn settle(&self) {
        let begun = Instant::now();
        loop {
            let tally = self.network.tally();
            let is_idle = tally.calls.iter().all(|call| call.status.is_final());
            let calls = self.calls().await;
            let over: BTreeSet<_> =
                calls.iter().filter(|c| c.attempt.outcome.is_some()).map(|c| c.attempt.phone.as_str().to_string()).collect();
            let live = self.truth.live_calls().await.expect("live calls");
            if is_idle && live.is_empty() && over.len() == PATIENTS {
                return;
            }
            let left = PATIENTS - over.len();
            assert!(begun.elapsed() < PATIENCE, "{left} have no outcome, {} live, {:?}", live.len(), tally.by_status());
            tokio::time::sleep(Real::from_millis(100)).await;
            if is_idle && self.network.tally().calls.len() == tally.calls.len() {
                self.clock.advance_to(self.clock.now() + Duration::seconds(20));
            }
        }
    }

    async fn calls(&self) -> Vec<CallLine> {
        self.truth.calls(None, u32::MAX).await.expect("calls")
    }

    async fn log(&self) -> Vec<WebhookEntry> {
        let query = WebhookQuery { limit: 100_000, ..WebhookQuery::default() };
        self.truth.webhooks(&query).await.expect("the log").into_iter().map(|(_, entry)| entry).collect()
    }

    fn one_moment(&self) -> Vec<String> {
        self.engines[0].live.voice.one_moment().0
    }

    fn apology(&self) -> Vec<String> {
        self.engines[0].live.voice.apology().audio
    }

    fn who_heard(&self, tally: &Tally, audio: &[String]) -> usize {
        tally.calls.iter().filter(|call| call.heard.iter().any(|heard| is_one_of(&heard.audio, audio))).count()
    }

    /// How many callers heard "one moment", and after it the apology.
    fn heard_both(&self, tally: &Tally) -> usize {
        let (moment, sorry) = (self.one_moment(), self.apology());
        let both = |call: &&CallTally| {
            let mut after = call.heard.iter().skip_while(|heard| !is_one_of(&heard.audio, &moment));
            after.any(|heard| is_one_of(&heard.audio, &sorry))
        };
        tally.calls.iter().filter(both).count()
    }

    /// The keys that were taken for good: the webhook was answered with success, and the patient then heard something else
    /// than that they must call.
    fn promised(&self, call: &CallTally) -> String {
        let (moment, sorry) = (self.one_moment(), self.apology());
        let is_promised = |pressed: &&Pressed| {
            let after = call.heard.iter().filter(|heard| heard.at_ms >= pressed.at_ms);
            let next = after.map(|heard| heard.audio.as_str()).find(|audio| !is_one_of(audio, &moment));
            pressed.taken && next.is_some_and(|audio| !is_one_of(audio, &sorry))
        };
        call.keys.iter().filter(is_promised).map(|pressed| pressed.key).collect()
    }

    /// Holds the engines' records against the carrier's account; what there is to tell.
    async fn judge(&self, tally: &Tally) -> String {
        for (attempt, times) in tally.by_attempt() {
            assert_eq!(times, 1, "attempt {attempt} was dialled {times} times");
        }
        let calls = self.calls().await;
        let mut ours: BTreeMap<&str, u64> = BTreeMap::new();
        let placed = calls.iter().filter(|call| call.attempt.placed_at.is_some());
        for call in placed.filter(|call| call.attempt.end_reason != Some(EndReason::NeverPlaced)) {
            *ours.entry(call.attempt.phone.as_str()).or_default() += 1;
        }
        for (number, times) in tally.by_number() {
            let known = ours.get(number).copied().unwrap_or_default();
            assert!(times <= known, "a number was dialled {times} times for {known} attempts");
        }
        let has_chosen = |of: &&CallLine| matches!(of.attempt.outcome, Some(Outcome::Confirmed | Outcome::RescheduleRequested));
        for chosen in calls.iter().filter(has_chosen) {
            let again = |of: &CallLine| {
                of.outreach.visit == chosen.outreach.visit
                    && of.attempt.placed_at > chosen.attempt.placed_at
                    && of.attempt.end_reason != Some(EndReason::NeverPlaced)
            };
            assert!(!calls.iter().any(again), "attempt {} is followed by another one", chosen.attempt.id);
        }
        let mut keys = 0;
        for call in &tally.calls {
            let promised = self.promised(call);
            if promised.is_empty() {
                continue;
            }
            let record = calls.iter().find(|line| line.attempt.carrier_call_id.as_ref() == Some(&call.sid)).expect("the call");
            let known = &record.attempt.keys;
            let mut rest = known.chars();
            let is_kept = promised.chars().all(|key| rest.any(|known| known == key));
            assert!(is_kept, "call {}: keys {promised} were taken, {known} are on record", call.sid);
            keys += promised.len();
        }
        let (moment, sorry) = (self.who_heard(tally, &self.one_moment()), self.heard_both(tally));
        let never = calls.iter().filter(|call| call.attempt.end_reason == Some(EndReason::NeverPlaced)).count();
        assert!(keys > PATIENTS / 4, "keys were pressed: {keys}");
        format!(
            "  {} calls, none dialled twice; {keys} acknowledged keys, all on record; {moment} heard one moment, {sorry} of \
             them the apology after it; {never} attempts were never placed\n",
            tally.calls.len()
        )
    }

    async fn close(self) {
        for engine in self.engines {
            engine.stop().await.expect("it stops");
        }
        self.network.stop().await;
        for store in self.stores.iter().chain([&self.truth]) {
            store.close().await;
        }
    }
}

/// Whether it is the same audio, whichever proxy it was asked for through.
fn is_one_of(audio: &str, these: &[String]) -> bool {
    let path = |url: &str| url.split_once("/audio/").map(|(_, path)| path.to_string());
    these.iter().any(|this| path(this).is_some() && path(this) == path(audio))
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

/// A primary that was thawed takes connections and believes that it is the primary; but each commit waits for a standby that
/// follows it no more, so that it confirms nothing to anybody. Tells how many calls it knows of.
async fn confirms_nothing(folder: PathBuf, password: String) -> i64 {
    let address = PgConnectOptions::new().socket(folder).username("callahead").password(&password).database("postgres");
    let mut conn = connected(&address).await;
    let follows: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(&mut conn).await.expect("it answers");
    assert!(!follows, "it believes that it is the primary");
    let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM attempts WHERE placed_at IS NOT NULL")
        .fetch_one(&mut conn)
        .await
        .expect("it answers");
    let write = sqlx::query("CREATE TABLE of_nobody (n INTEGER)").execute(&mut conn);
    let confirmed = tokio::time::timeout(Real::from_secs(5), write).await;
    assert!(confirmed.is_err(), "it confirmed a write: {confirmed:?}");
    known
}

/// Those who asked while it was frozen wait in its queue, and while that is full a socket takes nobody else.
async fn connected(address: &PgConnectOptions) -> PgConnection {
    let begun = Instant::now();
    loop {
        match PgConnection::connect_with(address).await {
            Ok(conn) => return conn,
            Err(sqlx::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Real::from_millis(10)).await;
            }
            Err(error) => panic!("it does not live: {error}"),
        }
    }
}

/// Waits until the first server has the second one for every commit.
async fn until_synchronous(url: &str) {
    let mut conn = PgConnection::connect(url).await.expect("the first server answers");
    let begun = Instant::now();
    loop {
        let sync = sqlx::query_scalar("SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'");
        let standbys: i64 = sync.fetch_one(&mut conn).await.expect("an answer");
        if standbys == 1 {
            return conn.close().await.expect("closed");
        }
        assert!(begun.elapsed() < PATIENCE, "the standby does not follow");
        tokio::task::yield_now().await;
    }
}

/// Hands connections to the engines by turns, as a proxy before several replicas does.
async fn share(web: TcpListener, engines: Vec<SocketAddr>) {
    let next = Arc::new(AtomicUsize::new(0));
    while let Ok((mut client, _)) = web.accept().await {
        let engine = engines[next.fetch_add(1, Ordering::Relaxed) % engines.len()];
        tokio::spawn(async move {
            let mut server = TcpStream::connect(engine).await.expect("the engine listens");
            // Either may hang up first.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
    }
}
