//! `[carriers]`: who places the calls.

use super::organization::{Organization, check_key};
use super::secret::{Plain, Secrets};
use super::server::http_url;
use crate::core::domain::PhoneNumber;
use crate::core::ids::CarrierName;
use crate::toml_file::{Node, Read, Section, duration, number_within, one_of, phone, plain_text};
use chrono::Duration;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// A carrier.
#[derive(Debug, Clone)]
pub struct CarrierConfig {
    /// Its name under `[carriers]`.
    pub name: CarrierName,
    /// Whose words it speaks.
    pub kind: CarrierKind,
    /// Where it takes requests, without a trailing slash: what stands before `/2010-04-01` or `/texml`; Asterisk's `url`.
    pub api_url: String,
    /// The account with the carrier; Asterisk's `user`.
    pub account: String,
    /// What requests are made and webhooks are checked with: the newest first. For Asterisk, the password.
    pub auth_tokens: Vec<SecretString>,
    /// SignalWire: what webhooks are signed with, where it is not the token.
    pub signing_keys: Vec<SecretString>,
    /// Telnyx: the Ed25519 key that webhooks are signed with, in base64.
    pub public_key: Option<String>,
    /// What only Asterisk has.
    pub asterisk: Option<AsteriskConfig>,
    /// The number that calls; the simulator's is the organization's where none is given.
    pub from: PhoneNumber,
    /// How many calls may be begun in a second.
    pub calls_per_second: f64,
    /// Calls at one time.
    pub max_calls: u32,
    /// How long a telephone may ring.
    pub ring_timeout: Duration,
    /// Whether and how the carrier listens for machines.
    pub answering_machine: AnsweringMachine,
    /// Share of the work between carriers; 0 takes none.
    pub weight: u32,
}

/// Whose words a carrier speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CarrierKind {
    /// The simulated telephone network.
    Simulator,
    /// Twilio.
    Twilio,
    /// SignalWire.
    SignalWire,
    /// Telnyx.
    Telnyx,
    /// An Asterisk of the hospital's own.
    Asterisk,
}

impl CarrierKind {
    const WORDS: [(&'static str, CarrierKind); 5] = [
        ("simulator", CarrierKind::Simulator),
        ("twilio", CarrierKind::Twilio),
        ("signalwire", CarrierKind::SignalWire),
        ("telnyx", CarrierKind::Telnyx),
        ("asterisk", CarrierKind::Asterisk),
    ];

    /// The word used in files and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            CarrierKind::Simulator => "simulator",
            CarrierKind::Twilio => "twilio",
            CarrierKind::SignalWire => "signalwire",
            CarrierKind::Telnyx => "telnyx",
            CarrierKind::Asterisk => "asterisk",
        }
    }

    /// Whether its calls reach real telephones.
    pub fn is_real(self) -> bool {
        self != CarrierKind::Simulator
    }

    /// Whether this version speaks its words.
    pub fn is_built(self) -> bool {
        matches!(self, CarrierKind::Simulator | CarrierKind::Twilio)
    }

    /// The carrier's own address, where it has one for everybody.
    fn own_url(self) -> Option<&'static str> {
        match self {
            CarrierKind::Simulator => Some("http://127.0.0.1:8090"),
            CarrierKind::Twilio => Some("https://api.twilio.com"),
            CarrierKind::Telnyx => Some("https://api.telnyx.com/v2"),
            CarrierKind::SignalWire | CarrierKind::Asterisk => None,
        }
    }
}

/// Whether and how a carrier listens for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnsweringMachine {
    /// Beside the live message.
    Async,
    /// Before the message.
    Sync,
    /// Not at all.
    Off,
}

/// What only Asterisk has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsteriskConfig {
    /// The name of the Stasis application.
    pub app: String,
    /// How a number is dialled; `{number}` is its place.
    pub trunk: String,
}

/// Keys that belong to one kind alone.
const OF_ONE_KIND: [(&str, CarrierKind); 7] = [
    ("signing_key", CarrierKind::SignalWire),
    ("public_key", CarrierKind::Telnyx),
    ("url", CarrierKind::Asterisk),
    ("user", CarrierKind::Asterisk),
    ("password", CarrierKind::Asterisk),
    ("app", CarrierKind::Asterisk),
    ("trunk", CarrierKind::Asterisk),
];

pub(super) fn carriers(
    root: &Section<'_>,
    secrets: &Secrets<'_>,
    organization: Option<&Organization>,
) -> BTreeMap<CarrierName, CarrierConfig> {
    let sections = root.sections("carriers");
    if sections.is_empty() {
        root.refuse(&["carriers"], "missing_key", "there is no carrier: name at least one, [carriers.NAME] with its kind");
    }
    let mut carriers = BTreeMap::new();
    for (name, section) in sections {
        check_key(root, "carriers", name, &section);
        let carrier = carrier(name, &section, secrets, organization);
        section.end();
        if let Some(carrier) = carrier {
            carriers.insert(carrier.name.clone(), carrier);
        }
    }
    carriers
}

fn carrier(
    name: &str,
    section: &Section<'_>,
    secrets: &Secrets<'_>,
    organization: Option<&Organization>,
) -> Option<CarrierConfig> {
    let kind = section.required("kind", one_of(&CarrierKind::WORDS));
    let calls_per_second = section.required("calls_per_second", number_within(0.01..=1000.0));
    let max_calls = section.required("max_calls", number_within(1..=10_000));
    let ring_timeout = section.required("ring_timeout", duration(Duration::seconds(5), Duration::minutes(10)));
    let machines = [("async", AnsweringMachine::Async), ("sync", AnsweringMachine::Sync), ("off", AnsweringMachine::Off)];
    let answering_machine = section.required("answering_machine", one_of(&machines));
    let weight = section.required("weight", number_within(0..=1000));
    let from = match kind {
        Some(kind) if kind.is_real() => section.required("from", phone),
        _ => section.optional("from", phone).or_else(|| organization.map(|o| o.callback_number.clone())),
    };
    // Without its kind a carrier's other keys cannot be judged; they are asked for so that they do not count as unknown.
    let Some(kind) = kind else {
        ["api_url", "account", "auth_token"].iter().chain(OF_ONE_KIND.iter().map(|(key, _)| key)).for_each(|key| {
            section.node(key);
        });
        return None;
    };
    for (key, owner) in OF_ONE_KIND.iter().filter(|(key, owner)| *owner != kind && section.has(key)) {
        section.node(key);
        let message = format!("{} is for carriers of kind \"{}\": leave it out", section.path_of(key), owner.as_str());
        section.refuse(&[key], "unused_key", message);
    }
    let access = if kind == CarrierKind::Asterisk { asterisk_access(section, secrets) } else { access(kind, section, secrets) };
    let signing_keys = section.optional("signing_key", secrets.several(Plain::Refused)).unwrap_or_default();
    let public_key = if kind == CarrierKind::Telnyx { section.required("public_key", ed25519_key) } else { None };
    let asterisk = if kind == CarrierKind::Asterisk {
        let app = section.optional("app", plain_text).unwrap_or_else(|| "callahead".to_string());
        section.required("trunk", plain_text).map(|trunk| AsteriskConfig { app, trunk })
    } else {
        None
    };
    let (api_url, account, auth_tokens) = access?;
    Some(CarrierConfig {
        name: CarrierName::new(name),
        kind,
        api_url,
        account,
        auth_tokens,
        signing_keys,
        public_key,
        asterisk,
        from: from?,
        calls_per_second: calls_per_second?,
        max_calls: max_calls?,
        ring_timeout: ring_timeout?,
        answering_machine: answering_machine?,
        weight: weight?,
    })
}

type Access = (String, String, Vec<SecretString>);

/// URL, account and token of a carrier that is asked by HTTP; the simulator has its own where none are given.
fn access(kind: CarrierKind, section: &Section<'_>, secrets: &Secrets<'_>) -> Option<Access> {
    let simulated = kind == CarrierKind::Simulator;
    let api_url = match kind.own_url() {
        Some(own) if !section.has("api_url") => {
            section.node("api_url");
            Some(own.to_string())
        }
        _ => section.required("api_url", http_url),
    };
    let account = match section.has("account") || !simulated {
        true => section.required("account", plain_text),
        false => section.optional("account", plain_text).or(Some("ACsimulator".to_string())),
    };
    let plain = if simulated { Plain::Allowed } else { Plain::Refused };
    let auth_tokens = match section.has("auth_token") || !simulated {
        true => section.required("auth_token", secrets.several(plain)),
        false => section.optional("auth_token", secrets.several(plain)).or(Some(vec![SecretString::from("simulator")])),
    };
    Some((api_url?, account?, auth_tokens?))
}

fn asterisk_access(section: &Section<'_>, secrets: &Secrets<'_>) -> Option<Access> {
    for key in ["api_url", "account", "auth_token"].into_iter().filter(|key| section.has(key)) {
        section.node(key);
        let message = format!("{} is not for Asterisk, which has url, user and password", section.path_of(key));
        section.refuse(&[key], "unused_key", message);
    }
    let url = section.required("url", http_url);
    let user = section.required("user", plain_text);
    let password = section.required("password", secrets.several(Plain::Refused));
    Some((url?, user?, password?))
}

/// 32 bytes in base64.
fn ed25519_key(node: &Node) -> Read<String> {
    use base64::Engine;
    let text = plain_text(node)?;
    match base64::engine::general_purpose::STANDARD.decode(&text) {
        Ok(key) if key.len() == 32 && key.iter().any(|byte| *byte != 0) => Ok(text),
        _ => node.wrong("want the carrier's public key: 32 bytes in base64"),
    }
}
