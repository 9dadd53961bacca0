//! "Be the patient": the person at the terminal has a visit, and a telephone in the hand.
//!
//! Nothing is cut short here either: the visit comes in as a CSV, the planner plans the call, the dialler places it over
//! HTTP, and what is heard is what the network fetched. The call has a world of its own, whose clock runs at the pace of
//! the person's, so that the time to press a key is the time that a patient has.

mod keyboard;
#[cfg(feature = "speaker")]
mod speaker;
mod terminal;
mod words;

#[cfg(test)]
mod tests;

use crate::carrier::simulator::{FaultList, Sound, Status};
use crate::cli::output::words as shown;
use crate::config::Config;
use crate::core::call::Key;
use crate::core::domain::PhoneNumber;
use crate::simulate::{Progress, World, WorldSettings};
use crate::store::{CallLine, Direction, WebhookQuery};
use crate::views::CallView;
use anyhow::{Context, anyhow, ensure};
use chrono::{DateTime, Utc};
use keyboard::Keyboard;
use std::pin::Pin;
use std::time::Duration;
use terminal::Terminal;
use words::Spoken;

/// The telephone of the person at the terminal. Like every 555-01xx number it belongs to nobody.
const NUMBER: &str = "+16175550142";
/// Their visit: a Monday, so that the call is due on the Friday before.
const VISIT: &str = "\
appointment_id,patient_id,phone_home,language,start,service,site,status,established,booked_at
YOU-1,YOU,+16175550142,en-US,2026-11-30T14:30,exam,boston,booked,yes,2026-11-02T09:00
";
/// When their world begins: that Friday, before the hours in which calls are made. It jumps to the call.
const STARTS: &str = "2026-11-27T09:00:00-05:00";

/// Something done with a telephone in the hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    PickUp,
    Press(Key),
    HangUp,
}

/// Something noticed of a telephone in the hand.
#[derive(Debug)]
enum Noticed {
    Rings,
    Begins(Spoken),
    Stops,
    Over(Status),
}

/// Whoever holds the telephone: a person at the terminal, or a test's script.
trait Person {
    /// Takes note of what the telephone does.
    fn notice(&mut self, what: Noticed);

    /// Waits until they do something. What is dropped before its end has lost nothing.
    async fn act(&mut self) -> Deed;
}

/// Offers a call to the person at the terminal, as often as they want one. `false`: `stop` came instead.
pub async fn offer(mut stop: Pin<&mut impl Future<Output = anyhow::Result<()>>>) -> anyhow::Result<bool> {
    let mut keyboard = Keyboard::open()?;
    loop {
        terminal::print("\nBe the patient, and be called? y or n: ");
        let wanted = tokio::select! {
            wanted = keyboard.yes() => wanted,
            stopped = stop.as_mut() => {
                terminal::print("\n");
                return stopped.map(|()| false);
            }
        };
        if !keyboard.by_line() {
            terminal::print(if wanted { "y\n" } else { "n\n" });
        }
        if !wanted {
            return Ok(true);
        }
        let world = World::start(settings(Config::defaults(), 1.0)?).await?;
        let talked = tokio::select! {
            talked = at_the_terminal(&world, &mut keyboard) => talked.map(|()| true),
            stopped = stop.as_mut() => stopped.map(|()| false),
        };
        world.stop().await?;
        if !talked? {
            terminal::print("\n");
            return Ok(false);
        }
    }
}

/// A world with nobody in it but the person at the terminal.
fn settings(config: Config, faster: f64) -> anyhow::Result<WorldSettings> {
    Ok(WorldSettings {
        config,
        appointments: VISIT.to_string(),
        start: STARTS.parse::<DateTime<Utc>>().context("the start of the patient's world")?,
        faster,
        seed: 1,
        faults: FaultList::default(),
        port: 0,
    })
}

async fn at_the_terminal(world: &World, keyboard: &mut Keyboard) -> anyhow::Result<()> {
    let how = if keyboard.by_line() { ", each with Enter" } else { "" };
    terminal::print(&format!(
        "You are patient YOU, with an exam in three days. Press keys (0-9 * #{how}) whenever you like,\nalso in the middle of the words; h hangs up.\n"
    ));
    let mut person = Terminal::new(keyboard, world.clock.clone());
    let call = converse(world, &mut person).await?;
    terminal::print(&record(world, &call).await?);
    Ok(())
}

/// Lets the engine call, and the person be called; the call as the engine recorded it.
async fn converse(world: &World, person: &mut impl Person) -> anyhow::Result<CallLine> {
    let mut phone = world.network.take_phone(PhoneNumber::parse(NUMBER).map_err(|fault| anyhow!("{fault}"))?);
    let mut progress = Progress::new(&world.clock);
    while world.tally().calls.is_empty() {
        ensure!(world.step().await?, "the planner calls nobody: {:?}", world.skipped);
        progress.look(world).await?;
    }
    let mut rings = false;
    loop {
        tokio::select! {
            sound = phone.listen() => match sound.context("the telephone is in another hand")? {
                Sound::Rings => {
                    rings = true;
                    person.notice(Noticed::Rings);
                }
                Sound::Begins { audio, .. } => person.notice(Noticed::Begins(words::of(&world.engine.live, &audio).await?)),
                Sound::Stops => person.notice(Noticed::Stops),
                Sound::Over(status) => {
                    person.notice(Noticed::Over(status));
                    break;
                }
            },
            deed = person.act() => match deed {
                // A telephone that does not ring cannot be picked up.
                Deed::PickUp if rings => phone.pick_up(),
                Deed::PickUp => {}
                Deed::Press(key) => phone.press(key),
                Deed::HangUp => phone.hang_up(),
            },
        }
    }
    // The carrier tells the engine of the end beside the call.
    let mut progress = Progress::new(&world.clock);
    loop {
        if let Some(call) = world.store.calls(None, 1).await?.into_iter().find(|call| call.attempt.outcome.is_some()) {
            return Ok(call);
        }
        progress.look(world).await?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the store says of a call, for people.
async fn record(world: &World, call: &CallLine) -> anyhow::Result<String> {
    let view = CallView::of(call, &world.rules, false);
    let query = WebhookQuery { attempt: Some(call.attempt.id.clone()), since: None, after: None, newest: false, limit: 0 };
    let log = world.store.webhooks(&query).await?;
    let came = log.iter().filter(|(_, entry)| entry.direction == Direction::In).count();
    let work = world.store.worklist(false, u32::MAX).await?;
    let work: Vec<_> = work.iter().map(|item| shown(item.kind.as_str())).collect();
    let or_none = |text: String| if text.is_empty() { "none".to_string() } else { text };
    let lines = [
        ("outcome", shown(view.outcome.unwrap_or("none"))),
        ("ended by", shown(view.end_reason.unwrap_or("nothing else"))),
        ("keys", or_none(view.keys)),
        ("on the line", format!("{} s", view.heard_seconds.unwrap_or_default())),
        ("opted out", if view.opted_out { "yes" } else { "no" }.to_string()),
        ("for a person", or_none(work.join(", "))),
        ("over HTTP", format!("webhooks received: {came}, requests sent: {}", log.len() - came)),
    ];
    let lines: String = lines.iter().map(|(what, how)| format!("   {what:<13}{how}\n")).collect();
    Ok(format!("\nAs the engine recorded it\n{lines}"))
}
