//! What ends a promise, by what is on record when the day is over.

use super::*;
use crate::core::domain::{Outreach, VisitKey};
use chrono::{DateTime, Days, Utc};

#[test]
fn everything_ends() {
    assert_eq!(ended("", &held(None, "")), [EVERY_CALL_ENDED, EVERY_OUTREACH_ENDS]);
    assert_eq!(ended("", &held(Some(Outcome::NoAnswer), "")), [EVERY_OUTREACH_ENDS]);
    let mut on_the_list = held(Some(Outcome::NoAnswer), "");
    on_the_list.worklist.push(item(WorkKind::Unreached));
    assert!(ended("", &on_the_list).is_empty());
}

#[test]
fn a_notice_ends_by_what_tells_it() {
    use Purpose::{Cancelled, Moved, Reminder};
    // What was promised, what was heard and how many minutes after the promise, what stands on the worklist; whether that ends it.
    for (promised, heard, work, ends) in [
        (Cancelled, Some((Reminder, -60)), None, false),
        (Cancelled, Some((Reminder, 60)), None, false),
        (Cancelled, Some((Moved, 60)), None, false),
        (Cancelled, Some((Cancelled, -60)), None, false),
        (Cancelled, Some((Cancelled, 60)), None, true),
        (Moved, Some((Reminder, -60)), None, false),
        (Moved, Some((Reminder, 60)), None, true),
        (Moved, None, None, false),
        (Moved, None, Some(WorkKind::Unreached), true),
        (Reminder, Some((Moved, -60)), None, true),
        (Cancelled, None, Some(WorkKind::ChangeUnannounced), true),
        (Cancelled, None, Some(WorkKind::Unreached), false),
        (Cancelled, None, Some(WorkKind::WrongNumber), false),
        (Reminder, None, Some(WorkKind::Unreached), true),
        (Reminder, None, Some(WorkKind::Review), true),
        (Reminder, None, Some(WorkKind::CarrierFault), false),
    ] {
        let mut tale = Tale::new();
        tale.promised("a", promised);
        if promised == Cancelled {
            tale.fed(1, VISIT, "cancelled", "");
        }
        let mut held = held(Some(Outcome::NoAnswer), "");
        held.facts[0].outreaches[0].outreach.purpose = promised;
        if let Some((purpose, minutes)) = heard {
            let other = called_too(&mut held, Outcome::Heard, tale.at + Duration::minutes(minutes));
            other.purpose = purpose;
        }
        held.worklist.extend(work.map(item));
        let wanted = if ends { vec![] } else { vec![EVERY_OUTREACH_ENDS] };
        let found: Vec<_> = tale.ledger.end(&held).into_iter().map(|violation| violation.invariant).collect();
        assert_eq!(found, wanted, "{promised:?}, heard {heard:?}, {work:?}");
    }
}

/// Another call to the same patient, of a promise like theirs.
fn called_too(held: &mut Held, outcome: Outcome, placed_at: DateTime<Utc>) -> &mut Outreach {
    let mut other = held.facts[0].outreaches[0].clone();
    other.outreach.version = 2;
    let attempt = &mut other.attempts[0];
    (attempt.id, attempt.carrier_call_id) = ("b".into(), None);
    (attempt.outcome, attempt.placed_at) = (Some(outcome), Some(placed_at));
    held.facts[0].outreaches.push(other);
    &mut held.facts[0].outreaches.last_mut().expect("it is there").outreach
}

/// A visit was called off, and that was not heard.
fn called_off() -> (Tale, Held) {
    let mut tale = Tale::new();
    tale.promised("a", Purpose::Cancelled);
    tale.fed(1, VISIT, "cancelled", "");
    let mut held = held(Some(Outcome::Superseded), "");
    held.facts[0].outreaches[0].outreach.purpose = Purpose::Cancelled;
    (tale, held)
}

fn visit_of(text: &str) -> VisitKey {
    VisitKey::parse(text).expect("a visit")
}

fn is_open(tale: &Tale, held: &Held) -> bool {
    tale.ledger.end(held).iter().any(|violation| violation.invariant == EVERY_OUTREACH_ENDS)
}

/// Of a day's bookings the later one is called off, and then the other as well.
#[test]
fn a_cancellation_is_told_by_that_of_the_whole_day() {
    for (minutes, ends) in [(-45, true), (45, false)] {
        let (tale, mut held) = called_off();
        let other = called_too(&mut held, Outcome::Heard, tale.at + Duration::minutes(60));
        other.start += Duration::minutes(minutes);
        assert_eq!(is_open(&tale, &held), !ends, "{minutes}");
    }
}

/// The day's visit is told to be on another day: that it does not take place on this one is said with it. What was left on a
/// machine needs a person as well.
#[test]
fn a_cancellation_is_told_by_the_move_from_there() {
    use Outcome::{Heard, VoicemailLeft};
    let (old, new) = ("P1/boston/2026-11-21", "P1/boston/2026-11-22");
    for (from, outcome, unreached, ends) in [
        (old, Heard, None, true),
        ("P1/boston/2026-11-20", Heard, None, false),
        (old, VoicemailLeft, None, false),
        (old, VoicemailLeft, Some(new), true),
        (old, VoicemailLeft, Some("P1/boston/2026-11-25"), false),
        (old, Outcome::NoAnswer, Some(new), false),
        ("P1/boston/2026-11-20", VoicemailLeft, Some(new), false),
    ] {
        let (mut tale, mut held) = called_off();
        tale.fed_as("B1", 1, "2026-11-21T16:00:00Z", "booked", "");
        tale.later(60);
        tale.fed_as("B1", 1, "2026-11-22T16:00:00Z", "booked", "");
        let other = called_too(&mut held, outcome, tale.at);
        (other.purpose, other.moved_from) = (Purpose::Moved, Some(visit_of(from)));
        other.start = moment("2026-11-22T16:00:00Z");
        other.visit = visit_of(new);
        held.worklist.extend(unreached.map(|visit| item_about(WorkKind::Unreached, visit_of(visit))));
        let found: Vec<_> = tale.ledger.end(&held).into_iter().filter(|v| v.invariant == EVERY_OUTREACH_ENDS).collect();
        // Where a machine has it, the move itself waits for a person as well.
        let is_open = found.iter().any(|violation| violation.detail.starts_with("cancelled"));
        assert_eq!(is_open, !ends, "from {from}, {outcome:?}, {unreached:?}: {found:?}");
    }
}

/// One booking of the day is called off, and the other one moved: the item about the new day is about both.
#[test]
fn a_cancellation_is_a_persons_word_who_tells_the_move_from_there() {
    for (moved, ends) in [(false, false), (true, true)] {
        let (mut tale, mut held) = called_off();
        tale.fed_as("B1", 1, "2026-11-21T16:00:00Z", "booked", "");
        held.worklist.push(item_about(WorkKind::ChangeUnannounced, visit_of("P1/boston/2026-11-23")));
        if moved {
            tale.later(60);
            tale.fed_as("B1", 1, "2026-11-23T16:00:00Z", "booked", "");
        }
        assert_eq!(is_open(&tale, &held), !ends, "{moved}");
    }
}

#[test]
fn an_item_that_was_closed_too_early_ends_nothing() {
    let mut in_vain = held(Some(Outcome::NoAnswer), "");
    in_vain.worklist.push(item(WorkKind::Unreached));
    // The last moment of the reminder is twelve hours before the visit.
    for (closed, ends) in [("2026-11-21T02:59:00Z", false), ("2026-11-21T03:01:00Z", true)] {
        let mut tale = Tale::new();
        tale.promised("a", Purpose::Reminder);
        tale.planned(vec![item(WorkKind::Unreached)], vec![]);
        tale.at = moment(closed);
        tale.planned(vec![], vec![item(WorkKind::Unreached)]);
        assert_eq!(tale.ledger.end(&in_vain).is_empty(), ends, "{closed}");
    }
}

/// A booking of another day has come to this one, and nobody was told so.
#[test]
fn a_move_that_is_none_any_more_need_not_be_told() {
    // What is booked on the day, what becomes of the exam that came to it: whether the move is to be told.
    for (service, exam, is_told) in [
        ("exam", ("2026-11-21T16:00:00Z", "booked"), true),
        ("exam", ("2026-11-20T16:00:00Z", "booked"), false),
        ("infusion", ("2026-11-20T16:00:00Z", "booked"), false),
        ("infusion", ("2026-11-21T16:00:00Z", "booked"), true),
    ] {
        let mut tale = Tale::new();
        let mut held = held(Some(Outcome::NoAnswer), "");
        let outreach = &mut held.facts[0].outreaches[0].outreach;
        (outreach.purpose, outreach.moved_from) = (Purpose::Moved, Some(visit_of("P1/boston/2026-11-20")));
        tale.promised_as("a", outreach.clone());
        tale.service = service;
        tale.fed(1, VISIT, "booked", "");
        tale.service = "exam";
        for (start, status) in [("2026-11-20T16:00:00Z", "booked"), ("2026-11-21T16:00:00Z", "booked"), exam] {
            tale.later(60);
            tale.fed_as("B1", 1, start, status, "");
        }
        assert_eq!(is_open(&tale, &held), is_told, "{service}, {exam:?}");
    }
}

/// Exam and infusion on a day: the infusion has a later start, because the exam went to another day, or was called off.
#[test]
fn what_is_left_of_a_day_without_an_exam_is_told_where_that_was_called_off() {
    for (exam, is_told) in [(("2026-11-23T14:00:00Z", "booked"), false), (("2026-11-21T14:00:00Z", "cancelled"), true)] {
        let (mut tale, mut held) = (Tale::new(), held(Some(Outcome::NoAnswer), ""));
        let outreach = &mut held.facts[0].outreaches[0].outreach;
        (outreach.purpose, outreach.moved_from) = (Purpose::Moved, Some(outreach.visit.clone()));
        tale.promised_as("a", outreach.clone());
        tale.fed_as("B1", 1, "2026-11-21T14:00:00Z", "booked", "");
        tale.later(60);
        tale.fed_as("B1", 1, exam.0, exam.1, "");
        tale.service = "infusion";
        tale.fed(1, VISIT, "booked", "");
        assert_eq!(is_open(&tale, &held), is_told, "{exam:?}");
    }
}

/// A cancellation was taken back, and comes again when the visit is over: there is nothing to tell any more.
#[test]
fn what_was_void_by_its_last_moment_need_not_end() {
    let night = "2026-11-21T02:00:00Z";
    for (taken_back, again, is_told) in [
        (night, "2026-11-21T16:00:00Z", false),
        (night, "2026-11-21T14:00:00Z", true),
        ("2026-11-21T03:30:00Z", "2026-11-21T16:00:00Z", true),
    ] {
        let (mut tale, held) = called_off();
        for (at, status) in [(taken_back, "booked"), (again, "cancelled"), ("2026-11-21T17:00:00Z", "cancelled")] {
            tale.passes(at);
            tale.fed(1, VISIT, status, "");
        }
        assert_eq!(is_open(&tale, &held), is_told, "taken back {taken_back}, and called off again {again}");
    }
}

#[test]
fn what_is_void_need_not_end() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    let in_vain = held(Some(Outcome::NoAnswer), "");
    assert_eq!(tale.ledger.end(&in_vain)[0].invariant, EVERY_OUTREACH_ENDS);
    tale.later(60);
    tale.fed(1, VISIT, "cancelled", "");
    assert_eq!(tale.ledger.end(&in_vain), []);
    let mut called_off = held(Some(Outcome::NoAnswer), "");
    called_off.facts[0].outreaches[0].outreach.purpose = Purpose::Cancelled;
    assert_eq!(tale.ledger.end(&called_off)[0].invariant, EVERY_OUTREACH_ENDS, "that it is called off was not told");
    let then = "2026-11-23T15:00:00Z";
    tale.fed(1, then, "booked", "");
    assert_eq!(tale.ledger.end(&called_off)[0].invariant, EVERY_OUTREACH_ENDS, "it was moved, and nobody is told");
    let here = attempt("a", 1, "01").0.visit;
    let there = VisitKey { day: here.day + Days::new(2), ..here.clone() };
    tale.promised_as(
        "b",
        Outreach {
            purpose: Purpose::Moved,
            visit: there,
            start: moment(then),
            moved_from: Some(here),
            ..attempt("b", 1, "01").0
        },
    );
    assert_eq!(tale.ledger.end(&called_off), [], "that is told instead");
}
