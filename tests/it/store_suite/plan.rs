use super::TestStore;
use super::samples::*;
use callahead::core::domain::{AttemptStatus, EndReason, PhoneKind, WorkKind, WorkState};
use callahead::core::ids::PatientId;
use callahead::store::{PlanCommit, ShiftAttempt, StoredDecision};

on_both_stores![
    a_plan_written_twice_stands_once,
    two_planners_at_once_make_one_attempt,
    an_attempt_joins_the_outreach_that_stands,
    a_plan_may_replace_an_attempt,
    only_planned_attempts_are_shifted_and_withdrawn,
    items_are_opened_and_settled,
    decisions_are_kept_when_they_change,
    an_empty_plan_is_no_trouble,
    whom_to_look_at,
];

async fn attempts_of(store: &TestStore, id: &str) -> Vec<callahead::core::domain::Attempt> {
    let facts = store.load_facts(&[id.into()], at(0)).await.expect("facts");
    facts.into_iter().flat_map(|f| f.outreaches).flat_map(|o| o.attempts).collect()
}

async fn know(store: &TestStore, id: &str) {
    store.commit_intake(&batch(vec![], vec![new(patient(id, number(1)))])).await.expect("a patient");
}

async fn a_plan_written_twice_stands_once(store: TestStore) {
    know(&store, "ada").await;
    let mut twice = plan(vec![planned("ada", number(1))]);
    twice.open_work = vec![work("w1", WorkKind::Review, Some("ada"), 0)];
    store.commit_plan(&twice).await.expect("once");
    store.commit_plan(&twice).await.expect("twice");
    assert_eq!(attempts_of(&store, "ada").await, vec![attempt("ada", number(1))]);
    assert_eq!(store.worklist(true, u32::MAX).await.expect("items").len(), 1);
}

async fn two_planners_at_once_make_one_attempt(store: TestStore) {
    let other = store.again().await;
    for round in 0..10 {
        let id = format!("p{round}");
        know(&store, &id).await;
        let plan_of = |planner: &str| {
            let (mut promise, mut try_it) = planned(&id, number(round));
            promise.id = format!("{}-{planner}", promise.id).as_str().into();
            try_it.id = format!("{}-{planner}", try_it.id).as_str().into();
            try_it.outreach = promise.id.clone();
            let decided =
                StoredDecision { visit: visit(&id), job: "j".into(), essence: "call 1".to_string(), body: "{}".to_string() };
            PlanCommit { decisions: vec![decided], ..plan(vec![(promise, try_it)]) }
        };
        let (plan_a, plan_b) = (plan_of("a"), plan_of("b"));
        let (one, two) = tokio::join!(store.commit_plan(&plan_a), other.commit_plan(&plan_b));
        one.and(two).expect("both are fine");
        let attempts = attempts_of(&store, &id).await;
        assert_eq!(attempts.len(), 1, "round {round}");
        assert_eq!(store.decisions(&visit(&id)).await.expect("decisions").len(), 1, "round {round}");
        assert_eq!(attempts[0].id.as_str().chars().last(), attempts[0].outreach.as_str().chars().last());
    }
}

async fn an_attempt_joins_the_outreach_that_stands(store: TestStore) {
    know(&store, "ada").await;
    let (promise, mut first) = planned("ada", number(1));
    (first.status, first.placed_at) = (AttemptStatus::Completed, Some(at(-60)));
    store.commit_plan(&plan(vec![(promise.clone(), first)])).await.expect("the first");

    let (mut same, mut second) = (promise, attempt("ada", number(1)));
    same.id = "out-other-name".into();
    (second.id, second.number, second.outreach) = ("att-2".into(), 2, same.id.clone());
    let mut stale = attempt("ada", number(1));
    (stale.id, stale.number) = ("att-stale".into(), 1);
    store.commit_plan(&plan(vec![(same.clone(), stale), (same, second)])).await.expect("the second");
    let numbers: Vec<_> = attempts_of(&store, "ada").await.into_iter().map(|a| (a.number, a.outreach.to_string())).collect();
    assert_eq!(numbers, [(1, "out-ada".to_string()), (2, "out-ada".to_string())], "number 1 was used up");
}

async fn a_plan_may_replace_an_attempt(store: TestStore) {
    know(&store, "ada").await;
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("the first");
    let mut better = attempt("ada", number(2));
    (better.id, better.number) = ("att-2".into(), 2);
    let mut replace = plan(vec![(outreach("ada"), better)]);
    replace.withdraw = vec!["att-ada".into()];
    store.commit_plan(&replace).await.expect("replaced");
    let standing: Vec<_> = attempts_of(&store, "ada").await.into_iter().map(|a| (a.status, a.end_reason, a.ended_at)).collect();
    assert_eq!(
        standing,
        [(AttemptStatus::Cancelled, Some(EndReason::Withdrawn), Some(at(0))), (AttemptStatus::Planned, None, None)]
    );
}

async fn only_planned_attempts_are_shifted_and_withdrawn(store: TestStore) {
    know(&store, "ada").await;
    know(&store, "bob").await;
    let shift = |id: &str| ShiftAttempt {
        attempt: id.into(),
        due_at: at(30),
        not_after: at(60),
        phone_kind: PhoneKind::Mobile,
        phone: number(9),
        language: "es-US".into(),
        carrier: "spare".into(),
    };
    leased(&*store, &[("ada", number(1))], "d").await;
    store.commit_plan(&plan(vec![planned("bob", number(2))])).await.expect("a plan");
    let changes = PlanCommit {
        shift: vec![shift("att-ada"), shift("att-bob"), shift("att-nobody")],
        withdraw: vec!["att-ada".into()],
        ..PlanCommit::default()
    };
    store.commit_plan(&changes).await.expect("changed");
    let adas = &attempts_of(&store, "ada").await[0];
    assert_eq!((adas.status, adas.due_at), (AttemptStatus::Leased, at(0)), "a dialler has it");
    let bobs = &attempts_of(&store, "bob").await[0];
    assert_eq!((bobs.due_at, bobs.not_after, bobs.phone_kind, &bobs.phone), (at(30), at(60), PhoneKind::Mobile, &number(9)));
}

async fn items_are_opened_and_settled(store: TestStore) {
    let opening = |items| PlanCommit { open_work: items, ..PlanCommit::default() };
    let (first, same) = (work("w1", WorkKind::Unreached, Some("ada"), 0), work("w2", WorkKind::Unreached, Some("ada"), 5));
    let other = work("w3", WorkKind::Review, Some("ada"), 6);
    store.commit_plan(&opening(vec![first, same.clone(), other])).await.expect("opened");
    assert!(store.claim_work(&"w1".into(), "kim").await.expect("claimed"));
    let settled = PlanCommit { close_work: vec![(WorkKind::Unreached, visit("ada"))], ..PlanCommit::default() };
    store.commit_plan(&settled).await.expect("settled");
    let items: Vec<_> =
        store.worklist(true, u32::MAX).await.expect("items").into_iter().map(|w| (w.id.to_string(), w.state)).collect();
    assert_eq!(items, [("w1".to_string(), WorkState::Closed), ("w3".to_string(), WorkState::Open)]);

    let again = PlanCommit { open_work: vec![same], ..settled };
    store.commit_plan(&again).await.expect("what is settled is closed before something new is opened");
    let open: Vec<_> = store.worklist(false, u32::MAX).await.expect("items").into_iter().map(|w| w.id.to_string()).collect();
    assert_eq!(open, ["w2", "w3"]);
}

async fn decisions_are_kept_when_they_change(store: TestStore) {
    let decided = |patient: &str, job: &str, essence: &str| StoredDecision {
        visit: visit(patient),
        job: job.into(),
        essence: essence.to_string(),
        body: format!("{{\"said\":\"{essence} – ünïcode\"}}"),
    };
    for (minute, essence) in [(0, "call 1"), (1, "call 1"), (2, "skip capped"), (3, "call 1"), (4, "call 1")] {
        let decisions = vec![
            decided("ada", "reminders", essence),
            decided("ada", "reminders", essence),
            decided("ada", "", "skip no_job"),
            decided("bob", "reminders", essence),
        ];
        let commit = PlanCommit { at: Some(at(minute)), decisions, ..PlanCommit::default() };
        store.commit_plan(&commit).await.expect("kept");
    }
    let kept = store.decisions(&visit("ada")).await.expect("decisions");
    let kept: Vec<_> = kept.into_iter().map(|(when, d)| (when, d.job.to_string(), d.essence)).collect();
    let line = |minute, job: &str, essence: &str| (at(minute), job.to_string(), essence.to_string());
    let want = [
        line(0, "reminders", "call 1"),
        line(0, "", "skip no_job"),
        line(2, "reminders", "skip capped"),
        line(3, "reminders", "call 1"),
    ];
    assert_eq!(kept, want);
    assert_eq!(store.decisions(&visit("bob")).await.expect("decisions").len(), 3);
    assert_eq!(store.decisions(&visit("bob")).await.expect("decisions")[0].1, decided("bob", "reminders", "call 1"));
}

async fn an_empty_plan_is_no_trouble(store: TestStore) {
    store.commit_plan(&PlanCommit::default()).await.expect("nothing to write");
    assert!(store.patients_to_plan(at(0), None, 10).await.expect("nobody").is_empty());
    assert!(store.load_facts(&[], at(0)).await.expect("nothing").is_empty());
}

async fn whom_to_look_at(store: TestStore) {
    let bookings = vec![
        new(appointment("A1", "zoe", day(2))),
        new(appointment("A2", "zoe", day(3))),
        new(appointment("A3", "past", at(-1))),
        new(appointment("A4", "now", at(0))),
        new(appointment("A5", "Abe", at(1))),
    ];
    let people = ["zoe", "past", "now", "Abe", "over", "called", "nothing"].map(|id| new(patient(id, number(9)))).to_vec();
    store.commit_intake(&batch(bookings, people)).await.expect("bookings");
    let (over, mut done) = planned("over", number(3));
    (done.status, done.placed_at) = (AttemptStatus::Completed, Some(at(-60)));
    store.commit_plan(&plan(vec![planned("past", number(1)), planned("called", number(2)), (over, done)])).await.expect("a plan");
    for limit in 1..6 {
        let mut seen: Vec<PatientId> = Vec::new();
        loop {
            let page = store.patients_to_plan(at(0), seen.last(), limit).await.expect("a page");
            assert!(page.len() <= limit as usize, "{page:?}");
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        let ids: Vec<_> = seen.iter().map(PatientId::as_str).collect();
        assert_eq!(ids, ["Abe", "called", "past", "zoe"], "pages of {limit}");
    }
}
