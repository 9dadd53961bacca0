use super::TestStore;
use super::samples::*;
use callahead::core::domain::{Attempt, AttemptStatus, Outreach, Purpose};
use callahead::core::ids::AttemptId;
use callahead::store::{GiveBack, LeaseRequest, Leased, RequestVerdict};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

on_both_stores![
    an_attempt_is_due_from_its_time_until_before_its_end,
    the_earliest_visit_goes_first,
    notices_go_before_reminders,
    a_site_that_floods_holds_no_other_up,
    notices_that_flood_hold_no_other_site_up,
    many_due_calls_are_leased_in_the_same_order_as_few,
    one_lease_holds_no_number_and_no_patient_twice,
    sites_whose_feed_is_silent_are_left_out,
    two_leasers_never_get_the_same_attempt,
    no_more_is_leased_than_lines_are_free,
    of_two_leasers_at_once_neither_takes_a_line_too_many,
    a_call_of_another_attempt_is_known_as_such,
    a_lease_that_is_over_is_redone,
    an_attempt_given_back_is_planned_again_or_cancelled,
    a_refused_request_can_be_given_back_until_something_is_heard,
    lines_and_the_next_due_time_are_told_per_carrier,
];

fn ids(leased: &[callahead::store::Leased]) -> Vec<&str> {
    leased.iter().map(|l| l.attempt.id.as_str()).collect()
}

async fn an_attempt_is_due_from_its_time_until_before_its_end(store: TestStore) {
    let instant = chrono::Duration::microseconds(1);
    let mut open = Vec::new();
    for (last, (id, due_at, not_after)) in (1..).zip([
        ("on-time", at(1), at(2)),
        ("too-early", at(1) + instant, at(2)),
        ("last-instant", at(0), at(1) + instant),
        ("too-late", at(0), at(1)),
    ]) {
        let (promise, mut call) = planned(id, number(last));
        (call.due_at, call.not_after) = (due_at, not_after);
        open.push((promise, call));
    }
    let (promise, mut call) = planned("other-carrier", number(9));
    call.carrier = "spare".into();
    open.push((promise, call));
    store.commit_plan(&plan(open)).await.expect("planned");

    let leased = store.lease_due(&lease("d", 10)).await.expect("leases");
    assert_eq!(ids(&leased), ["att-last-instant", "att-on-time"]);
    assert!(leased.iter().all(|l| l.attempt.status == AttemptStatus::Leased && l.outreach.id == l.attempt.outreach));
    assert!(store.lease_due(&lease("d", 10)).await.expect("leases").is_empty(), "nothing is leased twice");
}

async fn the_earliest_visit_goes_first(store: TestStore) {
    let mut open = Vec::new();
    for (last, (id, start, due)) in
        (1..).zip([("c", day(9), at(-5)), ("a", day(2), at(0)), ("d", day(2), at(-1)), ("b", day(5), at(-9))])
    {
        let (mut promise, mut call) = planned(id, number(last));
        (promise.start, call.due_at) = (start, due);
        open.push((promise, call));
    }
    store.commit_plan(&plan(open)).await.expect("planned");
    assert!(store.lease_due(&lease("d", 0)).await.expect("leases").is_empty());
    assert_eq!(ids(&store.lease_due(&lease("d", 3)).await.expect("leases")), ["att-d", "att-a", "att-b"]);
    assert_eq!(ids(&store.lease_due(&lease("d", 3)).await.expect("leases")), ["att-c"]);
}

async fn notices_go_before_reminders(store: TestStore) {
    let mut open = Vec::new();
    for (last, (id, purpose, start)) in (1..).zip([
        ("near", Purpose::Reminder, day(1)),
        ("closed", Purpose::Closure, day(4)),
        ("moved", Purpose::Moved, day(2)),
        ("off", Purpose::Cancelled, day(3)),
    ]) {
        let (mut promise, call) = planned(id, number(last));
        (promise.start, promise.purpose) = (start, purpose);
        open.push((promise, call));
    }
    store.commit_plan(&plan(open)).await.expect("planned");
    let all = ["att-moved", "att-off", "att-closed", "att-near"];
    assert_eq!(ids(&store.lease_due(&lease("d", 2)).await.expect("leases")), all[..2]);
    assert_eq!(ids(&store.lease_due(&lease("d", 9)).await.expect("leases")), all[2..]);
}

/// Calls of a site, each visit a minute after the one before; `first` chooses numbers and ids.
fn of_site(site: &str, first: u32, count: u32, start: DateTime<Utc>) -> Vec<(Outreach, Attempt)> {
    let calls = (0..count).map(|n| {
        let (mut promise, mut call) = planned(&format!("{site}-{n:04}"), number(first + n));
        (promise.visit.site, promise.start) = (site.into(), start + Duration::minutes(i64::from(n)));
        call.due_at = at(-5);
        (promise, call)
    });
    calls.collect()
}

fn by_site(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|l| l.outreach.visit.site.as_str()).collect()
}

/// The visits of the one that floods are all earlier; whoever has the fewest lines is next.
async fn a_site_that_floods_holds_no_other_up(store: TestStore) {
    let mut open = of_site("boston", 0, 40, day(2));
    open.extend(of_site("quincy", 1_000, 3, day(9)));
    store.commit_plan(&plan(open)).await.expect("planned");
    let first = store.lease_due(&lease("d", 5)).await.expect("leases");
    assert_eq!(by_site(&first), ["boston", "quincy", "boston", "quincy", "boston"]);
    // Those who have the fewest lines by now; a notice goes first at its own site.
    let mut late = of_site("quincy", 2_000, 1, day(10));
    (late[0].0.id, late[0].0.purpose) = ("out-notice".into(), Purpose::Moved);
    (late[0].1.id, late[0].1.outreach) = ("att-notice".into(), "out-notice".into());
    late[0].0.visit.patient = "told".into();
    let mut other = of_site("salem", 3_000, 2, day(12));
    other.append(&mut late);
    store.commit_plan(&plan(other)).await.expect("planned");
    let second = store.lease_due(&lease("d", 7)).await.expect("leases");
    assert_eq!(by_site(&second), ["salem", "salem", "quincy", "boston", "quincy", "boston", "boston"]);
    assert_eq!(ids(&second)[2], "att-notice");
    let rest = store.lease_due(&lease("d", 100)).await.expect("leases");
    assert!(rest.len() == 34 && by_site(&rest).iter().all(|site| *site == "boston"), "what others do not want is its own");
}

/// A site is closed: everybody there is to be told, and the others' reminders go on.
async fn notices_that_flood_hold_no_other_site_up(store: TestStore) {
    let mut closed = of_site("boston", 0, 600, day(2));
    closed.iter_mut().for_each(|(promise, _)| promise.purpose = Purpose::Closure);
    closed.extend(of_site("boston", 1_000, 1, day(1)).into_iter().map(|(mut promise, mut call)| {
        (promise.id, call.id, call.outreach) = ("out-near".into(), "att-near".into(), "out-near".into());
        promise.visit.patient = "near".into();
        (promise, call)
    }));
    store.commit_plan(&plan(closed)).await.expect("planned");
    store.commit_plan(&plan(of_site("quincy", 2_000, 3, day(9)))).await.expect("planned");
    let first = store.lease_due(&lease("d", 4)).await.expect("leases");
    assert_eq!(by_site(&first), ["boston", "quincy", "boston", "quincy"]);
    assert!(first.iter().all(|l| l.outreach.visit.site != "boston".into() || l.outreach.purpose == Purpose::Closure));
    // A reminder that has waited meanwhile has the next line before the sites that have two.
    store.commit_plan(&plan(of_site("salem", 3_000, 1, day(12)))).await.expect("planned");
    let second = store.lease_due(&lease("d", 3)).await.expect("leases");
    assert_eq!(by_site(&second), ["salem", "boston", "quincy"]);
}

/// Where more are due than are read at once, the first of each site are found by an index.
async fn many_due_calls_are_leased_in_the_same_order_as_few(store: TestStore) {
    let (flood, small) = (of_site("boston", 0, 600, day(2)), of_site("quincy", 1_000, 2, day(9)));
    let mut not_yet = of_site("salem", 2_000, 1, day(1));
    not_yet[0].1.due_at = at(5);
    let silent = of_site("wells", 3_000, 4, day(1));
    for open in [flood, small, not_yet, silent] {
        store.commit_plan(&plan(open)).await.expect("planned");
    }
    let wish = LeaseRequest { skip_sites: vec!["wells".into()], ..lease("d", 6) };
    let leased = store.lease_due(&wish).await.expect("leases");
    let want = ["boston-0000", "quincy-0000", "boston-0001", "quincy-0001", "boston-0002", "boston-0003"];
    assert_eq!(ids(&leased), want.map(|id| format!("att-{id}")));
    let all = store.lease_due(&lease("d", 1_000)).await.expect("leases");
    assert_eq!(by_site(&all).iter().filter(|site| **site == "wells").count(), 4, "it is heard again");
    assert_eq!(all.len(), 600 - 4 + 4, "as many as are due");
}

/// Two patients on one number, a patient on two: the second call would be refused.
async fn one_lease_holds_no_number_and_no_patient_twice(store: TestStore) {
    let mut open = Vec::new();
    for (n, (patient, phone)) in (1..).zip([("ada", 1), ("bob", 1), ("ada", 2), ("cleo", 2), ("cleo", 1), ("dora", 3)]) {
        let (mut promise, mut call) = planned(patient, number(phone));
        (promise.touch, promise.start) = (n, day(2) + chrono::Duration::minutes(i64::from(n)));
        promise.id = format!("out-{n}").as_str().into();
        (call.id, call.outreach) = (format!("att-{n}").as_str().into(), promise.id.clone());
        open.push((promise, call));
    }
    store.commit_plan(&plan(open)).await.expect("planned");
    assert_eq!(ids(&store.lease_due(&lease("d", 2)).await.expect("leases")), ["att-1", "att-4"]);
    assert_eq!(ids(&store.lease_due(&lease("d", 9)).await.expect("leases")), ["att-2", "att-3", "att-6"]);
    assert_eq!(ids(&store.lease_due(&lease("d", 9)).await.expect("leases")), ["att-5"]);
}

async fn sites_whose_feed_is_silent_are_left_out(store: TestStore) {
    let (mut elsewhere, call) = planned("bob", number(2));
    elsewhere.visit.site = "quincy".into();
    store.commit_plan(&plan(vec![planned("ada", number(1)), (elsewhere, call)])).await.expect("planned");
    let without = |sites: &[&str]| LeaseRequest { skip_sites: sites.iter().map(|s| (*s).into()).collect(), ..lease("d", 9) };
    assert!(store.lease_due(&without(&["boston", "quincy"])).await.expect("leases").is_empty());
    assert_eq!(ids(&store.lease_due(&without(&["boston", "nowhere"])).await.expect("leases")), ["att-bob"]);
    assert_eq!(ids(&store.lease_due(&without(&[])).await.expect("leases")), ["att-ada"]);
}

async fn two_leasers_never_get_the_same_attempt(store: TestStore) {
    const CALLS: u32 = 300;
    let open = (0..CALLS).map(|n| planned(&format!("p{n}"), number(n))).collect();
    store.commit_plan(&plan(open)).await.expect("planned");
    let leasers = [store.share(), store.again().await, store.share(), store.again().await];
    let tasks = leasers.into_iter().enumerate().map(|(n, leaser)| {
        tokio::spawn(async move {
            let mut mine: Vec<AttemptId> = Vec::new();
            // SKIP LOCKED hides rows that another one is taking, so an empty answer is not the end while others are at work.
            for _ in 0..CALLS {
                let leased = leaser.lease_due(&lease(&format!("dialler-{n}"), 7)).await.expect("leases");
                mine.extend(leased.into_iter().map(|l| l.attempt.id));
            }
            mine
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.expect("the task ends"));
    }
    assert_eq!(all.len(), CALLS as usize, "each once");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), CALLS as usize, "each");
}

async fn no_more_is_leased_than_lines_are_free(store: TestStore) {
    let open = (0..9).map(|n| planned(&format!("p{n}"), number(n))).collect();
    store.commit_plan(&plan(open)).await.expect("planned");
    let count =
        async |max_lines, limit| store.lease_due(&LeaseRequest { max_lines, ..lease("d", limit) }).await.expect("leases").len();
    assert_eq!(count(0, 9).await, 0);
    assert_eq!(count(3, 2).await, 2);
    assert_eq!(count(3, 9).await, 1, "two lines are leased");
    assert_eq!(store.begin_request(&order("p0", "d")).await.expect("a verdict"), RequestVerdict::Granted);
    assert_eq!(count(3, 9).await, 0, "one call is live, two are leased");
    let over = call_commit("p0", 0, vec![], standing(AttemptStatus::Completed));
    store.commit_call(&over).await.expect("it ends");
    store.give_back(&"att-p1".into(), "d", &GiveBack::Cancel).await.expect("given back");
    assert_eq!(count(3, 9).await, 2, "two lines are free again");
    let spare = LeaseRequest { carrier: "spare".into(), max_lines: 1, ..lease("d", 9) };
    assert!(store.lease_due(&spare).await.expect("leases").is_empty(), "each carrier has lines and attempts of its own");
}

async fn of_two_leasers_at_once_neither_takes_a_line_too_many(store: TestStore) {
    const LINES: u32 = 5;
    let open = (0..60).map(|n| planned(&format!("p{n}"), number(n))).collect();
    store.commit_plan(&plan(open)).await.expect("planned");
    let wish = |holder| LeaseRequest { max_lines: LINES, ..lease(holder, 4) };
    let other = store.again().await;
    for round in 0..10 {
        let (one, two) = (wish("d"), wish("e"));
        let (one, two) = tokio::join!(store.lease_due(&one), other.lease_due(&two));
        let (one, two) = (one.expect("leases"), two.expect("leases"));
        assert_eq!(one.len() + two.len(), LINES as usize, "round {round}");
        for (holder, leased) in [("d", one), ("e", two)] {
            for call in leased {
                store.give_back(&call.attempt.id, holder, &GiveBack::Cancel).await.expect("given back");
            }
        }
    }
}

/// Reconciliation asks a carrier for its calls to a number: those of other attempts are not the one that is looked for.
async fn a_call_of_another_attempt_is_known_as_such(store: TestStore) {
    for (patient, id) in [("ada", "CA1"), ("bob", "CA2")] {
        requesting(&*store, patient, number(1)).await;
        let mut over = call_commit(patient, 0, vec![], standing(AttemptStatus::Completed));
        over.carrier_call_id = Some(id.to_string());
        store.commit_call(&over).await.expect("it ends");
    }
    let known = async |attempt: &str, phone, ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut known = store.calls_of_others(&attempt.into(), &number(phone), &ids).await.expect("an answer");
        known.sort();
        known
    };
    assert_eq!(known("att-cleo", 1, &["CA1", "CA2", "CA3"]).await, ["CA1", "CA2"]);
    assert_eq!(known("att-ada", 1, &["CA1", "CA2"]).await, ["CA2"], "its own call is not another's");
    assert_eq!(known("att-cleo", 2, &["CA1"]).await, [] as [&str; 0], "another number");
    assert_eq!(known("att-cleo", 1, &[]).await, [] as [&str; 0]);
}

async fn a_lease_that_is_over_is_redone(store: TestStore) {
    leased(&*store, &[("ada", number(1)), ("bob", number(2))], "d").await;
    let verdict = store.begin_request(&order("bob", "d")).await.expect("a verdict");
    assert_eq!(verdict, RequestVerdict::Granted);
    assert_eq!(store.expire_leases(at(2) - chrono::Duration::microseconds(1)).await.expect("expired"), 0);
    assert_eq!(store.expire_leases(at(2)).await.expect("expired"), 1);
    assert_eq!(store.expire_leases(at(600)).await.expect("expired"), 0, "one that is requesting is never redone");

    assert_eq!(store.begin_request(&order("ada", "d")).await.expect("a verdict"), RequestVerdict::LeaseLost);
    store.give_back(&"att-ada".into(), "d", &GiveBack::Cancel).await.expect("it is not d's to cancel any more");
    assert_eq!(ids(&store.lease_due(&lease("e", 9)).await.expect("leases")), ["att-ada"]);
    assert_eq!(store.begin_request(&order("ada", "d")).await.expect("a verdict"), RequestVerdict::LeaseLost);
    assert_eq!(store.begin_request(&order("ada", "e")).await.expect("a verdict"), RequestVerdict::Granted);
}

async fn an_attempt_given_back_is_planned_again_or_cancelled(store: TestStore) {
    leased(&*store, &[("ada", number(1)), ("bob", number(2))], "d").await;
    store.give_back(&"att-ada".into(), "d", &GiveBack::Later(at(10))).await.expect("given back");
    store.give_back(&"att-bob".into(), "d", &GiveBack::Cancel).await.expect("given back");
    assert!(store.lease_due(&lease("d", 9)).await.expect("leases").is_empty());
    assert_eq!(store.next_due(&"main".into(), at(1)).await.expect("a time"), Some(at(10)));
    let later = LeaseRequest { now: at(10), ..lease("e", 9) };
    assert_eq!(ids(&store.lease_due(&later).await.expect("leases")), ["att-ada"]);
    let calls = store.calls(None, 9).await.expect("calls");
    assert_eq!((calls.len(), calls[0].attempt.status), (1, AttemptStatus::Cancelled));

    let mut anew = attempt("bob", number(2));
    (anew.id, anew.number) = ("att-anew".into(), 2);
    store.commit_plan(&plan(vec![(outreach("bob"), anew)])).await.expect("planned anew");
    assert_eq!(ids(&store.lease_due(&lease("d", 9)).await.expect("leases")), ["att-anew"]);
}

async fn a_refused_request_can_be_given_back_until_something_is_heard(store: TestStore) {
    use callahead::core::call::CallEvent;
    requesting(&*store, "ada", number(1)).await;
    requesting(&*store, "bob", number(2)).await;
    let heard = call_commit("bob", 0, vec![event(1, CallEvent::Ringing)], standing(AttemptStatus::Requesting));
    store.commit_call(&heard).await.expect("a webhook came");
    for id in ["att-ada", "att-bob"] {
        store.give_back(&id.into(), "someone-else", &GiveBack::Later(at(1))).await.expect("nothing happens");
        store.give_back(&id.into(), "dialler-1", &GiveBack::Later(at(1))).await.expect("given back");
    }
    assert_eq!(ids(&store.lease_due(&lease("d", 9)).await.expect("leases")), ["att-ada"], "bob's call exists");
    assert!(store.load_call(&"token-ada".into()).await.expect("a look").is_none(), "the old token is void");
    assert_eq!(store.begin_request(&order("ada", "d")).await.expect("a verdict"), RequestVerdict::Granted);
}

async fn lines_and_the_next_due_time_are_told_per_carrier(store: TestStore) {
    assert_eq!(store.next_due(&"main".into(), at(1)).await.expect("a time"), None);
    leased(&*store, &[("ada", number(1)), ("bob", number(2))], "d").await;
    store.begin_request(&order("bob", "d")).await.expect("a verdict");
    let (promise, mut late) = planned("cleo", number(3));
    (late.due_at, late.not_after) = (day(-9), day(-8));
    let (other, mut elsewhere) = planned("dora", number(4));
    elsewhere.carrier = "spare".into();
    store.commit_plan(&plan(vec![(promise, late), (other, elsewhere)])).await.expect("planned");
    let next = async |carrier: &str, now| store.next_due(&carrier.into(), now).await.expect("a time");
    let instant = chrono::Duration::microseconds(1);
    assert_eq!(next("main", day(-8) - instant).await, Some(day(-9)), "however long past");
    assert_eq!(next("main", day(-8)).await, None, "its time is over");
    assert_eq!(next("spare", at(1)).await, Some(at(0)));
    assert_eq!(store.lines_in_use(&"main".into()).await.expect("lines"), 2, "leased and live");
    assert_eq!(store.lines_in_use(&"spare".into()).await.expect("lines"), 0);
}
