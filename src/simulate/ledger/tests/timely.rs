//! What is judged when it happens, or when its time is over, and not at the end of the day.

use super::super::*;
use super::tale::*;
use crate::carrier::simulator::{CallChange, Heard};
use crate::core::call::CallEvent;
use crate::core::domain::{Outcome, Purpose, VisitKey, WorkKind};
use crate::simulate::StoreTrouble;
use crate::simulate::invariants::*;
use crate::store::StoredEvent;
use chrono::Days;

/// The last moment of a reminder of the visit: twelve hours before it.
const LAST: &str = "2026-11-21T03:00:00Z";
/// When it is looked at, and the second before.
const LOOK: &str = "2026-11-21T03:05:00Z";
const NOT_YET: &str = "2026-11-21T03:04:59Z";

/// A promise to patient 1, and what happens before its last moment.
fn promised(happens: impl FnOnce(&mut Tale)) -> Tale {
    let mut tale = Tale::new();
    tale.promised("a", Purpose::Reminder);
    tale.leased("a", 1, "01");
    happens(&mut tale);
    tale
}

#[test]
fn a_promise_ends_by_its_last_moment() {
    let mut silent = promised(|_| ());
    silent.passes(NOT_YET);
    assert_eq!(silent.found, []);
    silent.passes(LOOK);
    assert_eq!(silent.names(), [EVERY_OUTREACH_ENDS]);
    silent.passes("2026-11-21T04:00:00Z");
    assert_eq!(silent.found.len(), 1, "it is told once");

    let called = |outcome| {
        promised(move |tale| {
            tale.requested_until("a", "2026-11-18T16:10:00Z");
            tale.committed("a", "", Some(outcome), Vec::new());
        })
    };
    let on_the_list = |tale: &mut Tale| tale.planned(vec![item(WorkKind::Unreached)], Vec::new());
    for (why, mut tale, ends) in [
        ("it was heard", called(Outcome::Heard), true),
        ("nobody was there", called(Outcome::NoAnswer), false),
        ("a message alone is a person's to follow", called(Outcome::VoicemailLeft), false),
        ("it is on the worklist", promised(on_the_list), true),
        ("it is void", promised(|tale| tale.fed(1, VISIT, "cancelled", "")), true),
        ("the patient opted out", promised(|tale| tale.fed(1, VISIT, "booked", "yes")), true),
        (
            "it was on the worklist",
            promised(|tale| {
                on_the_list(tale);
                tale.planned(Vec::new(), vec![item(WorkKind::Unreached)]);
            }),
            false,
        ),
    ] {
        tale.passes(LOOK);
        assert_eq!(tale.names(), if ends { vec![] } else { vec![EVERY_OUTREACH_ENDS] }, "{why}");
    }
}

/// A visit is called off, and another booking comes to its day; or what patients are called about is called off where only
/// something else is left.
#[test]
fn a_promise_is_void_where_the_patient_heard_how_the_visit_stands() {
    use Purpose::{Cancelled, Moved};
    const EARLIER: &str = "2026-11-21T13:00:00Z";
    let visit = || attempt("a", 1, "01").0.visit;
    let other_day = || VisitKey { day: visit().day + Days::new(1), ..visit() };
    // What was promised, what is booked for the day by then, what was told in a call after it, from where; whether that is enough.
    for (promised, service, told, start, from, outcome, is_void) in [
        (Cancelled, "exam", Moved, EARLIER, Some(visit()), Outcome::Confirmed, true),
        (Cancelled, "exam", Moved, EARLIER, None, Outcome::Confirmed, true),
        (Cancelled, "exam", Moved, EARLIER, Some(other_day()), Outcome::Confirmed, false),
        (Cancelled, "exam", Moved, EARLIER, None, Outcome::NoAnswer, false),
        (Cancelled, "exam", Moved, "2026-11-21T13:30:00Z", None, Outcome::Confirmed, false),
        (Moved, "infusion", Cancelled, VISIT, None, Outcome::Heard, true),
        (Moved, "infusion", Cancelled, VISIT, None, Outcome::HungUpEarly, false),
        (Moved, "exam", Cancelled, VISIT, None, Outcome::Heard, false),
    ] {
        let mut tale = Tale::new();
        tale.fed(1, VISIT, "booked", "");
        let about = |purpose, start: &str| Outreach { purpose, start: moment(start), ..attempt("a", 1, "01").0 };
        let promise = about(promised, if promised == Moved { EARLIER } else { VISIT });
        tale.promised_as("a", promise);
        tale.later(60);
        tale.fed(1, VISIT, "cancelled", "");
        tale.service = service;
        tale.fed_as("B1", 1, EARLIER, "booked", "");
        tale.later(60);
        let (_, mut call) = attempt("b", 1, "01");
        let outreach = Outreach { id: "out-b".into(), version: 2, moved_from: from, ..about(told, start) };
        call.outreach = outreach.id.clone();
        tale.act(Act::Leased(vec![Leased { attempt: call, outreach }]));
        tale.requested_until("b", "2026-11-18T16:10:00Z");
        tale.committed("b", "", Some(outcome), Vec::new());
        tale.found.clear();
        tale.passes(LOOK);
        tale.passes("2026-11-21T15:10:00Z");
        let first = |violation: &&Violation| violation.detail.starts_with(promised.as_str());
        assert_eq!(tale.found.iter().find(first).is_none(), is_void, "{promised:?}, {told:?} {outcome:?}: {:?}", tale.found);
    }
}

/// Two visits become one. What was promised to be called off is told as moved, or is off still; that another visit comes to
/// where it went says nothing of it.
#[test]
fn a_promise_about_one_of_two_visits_that_become_one_is_its_own() {
    use Purpose::{Cancelled, Moved, Reminder};
    const THERE: &str = "2026-11-23T15:00:00Z";
    let visit = || attempt("a", 1, "01").0.visit;
    let (there, third) =
        (|| VisitKey { day: visit().day + Days::new(2), ..visit() }, || VisitKey { day: visit().day + Days::new(1), ..visit() });
    let moved = |from: VisitKey| Outreach {
        purpose: Moved,
        visit: there(),
        start: moment(THERE),
        moved_from: Some(from),
        ..attempt("a", 1, "01").0
    };
    let off = || Outreach { purpose: Cancelled, start: moment(VISIT), ..attempt("a", 1, "01").0 };
    let reminder = || Outreach { purpose: Reminder, moved_from: None, ..moved(visit()) };
    // What is promised, and what is heard; whether nothing is left of it.
    for (promised, heard, is_over) in [
        (off(), moved(visit()), true),
        (off(), moved(third()), false),
        (off(), reminder(), false),
        (moved(visit()), moved(visit()), true),
        (moved(visit()), moved(third()), false),
        (moved(visit()), moved(there()), true),
        (moved(visit()), off(), false),
        (moved(visit()), reminder(), true),
    ] {
        let mut tale = Tale::new();
        tale.fed(1, VISIT, "booked", "");
        let what = format!(
            "{} by {} from {:?}",
            promised.purpose.as_str(),
            heard.purpose.as_str(),
            heard.moved_from.as_ref().map(|old| old.day)
        );
        tale.promised_as("a", Outreach { id: "out-a".into(), ..promised.clone() });
        tale.later(60);
        tale.fed(1, THERE, "booked", "");
        tale.later(60);
        let (_, mut call) = attempt("b", 1, "01");
        let outreach = Outreach { id: "out-b".into(), version: 2, ..heard };
        call.outreach = outreach.id.clone();
        tale.act(Act::Leased(vec![Leased { attempt: call, outreach }]));
        tale.requested_until("b", "2026-11-18T16:10:00Z");
        tale.committed("b", "", Some(Outcome::Heard), Vec::new());
        tale.found.clear();
        tale.passes("2026-11-23T15:10:00Z");
        let its = |violation: &&Violation| {
            violation.detail.starts_with(&format!("{} of {}", promised.purpose.as_str(), promised.visit.to_text()))
        };
        assert_eq!(tale.found.iter().find(its).is_none(), is_over, "{what}: {:?}", tale.found);
    }
}

#[test]
fn trouble_that_is_on_and_a_call_that_is_up_are_waited_for() {
    let mut full = promised(|_| ());
    full.passes("2026-11-21T02:59:00Z");
    full.see(Seen::StoreTrouble(Some(StoreTrouble::Full)));
    full.passes("2026-11-21T04:00:00Z");
    full.see(Seen::StoreTrouble(None));
    full.passes("2026-11-21T04:04:59Z");
    assert_eq!(full.found, []);
    full.passes("2026-11-21T04:05:00Z");
    assert_eq!(full.names(), [EVERY_OUTREACH_ENDS]);

    let mut dead = promised(|tale| tale.see(Seen::Killed(Actor::Replica(0, 1), "it")));
    dead.passes("2026-11-21T09:00:00Z");
    assert_eq!(dead.found, [], "nobody lives");

    let mut stepped = promised(|_| ());
    stepped.passes("2026-11-21T02:50:00Z");
    stepped.see(Seen::ClockStepped { by: Duration::hours(1), ahead: Duration::hours(1) });
    stepped.passes("2026-11-21T02:54:59Z");
    assert_eq!(stepped.found, []);
    stepped.passes("2026-11-21T02:55:00Z");
    assert_eq!(stepped.names(), [EVERY_OUTREACH_ENDS], "the machine's clock says nearly four");

    let mut called = promised(|tale| {
        tale.passes(LAST);
        tale.requested_until("a", "2026-11-21T03:20:00Z");
    });
    called.passes("2026-11-21T03:24:59Z");
    assert_eq!(called.found, []);
    called.passes("2026-11-21T03:25:00Z");
    assert_eq!(called.names(), [EVERY_CALL_ENDED, EVERY_OUTREACH_ENDS]);
}

#[test]
fn a_moved_visits_last_moment_counts_from_the_earlier_start() {
    let moved = |start: &str| {
        let mut tale = Tale::new();
        tale.fed(1, start, "booked", "");
        let (outreach, _) = attempt("a", 1, "01");
        let old = outreach.visit.clone();
        let visit = VisitKey { day: moment(start).date_naive(), ..old.clone() };
        tale.promised_as(
            "a",
            Outreach { purpose: Purpose::Moved, visit, start: moment(start), moved_from: Some(old), ..outreach },
        );
        tale
    };
    for (start, look) in [("2026-11-24T15:00:00Z", LOOK), ("2026-11-20T15:00:00Z", "2026-11-20T03:05:00Z")] {
        let mut tale = moved(start);
        tale.at = moment(look) - Duration::seconds(1);
        tale.see(Seen::FeedTaken { name: "it".into() });
        assert_eq!(tale.found, [], "{start}");
        tale.passes(look);
        assert_eq!(tale.names(), [EVERY_OUTREACH_ENDS], "{start}");
    }
}

#[test]
fn nobody_is_called_about_a_move_when_the_old_start_is_too_close() {
    // Twelve hours before the old start on Friday at five in the afternoon it is five in the morning.
    for (old, breaks) in [("2026-11-20T22:00:00Z", false), ("2026-11-19T04:30:00Z", true)] {
        let mut tale = Tale::new();
        tale.fed(1, old, "booked", "");
        tale.later(1);
        tale.fed(1, VISIT, "booked", "");
        tale.later(3600);
        let (outreach, attempt) = attempt("a", 1, "01");
        let day = moment(old).with_timezone(&chrono_tz::Tz::America__New_York).date_naive();
        let moved_from = Some(VisitKey { day, ..outreach.visit.clone() });
        let outreach = Outreach { purpose: Purpose::Moved, moved_from, ..outreach };
        tale.act(Act::Leased(vec![Leased { attempt, outreach }]));
        tale.requested("a");
        tale.made("a", "Ca", "01");
        assert_eq!(tale.names(), if breaks { vec![INSIDE_HOURS] } else { vec![] }, "{old}: {:?}", tale.found);
    }
}

#[test]
fn a_call_ends_by_its_deadline() {
    for (outcome, given_back, ends) in [(None, false, false), (Some(Outcome::Busy), false, true), (None, true, true)] {
        let mut tale = Tale::new();
        tale.leased("a", 1, "01");
        tale.requested_until("a", "2026-11-18T16:10:00Z");
        tale.committed("a", "", outcome, Vec::new());
        if given_back {
            tale.act(Act::GivenBack("a".into(), crate::store::GiveBack::Cancel));
        }
        tale.passes("2026-11-18T16:14:59Z");
        assert_eq!(tale.found, []);
        tale.passes("2026-11-18T16:15:00Z");
        assert_eq!(tale.names(), if ends { vec![] } else { vec![EVERY_CALL_ENDED] }, "{outcome:?}, given back {given_back}");
    }
}

#[test]
fn keys_are_on_record_before_they_are_answered_and_decide() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.answered("a", "voice/{token}/1/key", "Digits=1", words(1));
    assert_eq!(tale.names(), [KEYS_KEPT], "nothing was committed");
    for (pressed, kept, outcome, wanted) in [
        ("1", "1", Some(Outcome::Confirmed), vec![]),
        ("1", "1", None, vec![]),
        ("1", "1", Some(Outcome::Heard), vec![KEYS_DECIDE]),
        ("", "1", Some(Outcome::Confirmed), vec![KEYS_KEPT]),
        ("9", "9", Some(Outcome::OptedOut), vec![]),
    ] {
        let mut tale = Tale::new();
        tale.called("a", 1, "01");
        for key in pressed.chars() {
            let pressed = crate::carrier::simulator::Pressed { at_ms: 1, key, taken: true };
            tale.at_carrier("a", "01", CallChange::Pressed(pressed));
        }
        tale.committed("a", kept, outcome, Vec::new());
        assert_eq!(tale.names(), wanted, "{pressed} {kept} {outcome:?}");
    }
}

/// A call to a machine (10) or a person (09): what is on the tape or was heard, and whether that is the voicemail.
#[test]
fn a_voicemail_is_what_was_said_as_one_from_its_first_word_to_its_last() {
    let page = |step: u32, audio: &str, then: &str| StoredEvent {
        at: moment(NOON),
        event: CallEvent::Ringing,
        key: None,
        reply: Some(format!("<Play>{audio}</Play><Redirect>http://h.example/voice/t/{step}/{then}</Redirect>")),
    };
    let played = |step| StoredEvent { at: moment(NOON), event: CallEvent::Played { step }, key: None, reply: None };
    let piece = |audio: &str, from_ms, to_ms| Heard { audio: audio.into(), at_ms: 0, from_ms, to_ms, length_ms: 5_000 };
    let whole = piece("voicemail", 0, 5_000);
    for (number, tape, heard, wanted) in [
        ("10", vec![whole.clone()], vec![], true),
        ("10", vec![], vec![whole.clone()], false),
        ("10", vec![piece("voicemail", 0, 4_999)], vec![], false),
        ("10", vec![piece("voicemail", 1, 5_000)], vec![], false),
        ("10", vec![piece("live", 0, 5_000), piece("voicemail", 900, 5_000)], vec![], false),
        ("10", vec![piece("apology", 0, 5_000), piece("one-moment", 0, 5_000)], vec![], false),
        ("09", vec![], vec![whole.clone()], true),
        ("09", vec![], vec![piece("voicemail", 0, 4_999)], false),
    ] {
        let mut tale = Tale::new();
        tale.called("a", 1, number);
        for piece in &tape {
            tale.at_carrier("a", number, CallChange::Recorded(piece.clone()));
        }
        let events = vec![page(0, "live", "silence"), page(1, "voicemail", "played"), played(1)];
        tale.committed("a", "", Some(Outcome::VoicemailLeft), events);
        let at_once = number == "10" && !wanted;
        assert_eq!(tale.names(), if at_once { vec![VOICEMAIL_WHOLE] } else { vec![] }, "{number} {tape:?}");
        let mut held = held(Some(Outcome::VoicemailLeft), "");
        held.worklist.push(item(WorkKind::Unreached));
        let call = &mut held.tally.calls[0];
        (call.to, call.recorded, call.heard) = (phone(number), tape, heard);
        let found: Vec<_> = tale.ledger.end(&held).into_iter().map(|violation| violation.invariant).collect();
        assert_eq!(found, if wanted { vec![] } else { vec![VOICEMAIL_WHOLE] }, "{number} {call:?}", call = held.tally.calls[0]);
        held.worklist.clear();
        assert!(tale.ledger.end(&held).iter().any(|it| it.invariant == EVERY_OUTREACH_ENDS), "somebody must try");
    }
}
