//! A replica dies with an attempt in its hands; how soon another one takes it over. Its time is counted in beats of that other
//! one, which looks for due work every half second and for what is left behind every five, as in service.

use super::*;

/// Seconds of a lease, of a request's own time, of the questions after it, and between two looks at what is left behind.
const LEASE: usize = 15;
const REQUEST: usize = 30;
const QUESTIONS: usize = 60;
const RESCUE: usize = 5;

/// How far the replica came that took the attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Death {
    /// The attempt is leased.
    Leased,
    /// `requesting` is committed, and the carrier was not asked.
    Committed,
    /// The carrier took the call, and its answer was not heard.
    Asked,
}

/// A replica that took the only attempt, and died.
async fn dead(how: Death) -> Desk {
    let desk = Desk::with_patients(50.0, 1).await;
    match how {
        Death::Leased => desk.troubled.dies.store(true, Ordering::Relaxed),
        Death::Committed => *desk.troubled.meanwhile.lock().expect("no panic") = Some(Box::pin(std::future::pending())),
        Death::Asked => desk.telephones.mute.store(true, Ordering::Relaxed),
    }
    // What it began is never heard of again.
    let took = desk.dialer.dial_due(&TaskTracker::new(), &CancellationToken::new()).await.expect("a round");
    assert_eq!(took, 1);
    let has_died = || match how {
        Death::Leased => !desk.troubled.dies.load(Ordering::Relaxed),
        Death::Committed => desk.troubled.meanwhile.lock().expect("no panic").is_none(),
        Death::Asked => desk.placed() == 1,
    };
    while !has_died() {
        tokio::task::yield_now().await;
    }
    desk
}

/// Lets another replica work until `is_done`, for so many seconds at most; none where that is too short.
async fn seconds_until(desk: &Desk, other: &Arc<Dialer>, most: usize, is_done: impl AsyncFn() -> bool) -> Option<usize> {
    for second in 0..=most {
        if second % RESCUE == 0 {
            other.rescue().await.expect("a round");
        }
        for _ in 0..2 {
            dial(other).await;
            if is_done().await {
                return Some(second);
            }
            desk.pass(Duration::milliseconds(500));
        }
    }
    None
}

#[tokio::test]
async fn what_a_dead_replica_leased_is_dialled_when_its_lease_is_over() {
    let desk = dead(Death::Leased).await;
    let (other, began) = (desk.replica(50.0), desk.clock.now());
    let took = seconds_until(&desk, &other, LEASE + RESCUE, async || desk.placed() == 1).await;
    assert!(took.is_some(), "within the lease and a look");
    assert!(desk.clock.now() >= began + Duration::seconds(LEASE as i64 - 1), "and no earlier: {took:?}");
    assert_eq!(desk.attempts().await[0].status, AttemptStatus::Accepted);
}

/// The carrier is asked as soon as the request's own time is over, and nobody is dialled twice.
#[tokio::test]
async fn a_call_that_a_dead_replica_made_is_found_when_its_request_is_over() {
    let desk = dead(Death::Asked).await;
    let other = desk.replica(50.0);
    desk.knows(&["CA1"]);
    let found = async || desk.attempts().await[0].carrier_call_id.as_deref() == Some("CA1");
    assert!(seconds_until(&desk, &other, REQUEST + RESCUE, found).await.is_some());
    assert_eq!((desk.placed(), desk.attempts().await[0].status), (1, AttemptStatus::Accepted));
}

/// Nobody can know that it was never made before the carrier has said so for a minute; then the patient is called.
#[tokio::test]
async fn a_call_that_a_dead_replica_committed_and_never_made_is_made_after_the_questions() {
    let desk = dead(Death::Committed).await;
    let other = desk.replica(50.0);
    let settled = async || desk.attempts().await[0].end_reason == Some(EndReason::NeverPlaced);
    let took = seconds_until(&desk, &other, REQUEST + QUESTIONS + RESCUE, settled).await;
    assert!(took.is_some() && desk.placed() == 0, "{took:?}");
    assert_eq!(desk.store.lines_in_use(&"main".into()).await.expect("lines"), 0, "its line is free");
    desk.plan().await;
    let again = desk.attempts().await.into_iter().find(|attempt| attempt.status == AttemptStatus::Planned);
    desk.clock.advance_to(again.expect("another one is planned").due_at);
    assert_eq!((dial(&other).await, desk.placed()), (1, 1));
}
