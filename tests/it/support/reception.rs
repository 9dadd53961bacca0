//! Calls to the hospital's number: the test plays the carrier and the person who calls. Real router, real store, signed
//! requests.

use super::http::signed;
use callahead::app::Rooms;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::Attempt;
use callahead::core::plan::PatientFacts;
use callahead::feed::csv::CsvSettings;
use callahead::planner::Planner;
use callahead::silence::Silence;
use callahead::store::{CallLine, SharedStore, WebhookEntry, open};
use callahead::web::{Web, router};
use chrono::{DateTime, Duration, Utc};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;

const HEADER: &str =
    "appointment_id,patient_id,phone_home,start,site,service,established,booked_at,birth_date,language,first_name\n";
pub const OURS: &str = "+16175550100";
pub const OPT_OUT_LINE: &str = "+18005550100";
const OFFICE: &str = "+16175550111";

/// A hospital whose number is called.
pub struct Reception {
    pub rooms: Rooms,
    pub store: SharedStore,
    pub clock: Clock,
    client: reqwest::Client,
    base: String,
    seed: AtomicU64,
}

/// What a caller hears, and what may be done then.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The words.
    pub text: String,
    /// How many keys are waited for, and where they go.
    pub keys: Option<(u32, String)>,
    /// Where the call goes on by itself.
    pub goes_on: Option<String>,
    pub hangs_up: bool,
    /// The document itself.
    pub document: String,
}

/// Somebody on the line.
pub struct Person<'r> {
    reception: &'r Reception,
    sid: String,
    from: String,
    to: String,
    pub heard: Heard,
}

impl Reception {
    /// Friday, 27 November 2026, 10:00 in Boston; the patients of `rows` have visits, and calls about them are planned.
    pub async fn open(rows: &str) -> Reception {
        Reception::open_on(open("sqlite::memory:").await.expect("a store"), rows).await
    }

    pub async fn open_on(store: SharedStore, rows: &str) -> Reception {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config::defaults();
        config.prompts = root.join("prompts");
        config.schedules = root.join("schedules");
        config.organization.office_number = Some(OFFICE.parse_number());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        config.server.public_url = base.clone();
        let clock = Clock::fast("2026-11-27T15:00:00Z".parse().expect("a time"), 1.0);
        let chance = Chance::seeded(7);
        let rooms = Rooms::open(config, store.clone(), clock.clone(), chance.clone()).await.expect("rooms");
        let silence = Silence::new(store.clone(), clock.clone(), chance, Duration::hours(24), [].into());
        let web = Web {
            live: rooms.live.clone(),
            store: store.clone(),
            board: rooms.live.board.clone(),
            clock: clock.clone(),
            silence: Arc::new(silence),
        };
        tokio::spawn(async move { axum::serve(listener, router(web)).await });
        let reception = Reception { rooms, store, clock, client: reqwest::Client::new(), base, seed: AtomicU64::new(100) };
        reception.takes_in(rows).await;
        reception.plans().await;
        reception
    }

    /// Takes appointments in: `id,patient,phone,start,birth date,language`.
    pub async fn takes_in(&self, rows: &str) {
        let mut csv = HEADER.to_string();
        for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let [id, patient, phone, start, born, language] = row.split(',').collect::<Vec<_>>().try_into().expect("six cells");
            csv += &format!("{id},{patient},{phone},{start},boston,exam,yes,2026-11-01T09:00,{born},{language},Ottoline\n");
        }
        let (feed, layout) = ("epic".into(), CsvSettings::default());
        let rulings = &self.rooms.rulings;
        let report = rulings.take_csv_in(&*self.store, &feed, &layout, csv.as_bytes(), self.clock.now()).await.expect("taken in");
        assert!(report.refused.is_empty(), "{:?}", report.refused);
    }

    pub async fn plans(&self) {
        // Another seed each time: names that are given twice would clash.
        let chance = Chance::seeded(self.seed.fetch_add(1, Ordering::Relaxed));
        let board = self.rooms.live.board.clone();
        Planner { store: self.store.clone(), board, clock: self.clock.clone(), chance }.plan_all().await.expect("planned");
    }

    pub fn later(&self, span: Duration) {
        self.clock.advance_to(self.clock.now() + span);
    }

    /// Posts a form, signed; status and body.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let signature = signed("simulator", &format!("{}{path}", self.base), fields);
        self.post_as(path, fields, &signature).await
    }

    pub async fn post_as(&self, path: &str, fields: &[(&str, &str)], signature: &str) -> (u16, String) {
        let request = self.client.post(format!("{}{path}", self.base)).form(fields).header("X-Twilio-Signature", signature);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// Somebody calls our number from `from`; `sid` is the carrier's name of the call.
    pub async fn is_called(&self, sid: &str, from: &str) -> Person<'_> {
        self.is_called_at(sid, from, OURS).await
    }

    pub async fn is_called_at(&self, sid: &str, from: &str, to: &str) -> Person<'_> {
        let (sid, from, to) = (sid.to_string(), from.to_string(), to.to_string());
        let heard = Heard { text: String::new(), keys: None, goes_on: None, hangs_up: false, document: String::new() };
        let mut person = Person { reception: self, sid, from, to, heard };
        person.asks("/carriers/main/incoming", &[("CallStatus", "ringing")]).await;
        person
    }

    /// What a document lets the caller hear.
    pub fn hear(&self, document: &str) -> Heard {
        let texts = document.split("<Play>").skip(1).map(|rest| {
            let address = rest.split("</Play>").next().expect("its end");
            let id = address.rsplit('/').next().expect("a file").trim_end_matches(".wav");
            let audio = self.rooms.live.voice.audio(id).expect("an audio of ours");
            audio.pack().expect("a pack").text_of(audio.phrases()).expect("recorded")
        });
        let text = texts.collect::<Vec<_>>().join(" ");
        // A carrier keeps its own settings in the fragment, which it neither sends nor signs.
        let path = |address: &str| {
            let address = address.replace("&amp;", "&").replace(&self.base, "");
            address.split('#').next().unwrap_or_default().to_string()
        };
        let attribute = |name: &str| {
            let inside = document.split_once(&format!("{name}=\""))?.1;
            inside.split('"').next().map(str::to_string)
        };
        let keys = document.contains("<Gather").then(|| {
            let count = attribute("numDigits").expect("a count").parse().expect("a number");
            (count, path(&attribute("action").expect("an address")))
        });
        let redirect =
            document.split_once("<Redirect method=\"POST\">").map(|(_, rest)| path(rest.split('<').next().expect("it")));
        Heard {
            text,
            goes_on: redirect.filter(|_| keys.is_none()),
            keys,
            hangs_up: document.contains("<Hangup/>"),
            document: document.to_string(),
        }
    }

    pub async fn calls(&self) -> Vec<CallLine> {
        self.store.calls(None, 100).await.expect("calls")
    }

    /// The calls that somebody made to us and that went on as an attempt.
    pub async fn joined(&self) -> Vec<CallLine> {
        self.calls().await.into_iter().filter(|call| call.attempt.inbound).collect()
    }

    pub async fn facts(&self, patient: &str) -> PatientFacts {
        let mut facts = self.store.load_facts(&[patient.into()], self.clock.now()).await.expect("facts");
        facts.pop().expect("a patient")
    }

    pub async fn attempts(&self, patient: &str) -> Vec<Attempt> {
        self.facts(patient).await.outreaches.into_iter().flat_map(|o| o.attempts).collect()
    }

    /// The numbers of the suppression list, with the word of how.
    pub async fn opted_out(&self) -> Vec<(String, String)> {
        let list = self.store.opt_outs(100).await.expect("the list");
        list.into_iter().map(|o| (o.phone.map(|phone| phone.as_str().to_string()).unwrap_or_default(), o.how)).collect()
    }

    pub async fn work(&self) -> Vec<&'static str> {
        self.store.worklist(false, 100).await.expect("items").iter().map(|item| item.kind.as_str()).collect()
    }

    pub async fn log(&self) -> Vec<WebhookEntry> {
        self.store.webhooks(&Default::default()).await.expect("the log").into_iter().map(|(_, entry)| entry).collect()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

impl Person<'_> {
    async fn asks(&mut self, path: &str, more: &[(&str, &str)]) {
        let document = self.posts(path, more).await;
        self.heard = self.reception.hear(&document);
    }

    /// What the carrier gets for a request of this call.
    pub async fn posts(&self, path: &str, more: &[(&str, &str)]) -> String {
        let call = [("CallSid", self.sid.as_str()), ("From", &self.from), ("To", &self.to), ("FromCity", "Köln & Co")];
        let (status, document) = self.reception.post(path, &[&call[..], more].concat()).await;
        assert_eq!(status, 200, "{document}");
        document
    }

    /// Presses keys; none is silence. Where the call goes on by itself, it does.
    pub async fn presses(&mut self, digits: &str) -> &mut Self {
        let (_, address) = self.heard.keys.clone().expect("keys are waited for");
        match digits {
            // What silence leads to stands behind the gather.
            "" => {
                let redirect = self.heard.document.split_once("</Gather><Redirect method=\"POST\">").expect("silence").1;
                let address = redirect.split(['<', '#']).next().expect("it").replace(&self.reception.base, "");
                self.asks(&address, &[]).await;
            }
            digits => self.asks(&address, &[("Digits", digits), ("msg", "Gather End")]).await,
        }
        while let Some(address) = self.heard.goes_on.clone() {
            self.asks(&address, &[("CallStatus", "in-progress")]).await;
        }
        self
    }

    /// The call is over after so many seconds.
    pub async fn hangs_up(&self, seconds: u32) {
        self.reception.later(Duration::seconds(1));
        let seconds = seconds.to_string();
        let fields =
            [("CallSid", self.sid.as_str()), ("From", &self.from), ("CallStatus", "completed"), ("CallDuration", &seconds)];
        let (status, _) = self.reception.post("/carriers/main/incoming/status", &fields).await;
        assert_eq!(status, 204);
    }
}

trait ParseNumber {
    fn parse_number(&self) -> callahead::core::domain::PhoneNumber;
}

impl ParseNumber for str {
    fn parse_number(&self) -> callahead::core::domain::PhoneNumber {
        callahead::core::domain::PhoneNumber::parse(self).expect("a number")
    }
}
