//! An engine that is nothing but a listener: it writes every webhook down as it came and answers what a test says. For what a
//! real client would never ask for, and for what stands in a webhook word for word.

use crate::test_engine::wav;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callahead::carrier::simulator::{self, Dialect, FaultList, NetworkSettings, Simulator, SimulatorSettings};
use callahead::clock::Clock;
use reqwest::RequestBuilder;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const ACCOUNT: &str = "9d1b1c8e-account";
pub const TOKEN: &str = "12345";
pub const START: &str = "2026-11-27T15:00:00Z";

/// A webhook as it came.
#[derive(Debug, Clone)]
pub struct Hook {
    pub method: String,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Hook {
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    pub fn fields(&self) -> Vec<(String, String)> {
        let mut url = reqwest::Url::parse("http://localhost/").expect("a URL");
        url.set_query(Some(&self.body));
        url.query_pairs().into_owned().collect()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        self.fields().into_iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What is answered.
pub enum Reply {
    Document(String),
    Status(u16),
    MovedTo(String),
}

/// A document with these verbs.
pub fn verbs(verbs: &str) -> Reply {
    Reply::Document(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>"))
}

type Script = Arc<dyn Fn(&Hook) -> Reply + Send + Sync>;

struct Shared {
    script: Script,
    hooks: Mutex<Vec<Hook>>,
    came: watch::Sender<usize>,
}

/// A network and an engine beside it.
pub struct Bare {
    pub network: Simulator,
    pub dialect: Dialect,
    pub base: String,
    shared: Arc<Shared>,
    http: reqwest::Client,
}

impl Bare {
    /// A network of a kind whose engine answers by `script`, in fast time.
    pub async fn start(kind: NetworkSettings, faults: &str, script: impl Fn(&Hook) -> Reply + Send + Sync + 'static) -> Bare {
        let clock = Clock::fast(START.parse().expect("a time"), 200.0);
        let settings = SimulatorSettings {
            account: ACCOUNT.into(),
            auth_token: TOKEN.into(),
            clock,
            seed: 11,
            faults: FaultList::parse(faults).expect("faults"),
        };
        let dialect = kind.dialect;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let network = simulator::serve_as(listener, settings, kind).await.expect("a network");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let shared = Arc::new(Shared { script: Arc::new(script), hooks: Mutex::default(), came: watch::channel(0).0 });
        let routes = Router::new().fallback(take).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Bare { network, dialect, base, shared, http }
    }

    /// A request to the network's API with the account's credentials.
    pub fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("http://{}{path}", self.network.address()));
        match self.dialect {
            Dialect::Telnyx => request.bearer_auth(TOKEN),
            Dialect::Twilio | Dialect::SignalWire => request.basic_auth(ACCOUNT, Some(TOKEN)),
        }
    }

    /// Where calls are created and listed.
    pub fn calls(&self) -> String {
        match self.dialect {
            Dialect::Twilio => format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json"),
            Dialect::SignalWire => format!("/api/laml/2010-04-01/Accounts/{ACCOUNT}/Calls"),
            Dialect::Telnyx => format!("/v2/texml/Accounts/{ACCOUNT}/Calls"),
        }
    }

    /// Where one call is.
    pub fn call(&self, sid: &str) -> String {
        let calls = self.calls();
        match calls.strip_suffix(".json") {
            Some(calls) => format!("{calls}/{sid}.json"),
            None => format!("{calls}/{sid}"),
        }
    }

    /// The least request to call the telephone with these digits.
    pub fn form(&self, digits: &str) -> Vec<(&'static str, String)> {
        vec![
            ("To", format!("+161755512{digits}")),
            ("From", "+16175550100".into()),
            ("Url", format!("{}/voice/{digits}", self.base)),
            ("StatusCallback", format!("{}/status/{digits}", self.base)),
        ]
    }

    /// Asks for a call; status and body of the answer.
    pub async fn create(&self, form: &[(&str, String)]) -> (u16, Value) {
        self.json(self.ask("POST", &self.calls()).form(form)).await
    }

    /// Status and body of an answer; null where it is no JSON.
    pub async fn json(&self, request: RequestBuilder) -> (u16, Value) {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.expect("a body")).unwrap_or_default())
    }

    /// The webhooks to a path so far.
    pub fn hooks(&self, path: &str) -> Vec<Hook> {
        self.all().into_iter().filter(|hook| hook.path() == path).collect()
    }

    /// Every webhook so far, in the order they came.
    pub fn all(&self) -> Vec<Hook> {
        self.shared.hooks.lock().expect("no panic").clone()
    }

    /// Waits for the `count`th webhook to a path.
    pub async fn wait(&self, path: &str, count: usize) -> Vec<Hook> {
        let mut came = self.shared.came.subscribe();
        let enough = async {
            while self.hooks(path).len() < count {
                came.changed().await.expect("the listener lives");
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), enough).await;
        assert!(waited.is_ok(), "{path}: {} of {count} came", self.hooks(path).len());
        self.hooks(path)
    }

    /// Waits until the last callback of a call came, and gives that call's record.
    pub async fn over(&self, digits: &str) -> simulator::CallTally {
        let number = format!("+161755512{digits}");
        let sid = self.network.tally().calls_to(&number).last().expect("a call").sid.clone();
        self.network.wait_for_end(&sid).await;
        self.network.tally().calls.into_iter().find(|call| call.sid == sid).expect("the call")
    }

    /// The words that status callbacks told, in order.
    pub fn told(&self, digits: &str) -> Vec<String> {
        self.hooks(&format!("/status/{digits}")).iter().filter_map(|hook| hook.field("CallStatus")).collect()
    }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/audio/") {
        let length = parts.uri.path().rsplit(['-', '/']).next().and_then(|length| length.parse().ok());
        return ([(header::CONTENT_TYPE, "audio/wav")], wav(length.unwrap_or(1000))).into_response();
    }
    let Ok(body) = axum::body::to_bytes(body, 1 << 20).await else {
        shared.hooks.lock().expect("no panic").push(hook(&parts, "(broken off)".into()));
        return StatusCode::BAD_REQUEST.into_response();
    };
    let hook = hook(&parts, String::from_utf8(body.to_vec()).expect("text"));
    shared.hooks.lock().expect("no panic").push(hook.clone());
    let reply = (shared.script)(&hook);
    shared.came.send_modify(|came| *came += 1);
    match reply {
        Reply::Document(body) => ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], body).into_response(),
        Reply::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Reply::MovedTo(place) => (StatusCode::FOUND, [(header::LOCATION, place)]).into_response(),
    }
}

fn hook(parts: &axum::http::request::Parts, body: String) -> Hook {
    Hook {
        method: parts.method.to_string(),
        path_and_query: parts.uri.path_and_query().map(|path| path.as_str().to_string()).unwrap_or_default(),
        headers: parts.headers.clone(),
        body,
    }
}
