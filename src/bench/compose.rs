//! How long it takes to make a message of about 30 s from phrases in memory.

use super::{Bench, Figure, median_of};
use crate::app::listed;
use crate::config::Config;
use crate::core::call::Brief;
use crate::core::domain::{LocalMoment, Purpose, VoicemailPolicy};
use crate::core::ids::PhraseId;
use crate::prompt::script::ScriptSet;
use crate::prompt::{Manner, Pack, Packs};
use anyhow::{Context, anyhow};
use chrono::{NaiveDate, NaiveTime};
use std::hint::black_box;

/// At least so long is the message, in milliseconds.
const LENGTH_MS: u32 = 30_000;

pub fn measure(bench: Bench<'_>) -> anyhow::Result<Figure> {
    let config = Config::defaults();
    let (packs, _) = Packs::load(&config.prompts);
    let language = &config.organization.language;
    let pack = packs.find(language.as_str()).with_context(|| format!("there is no pack of {language} in the prompts folder"))?;
    let phrases = message(&config, pack)?;
    let sound = pack.compose(&phrases)?;
    let seconds = pack.length_ms(&phrases)? / 1_000;
    bench.tell(&format!("compose_30s: {} phrases, {seconds} s", phrases.len()));
    let times = bench.either(50, 1_000);
    let value = median_of(times, || drop(black_box(pack.compose(black_box(&phrases)))));
    let reference = median_of(times, || drop(black_box(black_box(&sound).to_vec())));
    let micros = |span: std::time::Duration| span.as_secs_f64() * 1e6;
    Ok(Figure::new("compose_30s", "µs", micros(value), micros(reference), "a plain copy of the same number of samples"))
}

/// The reminder, its beginning said again until it is long enough.
fn message(config: &Config, pack: &Pack) -> anyhow::Result<Vec<PhraseId>> {
    let scripts = ScriptSet::load(&config.prompts).map_err(|faults| anyhow!(listed(&faults)))?;
    let script = scripts.calls.get("reminder").context("there is no call script `reminder`")?;
    let day = NaiveDate::from_ymd_opt(2026, 12, 1).context("a day")?;
    let start = LocalMoment { date: day, time: NaiveTime::from_hms_opt(14, 30, 0).context("a time")? };
    let brief = Brief {
        purpose: Purpose::Reminder,
        script: "reminder".to_string(),
        language: pack.language.clone(),
        start,
        old_start: None,
        site: "boston".into(),
        appointments: 1,
        callback_number: config.organization.callback_number.clone(),
        opt_out_number: config.organization.opt_out_number.clone(),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 0,
        before_ms: 0,
        long_timeouts: false,
        guardian: false,
        desk: None,
    };
    let once = pack.phrases(&script.first_words(&brief), Manner::default())?;
    let mut phrases = once.clone();
    for phrase in once.iter().cycle().take(once.len() * 10) {
        if pack.length_ms(&phrases)? >= LENGTH_MS {
            break;
        }
        phrases.push(phrase.clone());
    }
    Ok(phrases)
}
