//! `[carriers]`: who places the calls. What each kind wants is data of the carrier room ([`KINDS`]); no kind is named here.

use super::organization::{Organization, check_key};
use super::secret::{Plain, Secrets};
use super::server::http_url;
use crate::carrier::{Detection, Holds, KINDS, Kind, Own, OwnKey, OwnValue};
use crate::core::domain::PhoneNumber;
use crate::core::ids::CarrierName;
use crate::toml_file::{Node, Read, Section, duration, number_within, one_of, one_or_several, phone, plain_text};
use chrono::Duration;
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};

/// A carrier.
#[derive(Debug, Clone)]
pub struct CarrierConfig {
    /// Its name under `[carriers]`.
    pub name: CarrierName,
    /// Whose words it speaks.
    pub kind: &'static Kind,
    /// Where it takes requests, without a trailing slash: what stands before `/2010-04-01` or `/texml`; Asterisk's `url`.
    pub api_url: String,
    /// The account with the carrier; Asterisk's `user`.
    pub account: String,
    /// What requests are made and webhooks are checked with: the newest first. For Asterisk, the password.
    pub auth_tokens: Vec<SecretString>,
    /// What its kind has for itself.
    pub own: Own,
    /// The number that calls; the simulator's is the organization's where none is given.
    pub from: PhoneNumber,
    /// How many calls may be begun in a second.
    pub calls_per_second: f64,
    /// Calls at one time.
    pub max_calls: u32,
    /// How long a telephone may ring.
    pub ring_timeout: Duration,
    /// Whether and how the carrier listens for machines.
    pub answering_machine: Detection,
    /// Share of the work between carriers; 0 takes none.
    pub weight: u32,
}

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
    let words: Vec<_> = KINDS.iter().map(|kind| (kind.word, *kind)).collect();
    let kind = section.required("kind", one_of(&words));
    let calls_per_second = section.required("calls_per_second", number_within(0.01..=1000.0));
    let max_calls = section.required("max_calls", number_within(1..=10_000));
    let ring_timeout = section.required("ring_timeout", duration(Duration::seconds(5), Duration::minutes(10)));
    let machines = [("async", Detection::Async), ("sync", Detection::Sync), ("off", Detection::Off)];
    let answering_machine = section.required("answering_machine", one_of(&machines));
    let weight = section.required("weight", number_within(0..=1000));
    let from = match kind {
        Some(kind) if kind.is_real => section.required("from", phone),
        _ => section.optional("from", phone).or_else(|| organization.map(|o| o.callback_number.clone())),
    };
    let all: BTreeSet<_> = KINDS.iter().flat_map(|kind| kind.key_names()).collect();
    // Without its kind a carrier's other keys cannot be judged; they are asked for so that they do not count as unknown.
    let Some(kind) = kind else {
        all.iter().for_each(|key| {
            section.node(key);
        });
        return None;
    };
    let own_names: BTreeSet<_> = kind.key_names().collect();
    for key in all.difference(&own_names).filter(|key| section.has(key)) {
        section.node(key);
        let owners: Vec<_> = KINDS
            .iter()
            .filter(|kind| kind.key_names().any(|name| name == *key))
            .map(|kind| format!("\"{}\"", kind.word))
            .collect();
        let message = format!("{} is for carriers of kind {}: leave it out", section.path_of(key), owners.join(", "));
        section.refuse(&[key], "unused_key", message);
    }
    let access = access(kind, section, secrets);
    let mut own = Own::default();
    let mut complete = true;
    for key in kind.keys {
        match own_value(key, section, secrets) {
            Some(value) => own.set(key.name, value),
            None => complete &= !key.required,
        }
    }
    let (api_url, account, auth_tokens) = access?;
    Some(CarrierConfig {
        name: CarrierName::new(name),
        kind,
        api_url,
        account,
        auth_tokens,
        own: complete.then_some(own)?,
        from: from?,
        calls_per_second: calls_per_second?,
        max_calls: max_calls?,
        ring_timeout: ring_timeout?,
        answering_machine: answering_machine?,
        weight: weight?,
    })
}

/// The value of a key that one kind has for itself.
fn own_value(key: &OwnKey, section: &Section<'_>, secrets: &Secrets<'_>) -> Option<OwnValue> {
    match key.holds {
        Holds::Text => read(key, section, |node| Ok(OwnValue::Texts(vec![plain_text(node)?]))),
        Holds::Checked(check) => {
            let checked = |node: &Node| -> Read<String> {
                let text = plain_text(node)?;
                match check(&text) {
                    Ok(()) => Ok(text),
                    Err(why) => node.wrong(why),
                }
            };
            read(key, section, |node| Ok(OwnValue::Texts(one_or_several(checked)(node)?)))
        }
        Holds::Secrets => read(key, section, |node| Ok(OwnValue::Secrets(secrets.several(Plain::Refused)(node)?))),
        Holds::NamedSecrets => read(key, section, |node| Ok(OwnValue::Named(secrets.named(Plain::Refused)(node)?))),
    }
}

fn read(key: &OwnKey, section: &Section<'_>, read: impl FnOnce(&Node) -> Read<OwnValue>) -> Option<OwnValue> {
    if key.required { section.required(key.name, read) } else { section.optional(key.name, read) }
}

type Access = (String, String, Vec<SecretString>);

/// URL, account and token of a carrier; the simulator has its own where none are given.
fn access(kind: &Kind, section: &Section<'_>, secrets: &Secrets<'_>) -> Option<Access> {
    let keys = &kind.access;
    let api_url = match keys.own_url {
        Some(own) if !section.has(keys.url) => {
            section.node(keys.url);
            Some(own.to_string())
        }
        _ => section.required(keys.url, http_url),
    };
    let account = match keys.stand_in {
        Some((account, _)) if !section.has(keys.account) => {
            section.node(keys.account);
            Some(account.to_string())
        }
        _ => section.required(keys.account, plain_text),
    };
    let plain = if kind.is_real { Plain::Refused } else { Plain::Allowed };
    let auth_tokens = match keys.stand_in {
        Some((_, token)) if !section.has(keys.token) => {
            section.node(keys.token);
            Some(vec![SecretString::from(token)])
        }
        _ => section.required(keys.token, secrets.several(plain)),
    };
    Some((api_url?, account?, auth_tokens?))
}
