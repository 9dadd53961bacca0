//! Two diallers on one store keep one pace and one number of lines, through real HTTP.

use super::*;
use crate::store_suite::TestStore;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use callahead::carrier::twilio::{Detection, TwilioCarrier, TwilioSettings};
use secrecy::SecretString;

/// How much later than its moment a request may be noted on a busy machine. Two diallers that knew nothing of each other
/// would place far more in the time than this lets through.
const LATE: f64 = 0.25;

/// A carrier that takes every call and counts them.
struct Counter {
    arrived: Arc<Mutex<Vec<DateTime<Utc>>>>,
    address: String,
}

type Seen = (Clock, Arc<Mutex<Vec<DateTime<Utc>>>>);

async fn take((clock, arrived): Seen) -> (StatusCode, Json<serde_json::Value>) {
    let mut arrived = arrived.lock().expect("no panic");
    arrived.push(clock.now());
    (StatusCode::CREATED, Json(serde_json::json!({ "sid": format!("CA{}", arrived.len()), "status": "queued" })))
}

impl Counter {
    async fn open(clock: Clock) -> Counter {
        let arrived: Arc<Mutex<Vec<DateTime<Utc>>>> = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = axum::Router::new()
            .route("/{*path}", post(|State(seen): State<Seen>| take(seen)))
            .with_state((clock, arrived.clone()));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Counter { arrived, address }
    }

    /// A client of its own, as another process has one.
    fn client(&self) -> Arc<dyn Carrier> {
        let settings = TwilioSettings {
            name: "main".into(),
            api_url: self.address.clone(),
            account: "AC1".into(),
            auth_tokens: vec![SecretString::from("secret")],
            from: number(99),
            public_url: "http://127.0.0.1:1".into(),
            answering_machine: Detection::Off,
            request_timeout: std::time::Duration::from_secs(10),
            within: None,
            own: Own::default(),
        };
        Arc::new(TwilioCarrier::new(settings).expect("sound settings"))
    }

    fn count(&self) -> usize {
        self.arrived.lock().expect("no panic").len()
    }
}

/// When calls were asked for, in seconds from the first on: as the log of requests has it, because how long a request is
/// under way is the machine's affair.
async fn sent(store: &SharedStore) -> Vec<f64> {
    let log = store.webhooks(&WebhookQuery { limit: 2_000, ..WebhookQuery::default() }).await.expect("the log");
    let mut sent: Vec<_> = log.into_iter().filter(|(_, entry)| entry.path == "place call").map(|(_, entry)| entry.at).collect();
    sent.sort();
    let micros = sent.iter().map(|at| (*at - sent[0]).num_microseconds().unwrap_or(0));
    micros.map(|us| us as f64 / 1_000_000.0).collect()
}

/// Both at work for a while; how many calls were asked for, after a look at every window.
async fn two_diallers(store: SharedStore, again: SharedStore, rate: f64, lines: u32, patients: usize) -> usize {
    let desk = Desk::on(store, rate).await;
    desk.take_in(patients).await;
    let counter = Counter::open(desk.clock.clone()).await;
    // Replicas share a pace by their clocks, which agree.
    let other = Desk::by(desk.clock.clone(), again, rate).await;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    for rooms in [&desk.rooms, &other.rooms] {
        let logged = LoggedCarrier::new(counter.client(), desk.store.clone(), desk.clock.clone());
        let dialer = dialer(rooms, Arc::new(logged), rate, lines, &[("main", 1)]);
        tracker.spawn(dialer.run(stop.clone(), tracker.clone()));
    }
    desk.clock.sleep(Duration::milliseconds(2_500)).await;
    // A machine that is busy with other things takes longer.
    for _ in 0..600 {
        if counter.count() > 1 {
            break;
        }
        desk.clock.sleep(Duration::milliseconds(100)).await;
    }
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    let arrived = sent(&desk.store).await;
    for (first, from) in arrived.iter().enumerate() {
        for (last, until) in arrived.iter().enumerate().skip(first) {
            let allowed = (rate * (until - from + LATE)).ceil() as usize + 1;
            assert!(last - first < allowed, "{} calls in {} s at {rate}/s", last - first + 1, until - from);
        }
    }
    arrived.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_diallers_on_a_file_keep_one_pace() {
    for (rate, patients) in [(5.0, 20), (50.0, 150), (200.0, 500)] {
        let store = TestStore::sqlite().await;
        let placed = two_diallers(store.share(), store.again().await, rate, 1_000, patients).await;
        assert!(placed > 1, "{placed} at {rate}/s");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_diallers_on_a_server_keep_one_pace() {
    let Some(store) = TestStore::postgres().await else { return };
    let placed = two_diallers(store.share(), store.again().await, 50.0, 1_000, 150).await;
    assert!(placed > 1, "{placed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_diallers_keep_to_the_lines_together() {
    let file = TestStore::sqlite().await;
    let placed = two_diallers(file.share(), file.again().await, 100.0, 3, 20).await;
    assert!((2..=3).contains(&placed), "{placed}");
    let Some(server) = TestStore::postgres().await else { return };
    let placed = two_diallers(server.share(), server.again().await, 100.0, 3, 20).await;
    assert!((2..=3).contains(&placed), "{placed}");
}

/// A lease that ended and a call that was given up hold no line any more.
#[tokio::test]
async fn a_lost_call_frees_its_line() {
    let desk = Desk::with_patients(50.0, 3).await;
    let one_line = dialer(&desk.rooms, desk.logged.clone(), 50.0, 1, &[("main", 1)]);
    let wish =
        LeaseRequest { until: desk.clock.now() + Duration::seconds(15), now: desk.clock.now(), ..samples::lease("gone", 1) };
    assert_eq!(desk.store.lease_due(&wish).await.expect("a lease").len(), 1);
    assert_eq!(dial(&one_line).await, 0, "somebody who is gone has the line");
    desk.pass(Duration::seconds(16));
    desk.rescue().await;
    assert_eq!((dial(&one_line).await, desk.placed(), dial(&one_line).await), (1, 1, 0));
    // Nothing is ever heard of the call: after its longest time it is given up.
    desk.pass(Duration::minutes(7));
    desk.rescue().await;
    desk.pass(Duration::seconds(40));
    desk.rescue().await;
    assert_eq!((dial(&one_line).await, desk.placed()), (1, 2));
}

#[tokio::test]
async fn turns_are_given_once_and_a_clock_that_went_wrong_stops_nobody() {
    let stores = [Some(TestStore::sqlite().await), TestStore::postgres().await];
    for store in stores.into_iter().flatten() {
        let wish = |now, count| TurnWish {
            carrier: "main".into(),
            now,
            gap: Duration::milliseconds(500),
            count,
            latest: now + Duration::seconds(2),
        };
        let seconds = Duration::seconds;
        let take = async |now, count| store.take_turns(&wish(now, count)).await.expect("an answer");
        assert_eq!(take(at(0), 4).await, Some(at(0)));
        assert_eq!(take(at(0) + seconds(1), 2).await, Some(at(0) + seconds(2)), "after those of the first");
        assert_eq!(take(at(0), 1).await, None, "too far ahead");
        assert_eq!(take(at(1), 1).await, Some(at(1)), "what was not used is not made up for");
        assert_eq!(take(at(120), 1).await, Some(at(120)), "a clock that is two hours fast");
        assert_eq!(take(at(2), 1).await, Some(at(2)));
        let rows = store.carriers().await.expect("rows");
        let next = at(2) + Duration::milliseconds(500);
        assert_eq!((rows.len(), rows[0].next_send_at, rows[0].revision), (1, next, 0));
    }
}

#[tokio::test]
async fn how_a_carrier_stands_is_kept_and_who_read_an_older_state_is_told() {
    let stores = [Some(TestStore::sqlite().await), TestStore::postgres().await];
    for store in stores.into_iter().flatten() {
        let told = samples::work("w1", WorkKind::CarrierFault, None, 0);
        store.open_work(&told).await.expect("opened");
        let new = CarrierState::new("main".into());
        let full = new.after(&News::LinesFull { in_use: 3 }, at(0)).expect("fewer lines");
        let refused = full.after(&News::Account { item: "w1".into() }, at(0)).expect("it pauses");
        store.save_carrier(&refused, 0).await.expect("written");
        assert!(matches!(store.save_carrier(&new, 0).await, Err(StoreError::Conflict)));
        let kept = async || store.carriers().await.expect("rows").remove(0);
        assert_eq!((kept().await.state, kept().await.revision), (refused.clone(), 1));
        store.resolve_work(&"w1".into(), "done").await.expect("resolved");
        assert_eq!(kept().await.state.standing(at(1)), Standing::Trial, "somebody has acted");
        store.save_carrier(&kept().await.state.trying(at(1)), 1).await.expect("written");
        assert!(kept().await.state.pause.expect("it is paused").trying);
        store.save_carrier(&new, 2).await.expect("written");
        assert_eq!((kept().await.state, kept().await.revision), (new, 3));
    }
}
