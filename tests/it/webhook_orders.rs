//! Whatever order a call's webhooks come in, and however often: the same documents, the same outcome, the same work for
//! people, and nobody is dialled twice. The whole engine by real HTTP; the test is the carrier, which draws how each call
//! goes, loses answers, and tells everything in another order the next time.

use crate::support::http::signed;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use callahead::app::{Engine, Listeners, Rooms};
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::AttemptStatus;
use callahead::core::ids::{AttemptToken, PatientId};
use callahead::feed::csv::CsvSettings;
use callahead::store::{SharedStore, open};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

const STORIES: usize = 40;
/// Each story is told in this many orders; the first is the one in which it happened.
const ORDERS: usize = 4;
const SECRET: &str = "simulator";
/// Friday morning in Boston; the visits are on Monday, so that this is the first day to call.
const START: &str = "2026-11-27T10:30:00-05:00";

/// What somebody, or a machine, does while a step is being said.
#[derive(Debug, Clone)]
enum Does {
    Presses(char),
    Waits,
    IsDetected(&'static str),
}

/// Where the news fall, and which webhook is repeated where.
type Places = (Vec<prop::sample::Index>, Vec<(prop::sample::Index, prop::sample::Index)>);

/// How a call goes.
#[derive(Debug, Clone)]
struct Story {
    answered: bool,
    does: Vec<Does>,
    end: &'static str,
    seconds: u32,
    /// Where the carrier's news fall among its questions, and which webhook is repeated where: for each order.
    places: Vec<Places>,
}

fn story() -> impl Strategy<Value = Story> {
    let does = prop_oneof![
        6 => prop::sample::select("1239*75".chars().collect::<Vec<_>>()).prop_map(Does::Presses),
        4 => Just(Does::Waits),
        1 => prop::sample::select(vec!["human", "machine_start", "machine_end_beep", "fax", "unknown"]).prop_map(Does::IsDetected),
    ];
    let place = any::<prop::sample::Index>;
    let places = (prop::collection::vec(place(), 4), prop::collection::vec((place(), place()), 0..5));
    (
        prop::bool::weighted(0.85),
        prop::collection::vec(does, 0..7),
        prop::sample::select(vec!["busy", "no-answer", "failed"]),
        0u32..60,
        prop::collection::vec(places, ORDERS - 1),
    )
        .prop_map(|(answered, does, end, seconds, places)| Story {
            answered,
            does: if answered { does } else { Vec::new() },
            end: if answered { "completed" } else { end },
            seconds,
            places,
        })
}

/// One webhook, without the token that stands in its path.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    path: String,
    fields: Vec<(&'static str, String)>,
}

fn said(path: &str, fields: &[(&'static str, &str)]) -> Said {
    Said { path: path.to_string(), fields: fields.iter().map(|(n, v)| (*n, v.to_string())).collect() }
}

/// The carrier: which calls it was asked for, by the token in their address.
#[derive(Clone)]
struct Telephones {
    /// Token, number and id of each call; the same token twice is a second call.
    placed: Arc<Mutex<Vec<(String, String, String)>>>,
    count: watch::Sender<usize>,
}

impl Telephones {
    fn routes(&self) -> Router {
        Router::new()
            .route("/2010-04-01/Accounts/{account}/Calls.json", post(create).get(list))
            .route("/2010-04-01/Accounts/{account}/Calls/{sid}", post(turn).get(fetch))
            .with_state(self.clone())
    }
}

/// Every call is placed. The carrier's answer names it, names it not, or is lost; not so often that it counts as down.
async fn create(State(phones): State<Telephones>, Form(fields): Form<Vec<(String, String)>>) -> Response {
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).expect("a field").1.clone();
    let token = field("Url").split("/voice/").nth(1).expect("a token").split('/').next().expect("a part").to_string();
    let (n, id) = {
        let mut placed = phones.placed.lock().expect("no panic");
        let id = format!("CA{:032x}", placed.len());
        placed.push((token, field("To"), id.clone()));
        (placed.len(), id)
    };
    phones.count.send_replace(n);
    match n % 16 {
        3 => StatusCode::BAD_GATEWAY.into_response(),
        2 | 6 | 10 | 14 => (StatusCode::CREATED, Json(json!({"status": "queued"}))).into_response(),
        _ => (StatusCode::CREATED, Json(json!({"sid": id, "status": "queued"}))).into_response(),
    }
}

async fn list(State(phones): State<Telephones>, Query(query): Query<HashMap<String, String>>) -> Response {
    let placed = phones.placed.lock().expect("no panic");
    let calls = placed.iter().filter(|call| call.1 == query["To"]).map(|call| json!({"sid": call.2, "status": "in-progress"}));
    Json(json!({"calls": calls.collect::<Vec<_>>()})).into_response()
}

async fn fetch() -> Response {
    Json(json!({"sid": "CA0", "status": "in-progress"})).into_response()
}

async fn turn() -> Response {
    Json(json!({"sid": "CA0"})).into_response()
}

struct Hospital {
    engine: Engine,
    store: SharedStore,
    clock: Clock,
    base: String,
    phones: Telephones,
    http: reqwest::Client,
}

/// What came of one call, as far as people see it.
type CameOf = (String, Vec<String>, usize);

impl Hospital {
    async fn open(patients: usize) -> Hospital {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (web, api) = (listen().await, listen().await);
        let base = format!("http://{}", web.local_addr().expect("an address"));
        let mut config = Config::defaults();
        config.prompts = root.join("prompts");
        config.schedules = root.join("schedules");
        config.server.public_url = base.clone();
        let main = config.carriers.get_mut(&"main".into()).expect("the default carrier");
        main.api_url = format!("http://{}", api.local_addr().expect("an address"));
        main.calls_per_second = 500.0;
        main.max_calls = 1_000;
        let phones = Telephones { placed: Arc::default(), count: watch::channel(0).0 };
        let routes = phones.routes();
        tokio::spawn(async move { axum::serve(api, routes).await });

        let clock = Clock::fast(START.parse().expect("a moment"), 1.0);
        let store = open("sqlite::memory:").await.expect("a store");
        let rooms = Rooms::open(config, store.clone(), clock.clone(), Chance::seeded(3)).await.expect("rooms");
        let mut csv = String::from("appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n");
        for n in 0..patients {
            writeln!(csv, "A{n},P{n:04},+1617555{n:04},2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00").expect("text");
        }
        let (feed, layout) = ("epic".into(), CsvSettings::default());
        rooms.rulings.take_csv_in(&*store, &feed, &layout, csv.as_bytes(), clock.now()).await.expect("taken in");
        let engine = Engine::start(rooms, Listeners { web, console: None }).expect("an engine");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Hospital { engine, store, clock, base, phones, http }
    }

    /// Waits until everybody is called.
    async fn everybody(&self, patients: usize) -> Vec<(String, String, String)> {
        let mut count = self.phones.count.subscribe();
        let all = count.wait_for(|count| *count >= patients);
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("in time").expect("the carrier lives");
        self.phones.placed.lock().expect("no panic").clone()
    }

    async fn tell(&self, (token, to, id): &(String, String, String), said: &Said) -> (u16, String) {
        let path = format!("/carriers/main/{}", said.path.replace("TOKEN", token));
        let mut fields = vec![("CallSid", id.as_str()), ("AccountSid", "AC1"), ("To", to.as_str()), ("ToCity", "São Paulo")];
        fields.extend(said.fields.iter().map(|(name, value)| (*name, value.as_str())));
        let url = format!("{}{path}", self.base);
        let signature = signed(SECRET, &url, &fields);
        let answer = self.http.post(&url).form(&fields).header("X-Twilio-Signature", signature).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text").replace(token, "TOKEN"))
    }

    /// The call as it truly goes: what is asked answers what is being said. Gives the carrier's questions with the answers.
    async fn happens(&self, call: &(String, String, String), story: &Story) -> Vec<(Said, (u16, String))> {
        let mut asked = Vec::new();
        if !story.answered {
            return asked;
        }
        let ask = said("voice/TOKEN/answered", &[("CallStatus", "in-progress")]);
        let mut page = self.tell(call, &ask).await;
        asked.push((ask, page.clone()));
        for does in &story.does {
            if page.1.contains("<Hangup/>") {
                break;
            }
            let next = redirect(&page.1);
            let ask = match does {
                Does::IsDetected(by) => {
                    let verdict = said("amd/TOKEN", &[("AnsweredBy", by)]);
                    let answer = self.tell(call, &verdict).await;
                    asked.push((verdict, answer));
                    // Where it turned the call, that is what is being said now.
                    let record = self.store.load_call(&AttemptToken::from(call.0.as_str())).await.expect("read").expect("a call");
                    let mut turned = record.events.iter().filter_map(|e| e.reply.clone().zip(e.key.clone()));
                    if let Some((reply, _)) = turned.rfind(|(_, key)| key.starts_with("turned:")) {
                        page.1 = reply.replace(&call.0, "TOKEN");
                    }
                    continue;
                }
                Does::Presses(key) if page.1.contains("<Gather") => {
                    said(&next.replace("silence", "key"), &[("Digits", &key.to_string()), ("FinishedOnKey", "")])
                }
                _ => said(&next, &[]),
            };
            page = self.tell(call, &ask).await;
            asked.push((ask, page.clone()));
        }
        asked
    }

    /// An hour later: how many are to be called once more.
    async fn called_again(&self) -> usize {
        self.clock.advance_to(self.clock.now() + chrono::Duration::hours(1));
        self.engine.planner.plan_all().await.expect("planned");
        self.engine.planned.notify_waiters();
        // Whoever is planned only now is due from now on. Some may be dialled already.
        let now = self.clock.now();
        let patients: Vec<_> = (0..STORIES * ORDERS).map(|n| PatientId::new(format!("P{n:04}"))).collect();
        let facts = self.store.load_facts(&patients, now).await.expect("facts");
        let attempts = facts.iter().flat_map(|facts| &facts.outreaches).flat_map(|kept| &kept.attempts);
        attempts.filter(|a| a.number > 1 && a.due_at <= now && a.status != AttemptStatus::Cancelled).count()
    }

    async fn came_of(&self, call: &(String, String, String)) -> CameOf {
        let record = self.store.load_call(&AttemptToken::from(call.0.as_str())).await.expect("read").expect("a call");
        let it = &record.attempt;
        let stands = (it.status, it.outcome, it.end_reason, it.answered_by, &it.keys, it.heard_seconds, record.events.len());
        let work = self.store.worklist(false, 10_000).await.expect("the worklist");
        let theirs = work.iter().filter(|w| w.patient.as_ref() == Some(&record.outreach.visit.patient));
        let opt_outs = self.store.opt_outs(10_000).await.expect("the list");
        let mine = opt_outs.iter().filter(|o| o.patient.as_ref() == Some(&record.outreach.visit.patient)).count();
        (format!("{stands:?}"), theirs.map(|w| w.kind.as_str().to_string()).collect(), mine)
    }
}

/// The path of what follows when nobody presses a key.
fn redirect(page: &str) -> String {
    let url = page.split("<Redirect method=\"POST\">").nth(1).unwrap_or_else(|| panic!("a way on: {page}"));
    url.split("/carriers/main/").nth(1).expect("our address").split(['#', '<']).next().expect("its end").to_string()
}

fn news(story: &Story) -> Vec<Said> {
    let end = [("CallStatus", story.end), ("CallDuration", &story.seconds.to_string()), ("SequenceNumber", "3")];
    let mut news = vec![said("status/TOKEN", &[("CallStatus", "initiated")]), said("status/TOKEN", &[("CallStatus", "ringing")])];
    if story.answered {
        news.push(said("status/TOKEN", &[("CallStatus", "in-progress")]));
    }
    news.push(said("status/TOKEN", &end));
    news
}

#[tokio::test]
async fn every_order_that_respects_cause_comes_to_the_same() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"callahead: every order the same!");
    let mut runner = TestRunner::new_with_rng(Cases::default(), rng);
    let stories: Vec<Story> = (0..STORIES).map(|_| story().new_tree(&mut runner).expect("a story").current()).collect();
    let hospital = Hospital::open(STORIES * ORDERS).await;
    let calls = hospital.everybody(STORIES * ORDERS).await;
    let (mut outcomes, mut repeats) = (BTreeMap::new(), 0);
    for (story, calls) in stories.iter().zip(calls.chunks(ORDERS)) {
        let news = news(story);
        let (before, end) = news.split_at(news.len() - 1);
        for said in before {
            assert_eq!(hospital.tell(&calls[0], said).await.0, 204);
        }
        let asked = hospital.happens(&calls[0], story).await;
        assert_eq!(hospital.tell(&calls[0], &end[0]).await.0, 204);
        let true_end = hospital.came_of(&calls[0]).await;
        *outcomes.entry(true_end.0.split(", ").nth(1).expect("an outcome").to_string()).or_insert(0) += 1;
        for (call, (places, again)) in calls[1..].iter().zip(&story.places) {
            let mut told: Vec<(Said, (u16, String))> = asked.clone();
            for (said, place) in news.iter().rev().zip(places) {
                told.insert(place.index(told.len() + 1), (said.clone(), (204, String::new())));
            }
            for (which, place) in again {
                let which = which.index(told.len());
                let place = which + 1 + place.index(told.len() - which);
                told.insert(place, told[which].clone());
                repeats += 1;
            }
            for (said, answer) in &told {
                assert_eq!(&hospital.tell(call, said).await, answer, "{said:?} in {told:?} of {story:?}");
            }
            assert_eq!(hospital.came_of(call).await, true_end, "{told:?} of {story:?}");
        }
    }
    assert!(outcomes.len() >= 7 && repeats > STORIES, "{outcomes:?}, {repeats} repeats");

    // Later who was busy is called again, as an attempt of its own; whatever was lost has been asked about by then, and
    // nobody is dialled for it.
    let again = hospital.called_again().await;
    assert!(again > 0, "somebody was busy");
    let calls = hospital.everybody(STORIES * ORDERS + again).await;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (token, _, _) in calls {
        *times.entry(token).or_default() += 1;
    }
    assert!(times.len() >= STORIES * ORDERS + again, "one call each: {} of {again} more", times.len());
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    hospital.engine.stop().await.expect("stopped");
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}
