//! "Be the patient": one call whose keys come from the keyboard, and whose words are shown as they would be heard. With the
//! feature `speaker` they are also played.

use crate::core::call::{Brief, Call, CallEvent, Key, Step, Then};
use crate::core::domain::{LocalMoment, PhoneNumber, Purpose, VoicemailPolicy};
use crate::live_call::LiveCalls;
use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use tokio::io::{AsyncBufReadExt, BufReader, Stdin};

/// Asks whether the person at the terminal wants to be called, and calls.
pub async fn offer(live: &LiveCalls, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut keyboard = BufReader::new(tokio::io::stdin());
    eprint!("\nBe the patient? Type y and Enter to hear one call, anything else to go on: ");
    if line(&mut keyboard).await?.trim() != "y" {
        return Ok(());
    }
    let scripts = live.scripts.for_call("reminder").context("prompts/scripts/reminder.toml is loaded")?;
    let mut call = Call::new(brief(live)?, scripts);
    let mut step = call.handle(&CallEvent::Answered { answered_by: None }, now).step;
    while let Some(given) = step {
        say(live, &given)?;
        let event = match given.then {
            Then::HangUp => break,
            Then::Continue => CallEvent::Played { step: given.number },
            Then::Gather { .. } => {
                eprint!("   your key (0-9, *, # and Enter; Enter alone: silence): ");
                match line(&mut keyboard).await?.trim().chars().next().and_then(Key::new) {
                    Some(key) => CallEvent::Key { step: given.number, key },
                    None => CallEvent::Silence { step: given.number },
                }
            }
        };
        step = call.handle(&event, now).step;
    }
    call.handle(&CallEvent::Ended { status: crate::core::call::FinalStatus::Completed, talk_seconds: None, reason: None }, now);
    let outcome = call.standing().outcome.map_or("none", |o| o.as_str());
    eprintln!("   (the line is closed; outcome: {})\n", outcome.replace('_', " "));
    Ok(())
}

async fn line(keyboard: &mut BufReader<Stdin>) -> anyhow::Result<String> {
    let mut text = String::new();
    keyboard.read_line(&mut text).await?;
    Ok(text)
}

/// A visit that nobody has.
fn brief(live: &LiveCalls) -> anyhow::Result<Brief> {
    let number = |text| PhoneNumber::parse(text).map_err(|fault| anyhow!("{fault}"));
    let site = live.rules.sites.keys().next().context("a site is configured")?.clone();
    Ok(Brief {
        purpose: Purpose::Reminder,
        script: "reminder".to_string(),
        language: live.rules.language.clone(),
        start: LocalMoment {
            date: NaiveDate::from_ymd_opt(2026, 12, 1).context("a date")?,
            time: NaiveTime::from_hms_opt(14, 30, 0).context("a time")?,
        },
        old_start: None,
        site,
        appointments: 1,
        callback_number: number("+16175550100")?,
        opt_out_number: number("+18005550100")?,
        voicemail: VoicemailPolicy::None,
        message_ms: 0,
        long_timeouts: false,
    })
}

fn say(live: &LiveCalls, step: &Step) -> anyhow::Result<()> {
    if step.say.is_empty() {
        return Ok(());
    }
    let pack = live.voice.packs().pack(&live.rules.language)?;
    let phrases = pack.phrases(&step.say)?;
    println!("\n   {}", pack.text_of(&phrases)?);
    #[cfg(feature = "speaker")]
    crate::prompt::speaker::play(&pack.compose(&phrases)?)?;
    Ok(())
}
