//! `[feeds]`: where appointments come from.

use super::Site;
use super::organization::check_key;
use super::secret::{Plain, Secrets};
use super::server::{address, http_url};
use crate::core::ids::{FeedName, SiteKey};
use crate::feed::csv::{COLUMNS, Column};
use crate::toml_file::{Node, Read, Section, Value, duration, list_of, not_known, one_of, plain_text, size, yes_or_no};
use chrono::Duration;
use chrono::format::{Item, StrftimeItems};
use encoding_rs::Encoding;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A feed.
#[derive(Debug, Clone)]
pub struct FeedConfig {
    /// Its name under `[feeds]`.
    pub name: FeedName,
    /// The site of what names none.
    pub site: Option<SiteKey>,
    /// Its kind, with what only that kind has.
    pub kind: FeedKind,
}

/// What a feed brings, and how.
#[derive(Debug, Clone)]
pub enum FeedKind {
    /// Files with rows.
    Csv(CsvSettings),
    /// HL7 v2 messages over MLLP.
    Hl7(Hl7Settings),
    /// A FHIR server that is asked.
    Fhir(FhirSettings),
}

impl FeedKind {
    /// The word used in files and outputs.
    pub fn as_str(&self) -> &'static str {
        match self {
            FeedKind::Csv(_) => "csv",
            FeedKind::Hl7(_) => "hl7",
            FeedKind::Fhir(_) => "fhir",
        }
    }
}

/// How a CSV file is laid out. The default is the native layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvSettings {
    /// A file or a drop folder; none where files come by hand.
    pub path: Option<PathBuf>,
    /// Which of their columns each of ours is; ours that are not listed have their own name.
    pub columns: BTreeMap<String, Column>,
    /// How `start`, `booked_at` and `updated_at` are written, in chrono's letters; none: as the native layout does.
    pub date_format: Option<String>,
    /// What stands between fields; none: seen from the header.
    pub delimiter: Option<u8>,
    /// The text's encoding; none: UTF-8 where the text is, else Windows-1252.
    pub encoding: Option<&'static Encoding>,
    /// Whether the first line holds the names of the columns.
    pub header: bool,
    /// What a missing row means.
    pub mode: CsvMode,
}

impl Default for CsvSettings {
    fn default() -> Self {
        CsvSettings {
            path: None,
            columns: BTreeMap::new(),
            date_format: None,
            delimiter: None,
            encoding: None,
            header: true,
            mode: CsvMode::Delta,
        }
    }
}

/// What a row's absence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvMode {
    /// Nothing: the file holds what changed.
    Delta,
    /// The appointment was cancelled.
    Snapshot,
}

/// How HL7 messages come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hl7Settings {
    /// Address and port of the MLLP listener.
    pub listen: SocketAddr,
    /// The PID-3 repetition that counts.
    pub patient_id_type: String,
    /// How messages are acknowledged.
    pub ack: Acknowledge,
    /// The longest message, in bytes.
    pub max_message: usize,
}

/// How HL7 messages are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// As the message asks.
    Auto,
    /// Original mode: AA, AE, AR.
    Application,
    /// Enhanced mode: CA, CE, CR.
    Commit,
}

/// How a FHIR server is asked.
#[derive(Debug, Clone)]
pub struct FhirSettings {
    /// The server, without a trailing slash.
    pub base_url: String,
    /// How often.
    pub poll: Duration,
    /// Which locations; none means all.
    pub locations: Vec<String>,
    /// Where tokens are given out.
    pub token_url: Option<String>,
    /// Who asks for them.
    pub client_id: Option<String>,
    /// With which key.
    pub private_key: Option<SecretString>,
}

#[derive(Clone, Copy)]
enum Kind {
    Csv,
    Hl7,
    Fhir,
}

pub(super) fn feeds(
    root: &Section<'_>,
    secrets: &Secrets<'_>,
    sites: &BTreeMap<SiteKey, Site>,
) -> BTreeMap<FeedName, FeedConfig> {
    let mut feeds = BTreeMap::new();
    let known: Vec<&str> = sites.keys().map(SiteKey::as_str).collect();
    for (name, section) in root.sections("feeds") {
        check_key(root, "feeds", name, &section);
        let site = section.optional("site", |node| known_site(node, &known));
        let kind = match section.required("kind", one_of(&[("csv", Kind::Csv), ("hl7", Kind::Hl7), ("fhir", Kind::Fhir)])) {
            Some(Kind::Csv) => Some(FeedKind::Csv(csv(&section, secrets))),
            Some(Kind::Hl7) => hl7(&section).map(FeedKind::Hl7),
            Some(Kind::Fhir) => fhir(&section, secrets).map(FeedKind::Fhir),
            // Which keys it may have is not known without its kind.
            None => continue,
        };
        section.end();
        if let Some(kind) = kind {
            feeds.insert(FeedName::new(name), FeedConfig { name: FeedName::new(name), site, kind });
        }
    }
    feeds
}

fn known_site(node: &Node, known: &[&str]) -> Read<SiteKey> {
    let site = node.text()?.trim();
    if known.contains(&site) {
        return Ok(SiteKey::new(site));
    }
    Err(vec![node.place.fault("unknown_site", format!("{}; sites stand under [sites]", not_known(site, known)))])
}

fn csv(section: &Section<'_>, secrets: &Secrets<'_>) -> CsvSettings {
    let path = section.optional("path", plain_text).map(|path| secrets.dir.join(path));
    let date_format = section.optional("date_format", date_format);
    let delimiter = section.optional("delimiter", delimiter);
    let encoding = section.optional("encoding", encoding);
    let header = section.optional("header", yes_or_no).unwrap_or(true);
    let mode = section.optional("mode", one_of(&[("delta", CsvMode::Delta), ("snapshot", CsvMode::Snapshot)]));
    let mut columns = BTreeMap::new();
    if let Some(ours) = section.section("columns") {
        for name in COLUMNS {
            if let Some(column) = ours.optional(name, |node| column(node, header)) {
                columns.insert(name.to_string(), column);
            }
        }
        ours.end();
    } else if !header {
        let message = "without a header nobody knows the columns: give columns = { appointment_id = 1, … }";
        section.refuse(&["header"], "missing_key", message);
    }
    CsvSettings { path, columns, date_format, delimiter, encoding, header, mode: mode.unwrap_or(CsvMode::Delta) }
}

fn column(node: &Node, header: bool) -> Read<Column> {
    let at = match &node.value {
        Value::Whole(at) => usize::try_from(*at).ok(),
        Value::Variable(text) if !header => text.trim().parse().ok(),
        _ => None,
    };
    match at {
        Some(at) if at > 0 => Ok(Column::At(at)),
        _ if header => Ok(Column::Named(plain_text(node)?)),
        _ => node.wrong("the file has no header: want the column's position, from 1"),
    }
}

fn date_format(node: &Node) -> Read<String> {
    let text = plain_text(node)?;
    if !text.contains('%') || StrftimeItems::new(&text).any(|item| matches!(item, Item::Error)) {
        return node.wrong(format!("\"{text}\" is no date format: want one such as \"%m/%d/%Y %H:%M\" or \"%d.%m.%Y %I:%M %p\""));
    }
    Ok(text)
}

fn delimiter(node: &Node) -> Read<u8> {
    match node.text()? {
        "tab" | "\t" => Ok(b'\t'),
        text if text.len() == 1 && ",;|".contains(text) => Ok(text.as_bytes()[0]),
        text => node.wrong(format!("\"{text}\" is no delimiter: want \",\", \";\", \"|\" or \"tab\"")),
    }
}

fn encoding(node: &Node) -> Read<&'static Encoding> {
    let text = plain_text(node)?;
    match Encoding::for_label(text.as_bytes()) {
        Some(encoding) => Ok(encoding),
        None => node.wrong(format!("\"{text}\" is no encoding that is known: want one such as \"utf-8\" or \"windows-1252\"")),
    }
}

fn hl7(section: &Section<'_>) -> Option<Hl7Settings> {
    let listen = section.required("listen", address);
    let patient_id_type = section.optional("patient_id_type", plain_text).unwrap_or_else(|| "MR".to_string());
    let acks = [("auto", Acknowledge::Auto), ("aa", Acknowledge::Application), ("ca", Acknowledge::Commit)];
    let ack = section.optional("ack", one_of(&acks)).unwrap_or(Acknowledge::Auto);
    let max_message = section.optional("max_message", size).unwrap_or(1024 * 1024);
    if !section.has("site") {
        let message = format!("{} is missing: the zone and place of messages that name none", section.path_of("site"));
        section.refuse(&[], "missing_key", message);
    }
    Some(Hl7Settings { listen: listen?, patient_id_type, ack, max_message })
}

fn fhir(section: &Section<'_>, secrets: &Secrets<'_>) -> Option<FhirSettings> {
    let base_url = section.required("base_url", http_url);
    let poll = section.optional("poll", duration(Duration::seconds(10), Duration::days(1)));
    let locations = section.optional("locations", list_of(plain_text)).unwrap_or_default();
    let token_url = section.optional("token_url", http_url);
    let client_id = section.optional("client_id", plain_text);
    let private_key = section.optional("private_key", secrets.one(Plain::Refused));
    let poll = poll.unwrap_or(Duration::minutes(5));
    Some(FhirSettings { base_url: base_url?, poll, locations, token_url, client_id, private_key })
}
