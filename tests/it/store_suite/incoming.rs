//! Calls to our number, and how one becomes an attempt.

use super::TestStore;
use super::samples::*;
use callahead::core::call::{CallEvent, FinalStatus, IncomingStage, IncomingTalk};
use callahead::core::domain::{Attempt, AttemptStatus, Outcome, PhoneKind, PhoneNumber, WorkKind};
use callahead::core::ids::{AttemptId, AttemptToken};
use callahead::store::{
    Caller, Cap, GiveBack, IncomingCall, IncomingCommit, IncomingKey, IncomingVerdict, Join, NewIncoming, OptOut, RequestVerdict,
    Store, StoreError,
};
use chrono::Duration;

on_both_stores![
    a_call_reads_back_with_its_answers,
    the_same_call_comes_once,
    a_step_is_answered_once,
    what_follows_is_written_with_the_answer,
    guesses_are_counted_for_the_number,
    many_guesses_at_once_are_no_more_than_one_after_the_other,
    a_call_becomes_an_attempt_in_place_of_the_planned_one,
    a_dialler_that_has_the_attempt_loses_it,
    nobody_is_joined_while_a_call_of_ours_is_live,
    a_call_to_us_fills_no_cap_and_takes_no_line,
    a_call_that_is_over_joins_nothing,
    wrong_birthdays_are_counted_over_all_numbers_of_a_patient,
    calls_of_strangers_are_forgotten,
];

fn talk(stage: IncomingStage, step: u32, wrong: u32) -> IncomingTalk {
    IncomingTalk { stage, step, said: 1, wrong }
}

fn call(token: &str, caller: Option<PhoneNumber>) -> IncomingCall {
    IncomingCall {
        token: token.into(),
        carrier: "main".into(),
        carrier_call_id: format!("CA-{token}"),
        caller,
        at: at(0),
        language: "en-US".into(),
        talk: talk(IncomingStage::Birthday, 1, 0),
        attempt: None,
        ended_at: None,
        replies: Vec::new(),
    }
}

async fn comes(store: &dyn Store, token: &str, caller: Option<PhoneNumber>) {
    let new = NewIncoming {
        call: call(token, caller),
        reply: "first".to_string(),
        audio: Vec::new(),
        log: None,
        forget_before: at(-1440),
    };
    store.open_incoming(&new).await.expect("it is kept");
}

fn answer(token: &str, step: u32, talk: IncomingTalk) -> IncomingCommit {
    IncomingCommit {
        token: token.into(),
        step,
        talk,
        reply: format!("after {step}"),
        guess: None,
        join: None,
        opt_out: None,
        open_work: Vec::new(),
        audio: Vec::new(),
        log: None,
    }
}

/// A wrong birthday, of which `limit` are allowed since the beginning.
fn wrong(token: &str, step: u32, limit: u32) -> IncomingCommit {
    let guess = Some(Cap { since: at(-60), limit });
    IncomingCommit { guess, ..answer(token, step, talk(IncomingStage::Birthday, step + 1, step)) }
}

fn attempt_of(patient: &str, phone: PhoneNumber) -> Attempt {
    Attempt {
        id: AttemptId::new(format!("in-{patient}")),
        status: AttemptStatus::InProgress,
        placed_at: Some(at(1)),
        due_at: at(1),
        not_after: at(6),
        carrier_call_id: Some("CA-t".to_string()),
        inbound: true,
        ..attempt(patient, phone)
    }
}

fn joined(token: &str, patient: &str, phone: PhoneNumber) -> IncomingCommit {
    let join = Join {
        attempt: attempt_of(patient, phone),
        patient: patient.into(),
        token: AttemptToken::new(format!("joined-{patient}")),
        brief: brief(),
        deadline: at(6),
    };
    IncomingCommit { join: Some(Box::new(join)), ..answer(token, 1, talk(IncomingStage::Over, 2, 0)) }
}

async fn read(store: &dyn Store, token: &str) -> IncomingCall {
    store.load_incoming(&IncomingKey::Token(token.into())).await.expect("a look").expect("it is there")
}

async fn a_call_reads_back_with_its_answers(store: TestStore) {
    comes(&*store, "t", Some(number(1))).await;
    comes(&*store, "withheld", None).await;
    let verdict = store.commit_incoming(&answer("t", 1, talk(IncomingStage::Office, 2, 1))).await.expect("answered");
    assert_eq!(verdict, IncomingVerdict::Done);
    store.end_incoming(&"t".into(), at(3)).await.expect("over");
    store.end_incoming(&"t".into(), at(4)).await.expect("said twice");
    let want = IncomingCall {
        talk: talk(IncomingStage::Office, 2, 1),
        ended_at: Some(at(3)),
        replies: vec![(0, "first".to_string()), (1, "after 1".to_string())],
        ..call("t", Some(number(1)))
    };
    assert_eq!(read(&*store, "t").await, want);
    let by_id = IncomingKey::Carrier("main".into(), "CA-t".to_string());
    assert_eq!(store.load_incoming(&by_id).await.expect("a look"), Some(want));
    assert_eq!(read(&*store, "withheld").await.caller, None);
    for nobody in [IncomingKey::Token("x".into()), IncomingKey::Carrier("other".into(), "CA-t".to_string())] {
        assert_eq!(store.load_incoming(&nobody).await.expect("a look"), None);
    }
}

async fn the_same_call_comes_once(store: TestStore) {
    comes(&*store, "t", Some(number(1))).await;
    let again = IncomingCall { carrier_call_id: "CA-t".to_string(), ..call("another", Some(number(1))) };
    let new = NewIncoming { call: again, reply: "another".to_string(), audio: Vec::new(), log: None, forget_before: at(-1440) };
    assert!(matches!(store.open_incoming(&new).await, Err(StoreError::Conflict)));
    assert_eq!(store.load_incoming(&IncomingKey::Token("another".into())).await.expect("a look"), None);
    let mut elsewhere = new.clone();
    elsewhere.call.carrier = "backup".into();
    store.open_incoming(&elsewhere).await.expect("another carrier has ids of its own");
}

async fn a_step_is_answered_once(store: TestStore) {
    comes(&*store, "t", Some(number(1))).await;
    store.commit_incoming(&answer("t", 1, talk(IncomingStage::Office, 2, 0))).await.expect("answered");
    for step in [0, 1, 3] {
        let late = answer("t", step, talk(IncomingStage::Over, step + 1, 0));
        assert!(matches!(store.commit_incoming(&late).await, Err(StoreError::Conflict)), "step {step}");
    }
    assert!(matches!(store.commit_incoming(&answer("x", 1, talk(IncomingStage::Over, 2, 0))).await, Err(StoreError::Conflict)));
    assert_eq!(read(&*store, "t").await.replies.len(), 2);
}

async fn what_follows_is_written_with_the_answer(store: TestStore) {
    store.commit_intake(&batch(vec![], vec![new(patient("ada", number(1)))])).await.expect("a patient");
    store.forget_touched(i64::MAX).await.expect("forgotten");
    comes(&*store, "t", Some(number(1))).await;
    let mut commit = answer("t", 1, talk(IncomingStage::Over, 2, 0));
    let how = "incoming call".to_string();
    commit.opt_out = Some(OptOut { patient: None, phone: Some(number(1)), at: at(1), how });
    commit.open_work = vec![work("w1", WorkKind::Review, None, 1)];
    commit.audio = vec![("a1".to_string(), "recipe".to_string())];
    commit.log = Some(entry(1, None));
    store.commit_incoming(&commit).await.expect("answered");
    assert_eq!(store.opt_outs(9).await.expect("the list"), [commit.opt_out.clone().expect("there is one")]);
    assert_eq!(store.worklist(false, 9).await.expect("items").len(), 1);
    assert_eq!(store.audio_recipe("a1").await.expect("a look").as_deref(), Some("recipe"));
    assert_eq!(store.webhooks(&Default::default()).await.expect("the log").len(), 1);
    assert_eq!(store.touched(9).await.expect("the queue").patients, ["ada".into()], "the planner hears of it");
    let known = store.caller(&number(1), at(-60)).await.expect("a look");
    assert_eq!(known, Caller { patients: vec!["ada".into()], wrong: 0 });
}

async fn guesses_are_counted_for_the_number(store: TestStore) {
    comes(&*store, "t", Some(number(1))).await;
    comes(&*store, "other", Some(number(2))).await;
    for (step, want) in [(1, IncomingVerdict::Done), (2, IncomingVerdict::Done), (3, IncomingVerdict::TooManyGuesses)] {
        assert_eq!(store.commit_incoming(&wrong("t", step, 2)).await.expect("a verdict"), want, "{step}");
    }
    assert_eq!(read(&*store, "t").await.talk, talk(IncomingStage::Birthday, 3, 2), "nothing was written");
    let count = async |last, since| store.caller(&number(last), since).await.expect("a look").wrong;
    assert_eq!((count(1, at(-60)).await, count(1, at(0)).await, count(1, at(1)).await, count(2, at(-60)).await), (2, 2, 0, 0));
    assert_eq!(store.commit_incoming(&wrong("other", 1, 2)).await.expect("a verdict"), IncomingVerdict::Done);
    // The right one does not count any more either.
    let right = IncomingCommit { guess: Some(Cap { since: at(-60), limit: 2 }), ..joined("t", "ada", number(1)) };
    let right = IncomingCommit { step: 3, ..right };
    assert_eq!(store.commit_incoming(&right).await.expect("a verdict"), IncomingVerdict::TooManyGuesses);
}

async fn many_guesses_at_once_are_no_more_than_one_after_the_other(store: TestStore) {
    let tokens: Vec<String> = (0..12).map(|n| format!("t{n}")).collect();
    for token in &tokens {
        comes(&*store, token, Some(number(1))).await;
    }
    let guesses = tokens.iter().map(|token| {
        let (store, guess) = (store.share(), wrong(token, 1, 4));
        tokio::spawn(async move { store.commit_incoming(&guess).await.expect("a verdict") })
    });
    let mut done = 0;
    for guess in guesses.collect::<Vec<_>>() {
        done += usize::from(guess.await.expect("no panic") == IncomingVerdict::Done);
    }
    assert_eq!(done, 4);
}

async fn a_call_becomes_an_attempt_in_place_of_the_planned_one(store: TestStore) {
    store
        .commit_intake(&batch(vec![new(appointment("A1", "ada", day(3)))], vec![new(patient("ada", number(1)))]))
        .await
        .expect("in");
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("planned");
    store.forget_touched(i64::MAX).await.expect("forgotten");
    comes(&*store, "t", Some(number(1))).await;
    assert_eq!(store.commit_incoming(&joined("t", "ada", number(1))).await.expect("a verdict"), IncomingVerdict::Done);

    let call = read(&*store, "t").await;
    assert_eq!(call.attempt, Some(("in-ada".into(), "joined-ada".into())));
    let record = store.load_call(&"joined-ada".into()).await.expect("a look").expect("a call");
    assert_eq!(record.attempt, Attempt { number: 2, ..attempt_of("ada", number(1)) });
    assert_eq!((record.brief, record.deadline, record.outreach), (brief(), at(6), outreach("ada")));
    let facts = store.load_facts(&["ada".into()], at(1)).await.expect("facts");
    let stand: Vec<_> = facts[0].outreaches[0].attempts.iter().map(|a| (a.status, a.inbound)).collect();
    assert_eq!(stand, [(AttemptStatus::Cancelled, false), (AttemptStatus::InProgress, true)]);
    assert_eq!(store.touched(9).await.expect("the queue").patients, ["ada".into()], "the planner hears of it");
    // It is watched like any other.
    let live = store.live_calls().await.expect("live ones");
    assert_eq!((live.len(), live[0].deadline), (1, at(6)));
    // Nothing is planned beside it, and everything once it is over.
    let mut third = planned("ada", number(1));
    (third.1.id, third.1.number) = ("att-3".into(), 3);
    store.commit_plan(&plan(vec![third.clone()])).await.expect("left out");
    assert!(store.load_call_by_id(&"att-3".into()).await.expect("a look").is_none());
    let ended = event(2, CallEvent::Ended { status: FinalStatus::Completed, talk_seconds: Some(9), reason: None });
    let mut commit = call_commit("ada", 0, vec![ended], standing(AttemptStatus::Completed));
    (commit.attempt, commit.standing.outcome) = ("in-ada".into(), Some(Outcome::HungUpEarly));
    store.commit_call(&commit).await.expect("it ends");
    store.commit_plan(&plan(vec![third])).await.expect("planned");
    let leased = store.lease_due(&lease("d", 9)).await.expect("leased");
    assert_eq!(leased.iter().map(|l| l.attempt.id.as_str()).collect::<Vec<_>>(), ["att-3"]);
}

async fn a_dialler_that_has_the_attempt_loses_it(store: TestStore) {
    leased(&*store, &[("ada", number(1))], "d").await;
    comes(&*store, "t", Some(number(1))).await;
    assert_eq!(store.commit_incoming(&joined("t", "ada", number(1))).await.expect("a verdict"), IncomingVerdict::Done);
    assert_eq!(store.begin_request(&order("ada", "d")).await.expect("a verdict"), RequestVerdict::LeaseLost);
    store.give_back(&"att-ada".into(), "d", &GiveBack::Later(at(5))).await.expect("nothing happens");
    assert!(store.lease_due(&lease("d", 9)).await.expect("leased").is_empty());
}

async fn nobody_is_joined_while_a_call_of_ours_is_live(store: TestStore) {
    requesting(&*store, "ada", number(1)).await;
    store.commit_plan(&plan(vec![planned("bob", number(1))])).await.expect("planned");
    for (token, patient, phone) in [("t", "ada", 1), ("u", "bob", 1), ("v", "ada", 2)] {
        comes(&*store, token, Some(number(phone))).await;
        let verdict = store.commit_incoming(&joined(token, patient, number(phone))).await.expect("a verdict");
        assert_eq!(verdict, IncomingVerdict::InUse, "{token}");
        assert_eq!(read(&*store, token).await.replies.len(), 1, "nothing was written");
    }
}

async fn a_call_to_us_fills_no_cap_and_takes_no_line(store: TestStore) {
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("planned");
    comes(&*store, "t", Some(number(1))).await;
    store.commit_incoming(&joined("t", "ada", number(1))).await.expect("a verdict");
    assert_eq!(store.lines_in_use(&"main".into()).await.expect("a count"), 0);

    leased(&*store, &[("bob", number(1))], "d").await;
    let capped = |patient: &str| {
        let mut order = order(patient, "d");
        order.caps = vec![Cap { since: at(-60), limit: 1 }];
        order
    };
    assert_eq!(store.begin_request(&capped("bob")).await.expect("a verdict"), RequestVerdict::NumberInUse);
    let mut over = call_commit("ada", 0, vec![], standing(AttemptStatus::Completed));
    (over.attempt, over.standing.outcome, over.standing.ended_at) = ("in-ada".into(), Some(Outcome::Heard), Some(at(2)));
    store.commit_call(&over).await.expect("it ends");
    assert_eq!(store.begin_request(&capped("bob")).await.expect("a verdict"), RequestVerdict::Granted, "it was none of ours");
    let ada = store.load_facts(&["ada".into()], at(1) + Duration::hours(1)).await.expect("facts");
    assert!(ada.is_empty() || ada[0].other_calls.is_empty());
}

/// Nobody is on the line: in progress it would keep everybody from the number until its deadline.
async fn a_call_that_is_over_joins_nothing(store: TestStore) {
    planned_for(&*store, "ada", number(1)).await;
    comes(&*store, "t", Some(number(1))).await;
    store.end_incoming(&"t".into(), at(1)).await.expect("over");
    let verdict = store.commit_incoming(&joined("t", "ada", number(1))).await.expect("a verdict");
    assert_eq!(verdict, IncomingVerdict::InUse);
    assert_eq!(read(&*store, "t").await.attempt, None);
    // What joins nothing is answered all the same.
    let verdict = store.commit_incoming(&answer("t", 1, talk(IncomingStage::Office, 2, 0))).await.expect("a verdict");
    assert_eq!(verdict, IncomingVerdict::Done);
}

async fn wrong_birthdays_are_counted_over_all_numbers_of_a_patient(store: TestStore) {
    let mut ada = patient("ada", number(1));
    let mut mobile = patient("ada", number(2)).phones.remove(0);
    mobile.kind = PhoneKind::Mobile;
    ada.phones.push(mobile);
    store.commit_intake(&batch(vec![], vec![new(ada), new(patient("bea", number(3)))])).await.expect("known");
    for (token, phone) in [("home", 1), ("mobile", 2), ("other", 3)] {
        comes(&*store, token, Some(number(phone))).await;
        assert_eq!(store.commit_incoming(&wrong(token, 1, 9)).await.expect("a verdict"), IncomingVerdict::Done);
    }
    let counted = async |phone| store.caller(&number(phone), at(-60)).await.expect("a look").wrong;
    assert_eq!((counted(1).await, counted(2).await, counted(3).await), (2, 2, 1));
    let verdict = store.commit_incoming(&wrong("mobile", 2, 2)).await.expect("a verdict");
    assert_eq!(verdict, IncomingVerdict::TooManyGuesses);
}

async fn calls_of_strangers_are_forgotten(store: TestStore) {
    planned_for(&*store, "ada", number(1)).await;
    comes(&*store, "stranger", Some(number(9))).await;
    comes(&*store, "t", Some(number(1))).await;
    let verdict = store.commit_incoming(&joined("t", "ada", number(1))).await.expect("a verdict");
    assert_eq!(verdict, IncomingVerdict::Done);
    let later = |token, forget_before| NewIncoming {
        call: call(token, None),
        reply: "first".to_string(),
        audio: Vec::new(),
        log: None,
        forget_before,
    };
    let is_there = async |token: &str| store.load_incoming(&IncomingKey::Token(token.into())).await.expect("a look").is_some();
    store.open_incoming(&later("next", at(0))).await.expect("kept");
    assert!(is_there("stranger").await, "not yet");
    store.open_incoming(&later("after", at(1))).await.expect("kept");
    assert!(!is_there("stranger").await && !is_there("next").await);
    assert!(is_there("t").await && is_there("after").await, "who joined is the patient");
}

async fn planned_for(store: &dyn Store, whose: &str, phone: PhoneNumber) {
    let known = batch(vec![new(appointment("A1", whose, day(3)))], vec![new(patient(whose, phone.clone()))]);
    store.commit_intake(&known).await.expect("in");
    store.commit_plan(&plan(vec![planned(whose, phone)])).await.expect("planned");
}
