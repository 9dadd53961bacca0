//! The dialler by itself: a carrier that says what the story wants, a store that can be slow or broken, and a clock that
//! only the story moves.

mod health;
mod lost;
mod pace;
mod properties;
mod refusals;
mod rescue;
mod takeover;

use crate::store_suite::samples::{self, at, number};
use crate::support::troubled_store::TroubledStore;
use async_trait::async_trait;
use callahead::app::Rooms;
use callahead::carrier::*;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::call::{CallEvent, FinalStatus};
use callahead::core::domain::{Attempt, AttemptStatus, EndReason, Outcome, PhoneNumber, WorkItem, WorkKind};
use callahead::core::ids::{AttemptToken, CarrierName};
use callahead::core::link::{CarrierState, Member, News, Standing, Why};
use callahead::core::plan::Rules;
use callahead::dialer::{Dialer, DialerSettings, Gate, Link, LoggedCarrier, LostTimes, Questions};
use callahead::feed::csv::CsvSettings;
use callahead::planner::Planner;
use callahead::silence::Silence;
use callahead::store::{Direction, LeaseRequest, OptOut, RequestOrder, SharedStore, StoreError, TurnWish, WebhookQuery, open};
use chrono::{DateTime, Duration, Utc};
use std::collections::VecDeque;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Barrier, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A carrier that answers as it is told.
struct Telephones {
    name: CarrierName,
    /// The answers to the next requests; then calls are taken.
    next: Mutex<VecDeque<CarrierError>>,
    /// Whether it answers who looks for calls.
    silent: AtomicBool,
    placed: Mutex<Vec<PlaceCall>>,
    /// Whoever makes the next call never hears of it.
    mute: AtomicBool,
    /// The calls it knows, whatever the number.
    known: Mutex<Vec<CarrierCall>>,
    /// The calls it was told to end.
    ended: Mutex<Vec<String>>,
    /// Where whoever looks for calls waits for another one who does.
    meeting: Mutex<Option<Arc<Barrier>>>,
}

#[async_trait]
impl Carrier for Telephones {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    async fn place_call(&self, call: &PlaceCall) -> Result<Placed, CarrierError> {
        if let Some(error) = self.next.lock().expect("no panic").pop_front() {
            return Err(error);
        }
        let count = {
            let mut placed = self.placed.lock().expect("no panic");
            placed.push(call.clone());
            placed.len()
        };
        if self.mute.swap(false, Ordering::Relaxed) {
            std::future::pending().await
        }
        Ok(Placed { carrier_call_id: Some(format!("CA{count}")) })
    }

    async fn turn_call(&self, _: &str, _: &AttemptToken, _: u32) -> Result<(), CarrierError> {
        Err(CarrierError::Refused { why: Refusal::NotLive, status: 404, code: 20404 })
    }

    async fn end_call(&self, id: &str) -> Result<(), CarrierError> {
        self.ended.lock().expect("no panic").push(id.to_string());
        Ok(())
    }

    async fn find_calls(&self, _: &PhoneNumber, _: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        let meeting = self.meeting.lock().expect("no panic").clone();
        if let Some(meeting) = meeting {
            // Once to say so, once to be let on.
            meeting.wait().await;
            meeting.wait().await;
        }
        if self.silent.load(Ordering::Relaxed) {
            return Err(CarrierError::Unreachable("it is down".into()));
        }
        Ok(self.known.lock().expect("no panic").clone())
    }

    async fn fetch_call(&self, id: &str) -> Result<Option<CarrierCall>, CarrierError> {
        Ok(self.known.lock().expect("no panic").iter().find(|call| call.id == id).cloned())
    }

    fn receive(&self, _: &WebhookRequest<'_>) -> Result<Webhook, Rejected> {
        Err(Rejected::NotFound)
    }

    fn document(&self, _: &AttemptToken, _: &Page) -> Document {
        Document { content_type: "text/plain", body: String::new() }
    }

    fn answer_incoming(&self, _: &IncomingReply<'_>) -> Document {
        Document { content_type: "text/plain", body: String::new() }
    }

    fn ask_again(&self, _: &AttemptToken, _: &Ask, _: PutOff, _: &[String]) -> Document {
        Document { content_type: "text/plain", body: String::new() }
    }
}

impl Telephones {
    fn new(name: &str) -> Telephones {
        let (next, placed, known, meeting) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        let [silent, mute] = [false; 2].map(AtomicBool::new);
        Telephones { name: name.into(), next, silent, placed, mute, known, ended: Mutex::default(), meeting }
    }

    fn answers(&self, error: CarrierError) {
        self.next.lock().expect("no panic").push_back(error);
    }

    fn count(&self) -> usize {
        self.placed.lock().expect("no panic").len()
    }
}

/// A dialler of `carrier` with so many lines, which shares the work with those named.
fn dialer(rooms: &Rooms, carrier: Arc<dyn Carrier>, rate: f64, lines: u32, sharing: &[(&str, u32)]) -> Arc<Dialer> {
    let (store, clock, chance) = (rooms.store.clone(), rooms.clock.clone(), rooms.chance.clone());
    let silence = Silence::new(store, clock, chance.clone(), Duration::hours(24), ["epic".into()].into());
    let members = sharing.iter().map(|(name, weight)| Member { carrier: (*name).into(), weight: *weight }).collect();
    Arc::new(Dialer {
        live: rooms.live.clone(),
        settings: DialerSettings { max_calls: lines, ring_timeout: Duration::seconds(20) },
        planned: Arc::new(Notify::new()),
        holder: format!("dialler-{}", chance.hex(4)),
        chance,
        gate: Gate::new(rate),
        link: Link::new(carrier.name().clone(), members),
        carrier,
        silence: Arc::new(silence),
        questions: Questions::default(),
        lost_times: LostTimes::default(),
    })
}

/// One round of a dialler, to the end of its requests; returns how many attempts it took.
async fn dial(dialer: &Arc<Dialer>) -> usize {
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let count = dialer.dial_due(&tracker, &stop).await.expect("a round");
    tracker.close();
    tracker.wait().await;
    count
}

/// A dialler and what is around it.
struct Desk {
    rooms: Rooms,
    dialer: Arc<Dialer>,
    telephones: Arc<Telephones>,
    logged: Arc<LoggedCarrier>,
    troubled: Arc<TroubledStore>,
    store: SharedStore,
    clock: Clock,
}

impl Desk {
    /// At 11:00 in Boston; `rate` new calls a second.
    async fn open(rate: f64) -> Desk {
        Desk::on(open("sqlite::memory:").await.expect("a store"), rate).await
    }

    async fn on(store: SharedStore, rate: f64) -> Desk {
        Desk::by(Clock::fast(at(60), 1.0), store, rate).await
    }

    /// By a clock that others may go by, too.
    async fn by(clock: Clock, store: SharedStore, rate: f64) -> Desk {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config::defaults();
        config.prompts = root.join("prompts");
        config.schedules = root.join("schedules");
        let mut spare = config.carriers[&CarrierName::from("main")].clone();
        spare.name = "spare".into();
        config.carriers.insert(spare.name.clone(), spare);
        let troubled = Arc::new(TroubledStore::new(store.clone(), clock.clone()));
        let mut rooms = Rooms::open(config, troubled.clone(), clock.clone(), Chance::seeded(7)).await.expect("rooms");
        let telephones = Arc::new(Telephones::new("main"));
        let logged = Arc::new(LoggedCarrier::new(telephones.clone(), store.clone(), clock.clone()));
        // Whoever asks all carriers about a number asks these.
        let carriers = &mut Arc::get_mut(&mut rooms.live).expect("nobody else has them yet").carriers;
        carriers.insert("main".into(), logged.clone());
        carriers.insert("spare".into(), Arc::new(Telephones::new("spare")));
        let dialer = dialer(&rooms, logged.clone(), rate, 20, &[("main", 1)]);
        Desk { rooms, dialer, telephones, logged, troubled, store, clock }
    }

    /// With the visits of so many patients on Monday, planned: each is to be called now.
    async fn with_patients(rate: f64, count: usize) -> Desk {
        let desk = Desk::open(rate).await;
        desk.take_in(count).await;
        desk
    }

    async fn take_in(&self, count: usize) {
        let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n");
        for n in 0..count {
            writeln!(csv, "A{n},P{n},+1617555{n:04},2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00").expect("text");
        }
        let (feed, layout) = ("epic".into(), CsvSettings::default());
        let rulings = &self.rooms.rulings;
        rulings.take_csv_in(&*self.store, &feed, &layout, csv.as_bytes(), self.clock.now()).await.expect("taken in");
        self.plan().await;
    }

    async fn plan(&self) {
        let planner = Planner {
            store: self.store.clone(),
            board: self.rooms.live.board.clone(),
            clock: self.clock.clone(),
            chance: Chance::seeded(8),
        };
        planner.plan_all().await.expect("planned");
    }

    /// A second replica for the same carrier.
    fn replica(&self, rate: f64) -> Arc<Dialer> {
        dialer(&self.rooms, self.logged.clone(), rate, 20, &[("main", 1)])
    }

    /// One round of the dialler, to the end of its requests; returns how many attempts it took.
    async fn dial(&self) -> usize {
        dial(&self.dialer).await
    }

    async fn rescue(&self) {
        self.dialer.rescue().await.expect("a round");
    }

    fn placed(&self) -> usize {
        self.telephones.count()
    }

    fn answers(&self, error: CarrierError) {
        self.telephones.answers(error);
    }

    /// The carrier says so to every request until it [`Desk::relents`].
    fn insists(&self, error: &CarrierError) {
        (0..50).for_each(|_| self.answers(error.clone()));
    }

    fn relents(&self) {
        self.telephones.next.lock().expect("no panic").clear();
    }

    fn standing(&self) -> Standing {
        self.dialer.link.standing(self.clock.now())
    }

    /// What waits for a person.
    async fn work(&self) -> Vec<WorkItem> {
        self.store.worklist(false, u32::MAX).await.expect("the worklist")
    }

    fn knows(&self, ids: &[&str]) {
        let call = |id: &&str| CarrierCall { id: id.to_string(), ended: None, started_at: None, talk_seconds: None };
        *self.telephones.known.lock().expect("no panic") = ids.iter().map(call).collect();
    }

    fn pass(&self, span: Duration) {
        self.clock.advance_to(self.clock.now() + span);
    }

    /// The attempts of everybody, planned ones as well.
    async fn attempts(&self) -> Vec<Attempt> {
        let patients = self.store.patients_to_plan(self.clock.now(), None, 1_000).await.expect("patients");
        let facts = self.store.load_facts(&patients, self.clock.now()).await.expect("facts");
        facts.into_iter().flat_map(|f| f.outreaches).flat_map(|o| o.attempts).collect()
    }

    async fn attempt(&self, id: &str) -> Attempt {
        self.store.load_call_by_id(&id.into()).await.expect("a look").expect("it was requested").attempt
    }

    /// What the carrier was asked: request, status, verdict, and about which attempt.
    async fn asked(&self) -> Vec<(String, u16, String, Option<String>)> {
        let log = self.store.webhooks(&WebhookQuery { limit: 100, ..WebhookQuery::default() }).await.expect("the log");
        let out = log.into_iter().map(|(_, entry)| entry).filter(|entry| entry.direction == Direction::Out);
        out.map(|e| (e.path, e.status, e.verdict, e.attempt.map(|a| a.to_string()))).collect()
    }
}

fn refused(why: Refusal, status: u16) -> CarrierError {
    CarrierError::Refused { why, status, code: 0 }
}

#[tokio::test]
async fn what_is_due_is_dialled_and_every_request_is_logged() {
    let desk = Desk::with_patients(5.0, 2).await;
    assert_eq!(desk.dial().await, 2);
    assert_eq!((desk.placed(), desk.dial().await), (2, 0));
    let attempts = desk.attempts().await;
    assert!(attempts.iter().all(|a| a.status == AttemptStatus::Accepted && a.carrier_call_id.is_some()), "{attempts:?}");

    let call = desk.telephones.placed.lock().expect("no panic")[0].clone();
    desk.logged.turn_call("CA1", &call.token, 3).await.expect_err("nobody is on the line");
    let asked = desk.asked().await;
    assert_eq!(asked.iter().filter(|a| (a.0.as_str(), a.1, a.2.as_str()) == ("place call", 201, "ok")).count(), 2);
    let turn = ("turn call".to_string(), 404, "refused".to_string(), Some(call.attempt.to_string()));
    assert_eq!(asked.last(), Some(&turn));
    assert!(asked[..2].iter().all(|a| attempts.iter().any(|attempt| a.3.as_deref() == Some(attempt.id.as_str()))));
}

/// What was planned weeks ago by a job of another name is called about, and with the words of the job as it is.
#[tokio::test]
async fn a_job_that_was_renamed_goes_on_calling() {
    let desk = Desk::with_patients(5.0, 1).await;
    let mut rules = Rules::clone(&desk.rooms.live.board.rules());
    rules.jobs.iter_mut().for_each(|job| job.name = format!("new-{}", job.name).as_str().into());
    desk.rooms.live.board.replace(Arc::new(rules));
    desk.plan().await;
    assert_eq!((desk.dial().await, desk.placed()), (1, 1));
}

/// The commit took some seconds, or the turn did, and who is to be called opted out meanwhile, or the visit is off.
#[tokio::test]
async fn who_waited_for_the_turn_is_looked_at_again() {
    for (slow, what, status) in [
        (5, "nothing", AttemptStatus::Accepted),
        (5, "opt-out", AttemptStatus::Cancelled),
        (5, "cancelled", AttemptStatus::Cancelled),
        // It is on its way.
        (0, "opt-out", AttemptStatus::Accepted),
    ] {
        let desk = Desk::with_patients(5.0, 1).await;
        *desk.troubled.slow_commit.lock().expect("no panic") = Duration::seconds(slow);
        let (store, rulings, at) = (desk.store.clone(), desk.rooms.rulings.clone(), desk.clock.now());
        *desk.troubled.meanwhile.lock().expect("no panic") = Some(Box::pin(async move {
            if what == "opt-out" {
                let out = OptOut { patient: Some("P0".into()), phone: None, at, how: "desk".into() };
                store.add_opt_out(&out).await.expect("on the list");
            } else if what == "cancelled" {
                let csv = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at,status\n\
                           A0,P0,+16175550000,2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00,cancelled\n";
                let (feed, layout) = ("epic".into(), CsvSettings::default());
                rulings.take_csv_in(&*store, &feed, &layout, csv.as_bytes(), at).await.expect("taken in");
            }
        }));
        assert_eq!(desk.dial().await, 1);
        let is_made = status == AttemptStatus::Accepted;
        assert_eq!(desk.placed(), usize::from(is_made), "{slow} s, {what}");
        if !is_made {
            desk.dial().await;
            assert_eq!(desk.placed(), 0, "{what}");
        }
        let attempts = desk.attempts().await;
        assert!(matches!(&attempts[..], [one] if one.status == status), "{slow} s, {what}: {attempts:?}");
    }
}

/// The commit took its time. Either the hours are over, or others may be asking already what became of the call.
#[tokio::test]
async fn after_a_slow_commit_nothing_is_dialled() {
    for slow in [Duration::seconds(16), Duration::hours(12)] {
        let desk = Desk::with_patients(5.0, 1).await;
        *desk.troubled.slow_commit.lock().expect("no panic") = slow;
        assert_eq!((desk.dial().await, desk.placed()), (1, 0), "{slow}");
        let [attempt] = &desk.attempts().await[..] else { panic!("one attempt") };
        assert_eq!((attempt.status, attempt.placed_at), (AttemptStatus::Planned, None), "{slow}");
        assert!(attempt.due_at > desk.clock.now(), "{slow}");
        assert!(desk.store.live_calls().await.expect("live calls").is_empty(), "{slow}");

        desk.plan().await;
        let [attempt] = &desk.attempts().await[..] else { panic!("one attempt") };
        desk.clock.advance_to(attempt.due_at);
        assert_eq!((desk.dial().await, desk.placed()), (1, 1), "{slow}: later it is");
    }
    let desk = Desk::with_patients(5.0, 1).await;
    *desk.troubled.slow_commit.lock().expect("no panic") = Duration::seconds(10);
    assert_eq!((desk.dial().await, desk.placed()), (1, 1), "there was time enough");
}

#[tokio::test]
async fn a_carrier_that_asks_for_patience_gets_it_whatever_is_planned() {
    let desk = Desk::with_patients(5.0, 1).await;
    desk.answers(refused(Refusal::SlowDown { retry_after_s: Some(120) }, 429));
    assert_eq!(desk.dial().await, 1);
    for _ in 0..2 {
        desk.plan().await;
        assert_eq!((desk.dial().await, desk.placed()), (0, 0));
        desk.pass(Duration::seconds(55));
    }
    desk.pass(Duration::seconds(15));
    assert_eq!((desk.dial().await, desk.placed()), (1, 1));
}

/// One call in a hundred seconds: what waits for its turn is leased by nobody, and may still be withdrawn or moved.
#[tokio::test]
async fn a_slow_pace_leases_nothing_that_must_wait() {
    let desk = Desk::with_patients(0.01, 2).await;
    assert_eq!((desk.dial().await, desk.placed()), (1, 1));
    desk.pass(Duration::seconds(90));
    assert_eq!((desk.dial().await, desk.placed()), (0, 1), "it is not leased yet");
    desk.pass(Duration::seconds(10));
    assert_eq!((desk.dial().await, desk.placed()), (1, 2));
}

#[tokio::test]
async fn no_new_call_is_begun_when_it_stops() {
    let desk = Desk::with_patients(5.0, 2).await;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    stop.cancel();
    assert_eq!((desk.dialer.dial_due(&tracker, &stop).await.expect("a round"), desk.placed()), (0, 0));
}

#[tokio::test]
async fn the_log_shows_the_status_of_an_answer_that_says_nothing() {
    let desk = Desk::with_patients(5.0, 1).await;
    desk.answers(CarrierError::Unknown(Lost { status: Some(503), what: "status 503".into() }));
    assert_eq!(desk.dial().await, 1);
    let asked = desk.asked().await.remove(0);
    assert_eq!((asked.0.as_str(), asked.1, asked.2.as_str()), ("place call", 503, "no_answer"));
}

/// What changed there may be unheard: nobody is called about it, and a person learns why.
#[tokio::test]
async fn a_site_whose_feed_is_silent_is_not_called_about_until_it_is_heard() {
    let desk = Desk::with_patients(5.0, 1).await;
    let sites = ["boston".into()];
    let epic = "epic".into();
    let heard = |ago: Duration| desk.store.feed_heard(&epic, &sites, desk.clock.now() - ago);
    heard(Duration::hours(25)).await.expect("noted");
    assert_eq!((desk.dial().await, desk.placed()), (0, 0));
    let work = desk.store.worklist(false, 10).await.expect("the worklist");
    let [alarm] = &work[..] else { panic!("one alarm: {work:?}") };
    let note = "feed epic is silent for longer than limits.feed_max_age: its sites are not called about until it is heard";
    assert_eq!((alarm.kind, alarm.resolution.as_deref()), (WorkKind::Review, Some(note)));
    desk.pass(Duration::seconds(6));
    assert_eq!((desk.dial().await, desk.store.count_open_work().await.expect("a count")), (0, 1), "one alarm is enough");

    heard(Duration::zero()).await.expect("noted");
    desk.pass(Duration::seconds(6));
    assert_eq!((desk.dial().await, desk.placed()), (1, 1));
    assert_eq!(desk.store.count_open_work().await.expect("a count"), 0);
}
