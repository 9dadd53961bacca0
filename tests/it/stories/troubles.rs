//! What goes wrong with a carrier while simple stories are told: nobody's answer may be another for it.

use super::{Patient, Setting, Table, calls, world};
use callahead::core::domain::{EndReason, Outcome};

/// What goes wrong, at what rate, and what comes of calls to a machine.
type Trouble = (&'static str, &'static str, Outcome);

const LEFT: Outcome = Outcome::VoicemailLeft;
const NO_AUDIO: &str = "audio cannot be fetched at times";
const DOWN: &str = "the carrier does not answer at times";
const TROUBLE: [Trouble; 9] = [
    ("answers are lost", "lost-answer:0.2,lost-request:0.1,connection-reset:0.1,error-before:0.1,error-after:0.1", LEFT),
    ("the carrier is busy", "too-many-requests:0.2,queue-full:0.1,slow-answer:0.3", LEFT),
    (
        "webhooks are doubled, late, forged, cut",
        "webhook-twice:0.3,webhook-late:0.2,webhook-forged:0.3,webhook-truncated:0.3",
        LEFT,
    ),
    (
        "news is lost, late, reordered, told twice",
        "status-lost:0.2,final-lost:0.3,status-delayed:0.2,status-reordered:0.3,final-twice:0.3",
        LEFT,
    ),
    ("news is late", "status-delayed:1", LEFT),
    ("there is no news at all", "status-lost:1", LEFT),
    (DOWN, "down:0.3", LEFT),
    // What a machine recorded is the message to a person, from its middle.
    ("no live call can be turned", "turn-refused:1", Outcome::MachineNoMessage),
    (NO_AUDIO, "audio-fails:0.1", LEFT),
];
const STEADY: [(u32, Outcome); 5] = [
    (1, Outcome::Confirmed),
    (2, Outcome::RescheduleRequested),
    (9, Outcome::Confirmed),
    (14, Outcome::NoAnswer),
    (10, Outcome::VoicemailLeft),
];

/// All of them with one carrier, three at a time.
pub(super) async fn stories(carrier: &str) -> Table {
    let mut table = Table::default();
    for troubles in TROUBLE.chunks(3) {
        let [one, two, three] = *troubles else { panic!("as many as fit") };
        let (one, two, three) = tokio::join!(tell(carrier, one), tell(carrier, two), tell(carrier, three));
        [one, two, three].into_iter().for_each(|told| table.join(told));
    }
    table
}

/// Tells the same simple stories while something goes wrong.
async fn tell(carrier: &str, (name, faults, machine): Trouble) -> Table {
    let mut table = Table::default();
    let patients: Vec<_> = (0..STEADY.len()).map(|n| (format!("p{n:02}"), Patient::at(STEADY[n].0))).collect();
    let world = world(Setting { carrier, faults, ..Setting::default() }, &patients).await;
    world.play().await.expect("the week goes by");
    let calls = calls(&world).await;
    let mut kept = 0;
    for (n, (name_of, patient)) in patients.iter().enumerate() {
        // A request that never became a call is the carrier's trouble, and no answer of the patient's.
        let asked = calls.get(name_of).into_iter().flatten().map(|call| &call.attempt);
        let placed = asked.filter(|attempt| attempt.end_reason != Some(EndReason::NeverPlaced));
        let outcomes: Vec<_> = placed.filter_map(|attempt| attempt.outcome).collect();
        let digits = patient.digits;
        let want = match STEADY[n].1 {
            LEFT => machine,
            want => want,
        };
        // A carrier that does not answer may not have turned the call, and one without audio has nothing to say or to
        // leave and hangs up: that is told as it is. The next attempt is not the one that leaves a voicemail, and it is
        // the last.
        let trouble = |outcome: &Outcome| match name {
            DOWN => *outcome == Outcome::VoicemailIncomplete,
            NO_AUDIO => [Outcome::VoicemailIncomplete, Outcome::HungUpEarly].contains(outcome),
            _ => false,
        };
        let not_said = match outcomes[..] {
            [first, last] => trouble(&first) && (trouble(&last) || (want == LEFT && last == Outcome::MachineNoMessage)),
            _ => false,
        };
        // Who was never called was not kept either.
        match outcomes.last() == Some(&want) || not_said {
            true => kept += 1,
            false => table.wrong.push(format!("{carrier}, {name}: {name_of} (…{digits:02}) want {want:?}, got {outcomes:?}")),
        }
    }
    let tally = world.tally();
    let twice: Vec<_> = tally.by_attempt().into_iter().filter(|(_, times)| *times > 1).collect();
    table.check(carrier, "attempts dialled twice", &twice);
    let differing: Vec<_> = tally.calls.iter().filter(|call| call.differing_repeats > 0).map(|call| &call.sid).collect();
    table.check(carrier, "repeats answered otherwise", &differing);
    let believed: Vec<_> = tally.calls.iter().filter(|call| call.forged_believed > 0).map(|call| &call.sid).collect();
    table.check(carrier, "forged webhooks believed", &believed);
    table.check(carrier, name, &world.violations().await.expect("checked"));
    let sent = tally.calls.len();
    world.stop().await.expect("stopped");
    table.add(name, format!("{kept} of {} kept, {sent} calls", patients.len()));
    table
}
