//! Each invariant fires on a history that breaks it, and is silent on one that does not.

mod ending;
mod roll;
mod tale;
mod timely;

use super::*;
use crate::audit::{Difference, Found};
use crate::carrier::simulator::{CallChange, Status};
use crate::core::domain::{Outcome, Purpose, WorkKind};
use crate::core::ids::PatientId;
use crate::simulate::history::{Reply, Says};
use crate::simulate::invariants::*;
use tale::*;

#[test]
fn ordinary_calls_break_nothing() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.called("b", 2, "02");
    for (call, last) in [("Ca", Status::Completed), ("Cb", Status::NoAnswer)] {
        tale.stands(call, Status::Ringing);
        tale.stands(call, last);
    }
    tale.called("c", 3, "03");
    assert_eq!(tale.found, []);
    assert_eq!(tale.ledger.calls_made(), 3);
}

#[test]
fn an_attempt_is_called_once_and_known() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.stands("Ca", Status::Busy);
    tale.made("a", "Ca2", "01");
    assert_eq!(tale.names(), [PLACED_ONCE]);
    tale.stands("Ca2", Status::Busy);
    tale.later(5);
    tale.made("strange", "Cs", "03");
    tale.stands("Cs", Status::Busy);
    tale.later(5);
    tale.leased("b", 2, "02");
    tale.made("b", "Cb", "02");
    assert_eq!(tale.names()[1..], [KNOWN_TO_US, KNOWN_TO_US], "of no attempt, and never committed to be asked for");
}

#[test]
fn a_number_rings_once_at_a_time_and_lines_are_kept() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.called("b", 2, "01");
    assert_eq!(tale.names(), [ONE_CALL_A_NUMBER, UNDER_CAPS], "two patients share a telephone");
    tale.called("c", 3, "03");
    assert_eq!(tale.names()[2..], [LINES_KEPT]);
}

#[test]
fn hours_are_those_of_site_and_number_by_the_machines_clock() {
    // Day and hour of the call, the number, whether it breaks the hours.
    for (at, number, breaks) in [
        ("2026-11-18T15:00:00Z", "01", false),
        ("2026-11-18T14:59:59Z", "01", true),
        ("2026-11-18T23:59:59Z", "01", false),
        ("2026-11-19T00:00:00Z", "01", true),
        ("2026-11-18T17:59:00Z", "+18085550101", true),
        ("2026-11-18T18:00:00Z", "+18085550101", false),
        ("2026-11-15T16:00:00Z", "01", true),
        ("2026-11-21T14:00:00Z", "01", true),
    ] {
        let mut tale = Tale::new();
        tale.at = moment(at);
        tale.called("a", 1, number);
        assert_eq!(tale.names(), if breaks { vec![INSIDE_HOURS] } else { vec![] }, "{at} {number}: {:?}", tale.found);
    }
    let mut tale = Tale::new();
    tale.at = moment("2026-11-18T14:59:00Z");
    tale.see(Seen::ClockStepped { by: Duration::minutes(2), ahead: Duration::minutes(2) });
    tale.called("a", 1, "01");
    assert_eq!(tale.found, [], "the machine's clock says a minute past ten");
}

#[test]
fn caps_count_what_rang() {
    for (last, breaks) in [(Status::NoAnswer, true), (Status::Completed, true), (Status::Busy, false), (Status::Failed, false)] {
        let mut tale = Tale::new();
        tale.called("a", 1, "01");
        tale.stands("Ca", last);
        tale.called("b", 1, "02");
        assert_eq!(tale.names(), if breaks { vec![UNDER_CAPS] } else { vec![] }, "{last:?}, to another number of the patient");
    }
    let mut tale = Tale::new();
    for (n, id) in ["a", "b", "c"].into_iter().enumerate() {
        tale.at = moment("2026-11-16T16:00:00Z") + Duration::days(n as i64);
        tale.called(id, 1, "01");
        tale.stands(&format!("C{id}"), Status::NoAnswer);
    }
    assert_eq!(tale.names(), [UNDER_CAPS, UNDER_CAPS], "the third of the week is kept for notices: patient and number");
}

#[test]
fn who_opted_out_is_not_asked_for_any_more() {
    let out = |patient: Option<&str>, number: Option<&str>| {
        Act::OptOut(OptOut {
            patient: patient.map(PatientId::from),
            phone: number.map(phone),
            at: moment(NOON),
            how: "desk".into(),
        })
    };
    for (out, breaks) in [(out(Some("P1"), None), true), (out(None, Some("01")), true), (out(Some("P2"), Some("02")), false)] {
        let mut tale = Tale::new();
        tale.leased("a", 1, "01");
        tale.act(out.clone());
        tale.requested("a");
        tale.made("a", "Ca", "01");
        assert_eq!(tale.names(), if breaks { vec![NOTHING_AFTER_OPT_OUT] } else { vec![] });
        let mut tale = Tale::new();
        tale.leased("a", 1, "01");
        tale.requested("a");
        tale.act(out);
        tale.made("a", "Ca", "01");
        assert_eq!(tale.found, [], "it was on its way");
    }
    let mut tale = Tale::new();
    tale.fed(1, VISIT, "booked", "yes");
    tale.called("a", 1, "01");
    assert_eq!(tale.names(), [NOTHING_AFTER_OPT_OUT], "by the feed");
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.told("a", "voice/{token}/1/key", "Digits=9", words(1));
    tale.stands("Ca", Status::Busy);
    tale.called("b", 2, "01");
    assert_eq!(tale.names(), [NOTHING_AFTER_OPT_OUT], "key 9 was answered, and opts the number out for everybody");
}

#[test]
fn who_has_answered_is_asked_no_more() {
    // The answer to the key in brackets was lost: it is on record.
    for (keys, news, breaks) in [
        ("1", false, true),
        ("2", false, true),
        ("1*", false, false),
        ("1(*", false, false),
        ("1", true, false),
        ("", false, false),
    ] {
        let mut tale = Tale::new();
        tale.called("a", 1, "01");
        let (heard, unheard) = keys.split_once('(').unwrap_or((keys, ""));
        for (step, key) in heard.chars().enumerate() {
            tale.told("a", &format!("voice/{{token}}/{step}/key"), &format!("Digits={key}"), words(step as u64));
        }
        unheard.chars().for_each(|key| tale.pressed("a", key));
        tale.stands("Ca", Status::Busy);
        if news {
            tale.fed(1, VISIT, "booked", "");
        }
        tale.called("b", 1, "01");
        assert_eq!(tale.names(), if breaks { vec![ANSWERED_ONCE] } else { vec![] }, "{keys} {news}");
    }
}

#[test]
fn who_has_answered_in_a_call_of_their_own_is_asked_no_more() {
    for (key, breaks) in
        [("1", vec![ANSWERED_ONCE]), ("2", vec![ANSWERED_ONCE]), ("3", vec![]), ("9", vec![NOTHING_AFTER_OPT_OUT])]
    {
        let mut tale = Tale::new();
        tale.promised("p", Purpose::Reminder);
        tale.joined("in");
        tale.told("in", "voice/{token}/1/key", &format!("Digits={key}"), words(1));
        tale.called("b", 1, "01");
        assert_eq!(tale.names(), breaks, "{key}");
    }
}

#[test]
fn nobody_is_called_about_a_visit_that_is_none() {
    for (start, status, breaks) in [
        (VISIT, "cancelled", true),
        ("2026-11-21T16:00:00Z", "booked", true),
        ("2026-11-22T15:00:00Z", "booked", true),
        (VISIT, "confirmed", false),
    ] {
        let mut tale = Tale::new();
        tale.leased("a", 1, "01");
        tale.later(1);
        tale.fed(1, start, status, "");
        tale.requested("a");
        tale.made("a", "Ca", "01");
        assert_eq!(tale.names(), if breaks { vec![NOT_WITHDRAWN] } else { vec![] }, "{start} {status}");
    }
    let mut tale = Tale::new();
    tale.at -= Duration::hours(1);
    tale.fed(1, VISIT, "cancelled", "");
    tale.later(3600);
    tale.called("a", 1, "01");
    assert_eq!(tale.found, [], "an older state changes nothing");
}

#[test]
fn the_pace_is_kept() {
    let mut tale = Tale::new();
    for (n, id) in [(1, "a"), (2, "b"), (3, "c")] {
        tale.leased(id, n, &format!("0{n}"));
        tale.requested(id);
        tale.made(id, &format!("C{id}"), &format!("0{n}"));
        tale.stands(&format!("C{id}"), Status::Busy);
    }
    assert_eq!(tale.names(), [PACE_KEPT, PACE_KEPT], "one in no time, two would be with a second between them");
}

/// A day with one call in which a key was answered, and how it ended on record.
fn ended(keys: &str, held: &Held) -> Vec<&'static str> {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.ledger.has_trouble = true;
    for (step, key) in keys.chars().enumerate() {
        tale.told("a", &format!("voice/{{token}}/{step}/key"), &format!("Digits={key}"), words(step as u64));
    }
    assert_eq!(tale.found, []);
    let logged = Held {
        log: (0..9).map(|step| entry(&format!("voice/{{token}}/{step}/key"))).collect(),
        facts: held.facts.clone(),
        worklist: held.worklist.clone(),
        replayed: held.replayed.clone(),
        tally: held.tally.clone(),
    };
    tale.ledger.end(&logged).into_iter().map(|violation| violation.invariant).collect()
}

#[test]
fn keys_are_kept_and_decide() {
    for (promised, outcome, kept, wanted) in [
        ("1", Outcome::Confirmed, "1", vec![]),
        ("1", Outcome::Heard, "", vec![KEYS_KEPT]),
        ("12", Outcome::Confirmed, "1", vec![KEYS_KEPT]),
        ("1", Outcome::Heard, "1", vec![KEYS_DECIDE]),
        ("", Outcome::Confirmed, "1", vec![]),
        ("9", Outcome::OptedOut, "9", vec![]),
    ] {
        assert_eq!(ended(promised, &held(Some(outcome), kept)), wanted, "{promised} {outcome:?} {kept}");
    }
    let mut invented = held(Some(Outcome::Confirmed), "1");
    invented.tally.calls[0].keys.clear();
    assert_eq!(ended("", &invented), [KEYS_KEPT], "nobody pressed it");
}

#[test]
fn one_moment_promises_nothing() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.ledger.has_trouble = true;
    for (query, says) in [("", Says::OneMoment), ("?try=1&key=%31", Says::OneMoment), ("?try=3&key=%31", Says::Apology)] {
        let form = if query.is_empty() { "Digits=1" } else { "" };
        tale.told("a", &format!("voice/{{token}}/1/key{query}"), form, Some(Reply { says, text: 1 }));
    }
    let mut heard = held(Some(Outcome::Heard), "");
    heard.log.push(entry("voice/{token}/1/key"));
    assert_eq!(tale.ledger.end(&heard), []);
    tale.told("a", "voice/{token}/1/key?try=2&key=%31", "", words(7));
    assert_eq!(tale.ledger.end(&heard)[0].invariant, KEYS_KEPT, "then it was answered");
}

#[test]
fn decisions_forgeries_and_the_log_are_looked_at() {
    let mut other = held(Some(Outcome::Heard), "");
    other.replayed.differences.push(Difference {
        visit: "P1/boston/2026-11-21".into(),
        job: "exam-and-radiology".into(),
        at: NOON.into(),
        found: Found::Different,
        stored: serde_json::Value::Null,
        recomputed: None,
    });
    assert_eq!(ended("", &other), [DECISIONS_REPLAY]);
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.at_carrier("a", "01", CallChange::ForgedBelieved);
    assert_eq!(tale.names(), [FORGED_REFUSED]);
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.told("a", "voice/{token}/answered", "CallSid=Ca", words(1));
    tale.told("a", "status/{token}", "CallStatus=ringing", None);
    tale.told("a", "status/{token}", "CallStatus=ringing", None);
    tale.told("a", "voice/{token}/1/silence", "CallSid=Ca", Some(Reply { says: Says::OneMoment, text: 0 }));
    let mut heard = held(Some(Outcome::Heard), "");
    heard.log.push(crate::store::WebhookEntry { attempt: None, ..entry("voice/{token}/1/silence") });
    let missing = |tale: &Tale, heard: &Held| tale.ledger.end(heard).iter().filter(|v| v.invariant == LOG_WHOLE).count();
    assert_eq!(missing(&tale, &heard), 3, "the answer, the status, and altogether; who was put off is of no known call");
    heard.log.extend([entry("voice/{token}/answered"), entry("status/{token}")]);
    assert_eq!(missing(&tale, &heard), 2, "the repeated one, and altogether");
    heard.log.push(entry("status/{token}"));
    assert_eq!(missing(&tale, &heard), 0);
    heard.log.drain(3..);
    tale.see(Seen::StoreTrouble(Some(crate::simulate::StoreTrouble::Full)));
    assert_eq!(missing(&tale, &heard), 0, "what is only noted down may be lost by a store that fails");
    heard.log.clear();
    assert_eq!(missing(&tale, &heard), 1, "what was committed may not");
    heard.log.push(entry("voice/{token}/fallback"));
    tale.committed_with("a", "", None, Vec::new(), Some(entry("voice/{token}/fallback")));
    assert_eq!(missing(&tale, &heard), 0, "that it was answered was known by then");
    heard.log.clear();
    assert_eq!(missing(&tale, &heard), 1, "which was committed as well");
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    tale.see(Seen::StoreTrouble(Some(crate::simulate::StoreTrouble::Full)));
    tale.told("a", "voice/{token}/answered", "CallSid=Ca", words(1));
    assert_eq!(missing(&tale, &heard), 1);
    tale.told("a", "voice/{token}/fallback", "CallSid=Ca", words(1));
    assert_eq!(missing(&tale, &heard), 0, "it was answered there");
}

#[test]
fn a_repeated_webhook_hears_the_same() {
    let mut tale = Tale::new();
    tale.called("a", 1, "01");
    for (form, text) in [("Digits=1", 1), ("Digits=1", 1), ("Digits=1", 2)] {
        tale.told("a", "voice/{token}/1/key", form, words(text));
    }
    assert_eq!(tale.names(), [SAME_ANSWER]);
}
