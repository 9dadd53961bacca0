//! Who must be called by the feed alone.

use super::*;
use crate::simulate::history::Intake;

/// Friday, six in the evening in Boston: an hour of calling is left before the visit.
const TOO_LATE: &str = "2026-11-20T23:00:00Z";
/// Two days later than the visit, at the same hour.
const MOVED_TO: &str = "2026-11-23T15:00:00Z";

/// What the feed says of a booking of a patient, with what differs from a plain one.
#[derive(Clone, Copy)]
struct Says {
    patient: &'static str,
    phone: &'static str,
    start: &'static str,
    service: &'static str,
    status: &'static str,
    established: &'static str,
    opt_out: &'static str,
}

const PLAIN: Says = Says {
    patient: "P1",
    phone: "+16175550109",
    start: VISIT,
    service: "exam",
    status: "booked",
    established: "yes",
    opt_out: "",
};

fn say(tale: &mut Tale, says: Says) {
    tale.later(60);
    let now = tale.at;
    say_as_of(tale, says, now);
}

/// The same of what was edited at a moment.
fn say_as_of(tale: &mut Tale, says: Says, edited: DateTime<Utc>) {
    let Says { patient, phone, start, service, status, established, opt_out } = says;
    let now = edited.to_rfc3339();
    let line = format!(
        "B-{patient},{patient},Ada,Overcoat,1960-01-01,{phone},,,{start},30,{service},X,boston,{status},{established},,{opt_out},{now},{now}"
    );
    tale.act(Act::TakenIn(Intake {
        raw: vec![line],
        appointments: Vec::new(),
        withdraw: Vec::new(),
        opt_outs: Vec::new(),
        heard: false,
    }));
}

/// What is broken when the feed said this and the planner promised patient 1 that, or opened an item about them.
fn broken(from: &str, all: &[Says], promised: Option<Purpose>, work: Option<WorkKind>) -> Vec<String> {
    let mut tale = Tale::new();
    // The bookings without telephones that every tale begins with are not these patients'.
    tale.ledger.roll = Roll::default();
    tale.at = moment(from);
    all.iter().for_each(|says| say(&mut tale, *says));
    let mut held = held(Some(Outcome::Heard), "");
    match promised {
        Some(purpose) => held.facts[0].outreaches[0].outreach.purpose = purpose,
        None => held.facts[0].outreaches.clear(),
    }
    held.worklist.extend(work.map(item));
    let found = tale.ledger.end(&held);
    found.into_iter().filter(|it| it.invariant == NOBODY_FORGOTTEN).map(|it| it.detail).collect()
}

#[test]
fn whoever_must_be_reminded_is() {
    let forgotten = ["reminder of P1: never promised, and no work item"];
    assert_eq!(broken(NOON, &[PLAIN], None, None), forgotten);
    assert_eq!(broken(NOON, &[PLAIN, PLAIN], None, None), forgotten, "the same once more");
    assert_eq!(broken(NOON, &[PLAIN], Some(Purpose::Cancelled), None), forgotten);
    for fulfilled in [(Some(Purpose::Reminder), None), (Some(Purpose::Moved), None), (None, Some(WorkKind::Review))] {
        assert!(broken(NOON, &[PLAIN], fulfilled.0, fulfilled.1).is_empty(), "{fulfilled:?}");
    }
    for (why, from, all) in [
        ("infusion only", NOON, vec![Says { service: "infusion", ..PLAIN }]),
        ("never here before", NOON, vec![Says { established: "no", ..PLAIN }]),
        ("opted out", NOON, vec![Says { opt_out: "yes", ..PLAIN }]),
        ("nothing to dial", NOON, vec![Says { phone: "", ..PLAIN }]),
        ("somebody else's telephone too", NOON, vec![PLAIN, Says { patient: "P2", service: "lab", ..PLAIN }]),
        ("cancelled from the first", NOON, vec![Says { status: "cancelled", ..PLAIN }]),
        ("hardly any time left", TOO_LATE, vec![PLAIN]),
    ] {
        assert!(broken(from, &all, None, None).is_empty(), "{why}");
    }
}

#[test]
fn whoever_must_be_told_of_a_change_is() {
    let cancelled = Says { status: "cancelled", ..PLAIN };
    let moved = Says { start: MOVED_TO, ..PLAIN };
    assert_eq!(
        broken(NOON, &[PLAIN, cancelled], Some(Purpose::Reminder), None),
        ["cancelled of P1: never promised, and no work item"]
    );
    assert_eq!(broken(NOON, &[PLAIN, moved], Some(Purpose::Reminder), None), ["moved of P1: never promised, and no work item"]);
    assert!(broken(NOON, &[PLAIN, cancelled], Some(Purpose::Cancelled), None).is_empty());
    assert!(broken(NOON, &[PLAIN, moved], Some(Purpose::Moved), None).is_empty());
    assert!(broken(NOON, &[PLAIN, moved], None, Some(WorkKind::ChangeUnannounced)).is_empty());
    assert!(broken(NOON, &[PLAIN, moved, PLAIN], None, None).is_empty(), "moved and moved back");
    assert_eq!(
        broken(NOON, &[PLAIN, cancelled], None, Some(WorkKind::Unreached)).len(),
        1,
        "whom a reminder did not reach is not told so of the change"
    );
    // Three weeks ahead nobody is told yet.
    let (far, farther) = ("2026-12-12T15:00:00Z", "2026-12-14T15:00:00Z");
    assert!(broken(NOON, &[Says { start: far, ..PLAIN }, Says { start: farther, ..PLAIN }], None, None).is_empty());
}

#[test]
fn what_was_edited_before_something_that_is_known_changes_nothing() {
    let mut tale = Tale::new();
    tale.ledger.roll = Roll::default();
    say(&mut tale, PLAIN);
    // It stays as it is, is edited later; and only then comes what was said in between.
    let between = tale.at;
    tale.later(600);
    say(&mut tale, PLAIN);
    say_as_of(&mut tale, Says { status: "cancelled", ..PLAIN }, between);
    assert!(tale.ledger.end(&held(Some(Outcome::Heard), "")).iter().all(|it| it.invariant != NOBODY_FORGOTTEN));
    say(&mut tale, Says { status: "cancelled", ..PLAIN });
    assert!(tale.ledger.end(&held(Some(Outcome::Heard), "")).iter().any(|it| it.invariant == NOBODY_FORGOTTEN));
}

#[test]
fn who_asked_for_another_time_is_not_told_of_it() {
    for (outcome, is_forgotten) in [(Outcome::RescheduleRequested, false), (Outcome::Confirmed, true)] {
        let mut tale = Tale::new();
        tale.ledger.roll = Roll::default();
        [PLAIN, Says { start: MOVED_TO, ..PLAIN }].into_iter().for_each(|says| say(&mut tale, says));
        let found = tale.ledger.end(&held(Some(outcome), ""));
        assert_eq!(found.iter().any(|it| it.invariant == NOBODY_FORGOTTEN), is_forgotten, "{outcome:?}");
    }
}
