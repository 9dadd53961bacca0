//! `prompts check` and `prompts render`.

use super::check::warn;
use super::{Desk, Done};
use crate::app::{check_prompts, prompt_lengths};
use crate::config::Config;
use crate::core::call::{Brief, Utterance};
use crate::core::domain::{LocalMoment, Purpose, VoicemailPolicy, resolve_local};
use crate::core::ids::{LanguageTag, SiteKey};
use crate::fault::nearest;
use crate::prompt::script::ScriptSet;
use crate::prompt::{Findings, Manner, Packs};
use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PromptsCommand {
    /// Whether every phrase that can be needed is recorded and sounds as it must.
    Check {
        /// How long every message can become, with its words, in place of what is wrong.
        #[arg(long)]
        lengths: bool,
    },
    /// Writes one message as a patient would hear it: 8 kHz mono 16-bit WAV.
    Render(RenderArguments),
}

#[derive(Debug, Args)]
pub struct RenderArguments {
    /// reminder, voicemail, voicemail-minimal, cancelled, moved or closure.
    #[arg(long, value_name = "NAME")]
    script: String,
    /// A language tag; the organization's when absent.
    #[arg(long, value_name = "L")]
    language: Option<String>,
    /// The site; the first one when absent.
    #[arg(long, value_name = "S")]
    site: Option<String>,
    /// Start of the visit: RFC 3339, or by the site's clock (2026-12-01T14:30).
    #[arg(long, value_name = "TIME")]
    start: String,
    /// Start before it was moved.
    #[arg(long, value_name = "TIME")]
    old_start: Option<String>,
    /// The moment of the call; nothing spoken depends on it yet.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// How many appointments that day holds.
    #[arg(long, value_name = "N", default_value_t = 1)]
    appointments: u32,
    /// The WAV to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(desk: &Desk, command: PromptsCommand) -> anyhow::Result<Done> {
    let config = desk.config()?;
    match command {
        PromptsCommand::Check { lengths: true } => lengths(desk, &config),
        PromptsCommand::Check { lengths: false } => {
            let Findings { faults, warnings } = check_prompts(&config);
            warn(&warnings);
            desk.output.value(&faults, || {
                let listed: Vec<_> = faults.iter().map(ToString::to_string).collect();
                if listed.is_empty() { "Every pack is complete.".to_string() } else { listed.join("\n") }
            })?;
            Ok(if faults.is_empty() { Done::Fine } else { Done::Found })
        }
        PromptsCommand::Render(args) => render(desk, &config, &args),
    }
}

/// The longest case of every message.
fn lengths(desk: &Desk, config: &Config) -> anyhow::Result<Done> {
    let lengths = prompt_lengths(config).map_err(|faults| anyhow!(crate::app::listed(&faults)))?;
    let head = ["script", "language", "part", "seconds", "at most", "words"];
    desk.output.rows(&lengths, &head, "There is no message.", |length| {
        let site = length.site.as_ref().map(|site| format!(" ({site})")).unwrap_or_default();
        vec![
            length.script.clone(),
            format!("{}{site}", length.language),
            super::output::words(length.part),
            format!("{:.1}", length.seconds),
            length.limit_s.to_string(),
            length.text.clone(),
        ]
    })?;
    Ok(Done::Fine)
}

fn render(desk: &Desk, config: &Config, args: &RenderArguments) -> anyhow::Result<Done> {
    let (packs, faults) = Packs::load(&config.prompts);
    for fault in &faults {
        eprintln!("{fault}");
    }
    let scripts = ScriptSet::load(&config.prompts).map_err(|faults| anyhow!(crate::app::listed(&faults)))?;
    let language = args.language.as_deref().map_or_else(|| config.organization.language.clone(), LanguageTag::new);
    let pack = packs.find(language.as_str()).with_context(|| {
        let known: Vec<_> = packs.languages().map(|l| l.as_str()).collect();
        format!("--language {language}: no such pack; there are: {}", known.join(", "))
    })?;
    let brief = brief(config, args, pack.language.clone())?;
    let pack = packs.pack_for(&brief.language, Some(&brief.site))?;
    let phrases = pack.phrases(&words(&scripts, &args.script, &brief)?, Manner::default())?;
    let samples = pack.compose(&phrases)?;
    std::fs::write(&args.out, crate::prompt::wav_bytes(&samples))
        .with_context(|| format!("cannot write {}", args.out.display()))?;
    let seconds = samples.len() as f64 / f64::from(crate::prompt::RATE);
    let text = pack.text_of(&phrases)?;
    let result = serde_json::json!({
        "phrases": phrases.iter().map(|p| p.as_str()).collect::<Vec<_>>(),
        "text": text,
        "seconds": (seconds * 1000.0).round() / 1000.0,
    });
    desk.output.value(&result, || format!("{text}\n\n{seconds:.1} s written to {}", args.out.display()))?;
    Ok(Done::Fine)
}

/// What the named script says first: to a person up to where the menu waits, to a machine all of it.
fn words(scripts: &ScriptSet, name: &str, brief: &Brief) -> anyhow::Result<Vec<Utterance>> {
    if let Some(scripts) = scripts.for_call(name, &brief.site) {
        return Ok(scripts.call.first_words(brief));
    }
    if let Some(script) = scripts.voicemails_at(&brief.site).get(name) {
        return Ok(script.words(brief));
    }
    let known: Vec<&str> = scripts.calls.keys().chain(scripts.voicemails.keys()).map(String::as_str).collect();
    let hint = nearest(name, known.iter().copied()).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
    bail!("--script {name}: no such script; there are: {}{hint}", known.join(", "))
}

fn brief(config: &Config, args: &RenderArguments, language: LanguageTag) -> anyhow::Result<Brief> {
    let key = match &args.site {
        Some(site) => SiteKey::new(site),
        None => config.sites.keys().next().context("no site is configured")?.clone(),
    };
    let site = config.sites.get(&key).with_context(|| {
        let known: Vec<_> = config.sites.keys().map(|s| s.as_str()).collect();
        format!("--site {key}: no such site; there are: {}", known.join(", "))
    })?;
    let moment = |name: &str, text: &str| local(text, site.timezone).with_context(|| format!("--{name} {text}"));
    if let Some(now) = &args.now {
        moment("now", now)?;
    }
    Ok(Brief {
        purpose: Purpose::parse(&args.script).unwrap_or(Purpose::Reminder),
        script: args.script.clone(),
        language,
        start: moment("start", &args.start)?,
        old_start: args.old_start.as_deref().map(|text| moment("old-start", text)).transpose()?,
        site: key,
        appointments: args.appointments.max(1),
        callback_number: site.callback_number.as_ref().unwrap_or(&config.organization.callback_number).clone(),
        opt_out_number: config.organization.opt_out_number.clone(),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 0,
        long_timeouts: false,
        guardian: false,
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
