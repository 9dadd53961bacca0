//! One message, as the arguments describe it.

use super::part::{Part, step_of};
use super::{pack_of, site_of};
use crate::config::Config;
use crate::core::call::{Announcement, Brief, Utterance};
use crate::core::domain::{LocalMoment, Purpose, VoicemailPolicy, resolve_local};
use crate::core::ids::{LanguageTag, PhraseId, SiteKey};
use crate::fault::nearest;
use crate::prompt::script::ScriptSet;
use crate::prompt::{Manner, Packs, RATE};
use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;

#[derive(Debug, Args)]
pub struct MessageArguments {
    /// reminder, cancelled, moved, closure, voicemail, voicemail-minimal, apology, one-moment, or another of the folder.
    #[arg(long, value_name = "NAME")]
    script: String,
    /// What of a call: the first playing, or what it says later.
    #[arg(long, value_enum, default_value_t)]
    part: Part,
    /// A language tag; the organization's when absent.
    #[arg(long, value_name = "L")]
    language: Option<String>,
    /// The site; the first one when absent.
    #[arg(long, value_name = "S")]
    site: Option<String>,
    /// Start of the visit: RFC 3339, or by the site's clock (2026-12-01T14:30). An announcement needs none.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Start before it was moved.
    #[arg(long, value_name = "TIME")]
    old_start: Option<String>,
    /// The moment of the call; nothing spoken depends on it yet.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// How many appointments that day holds.
    #[arg(long, value_name = "N", default_value_t = 1)]
    appointments: u32,
    /// As a parent or guardian hears it.
    #[arg(long)]
    guardian: bool,
    /// As a message is said from the second repeat on, where the pack has slow recordings; with any part, to hear them.
    #[arg(long)]
    slow: bool,
}

/// A message as a patient would hear it.
#[derive(Debug, Serialize)]
pub struct Message {
    /// The phrases, in order.
    pub phrases: Vec<PhraseId>,
    /// What they say, numbers as words.
    pub text: String,
    /// How long it lasts.
    pub seconds: f64,
    /// The sound.
    #[serde(skip)]
    pub samples: Vec<i16>,
}

/// Composes the message.
pub fn compose(config: &Config, args: &MessageArguments) -> anyhow::Result<Message> {
    let (packs, faults) = Packs::load(&config.prompts);
    for fault in &faults {
        eprintln!("{fault}");
    }
    let scripts = ScriptSet::load(&config.prompts).map_err(|faults| anyhow!(crate::app::listed(&faults)))?;
    let language = args.language.as_deref().unwrap_or(config.organization.language.as_str());
    let pack = pack_of(&packs, language)?;
    let said = match announcement(&scripts, args) {
        Some(announcement) => {
            let words = announcement.words(&config.organization.callback_number);
            Said { site: None, words, manner: Manner::default() }
        }
        None => in_call(&scripts, brief(config, args, pack.language.clone())?, args)?,
    };
    let pack = packs.pack_for(&pack.language, said.site.as_ref())?;
    let phrases = pack.phrases(&said.words, said.manner)?;
    let samples = pack.compose(&phrases)?;
    let seconds = samples.len() as f64 / f64::from(RATE);
    let text = pack.text_of(&phrases)?;
    Ok(Message { phrases, text, seconds: (seconds * 1000.0).round() / 1000.0, samples })
}

/// What is said, how, and about which site.
struct Said {
    site: Option<SiteKey>,
    words: Vec<Utterance>,
    manner: Manner,
}

/// A sentence that needs no call: it is the same for everybody.
fn announcement<'s>(scripts: &'s ScriptSet, args: &MessageArguments) -> Option<&'s Announcement> {
    [&scripts.apology, &scripts.one_moment].into_iter().find(|announcement| announcement.name == args.script)
}

/// What the named script says: to a person at the given part of the call, to a machine all of it.
fn in_call(scripts: &ScriptSet, brief: Brief, args: &MessageArguments) -> anyhow::Result<Said> {
    let manner = Manner { guardian: args.guardian, slow: args.slow };
    let (name, site) = (&args.script, brief.site.clone());
    if let Some(scripts) = scripts.for_call(name, &site) {
        let step = step_of(args.part, scripts, brief)?;
        let manner = Manner { slow: manner.slow || step.slow, ..manner };
        return Ok(Said { site: Some(site), words: step.say, manner });
    }
    if let Some(script) = scripts.voicemails_at(&site).get(name) {
        if args.part != Part::First {
            bail!("--part: a voicemail is one message: leave it out");
        }
        return Ok(Said { words: script.words(&brief), site: Some(site), manner });
    }
    let announcements = [&scripts.apology, &scripts.one_moment].map(|announcement| &announcement.name);
    let known: Vec<&str> =
        scripts.calls.keys().chain(scripts.voicemails.keys()).chain(announcements).map(String::as_str).collect();
    let hint = nearest(name, known.iter().copied()).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
    bail!("--script {name}: no such script; there are: {}{hint}", known.join(", "))
}

fn brief(config: &Config, args: &MessageArguments, language: LanguageTag) -> anyhow::Result<Brief> {
    let key = match &args.site {
        Some(site) => site_of(config, site)?,
        None => config.sites.keys().next().context("no site is configured")?.clone(),
    };
    let site = &config.sites[&key];
    let moment = |name: &str, text: &str| local(text, site.timezone).with_context(|| format!("--{name} {text}"));
    let start = args.start.as_deref().context("--start is missing: when does the visit start, as in 2026-12-01T14:30?")?;
    if let Some(now) = &args.now {
        moment("now", now)?;
    }
    Ok(Brief {
        purpose: Purpose::parse(&args.script).unwrap_or(Purpose::Reminder),
        script: args.script.clone(),
        language,
        start: moment("start", start)?,
        old_start: args.old_start.as_deref().map(|text| moment("old-start", text)).transpose()?,
        callback_number: site.callback_number.as_ref().unwrap_or(&config.organization.callback_number).clone(),
        site: key,
        appointments: args.appointments.max(1),
        opt_out_number: config.organization.opt_out_number.clone(),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 0,
        before_ms: 0,
        long_timeouts: false,
        guardian: args.guardian,
        desk: None,
    })
}

/// RFC 3339, or a time by the site's clock.
fn local(text: &str, zone: Tz) -> anyhow::Result<LocalMoment> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(LocalMoment::at(at.to_utc(), zone));
    }
    let naive = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .context("want RFC 3339 (2026-12-01T14:30:00-05:00) or the site's local time (2026-12-01T14:30)")?;
    Ok(LocalMoment::at(resolve_local(naive, zone), zone))
}
