//! The web side of an engine with calls that the carrier was asked for, for tests that play the carrier: every webhook by
//! real HTTP, every row and every log line to be looked at.

use crate::store_suite::samples::{self, at, number};
use crate::support::http::signed;
use callahead::app::Rooms;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::core::domain::VoicemailPolicy;
use callahead::core::ids::AttemptToken;
use callahead::silence::Silence;
use callahead::store::{CallRecord, RequestVerdict, SharedStore, WebhookEntry, WebhookQuery, open};
use callahead::web::{Limits, Web, router, serve};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

/// The signing secrets of the two carriers.
pub const SECRETS: [(&str, &str); 2] = [("main", "the main secret"), ("second", "the second secret")];
/// Where the engine believes itself to be.
pub const PUBLIC: &str = "https://calls.example.org";

/// What a desk does differently.
pub struct Setup {
    pub store: String,
    pub limits: Limits,
    pub api_url: String,
    pub voicemail: VoicemailPolicy,
    /// How much faster than the world its clock runs.
    pub faster: f64,
    /// Carriers beside `main` and `second`, and the environment that holds their secrets.
    pub carriers: String,
    pub env: Vec<(String, String)>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            store: "sqlite::memory:".into(),
            limits: Limits::default(),
            api_url: "http://127.0.0.1:9".into(),
            voicemail: VoicemailPolicy::Standard,
            faster: 1.0,
            carriers: String::new(),
            env: Vec::new(),
        }
    }
}

pub struct WebDesk {
    pub address: SocketAddr,
    pub store: SharedStore,
    voicemail: VoicemailPolicy,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl WebDesk {
    pub async fn open(setup: Setup) -> WebDesk {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("callahead.toml");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).display();
        let [main, second] = SECRETS.map(|(name, secret)| {
            format!(
                "[carriers.{name}]\nkind = \"simulator\"\napi_url = \"{}\"\naccount = \"AC1\"\nauth_token = \"{secret}\"\n\
                 from = \"+16175550100\"\n",
                setup.api_url
            )
        });
        let text = format!(
            "schedules = \"{root}/schedules\"\nprompts = \"{root}/prompts\"\naccept_unreviewed = true\n[server]\npublic_url = \"{PUBLIC}\"\n\
             [sites.boston]\nname = \"Longwood\"\ntimezone = \"America/New_York\"\n{main}{second}{}",
            setup.carriers
        );
        std::fs::write(&file, text).expect("a configuration");
        let config = Config::load(Some(&file), setup.env).unwrap_or_else(|faults| panic!("{faults:?}"));
        let store = open(&setup.store).await.expect("a store");
        let (clock, chance) = (Clock::fast(at(2), setup.faster), Chance::seeded(5));
        let rooms = Rooms::open(config, store.clone(), clock.clone(), chance.clone()).await.expect("rooms");
        let silence = Silence::new(store.clone(), clock.clone(), chance, chrono::Duration::hours(24), Default::default());
        let web = Web {
            live: rooms.live.clone(),
            store: store.clone(),
            board: rooms.live.board.clone(),
            clock,
            silence: Arc::new(silence),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, stop) = (listener.local_addr().expect("an address"), CancellationToken::new());
        tokio::spawn(serve(listener, router(web), setup.limits, stop.clone()));
        WebDesk { address, store, voicemail: setup.voicemail, stop, _folder: folder }
    }

    /// A call that carrier `main` was asked for; its token.
    pub async fn call(&self, n: u32) -> String {
        self.call_by("main", n).await
    }

    /// A call that a carrier was asked for; its token.
    pub async fn call_by(&self, carrier: &str, n: u32) -> String {
        let patient = format!("p{n}");
        let phone = number(5_551_000 + n);
        let person = samples::patient(&patient, phone.clone());
        let booking = samples::appointment(&format!("A{n}"), &patient, samples::day(3));
        let batch = samples::batch(vec![samples::new(booking)], vec![samples::new(person)]);
        self.store.commit_intake(&batch).await.expect("booked");
        let (outreach, mut attempt) = samples::planned(&patient, phone);
        attempt.carrier = carrier.into();
        self.store.commit_plan(&samples::plan(vec![(outreach, attempt)])).await.expect("planned");
        let mut lease = samples::lease("dialler-1", 1);
        lease.carrier = carrier.into();
        assert_eq!(self.store.lease_due(&lease).await.expect("leased").len(), 1);
        let mut order = samples::order(&patient, "dialler-1");
        order.token = AttemptToken::new(token(n));
        order.brief.voicemail = self.voicemail;
        let verdict = self.store.begin_request(&order).await.expect("a verdict");
        assert_eq!(verdict, RequestVerdict::Granted);
        token(n)
    }

    /// What carrier `main` sends: a signed form post below its address.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let (status, _, body) = self.send(&post("main", path, fields)).await;
        (status, body)
    }

    /// Sends bytes as they are; status, head and body of the answer, 0 where none came.
    pub async fn send(&self, bytes: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        // The server may refuse before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("in time");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, head.to_string(), body.to_string())
    }

    pub async fn record(&self, token: &str) -> CallRecord {
        self.store.load_call(&AttemptToken::from(token)).await.expect("the store reads").expect("a call")
    }

    /// Everything that a webhook could change, as text.
    pub async fn rows(&self, tokens: &[&str]) -> String {
        let mut rows = String::new();
        for token in tokens {
            let record = self.record(token).await;
            rows += &format!("{:?}\n{:?}\n", record.attempt, record.events);
        }
        let work = self.store.worklist(true, 1_000).await.expect("the worklist");
        rows + &format!("{work:?}\n{:?}", self.store.opt_outs(1_000).await.expect("the list"))
    }

    /// The entries of the webhook log.
    pub async fn entries(&self) -> Vec<WebhookEntry> {
        let query = WebhookQuery { limit: 100_000, ..WebhookQuery::default() };
        self.store.webhooks(&query).await.expect("the log").into_iter().map(|(_, entry)| entry).collect()
    }
}

impl Drop for WebDesk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The token of a call.
pub fn token(n: u32) -> String {
    format!("{:048x}", 0xabc0_0000_u64 + u64::from(n))
}

/// The id that the carrier gives a call.
pub fn sid(n: u32) -> String {
    format!("CA{n:032x}")
}

/// A signed form post of a carrier.
pub fn post(carrier: &str, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let secret = SECRETS.iter().find(|(name, _)| *name == carrier).map_or("nobody's", |(_, secret)| secret);
    let path = format!("/carriers/{carrier}/{path}");
    let signature = signed(secret, &format!("{PUBLIC}{path}"), fields);
    request("POST", &path, &[("Content-Type", FORM), ("X-Twilio-Signature", &signature)], encode(fields).as_bytes())
}

pub const FORM: &str = "application/x-www-form-urlencoded";

/// A request, byte by byte.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: calls.example.org\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "Content-Length") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>().join("&")
}

/// The log of this thread, from the moment on at which it is opened.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything from `level` on that this program says while the guard lives. The test's runtime must have one thread.
    pub fn open(level: tracing::Level) -> (Log, tracing::subscriber::DefaultGuard) {
        let log = Log::default();
        let filter = tracing_subscriber::EnvFilter::new(format!("callahead={level},sqlx=warn"));
        let writer = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(log.clone());
        (log, tracing::subscriber::set_default(writer.finish()))
    }

    /// Takes the lines away that were written since the last time.
    pub fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic"));
        String::from_utf8_lossy(&bytes).lines().map(str::to_string).collect()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
