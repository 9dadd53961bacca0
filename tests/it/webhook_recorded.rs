//! Conversations as carriers hold them (`tests/data/webhooks/CARRIER/*.json`): requests in their order, what each is
//! answered, and the rows that stand afterwards. The shapes are those of real requests (carriers.md, sections 2, 3, 7, 8 and
//! 10) with made-up numbers and ids; they are signed here, with keys of this test.
//!
//! `CALLAHEAD_WRITE_GOLDEN=1` writes what is answered now into the files, to be read before it is kept.

use crate::store_suite::samples::at;
use crate::support::http::signed;
use crate::webhook_desk::{FORM, PUBLIC, Setup, WebDesk, encode, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callahead::store::Direction;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the requests are signed with.
const SECRET: &str = "a secret of recorded webhooks";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    /// What happens.
    story: String,
    /// Fields of every request that does not say `bare`.
    common: BTreeMap<String, String>,
    requests: Vec<Recorded>,
    /// What stands afterwards.
    #[serde(default)]
    rows: Rows,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    /// Below the carrier's address; TOKEN stands for the attempt's.
    path: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bare: bool,
    fields: BTreeMap<String, String>,
    #[serde(default)]
    reply: Reply,
}

#[derive(Serialize, Deserialize, Default, PartialEq, Debug)]
struct Reply {
    status: u16,
    /// The word of the webhook log.
    verdict: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    document: String,
}

#[derive(Serialize, Deserialize, Default, PartialEq, Debug)]
struct Rows {
    /// Status, outcome, end reason, who answered, keys, seconds heard, the carrier's id.
    attempt: BTreeMap<String, String>,
    events: Vec<String>,
    worklist: Vec<String>,
    opt_outs: usize,
}

/// Whose conversations they are: how the carrier is configured, and how it signs.
#[derive(Clone, Copy)]
enum Signer {
    Twilio,
    SignalWire,
    Telnyx,
}

impl Signer {
    fn folder(self) -> &'static str {
        match self {
            Signer::Twilio => "twilio",
            Signer::SignalWire => "signalwire",
            Signer::Telnyx => "telnyx",
        }
    }

    fn config(self) -> String {
        let own = match self {
            Signer::Twilio => "auth_token = { env = \"X\" }".to_string(),
            Signer::SignalWire => {
                "api_url = \"http://127.0.0.1:9/api/laml\"\nauth_token = { env = \"Y\" }\nsigning_key = { env = \"X\" }"
                    .to_string()
            }
            Signer::Telnyx => {
                let key = STANDARD.encode(ed25519().verifying_key().as_bytes());
                format!("auth_token = {{ env = \"Y\" }}\npublic_key = \"{key}\"")
            }
        };
        let name = self.folder();
        format!("[carriers.{name}]\nkind = \"{name}\"\naccount = \"AC1\"\n{own}\nfrom = \"+16175550100\"\n")
    }

    fn sign(self, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let body = encode(fields);
        let form = ("Content-Type", FORM);
        let shared = signed(SECRET, &format!("{PUBLIC}{path}"), fields);
        let timestamp = at(2).timestamp().to_string();
        let own = STANDARD.encode(ed25519().sign(format!("{timestamp}|{body}").as_bytes()).to_bytes());
        let headers = match self {
            Signer::Twilio => vec![form, ("X-Twilio-Signature", shared.as_str())],
            Signer::SignalWire => vec![form, ("X-SignalWire-Signature", &shared)],
            Signer::Telnyx => vec![form, ("telnyx-signature-ed25519", &own), ("telnyx-timestamp", &timestamp)],
        };
        request("POST", path, &headers, body.as_bytes())
    }
}

fn ed25519() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

#[tokio::test]
async fn twilio_is_answered_as_recorded() {
    replay(Signer::Twilio).await;
}

#[tokio::test]
async fn signalwire_is_answered_as_recorded() {
    replay(Signer::SignalWire).await;
}

#[tokio::test]
async fn telnyx_is_answered_as_recorded() {
    replay(Signer::Telnyx).await;
}

/// Every conversation of a carrier, each with a call of its own.
async fn replay(signer: Signer) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/webhooks").join(signer.folder());
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{}", folder.display());
    let env = [("X", SECRET), ("Y", "not what it signs with")].map(|(name, value)| (name.to_string(), value.to_string())).into();
    let desk = WebDesk::open(Setup { carriers: signer.config(), env, ..Setup::default() }).await;
    for (n, file) in (1..).zip(files) {
        let text = fs::read_to_string(&file).expect("a file");
        let mut conversation: Conversation = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let told = tell(&desk, n, signer, &conversation).await;
        if std::env::var_os("CALLAHEAD_WRITE_GOLDEN").is_some() {
            let (replies, rows) = told;
            conversation.requests.iter_mut().zip(replies).for_each(|(request, reply)| request.reply = reply);
            conversation.rows = rows;
            fs::write(&file, serde_json::to_string_pretty(&conversation).expect("JSON") + "\n").expect("written");
            continue;
        }
        for (n, (request, reply)) in conversation.requests.iter().zip(told.0).enumerate() {
            assert_eq!(reply, request.reply, "{}: request {n}", file.display());
        }
        assert_eq!(told.1, conversation.rows, "{}", file.display());
    }
}

async fn tell(desk: &WebDesk, n: u32, signer: Signer, conversation: &Conversation) -> (Vec<Reply>, Rows) {
    let token = desk.call_by(signer.folder(), n).await;
    let mut replies = Vec::new();
    for recorded in &conversation.requests {
        let path = format!("/carriers/{}/{}", signer.folder(), recorded.path.replace("TOKEN", &token));
        let mut fields = if recorded.bare { BTreeMap::new() } else { conversation.common.clone() };
        fields.extend(recorded.fields.clone());
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (status, _, body) = desk.send(&signer.sign(&path, &fields)).await;
        // What we asked the carrier meanwhile stands in the log, too.
        let came_in = desk.entries().await.into_iter().rfind(|entry| entry.direction == Direction::In);
        let verdict = came_in.map(|entry| entry.verdict).unwrap_or_default();
        replies.push(Reply { status, verdict, document: without_names(&body, &token) });
    }
    (replies, rows(desk, &token).await)
}

async fn rows(desk: &WebDesk, token: &str) -> Rows {
    let record = desk.record(token).await;
    let patient = Some(record.outreach.visit.patient.clone());
    let it = &record.attempt;
    let word = |word: Option<&'static str>| word.unwrap_or("none").to_string();
    let attempt = [
        ("status", it.status.as_str().to_string()),
        ("outcome", word(it.outcome.map(|o| o.as_str()))),
        ("end_reason", word(it.end_reason.map(|r| r.as_str()))),
        ("answered_by", word(it.answered_by.map(|a| a.as_str()))),
        ("keys", it.keys.clone()),
        ("heard_seconds", it.heard_seconds.map_or("none".to_string(), |s| s.to_string())),
        ("carrier_call_id", it.carrier_call_id.clone().unwrap_or_default()),
    ];
    let work = desk.store.worklist(true, 100).await.expect("the worklist");
    let opt_outs = desk.store.opt_outs(100).await.expect("the list");
    Rows {
        attempt: attempt.map(|(name, value)| (name.to_string(), value)).into(),
        events: record.events.iter().map(|e| e.key.clone().unwrap_or_default()).collect(),
        worklist: work.iter().filter(|w| w.patient == patient).map(|w| w.kind.as_str().to_string()).collect(),
        opt_outs: opt_outs.iter().filter(|o| o.patient == patient).count(),
    }
}

/// A document without what differs from run to run: the address, the token and the audio's name.
fn without_names(document: &str, token: &str) -> String {
    let mut text = document.replace(PUBLIC, "PUBLIC").replace(token, "TOKEN");
    let mut from = 0;
    while let Some(at) = text[from..].find("/audio/") {
        let start = from + at + "/audio/".len();
        let end = start + text[start..].find(".wav").expect("audio is a WAV");
        text.replace_range(start..end, "AUDIO");
        from = start;
    }
    text
}
