//! A tiny engine for tests of carriers: it answers documents, serves audio of any length, and writes down what it is
//! told. The simulated network calls it over HTTP on loopback, and it calls the network by the real client.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use callahead::carrier::Own;
use callahead::carrier::simulator::{self, FaultList, Simulator, SimulatorSettings};
use callahead::carrier::twilio::{Detection, TwilioCarrier, TwilioSettings};
use callahead::carrier::{Ask, Carrier, Message, Page, PlaceCall, Received, Rejected, Webhook, WebhookRequest};
use callahead::clock::Clock;
use callahead::core::call::{CallEvent, Then};
use callahead::core::domain::{AnsweredBy, PhoneNumber};
use callahead::core::ids::{AttemptId, AttemptToken, CarrierName};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "a token for tests";

/// What the test engine does differently.
#[derive(Clone)]
pub struct Setup {
    pub detection: Detection,
    pub faults: &'static str,
    pub seed: u64,
    pub clock: Clock,
    /// What is said on an ask; `None` answers 500.
    pub script: fn(&Ask) -> Option<Page>,
    pub time_limit_s: u32,
}

impl Default for Setup {
    fn default() -> Setup {
        let clock = Clock::fast("2026-11-27T15:00:00Z".parse().expect("a time"), 200.0);
        Setup { detection: Detection::Async, faults: "", seed: 7, clock, script: reminder, time_limit_s: 300 }
    }
}

/// The usual call: a message of eleven seconds with a menu, a read-back, two repeats, a voicemail of six seconds.
pub fn reminder(ask: &Ask) -> Option<Page> {
    let gather = |step, audio: &str| page(step, &[audio], Then::Gather { timeout_s: 4 });
    Some(match ask {
        Ask::Answered { answered_by: Some(AnsweredBy::MachineEnd) } => page(1, &["voicemail-6000"], Then::HangUp),
        Ask::Answered { .. } | Ask::Fallback { .. } => page(1, &["hello-2000", "message-9000"], Then::Gather { timeout_s: 4 }),
        Ask::Key { step, key } if key.as_char() == '1' => gather(step + 1, "confirmed-3000"),
        Ask::Key { step, .. } => gather(step + 1, "message-9000"),
        Ask::Silence { step } if *step < 3 => gather(step + 1, "message-9000"),
        Ask::Silence { .. } => page(9, &["goodbye-1000"], Then::HangUp),
        Ask::Turned { step } => page(*step, &["voicemail-6000"], Then::Continue),
        Ask::Played { step } | Ask::Transferred { step, .. } => page(step + 1, &[], Then::HangUp),
    })
}

pub fn page(step: u32, audio: &[&str], then: Then) -> Page {
    Page { step, audio: audio.iter().map(|name| format!("AUDIO/{name}")).collect(), then }
}

/// One webhook as the engine took it.
#[derive(Debug, Clone)]
pub struct Taken {
    pub token: String,
    pub message: Message,
    pub summary: String,
}

/// Engine, carrier and network.
pub struct World {
    pub carrier: Arc<TwilioCarrier>,
    pub network: Simulator,
    pub engine: Arc<Engine>,
    setup: Setup,
}

pub struct Engine {
    public_url: String,
    carrier: Arc<TwilioCarrier>,
    script: fn(&Ask) -> Option<Page>,
    pub taken: Mutex<Vec<Taken>>,
    pub rejected: Mutex<Vec<Rejected>>,
    ended: watch::Sender<usize>,
}

impl World {
    pub async fn start(setup: Setup) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let network = simulator::serve(
            listener,
            SimulatorSettings {
                account: ACCOUNT.into(),
                auth_token: TOKEN.into(),
                clock: setup.clock.clone(),
                seed: setup.seed,
                faults: FaultList::parse(setup.faults).expect("a list of faults"),
            },
        );
        let network = network.await.expect("a network");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let public_url = format!("http://{}", listener.local_addr().expect("its address"));
        let carrier = Arc::new(
            TwilioCarrier::new(TwilioSettings {
                name: CarrierName::from("main"),
                api_url: format!("http://{}", network.address()),
                account: ACCOUNT.into(),
                auth_tokens: vec![TOKEN.into()],
                from: PhoneNumber::parse("+16175550100").expect("a number"),
                public_url: public_url.clone(),
                answering_machine: setup.detection,
                request_timeout: Duration::from_secs(10),
                within: None,
                own: Own::default(),
            })
            .expect("sound settings"),
        );
        let engine = Arc::new(Engine {
            public_url,
            carrier: carrier.clone(),
            script: setup.script,
            taken: Mutex::default(),
            rejected: Mutex::default(),
            ended: watch::channel(0).0,
        });
        let routes = Router::new()
            .route("/audio/{name}", get(audio))
            .route("/carriers/main/{*path}", any(webhook))
            .with_state(engine.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        World { carrier, network, engine, setup }
    }

    /// Asks for a call to the phone with these last two digits; the token is the digits, too.
    pub fn call(&self, digits: &str) -> PlaceCall {
        PlaceCall {
            attempt: AttemptId::new(digits),
            token: AttemptToken::new(digits),
            to: PhoneNumber::parse(&number(digits)).expect("a number"),
            ring_timeout_s: 20,
            time_limit_s: self.setup.time_limit_s,
        }
    }

    /// Places calls and waits until the engine has heard of the end of each.
    pub async fn call_all(&self, digits: &[&str]) {
        let mut ended = self.engine.ended.subscribe();
        let before = *ended.borrow();
        for digits in digits {
            self.carrier.place_call(&self.call(digits)).await.expect("the network takes it");
        }
        let all = ended.wait_for(|ended| *ended >= before + digits.len());
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("every call ends").expect("the engine lives");
    }
}

/// The number of a phone of the table.
pub fn number(digits: &str) -> String {
    format!("+161755512{digits}")
}

impl Engine {
    /// What was asked and told about a call, in order.
    pub fn story(&self, token: &str) -> Vec<Message> {
        let taken = self.taken.lock().expect("no panic");
        taken.iter().filter(|taken| taken.token == token).map(|taken| taken.message.clone()).collect()
    }

    /// Only what was told, which carriers send beside the questions.
    pub fn news(&self, token: &str) -> Vec<CallEvent> {
        let news = self.story(token).into_iter().filter_map(|message| match message {
            Message::News(event) => Some(event),
            Message::Ask(_) => None,
        });
        news.collect()
    }

    /// Only what was asked.
    pub fn asks(&self, token: &str) -> Vec<Ask> {
        let asks = self.story(token).into_iter().filter_map(|message| match message {
            Message::Ask(ask) => Some(ask),
            Message::News(_) => None,
        });
        asks.collect()
    }
}

async fn webhook(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body): Result<Bytes, _> = axum::body::to_bytes(body, 64 * 1024).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let path_and_query = parts.uri.path_and_query().expect("a path").as_str().to_string();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_string);
    let received = engine.carrier.receive(&WebhookRequest {
        method: parts.method.as_str(),
        path: parts.uri.path().trim_start_matches("/carriers/main/"),
        path_and_query: &path_and_query,
        header: &header,
        body: &body,
        now: "2026-11-27T15:00:00Z".parse().expect("a time"),
    });
    match received {
        Ok(Webhook::OfAttempt(received)) => answer(&engine, received).await,
        Ok(Webhook::Incoming(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(why) => {
            engine.rejected.lock().expect("no panic").push(why);
            StatusCode::FORBIDDEN.into_response()
        }
    }
}

async fn answer(engine: &Engine, received: Received) -> Response {
    let Received { token, carrier_call_id, message, summary, .. } = received;
    let taken = Taken { token: token.as_str().to_string(), message: message.clone(), summary };
    engine.taken.lock().expect("no panic").push(taken);
    match message {
        Message::Ask(ask) => match (engine.script)(&ask) {
            Some(mut page) => {
                let base = format!("{}/audio", engine.public_url);
                page.audio.iter_mut().for_each(|url| *url = format!("{}.wav", url.replace("AUDIO", &base)));
                let document = engine.carrier.document(&token, &page);
                ([(header::CONTENT_TYPE, document.content_type)], document.body).into_response()
            }
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Message::News(CallEvent::Detected { answered_by: AnsweredBy::MachineEnd }) => {
            let sid = carrier_call_id.expect("detection names the call");
            let _ = engine.carrier.turn_call(&sid, &token, 50).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Message::News(event) => {
            if matches!(event, CallEvent::Ended { .. }) {
                engine.ended.send_modify(|ended| *ended += 1);
            }
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// `message-9000.wav` is nine seconds long.
async fn audio(Path(name): Path<String>) -> Response {
    let length = name.strip_suffix(".wav").and_then(|name| name.split_once('-')?.1.parse::<u32>().ok());
    let Some(length_ms) = length else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, "audio/wav")], wav(length_ms)).into_response()
}

pub fn wav(length_ms: u32) -> Vec<u8> {
    let data = length_ms * 16;
    let mut bytes = Vec::with_capacity(44 + data as usize);
    bytes.extend(b"RIFF");
    bytes.extend((36 + data).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    // PCM, one channel, 8 kHz, 16 bit.
    for word in [1u16, 1] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(16000u32.to_le_bytes());
    for word in [2u16, 16] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    bytes.resize(44 + data as usize, 0);
    bytes
}
