//! Somebody calls our number. Each story is a call as the caller hears it, and what it leaves on record.

mod trouble;

use crate::support::reception::{OPT_OUT_LINE, OURS, Reception};
use callahead::core::domain::{AttemptStatus, EndReason, Outcome};
use callahead::core::ids::AttemptToken;
use callahead::store::{LeaseRequest, RequestOrder, RequestVerdict, open};
use callahead::views::CallView;
use chrono::Duration;
use sqlx::{Connection, Executor, SqliteConnection};
use std::io::Write;
use std::sync::{Arc, Mutex};

const ADA: &str = "A1,ada,617-555-0101,2026-11-30T09:30,1961-04-12,en-US";
const HER_NUMBER: &str = "+16175550101";

const ASKED: &str = "Example Cancer Center. To continue, enter the month and the day of your birth, two digits each. To stop \
                     automated calls to this number, press nine.";
const ASKED_AGAIN: &str = "To continue, enter the month and the day of your birth, two digits each. To stop automated calls to this number, press nine.";
const OFFICE: &str = "For questions, please call six one seven, five five five, zero one one one. To stop automated calls to \
                      this number, press nine.";
const OPTED_OUT: &str = "You will not receive automated calls from us any more. Goodbye.";

fn to_strangers() -> String {
    format!("Example Cancer Center. {OFFICE}")
}

#[tokio::test]
async fn a_patient_calls_back_and_confirms() {
    let office = Reception::open(ADA).await;
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    assert_eq!((ada.heard.text.as_str(), ada.heard.keys.as_ref().map(|keys| keys.0)), (ASKED, Some(4)));

    ada.presses("0412").await;
    let told = "Hello. This is Example Cancer Center, at six one seven, five five five, zero one zero zero. To stop these calls, \
                press nine. You have an appointment on Monday, November thirtieth, at nine thirty A M, at Longwood.";
    assert!(ada.heard.text.starts_with(told), "{}", ada.heard.text);
    ada.presses("1").await;
    assert!(ada.heard.text.contains("is confirmed."), "{}", ada.heard.text);
    ada.hangs_up(48).await;

    let joined = office.joined().await;
    let call = &joined[0].attempt;
    assert_eq!((joined.len(), call.status, call.outcome), (1, AttemptStatus::Completed, Some(Outcome::Confirmed)));
    assert_eq!((call.keys.as_str(), call.carrier_call_id.as_deref(), call.phone.as_str()), ("1", Some("CA1"), HER_NUMBER));
    let views = office
        .calls()
        .await
        .iter()
        .map(|line| CallView::of(line, &office.rooms.live.board.rules(), false).direction)
        .collect::<Vec<_>>();
    assert_eq!(views, ["out", "in"], "ours was withdrawn before it was dialled");
    office.plans().await;
    assert!(office.attempts("ada").await.iter().all(|a| a.status.is_final()), "nobody calls her");
    let log = office.log().await;
    let of_call = log.iter().filter(|entry| entry.attempt.as_ref() == Some(&call.id)).count();
    assert_eq!(of_call, 4, "joined, answered, key 1, over: {log:?}");
}

#[tokio::test]
async fn a_patient_asks_for_another_time_and_changes_their_mind_in_a_second_call() {
    let office = Reception::open(ADA).await;
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    ada.presses("0412").await.presses("1").await;
    ada.hangs_up(48).await;
    office.plans().await;
    office.later(Duration::minutes(30));

    let mut ada = office.is_called("CA2", HER_NUMBER).await;
    ada.presses("0412").await.presses("2").await;
    assert!(ada.heard.text.contains("Our scheduling office will call you"), "{}", ada.heard.text);
    ada.hangs_up(60).await;
    let outcomes: Vec<_> = office.joined().await.iter().map(|call| call.attempt.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Confirmed), Some(Outcome::RescheduleRequested)]);
    office.plans().await;
    assert_eq!(office.work().await, ["reschedule_request"], "the last word counts");
}

#[tokio::test]
async fn who_does_not_know_the_birthday_hears_nothing() {
    let office = Reception::open(ADA).await;
    let mut caller = office.is_called("CA1", HER_NUMBER).await;
    for entry in ["0413", "1961"] {
        caller.presses(entry).await;
        assert_eq!(caller.heard.text, format!("That does not match. {ASKED_AGAIN}"));
    }
    caller.presses("1204").await;
    assert_eq!(caller.heard.text, format!("That does not match. {OFFICE}"));
    // Now not even the right one helps.
    caller.presses("0").await;
    assert_eq!((caller.heard.text.as_str(), caller.heard.keys.as_ref().map(|keys| keys.0)), (OFFICE, Some(1)));
    caller.presses("").await;
    assert_eq!((caller.heard.text.as_str(), caller.heard.hangs_up), ("Goodbye.", true));
    assert!(office.joined().await.is_empty() && office.opted_out().await.is_empty());
    assert_eq!(office.attempts("ada").await[0].status, AttemptStatus::Planned, "she is called as before");
}

#[tokio::test]
async fn silence_is_asked_again_and_no_guess() {
    let office = Reception::open(ADA).await;
    let mut caller = office.is_called("CA1", HER_NUMBER).await;
    caller.presses("").await;
    assert_eq!(caller.heard.text, ASKED_AGAIN);
    caller.presses("").await.presses("").await;
    assert_eq!(caller.heard.text, OFFICE);
    let known = office.store.caller(&samples_number(), office.now() - Duration::hours(24)).await.expect("a look");
    assert_eq!(known.wrong, 0);
}

fn samples_number() -> callahead::core::domain::PhoneNumber {
    callahead::core::domain::PhoneNumber::parse(HER_NUMBER).expect("a number")
}

#[tokio::test]
async fn nine_at_the_gate_stops_calls_to_the_number() {
    let office = Reception::open(ADA).await;
    let mut caller = office.is_called("CA1", HER_NUMBER).await;
    caller.presses("9").await;
    assert_eq!((caller.heard.text.as_str(), caller.heard.hangs_up), (OPTED_OUT, true));
    assert_eq!(office.opted_out().await, [(HER_NUMBER.to_string(), "incoming call".to_string())]);
    office.plans().await;
    assert_eq!(office.attempts("ada").await[0].end_reason, Some(EndReason::Withdrawn), "what was planned is not dialled");
}

#[tokio::test]
async fn a_stranger_hears_the_offices_number_and_may_opt_out() {
    let office = Reception::open(ADA).await;
    let mut stranger = office.is_called("CA1", "+16175559999").await;
    assert_eq!((stranger.heard.text.clone(), stranger.heard.keys.as_ref().map(|keys| keys.0)), (to_strangers(), Some(1)));
    stranger.presses("1").await;
    assert_eq!(stranger.heard.text, OFFICE);
    stranger.presses("9").await;
    assert_eq!((stranger.heard.text.as_str(), stranger.heard.hangs_up), (OPTED_OUT, true));
    assert_eq!(office.opted_out().await, [("+16175559999".to_string(), "incoming call".to_string())]);
    stranger.hangs_up(20).await;
    assert!(office.joined().await.is_empty());
}

#[tokio::test]
async fn a_withheld_number_is_told_whom_to_call() {
    let office = Reception::open(ADA).await;
    for (sid, from) in [("CA1", "anonymous"), ("CA2", "+266696687"), ("CA3", "")] {
        let caller = office.is_called(sid, from).await;
        let want = "Example Cancer Center. For questions, please call six one seven, five five five, zero one one one. Goodbye.";
        assert_eq!((caller.heard.text.as_str(), caller.heard.hangs_up), (want, true), "{from}");
    }
}

#[tokio::test]
async fn the_opt_out_line_asks_nobody_who_they_are() {
    let office = Reception::open(ADA).await;
    let mut ada = office.is_called_at("CA1", HER_NUMBER, OPT_OUT_LINE).await;
    assert_eq!(ada.heard.text, to_strangers());
    ada.presses("9").await;
    assert_eq!(ada.heard.text, OPTED_OUT);
    assert_eq!(office.opted_out().await.len(), 1);
}

#[tokio::test]
async fn two_patients_of_one_number_are_told_apart_by_their_birthdays() {
    let rows = format!("{ADA}\nA2,bea,617-555-0101,2026-11-30T14:00,1990-05-03,es-US");
    let office = Reception::open(&rows).await;
    // Their languages differ, so that they are asked in the hospital's.
    let mut bea = office.is_called("CA1", HER_NUMBER).await;
    assert_eq!(bea.heard.text, ASKED);
    bea.presses("0503").await;
    assert!(bea.heard.text.contains("Usted tiene una cita") && bea.heard.text.contains("dos de la tarde"), "{}", bea.heard.text);
    bea.hangs_up(60).await;
    let mut ada = office.is_called("CA2", HER_NUMBER).await;
    ada.presses("0412").await;
    assert!(ada.heard.text.contains("at nine thirty A M"), "{}", ada.heard.text);
    let patients: Vec<_> = office.joined().await.into_iter().map(|call| call.outreach.visit.patient).collect();
    assert_eq!(patients, ["bea".into(), "ada".into()]);
}

#[tokio::test]
async fn twins_cannot_be_told_apart_and_a_person_must() {
    let rows = format!("{ADA}\nA2,bea,617-555-0101,2026-11-30T14:00,1961-04-12,en-US");
    let office = Reception::open(&rows).await;
    let mut caller = office.is_called("CA1", HER_NUMBER).await;
    caller.presses("0412").await;
    assert_eq!(caller.heard.text, format!("That does not match. {ASKED_AGAIN}"), "as with any other birthday");
    assert!(office.joined().await.is_empty());
    assert_eq!(office.work().await, ["review", "review"]);
    office.plans().await;
    assert_eq!(office.work().await, ["review", "review"], "the schedule does not settle it");
}

/// Their language would tell whoever calls from their number that it is a patient's.
#[tokio::test]
async fn everybody_is_asked_in_the_hospitals_language() {
    let office = Reception::open("A1,ada,617-555-0101,2026-11-30T09:30,1961-04-12,es").await;
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    assert_eq!(ada.heard.text, ASKED);
    ada.presses("0412").await;
    assert!(ada.heard.text.contains("Usted tiene una cita"), "{}", ada.heard.text);
}

/// Two patients of one number, one of them with nothing to be told of: their birthday sounds like any other.
#[tokio::test]
async fn a_right_birthday_of_whom_nothing_can_be_told_is_a_wrong_one() {
    let rows = format!("{ADA}\nA2,bea,617-555-0101,2026-11-27T10:15,1990-05-03,en-US");
    let office = Reception::open(&rows).await;
    office.later(Duration::minutes(30));
    let heard = async |sid: &str, birthday: &str| {
        let mut caller = office.is_called(sid, HER_NUMBER).await;
        let mut heard = Vec::new();
        for _ in 0..3 {
            caller.presses(birthday).await;
            heard.push(caller.heard.text.clone());
        }
        heard
    };
    let (right, wrong) = (heard("CA1", "0503").await, heard("CA2", "0102").await);
    assert_eq!(right, wrong);
    assert_eq!(right[2], format!("That does not match. {OFFICE}"));
    assert!(office.joined().await.is_empty());
}

/// The carrier could not use an answer and asks at the fallback address, or at the first one with the reason.
#[tokio::test]
async fn a_call_goes_on_where_it_was_when_an_address_fails() {
    let office = Reception::open(ADA).await;
    let ada = office.is_called("CA1", HER_NUMBER).await;
    let first = ada.heard.document.clone();
    let (_, address) = ada.heard.keys.clone().expect("keys");
    let wrong = ada.posts(&address, &[("Digits", "0101")]).await;
    let why = [("ErrorCode", "11200"), ("ErrorUrl", "https://calls.example.org/lost")];
    for path in ["/carriers/main/incoming", "/carriers/main/incoming/fallback"] {
        assert_eq!(ada.posts(path, &why).await, wrong, "{path}");
    }
    assert_eq!(ada.posts("/carriers/main/incoming", &[]).await, first, "a repeat is none");
    assert_eq!(office.work().await, ["carrier_fault"], "somebody must look why, once");

    let (_, address) = office.hear(&wrong).keys.expect("keys");
    let joined = office.hear(&ada.posts(&address, &[("Digits", "0412")]).await);
    let answered = joined.goes_on.expect("it goes on");
    // Its first words are lost, too; then those after key 1.
    let told = ada.posts("/carriers/main/incoming/fallback", &why).await;
    assert_eq!(ada.posts(&answered, &[]).await, told, "it was the first time that they were asked for");
    let (_, address) = office.hear(&told).keys.expect("keys");
    let confirmed = ada.posts(&address, &[("Digits", "1")]).await;
    assert_eq!(ada.posts("/carriers/main/incoming/fallback", &[]).await, confirmed, "and not every carrier says why");
    ada.hangs_up(60).await;
    assert_eq!(office.joined().await[0].attempt.outcome, Some(Outcome::Confirmed));

    let stranger = "/carriers/main/incoming/fallback";
    let fields = [("CallSid", "CA7"), ("From", "+16175559999"), ("To", OURS)];
    assert_eq!(office.hear(&office.post(stranger, &fields).await.1).text, to_strangers(), "the first address was never heard");
}

#[tokio::test]
async fn nobody_without_a_birthday_or_a_visit_to_be_told_of_is_asked() {
    for rows in [
        "A1,ada,617-555-0101,2026-11-30T09:30,,en-US",
        // No call about it is promised yet: it is months ahead, and nobody is established by a first visit.
        "A1,ada,617-555-0101,2026-11-27T09:30,1961-04-12,en-US",
    ] {
        let office = Reception::open(rows).await;
        assert_eq!(office.is_called("CA1", HER_NUMBER).await.heard.text, to_strangers(), "{rows}");
    }
}

/// The patient hangs up before anything is settled: their call leaves the plan as it was.
#[tokio::test]
async fn what_was_planned_is_withdrawn_and_planned_again() {
    let office = Reception::open(ADA).await;
    let before = office.attempts("ada").await;
    assert_eq!((before.len(), before[0].status), (1, AttemptStatus::Planned));
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    ada.presses("0412").await;
    let during: Vec<_> = office.attempts("ada").await.iter().map(|a| a.status).collect();
    assert_eq!(during, [AttemptStatus::Cancelled, AttemptStatus::InProgress]);
    office.plans().await;
    assert_eq!(office.attempts("ada").await.len(), 2, "while she is on the line nothing is planned");
    ada.hangs_up(14).await;
    office.plans().await;
    let after = office.attempts("ada").await;
    assert_eq!((after[1].outcome, after[1].inbound), (Some(Outcome::HungUpEarly), true));
    assert_eq!((after.len(), after[2].status, after[2].not_after), (3, AttemptStatus::Planned, before[0].not_after));
    assert!(after[2].due_at <= office.now(), "it is due at once: no cap, no try is used up");
}

#[tokio::test]
async fn a_repeat_gets_the_same_document_and_no_second_effect() {
    let office = Reception::open(ADA).await;
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    let first = ada.heard.document.clone();
    assert_eq!(ada.posts("/carriers/main/incoming", &[]).await, first);
    let (_, address) = ada.heard.keys.clone().expect("keys");
    let wrong = ada.posts(&address, &[("Digits", "0101")]).await;
    // Whatever it says: the step is answered.
    assert_eq!(ada.posts(&address, &[("Digits", "0412")]).await, wrong);
    assert_eq!(ada.posts(&address, &[]).await, wrong);
    let known = office.store.caller(&samples_number(), office.now() - Duration::hours(24)).await.expect("a look");
    assert_eq!(known.wrong, 1);
    ada.heard = office.hear(&wrong);
    let (_, address) = ada.heard.keys.clone().expect("keys");
    let joined = ada.posts(&address, &[("Digits", "0412")]).await;
    assert_eq!(ada.posts(&address, &[("Digits", "0412")]).await, joined);
    assert_eq!(office.joined().await.len(), 1);
    // A step that was never given: what was said last is said again.
    let never = address.replace("/2/", "/7/");
    assert_eq!(ada.posts(&never, &[("Digits", "0412")]).await, joined);
    let verdicts: Vec<String> = office.log().await.into_iter().map(|entry| entry.verdict).collect();
    assert_eq!(verdicts, ["ok", "duplicate", "ok", "duplicate", "duplicate", "ok", "duplicate", "out_of_step"]);
}

#[tokio::test]
async fn what_is_forged_has_no_effect() {
    let office = Reception::open(ADA).await;
    let fields = [("CallSid", "CA1"), ("From", HER_NUMBER), ("To", OURS)];
    for path in ["/carriers/main/incoming", "/carriers/main/incoming/status", "/carriers/main/incoming/abc/1/digits"] {
        assert_eq!(office.post_as(path, &fields, "Zm9yZ2Vk").await.0, 403, "{path}");
    }
    let mut ada = office.is_called("CA1", HER_NUMBER).await;
    let (_, address) = ada.heard.keys.clone().expect("keys");
    let other = [("CallSid", "CA2"), ("Digits", "0412")];
    // Signed by the carrier, of another call than the one that the address names; and of none that we know.
    for path in [address.as_str(), "/carriers/main/incoming/abcdef/1/digits"] {
        let (status, document) = office.post(path, &other).await;
        assert!(status == 200 && office.hear(&document).text.starts_with("We are sorry."), "{document}");
    }
    assert!(office.joined().await.is_empty());
    assert_eq!(office.work().await, ["carrier_fault"]);
    assert_eq!(office.post("/carriers/main/incoming/status", &[("CallSid", "CA9"), ("CallStatus", "completed")]).await.0, 204);
    assert_eq!(office.post("/carriers/main/incoming", &[("From", HER_NUMBER)]).await.0, 400, "a call without a name");
    ada.presses("0412").await;
    assert_eq!(office.joined().await.len(), 1);
}

/// Somebody has answered our call; whoever calls us from there meanwhile is told nothing.
#[tokio::test]
async fn while_our_own_call_is_live_only_the_office_is_told() {
    let office = Reception::open(ADA).await;
    let mut early = office.is_called("CA1", HER_NUMBER).await;
    assert_eq!(early.heard.text, ASKED);
    dial(&office).await;
    assert_eq!(office.is_called("CA2", HER_NUMBER).await.heard.text, to_strangers());
    early.presses("0412").await;
    assert_eq!(early.heard.text, format!("That does not match. {ASKED_AGAIN}"), "it began while she was asked");
    assert!(office.joined().await.is_empty());
}

/// The dialler is about to ask the carrier for the call that is planned.
async fn dial(office: &Reception) {
    let now = office.now();
    let request = LeaseRequest {
        carrier: "main".into(),
        now,
        until: now + Duration::seconds(15),
        holder: "d".to_string(),
        limit: 1,
        max_lines: 9,
        skip_sites: Vec::new(),
    };
    let leased = office.store.lease_due(&request).await.expect("a lease").pop().expect("something is due");
    let order = RequestOrder {
        attempt: leased.attempt.id,
        holder: "d".to_string(),
        now,
        lease_until: now + Duration::seconds(30),
        deadline: now + Duration::minutes(5),
        token: AttemptToken::new("0123456789abcdef"),
        brief: crate::store_suite::samples::brief(),
        caps: Vec::new(),
        respect_opt_outs: true,
        stamp: None,
    };
    assert_eq!(office.store.begin_request(&order).await.expect("a verdict"), RequestVerdict::Granted);
}

#[tokio::test]
async fn after_nine_wrong_birthdays_a_number_is_asked_no_more_for_a_day() {
    let office = Reception::open("A1,ada,617-555-0101,2026-12-01T09:30,1961-04-12,en-US").await;
    office.later(Duration::days(1));
    office.plans().await;
    for call in 1..=3 {
        let mut caller = office.is_called(&format!("CA{call}"), HER_NUMBER).await;
        caller.presses("0101").await.presses("0102").await.presses("0103").await;
        assert_eq!(caller.heard.text, format!("That does not match. {OFFICE}"));
    }
    assert_eq!(office.is_called("CA4", HER_NUMBER).await.heard.text, to_strangers());
    office.later(Duration::hours(24) + Duration::seconds(1));
    office.plans().await;
    let mut ada = office.is_called("CA5", HER_NUMBER).await;
    ada.presses("0412").await;
    assert_eq!(office.joined().await.len(), 1);
}

/// A visit that is cancelled between birthday and first word is not told of.
#[tokio::test]
async fn a_visit_that_changed_meanwhile_is_not_announced() {
    let office = Reception::open(ADA).await;
    let ada = office.is_called("CA1", HER_NUMBER).await;
    let (_, address) = ada.heard.keys.clone().expect("keys");
    let joined = office.hear(&ada.posts(&address, &[("Digits", "0412")]).await);
    office.takes_in("A1,ada,617-555-0101,2026-11-30T11:30,1961-04-12,en-US").await;
    let told = office.hear(&ada.posts(&joined.goes_on.expect("it goes on"), &[]).await);
    assert!(told.text.contains("Your appointment has changed. Our office will call you."), "{}", told.text);
    ada.hangs_up(20).await;
    assert_eq!(office.joined().await[0].attempt.outcome, Some(Outcome::Superseded));
}
