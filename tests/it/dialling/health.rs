//! What a carrier's answers mean for the calls after them, and how carriers stand in for each other.

use super::*;

fn lost() -> CarrierError {
    CarrierError::Unreachable("nobody listens".to_string())
}

impl Desk {
    async fn statuses(&self) -> Vec<AttemptStatus> {
        self.attempts().await.iter().map(|attempt| attempt.status).collect()
    }
}

#[tokio::test]
async fn nobody_sends_while_the_carrier_asks_for_patience() {
    let desk = Desk::with_patients(50.0, 4).await;
    let other = desk.replica(50.0);
    let patience = |retry_after_s| refused(Refusal::SlowDown { retry_after_s }, 429);
    desk.insists(&patience(Some(30)));
    desk.dial().await;
    desk.relents();
    assert_eq!((desk.placed(), dial(&other).await), (0, 0), "the other replica heard of it");
    assert!(desk.statuses().await.iter().all(|status| *status == AttemptStatus::Planned));
    desk.pass(Duration::seconds(28));
    assert_eq!(dial(&other).await, 0);
    desk.pass(Duration::seconds(2));
    assert_eq!((dial(&other).await, desk.placed()), (4, 4), "the same attempts");
    assert!(desk.attempts().await.iter().all(|attempt| attempt.number == 1));
}

#[tokio::test]
async fn a_full_queue_stops_the_carrier_for_ten_minutes_and_somebody_is_told() {
    let desk = Desk::with_patients(5.0, 2).await;
    desk.insists(&refused(Refusal::QueueFull { retry_after_s: None }, 400));
    desk.dial().await;
    desk.relents();
    let [item] = &desk.work().await[..] else { panic!("one item") };
    assert_eq!(item.kind, WorkKind::CarrierFault);
    desk.pass(Duration::seconds(590));
    assert_eq!(desk.dial().await, 0);
    desk.pass(Duration::seconds(10));
    assert_eq!((desk.dial().await, desk.placed()), (2, 2));
}

#[tokio::test]
async fn one_call_too_many_lowers_the_lines_of_all_replicas() {
    let desk = Desk::with_patients(50.0, 9).await;
    let other = dialer(&desk.rooms, desk.logged.clone(), 50.0, 3, &[("main", 1)]);
    assert_eq!((dial(&other).await, desk.placed()), (3, 3));
    desk.insists(&refused(Refusal::Lines, 400));
    desk.dial().await;
    desk.relents();
    desk.pass(Duration::seconds(31));
    assert_eq!((desk.dialer.link.lines(20, desk.clock.now()), desk.dial().await, desk.placed()), (3, 0, 3), "as many as are up");
    desk.pass(Duration::seconds(301));
    assert_eq!((desk.dial().await, desk.placed()), (6, 9), "five minutes later it has all its lines");
}

#[tokio::test]
async fn a_carrier_that_is_down_is_left_alone_and_then_tried_with_one_call() {
    let desk = Desk::with_patients(50.0, 9).await;
    desk.insists(&lost());
    desk.dial().await;
    desk.relents();
    assert_eq!(desk.placed(), 0);
    assert!(matches!(desk.standing(), Standing::Paused(Why::Down, Some(_))));
    desk.pass(Duration::seconds(61));
    let (one, two) = (desk.dialer.clone(), desk.replica(50.0));
    desk.answers(lost());
    assert_eq!((dial(&one).await, dial(&two).await, desk.placed()), (1, 0, 0), "one call of one replica");
    desk.pass(Duration::seconds(110));
    assert_eq!(dial(&two).await, 0, "then twice as long");
    desk.pass(Duration::seconds(11));
    assert_eq!((dial(&two).await, dial(&one).await, desk.placed()), (1, 8, 9), "it is up: all go on");
}

/// Whatever the job names: of three carriers, the first is down, the second takes its share and more, the third none.
#[tokio::test]
async fn another_carrier_stands_in_and_nothing_that_was_asked_for_moves() {
    const SHARING: [(&str, u32); 3] = [("main", 1), ("spare", 1), ("idle", 0)];
    let desk = Desk::open(50.0).await;
    desk.take_in(40).await;
    let spare = Arc::new(Telephones::new("spare"));
    let main = dialer(&desk.rooms, desk.logged.clone(), 50.0, 100, &SHARING);
    let other = dialer(&desk.rooms, spare.clone(), 50.0, 100, &SHARING);
    desk.insists(&lost());
    dial(&main).await;
    desk.relents();
    assert_eq!((desk.placed(), spare.count()), (0, 0));
    let mine = dial(&other).await;
    assert!(mine >= 20, "{mine}: all but what is tried again a little later");
    desk.pass(Duration::seconds(40));
    let late = dial(&other).await;
    assert_eq!((mine + late, desk.placed(), spare.count()), (40, 0, 40));
    let attempts = desk.attempts().await;
    assert!(attempts.iter().all(|a| a.carrier.as_str() == "spare" && a.status == AttemptStatus::Accepted), "{attempts:?}");
    desk.plan().await;
    assert_eq!(desk.attempts().await, attempts, "the planner leaves them where they are");
}

#[tokio::test]
async fn carriers_of_weight_share_the_calls_and_what_is_given_back_is_the_jobs_again() {
    const SHARING: [(&str, u32); 2] = [("main", 3), ("spare", 1)];
    let desk = Desk::open(200.0).await;
    desk.take_in(120).await;
    let spare = Arc::new(Telephones::new("spare"));
    let main = dialer(&desk.rooms, desk.logged.clone(), 200.0, 500, &SHARING);
    let other = dialer(&desk.rooms, spare.clone(), 200.0, 500, &SHARING);
    spare.answers(refused(Refusal::SlowDown { retry_after_s: Some(5) }, 429));
    dial(&other).await;
    let waiting = desk.attempts().await.into_iter().filter(|attempt| attempt.status == AttemptStatus::Planned);
    assert!(waiting.clone().count() > 90 && waiting.clone().all(|a| a.carrier.as_str() == "main"), "given back");
    desk.pass(Duration::seconds(6));
    dial(&other).await;
    dial(&main).await;
    let (three, one) = (desk.placed(), spare.count());
    assert!(three + one == 120 && (15..=45).contains(&one), "{three} to {one}");
}
