use super::TestStore;
use super::samples::*;
use callahead::core::phi::Phi;
use callahead::core::plan::PatientFacts;
use callahead::store::{PlanCommit, Replay, ReplayQuery, RuleSet, StoredDecision};
use std::sync::Arc;

on_both_stores![a_decision_is_kept_with_what_it_was_made_from, inputs_are_written_only_for_what_is_new, replays_come_in_pages,];

fn rules(id: &str) -> RuleSet {
    RuleSet { id: id.to_string(), body: format!("{{\"rules\":\"{id}\"}}").into() }
}

fn decided(patient: &str, job: &str, essence: &str) -> StoredDecision {
    StoredDecision { visit: visit(patient), job: job.into(), essence: essence.to_string(), body: "{}".to_string() }
}

/// The facts of Ada and Bob, whose names are known.
async fn facts(store: &TestStore) -> Vec<PatientFacts> {
    let mut people = vec![patient("ada", number(1)), patient("bob", number(2))];
    for person in &mut people {
        (person.first_name, person.last_name) = (Some(Phi::new("Zoë".to_string())), Some(Phi::new("Łucja".to_string())));
        person.birth_date = Some(Phi::new("1931-02-28".parse().expect("a date")));
    }
    let bookings = vec![new(appointment("A1", "ada", day(3))), new(appointment("A2", "bob", day(3)))];
    store.commit_intake(&batch(bookings, people.into_iter().map(new).collect())).await.expect("written");
    store.load_facts(&["ada".into(), "bob".into()], at(0)).await.expect("facts")
}

fn plan_of(minute: i64, facts: &[PatientFacts], by: &str, decisions: Vec<StoredDecision>) -> PlanCommit {
    let (facts, rules) = (Arc::new(facts.to_vec()), Some(rules(by)));
    PlanCommit { at: Some(at(minute)), facts, rules, decisions, ..PlanCommit::default() }
}

async fn replays(store: &TestStore, query: ReplayQuery) -> Vec<Replay> {
    store.decisions_to_replay(&ReplayQuery { limit: 99, ..query }).await.expect("replays")
}

async fn a_decision_is_kept_with_what_it_was_made_from(store: TestStore) {
    let facts = facts(&store).await;
    let without = PlanCommit { at: Some(at(0)), decisions: vec![decided("ada", "old", "call")], ..PlanCommit::default() };
    store.commit_plan(&without).await.expect("kept");
    let decisions = vec![decided("ada", "j", "call"), decided("bob", "j", "skip"), decided("stranger", "j", "skip")];
    store.commit_plan(&plan_of(1, &facts, "r1", decisions.clone())).await.expect("kept");

    let replays = replays(&store, ReplayQuery::default()).await;
    let seen: Vec<_> = replays.iter().map(|r| (r.at, &r.decision, r.rules.as_ref().expect("rules"))).collect();
    assert_eq!(
        seen,
        [(at(1), &decisions[0], &rules("r1")), (at(1), &decisions[1], &rules("r1"))],
        "of which nothing is known is left out"
    );
    let kept = replays[0].facts.as_ref().expect("facts");
    assert_eq!((&kept.patient.first_name, &kept.patient.last_name, &kept.patient.birth_date), (&None, &None, &None));
    let mut nameless = facts[0].clone();
    (nameless.patient.first_name, nameless.patient.last_name, nameless.patient.birth_date) = (None, None, None);
    assert_eq!(*kept, nameless, "and nothing else is missing");
    assert_eq!(replays[1].facts.as_ref().expect("facts").patient.id.as_str(), "bob");
    assert_eq!(store.decisions(&visit("ada")).await.expect("decisions").len(), 2, "those without are kept all the same");
}

async fn inputs_are_written_only_for_what_is_new(store: TestStore) {
    let before = facts(&store).await;
    let both = |essence| vec![decided("ada", "j", essence), decided("ada", "k", "skip"), decided("bob", "j", "call")];
    store.commit_plan(&plan_of(1, &before, "r1", both("call"))).await.expect("kept");
    let mut after = before.clone();
    after[0].opted_out = true;
    after[1].opted_out = true;
    store.commit_plan(&plan_of(2, &after, "r2", both("call"))).await.expect("nothing new");
    store.commit_plan(&plan_of(3, &after, "r2", both("skip opted_out"))).await.expect("one is new");
    let seen: Vec<_> = replays(&store, ReplayQuery::default())
        .await
        .into_iter()
        .map(|r| {
            let (facts, rules) = (r.facts.expect("facts"), r.rules.expect("rules"));
            (r.at, r.decision.visit.patient.as_str().to_string(), facts.opted_out, rules.id)
        })
        .collect();
    let line = |minute, who: &str, opted_out, by: &str| (at(minute), who.to_string(), opted_out, by.to_string());
    let (ada, bob) = (line(1, "ada", false, "r1"), line(1, "bob", false, "r1"));
    assert_eq!(seen, [ada.clone(), ada, bob, line(3, "ada", true, "r2")]);
}

async fn replays_come_in_pages(store: TestStore) {
    let facts = facts(&store).await;
    for minute in 0..5 {
        let decisions = vec![decided("ada", "j", &format!("call {minute}"))];
        store.commit_plan(&plan_of(minute, &facts, "r1", decisions)).await.expect("kept");
    }
    let essences = |replays: &[Replay]| replays.iter().map(|r| r.decision.essence.clone()).collect::<Vec<_>>();
    let page = store.decisions_to_replay(&ReplayQuery { since: Some(at(1)), after: None, limit: 2 }).await.expect("replays");
    assert_eq!(essences(&page), ["call 1", "call 2"]);
    let rest = replays(&store, ReplayQuery { after: Some(page[1].number), ..ReplayQuery::default() }).await;
    assert_eq!(essences(&rest), ["call 3", "call 4"]);
}
