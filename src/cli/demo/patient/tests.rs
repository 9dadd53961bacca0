use super::*;
use crate::clock::Clock;
use crate::core::domain::{EndReason, Outcome, WorkKind};
use std::collections::VecDeque;
use std::path::Path;

/// What a scripted person waits for.
#[derive(Debug, Clone, Copy)]
enum Cue {
    Rings,
    /// Words begin that hold these.
    Words(&'static str),
}

/// A scripted person: so many milliseconds after each cue, a deed.
struct Scripted {
    clock: Clock,
    script: VecDeque<(Cue, i64, Deed)>,
    due: Option<(DateTime<Utc>, Deed)>,
    heard: Vec<String>,
}

impl Person for Scripted {
    fn notice(&mut self, what: Noticed) {
        let said = match &what {
            Noticed::Begins(spoken) => spoken.words.iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" "),
            _ => String::new(),
        };
        let cue = self.script.pop_front_if(|(cue, ..)| match cue {
            Cue::Rings => matches!(what, Noticed::Rings),
            Cue::Words(words) => said.contains(*words),
        });
        if let Some((_, after, deed)) = cue {
            self.due = Some((self.clock.now() + chrono::Duration::milliseconds(after), deed));
        }
        if !said.is_empty() {
            self.heard.push(said);
        }
    }

    async fn act(&mut self) -> Deed {
        let Some((at, deed)) = self.due else { return std::future::pending().await };
        self.clock.sleep_until(at).await;
        self.due = None;
        deed
    }
}

/// Plays a script; the world afterwards, the call as recorded, and what was heard.
async fn play(script: &[(Cue, i64, Deed)]) -> (World, CallLine, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::defaults();
    config.prompts = root.join("prompts");
    config.schedules = root.join("schedules");
    let world = World::start(settings(config, 40.0).expect("settings")).await.expect("a world");
    let script = script.iter().copied().collect();
    let mut person = Scripted { clock: world.clock.clone(), script, due: None, heard: Vec::new() };
    let call = converse(&world, &mut person).await.expect("a call");
    (world, call, person.heard)
}

fn press(key: char) -> Deed {
    Deed::Press(Key::new(key).expect("a key"))
}

const PICK_UP: (Cue, i64, Deed) = (Cue::Rings, 1_000, Deed::PickUp);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_the_middle_of_the_message() {
    let (world, call, heard) = play(&[PICK_UP, (Cue::Words("appointment on"), 5_000, press('2'))]).await;
    assert_eq!((call.attempt.keys.as_str(), call.attempt.outcome), ("2", Some(Outcome::RescheduleRequested)));
    let work: Vec<_> = world.store.worklist(false, u32::MAX).await.expect("the worklist").iter().map(|item| item.kind).collect();
    assert_eq!(work, [WorkKind::RescheduleRequest]);
    assert!(heard[0].starts_with("Hello.") && heard[0].contains("on Monday, November thirtieth, at two thirty P M"), "{heard:?}");
    assert!(heard[1].starts_with("Thank you."), "{heard:?}");
    let tally = world.tally();
    assert!(!tally.calls[0].heard[0].is_whole(), "the message was cut: {:?}", tally.calls[0].heard);
    let record = record(&world, &call).await.expect("the record");
    assert!(record.contains("outcome      reschedule requested\n") && record.contains("keys         2\n"), "{record}");
    assert_eq!(world.violations().await.expect("checked"), []);
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence() {
    let (world, call, heard) = play(&[PICK_UP]).await;
    assert_eq!((call.attempt.keys.as_str(), call.attempt.outcome), ("", Some(Outcome::Heard)));
    assert!(heard.iter().filter(|said| said.contains("appointment on")).count() > 1, "it was said again: {heard:?}");
    assert!(world.tally().calls[0].heard.iter().all(|heard| heard.is_whole()), "nothing was cut");
    world.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_up_and_refusing() {
    let (world, call, _) = play(&[PICK_UP, (Cue::Words("Hello."), 2_000, Deed::HangUp)]).await;
    assert_eq!((call.attempt.outcome, call.attempt.end_reason), (Some(Outcome::HungUpEarly), Some(EndReason::HungUp)));
    world.stop().await.expect("stopped");
    let (world, call, heard) = play(&[(Cue::Rings, 1_000, Deed::HangUp)]).await;
    assert_eq!((call.attempt.outcome, heard.len()), (Some(Outcome::Busy), 0));
    world.stop().await.expect("stopped");
}
