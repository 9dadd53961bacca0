//! A call through each kind of carrier, behind a proxy that calls this computer by another name: a webhook is believed by its
//! signature over the configured public URL, whatever the request calls its host, and by nothing else.

use crate::carrier_kinds::ACCOUNT;
use crate::store_suite::samples::at;
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callahead::app::{Engine, Listeners, Rooms};
use callahead::carrier::family::form;
use callahead::carrier::family::signature::{sign, sign_sha256};
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::feed::csv::CsvSettings;
use callahead::store::{Direction, SharedStore, WebhookQuery, open};
use ed25519_dalek::{Signer, SigningKey};
use reqwest::StatusCode;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const PUBLIC: &str = "https://calls.example.org";
const FORM: &str = "application/x-www-form-urlencoded";

/// An engine with one carrier of a kind, of which this test is the far end.
struct Hospital {
    kind: &'static str,
    store: SharedStore,
    clock: Clock,
    engine: Engine,
    /// The path that the engine wants to be asked at when the call is answered.
    answered: String,
    _folder: tempfile::TempDir,
}

impl Hospital {
    async fn dialled(kind: &'static str) -> Hospital {
        let (asked, mut wanted) = mpsc::unbounded_channel();
        let create = move |body: Bytes| async move {
            let fields: Vec<(String, String)> = match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(json) => vec![("Url".into(), json["Url"].as_str().unwrap_or_default().into())],
                Err(_) => form::pairs(&body),
            };
            asked.send(form::field(&fields, "Url").expect("an address").to_string()).expect("the test listens");
            let status = if kind == "twilio" { StatusCode::CREATED } else { StatusCode::OK };
            (status, r#"{"status":"queued"}"#)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = listener.local_addr().expect("its address");
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(create)).await });

        let folder = tempfile::tempdir().expect("a folder");
        let (root, key) = (Path::new(env!("CARGO_MANIFEST_DIR")), STANDARD.encode(telnyx_key().verifying_key().as_bytes()));
        let own = match kind {
            "twilio" => "shared_keys = { webhooks_sharedkey_1 = { env = \"SHARED\" } }".to_string(),
            "signalwire" => "signing_key = { env = \"SIGNING\" }".to_string(),
            _ => format!("public_key = \"{key}\""),
        };
        let text = format!(
            "schedules = \"{root}/schedules\"\nprompts = \"{root}/prompts\"\naccept_unreviewed = true\n[server]\npublic_url = \
             \"{PUBLIC}\"\n[carriers.main]\nkind = \"{kind}\"\napi_url = \"http://{api}\"\naccount = \"{ACCOUNT}\"\nauth_token \
             = {{ env = \"TOKEN\" }}\nfrom = \"+16175550100\"\n{own}\n",
            root = root.display()
        );
        let file = folder.path().join("callahead.toml");
        std::fs::write(&file, text).expect("a configuration");
        let env = [("TOKEN", "t0ken"), ("SHARED", "shared"), ("SIGNING", "PSKsign")];
        let env = env.map(|(name, value)| (name.to_string(), value.to_string()));
        let config = Config::load(Some(&file), env).unwrap_or_else(|faults| panic!("{faults:#?}"));

        let store = open("sqlite::memory:").await.expect("a store");
        let clock = Clock::fast(at(60), 1.0);
        let rooms = Rooms::open(config, store.clone(), clock.clone(), Chance::seeded(7)).await.expect("rooms");
        let csv = "appointment_id,patient_id,phone_home,start,site,service,established,booked_at\n\
                   A1,P1,+16175550101,2026-11-30T09:30,boston,exam,yes,2026-11-01T09:00\n";
        let (feed, layout) = ("hand".into(), CsvSettings::default());
        rooms.rulings.take_csv_in(&*store, &feed, &layout, csv.as_bytes(), clock.now()).await.expect("taken in");
        let web = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let engine = Engine::start(rooms, Listeners { web, console: None }).expect("an engine");
        let url = tokio::time::timeout(Duration::from_secs(30), wanted.recv()).await.expect("in time").expect("a call");
        let answered = path_of(&url);
        Hospital { kind, store, clock, engine, answered, _folder: folder }
    }

    /// Posts a webhook as the proxy hands it on: at this computer's own address, under names that are not the public one.
    async fn post(&self, path: &str, fields: &[(&str, &str)], headers: Vec<(&'static str, String)>) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = client.post(format!("http://{}{path}", self.engine.address)).header("content-type", FORM);
        request = request.header("host", "internal.example:8080").header("x-forwarded-host", "elsewhere.example");
        request = request.header("x-forwarded-proto", "http").body(body_of(fields));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// The carrier's own signature of a webhook at `base`.
    fn signed(&self, base: &str, path: &str, fields: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let (url, pairs) = (format!("{base}{path}"), form::pairs(body_of(fields).as_bytes()));
        match self.kind {
            "twilio" => vec![("x-twilio-signature", sign(&"t0ken".into(), &url, &pairs))],
            "signalwire" => vec![("x-signalwire-signature", sign(&"PSKsign".into(), &url, &pairs))],
            _ => {
                let timestamp = self.clock.now().timestamp().to_string();
                let signed = format!("{timestamp}|{}", body_of(fields));
                let signature = STANDARD.encode(telnyx_key().sign(signed.as_bytes()).to_bytes());
                vec![("telnyx-signature-ed25519", signature), ("telnyx-timestamp", timestamp)]
            }
        }
    }

    async fn tell(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        self.post(path, fields, self.signed(PUBLIC, path, fields)).await
    }

    /// The verdicts of the webhook log on what came in, oldest first.
    async fn verdicts(&self) -> Vec<(u16, String)> {
        let log = self.store.webhooks(&WebhookQuery { limit: 100, ..WebhookQuery::default() }).await.expect("the log");
        let log = log.into_iter().map(|(_, entry)| entry).filter(|entry| entry.direction == Direction::In);
        log.map(|entry| (entry.status, entry.verdict)).collect()
    }
}

fn telnyx_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn body_of(fields: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://localhost/").expect("a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_string()
}

/// What is sent of an address: neither its host, which the proxy changes, nor its fragment, which is the carrier's own.
fn path_of(url: &str) -> String {
    let path = url.strip_prefix(PUBLIC).unwrap_or_else(|| panic!("{url} is not below the public URL"));
    path.split('#').next().unwrap_or_default().to_string()
}

fn between(document: &str, before: &str, after: &str) -> String {
    let inside = document.split_once(before).unwrap_or_else(|| panic!("{before} in {document}")).1;
    path_of(&inside.split_once(after).expect("its end").0.replace("&amp;", "&"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_believed_by_the_public_url_alone() {
    for (kind, id) in [("twilio", "CA1"), ("signalwire", "0e8f3f3c-9f0a-4d0e"), ("telnyx", "v3:MdI9_1X4l-WF")] {
        let hospital = Hospital::dialled(kind).await;
        let call = [("CallSid", id), ("CallStatus", "in-progress"), ("ToCity", "Köln & Umgebung"), ("Unheard", "of")];
        let (status, message) = hospital.tell(&hospital.answered, &call).await;
        assert_eq!(status, 200, "{kind}: {message}");
        let action = between(&message, "action=\"", "\"");
        let key = [("CallSid", id), ("Digits", "1")];

        // Signed over what the proxy calls us: the address of somebody who knows no secret but the way to us.
        if kind != "telnyx" {
            for base in ["http://internal.example:8080", "https://elsewhere.example", "http://calls.example.org"] {
                let forged = hospital.post(&action, &key, hospital.signed(base, &action, &key)).await;
                assert_eq!(forged, (403, String::new()), "{kind} {base}");
            }
            let with_port = hospital.signed("https://calls.example.org:443", &action, &key);
            assert_eq!(hospital.post(&action, &key, with_port).await.0, 200, "{kind}: with the port, too");
        }
        assert_eq!(hospital.post(&action, &key, Vec::new()).await.0, 403, "{kind}: not signed");
        let of_another = hospital.signed(PUBLIC, &action, &[("CallSid", id), ("Digits", "2")]);
        assert_eq!(hospital.post(&action, &key, of_another).await.0, 403, "{kind}: another body's signature");
        let (status, read_back) = hospital.tell(&action, &key).await;
        assert_eq!((status, read_back.contains("<Gather")), (200, true), "{kind}: {read_back}");

        let over = [("CallSid", id), ("CallStatus", "completed"), ("CallDuration", "31")];
        let news = hospital.answered.replace("/voice/", "/status/").replace("/answered", "");
        assert_eq!(hospital.tell(&news, &over).await.0, 204, "{kind}");
        let verdicts = hospital.verdicts().await;
        assert!(verdicts.contains(&(403, "bad_signature".into())) && verdicts.contains(&(204, "ok".into())), "{verdicts:?}");
        hospital.engine.stop().await.expect("an orderly stop");
    }
}

/// Its signature covers the body alone: a true webhook counts for the call that it names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_telnyx_says_of_one_call_is_not_taken_for_another() {
    let hospital = Hospital::dialled("telnyx").await;
    let of = |id: &'static str| [("CallSid", id), ("CallStatus", "in-progress")];
    assert_eq!(hospital.tell(&hospital.answered, &of("v3:ours")).await.0, 200, "its first webhook says which call it is");
    let news = hospital.answered.replace("/voice/", "/status/").replace("/answered", "");
    let ended = |id: &'static str| [("CallSid", id), ("CallStatus", "completed")];
    assert_eq!(hospital.tell(&news, &ended("v3:other")).await.0, 409);
    assert_eq!(hospital.tell(&news, &[("CallStatus", "completed")]).await.0, 400, "it names no call");
    // Who is on the line of another call hears the apology, and nothing of this one.
    let turned = hospital.answered.replace("/answered", "/1/turned");
    for address in [&hospital.answered, &turned] {
        let (status, document) = hospital.tell(address, &of("v3:other")).await;
        assert!(status == 200 && document.contains("<Hangup/>") && !document.contains("<Gather"), "{status} {document}");
    }
    let verdicts = hospital.verdicts().await;
    assert_eq!(verdicts.iter().filter(|(_, verdict)| verdict == "other_call").count(), 3, "{verdicts:?}");
    assert_eq!(hospital.tell(&news, &ended("v3:ours")).await.0, 204, "the call itself goes on being heard of");
    hospital.engine.stop().await.expect("an orderly stop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twilio_may_sign_with_a_shared_key_that_is_configured() {
    let hospital = Hospital::dialled("twilio").await;
    let call = [("CallSid", "CA1"), ("CallStatus", "in-progress")];
    let pairs = form::pairs(body_of(&call).as_bytes());
    let given = sign_sha256(&"shared".into(), &format!("{PUBLIC}{}", hospital.answered), &pairs);
    for (settings, want) in [
        ("key=webhooks_sharedkey_2,algorithm=HMAC_SHA256", 403),
        ("key=webhooks_sharedkey_1,algorithm=none", 403),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", 200),
    ] {
        let headers = vec![("x-twilio-signature", given.clone()), ("x-twilio-webhooks-signature-settings", settings.to_string())];
        assert_eq!(hospital.post(&hospital.answered, &call, headers).await.0, want, "{settings}");
    }
    hospital.engine.stop().await.expect("an orderly stop");
}
