//! A replica dies with an attempt in its hands; how soon another one takes it over. Its time is counted in looks of that other
//! one, which come as often as in service.

use super::*;
use callahead::dialer::DialerBeat;

/// A lease, a request's own time, the questions after it, and the time to the next look at what is left behind.
const LEASE: Duration = Duration::seconds(15);
const REQUEST: Duration = Duration::seconds(30);
const QUESTIONS: Duration = Duration::seconds(60);
const RESCUE: Duration = Duration::seconds(5);

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

/// Lets another replica work until `is_done`, for so long at most, by the looks that it had; none where that is too short.
async fn time_until(desk: &Desk, other: &Arc<Dialer>, most: Duration, is_done: impl AsyncFn() -> bool) -> Option<Duration> {
    let DialerBeat { look, rescue } = DialerBeat::default();
    let (mut passed, mut next_rescue) = (Duration::zero(), Duration::zero());
    while passed <= most {
        if passed >= next_rescue {
            other.rescue().await.expect("a round");
            next_rescue += rescue;
        }
        dial(other).await;
        if is_done().await {
            return Some(passed);
        }
        desk.pass(look);
        passed += look;
    }
    None
}

#[tokio::test]
async fn what_a_dead_replica_leased_is_dialled_when_its_lease_is_over() {
    let desk = dead(Death::Leased).await;
    let (other, began) = (desk.replica(50.0), desk.clock.now());
    let took = time_until(&desk, &other, LEASE + RESCUE, async || desk.placed() == 1).await;
    assert!(took.is_some(), "within the lease and a look");
    assert!(desk.clock.now() >= began + LEASE - Duration::seconds(1), "and no earlier: {took:?}");
    assert_eq!(desk.attempts().await[0].status, AttemptStatus::Accepted);
}

/// The carrier is asked as soon as the request's own time is over, and nobody is dialled twice.
#[tokio::test]
async fn a_call_that_a_dead_replica_made_is_found_when_its_request_is_over() {
    let desk = dead(Death::Asked).await;
    let other = desk.replica(50.0);
    desk.knows(&["CA1"]);
    let found = async || desk.attempts().await[0].carrier_call_id.as_deref() == Some("CA1");
    assert!(time_until(&desk, &other, REQUEST + RESCUE, found).await.is_some());
    assert_eq!((desk.placed(), desk.attempts().await[0].status), (1, AttemptStatus::Accepted));
}

/// Nobody can know that it was never made before the carrier has said so for a minute; then the patient is called.
#[tokio::test]
async fn a_call_that_a_dead_replica_committed_and_never_made_is_made_after_the_questions() {
    let desk = dead(Death::Committed).await;
    let other = desk.replica(50.0);
    let settled = async || desk.attempts().await[0].end_reason == Some(EndReason::NeverPlaced);
    let took = time_until(&desk, &other, REQUEST + QUESTIONS + RESCUE, settled).await;
    assert!(took.is_some() && desk.placed() == 0, "{took:?}");
    assert_eq!(desk.store.lines_in_use(&"main".into()).await.expect("lines"), 0, "its line is free");
    desk.plan().await;
    let again = desk.attempts().await.into_iter().find(|attempt| attempt.status == AttemptStatus::Planned);
    desk.clock.advance_to(again.expect("another one is planned").due_at);
    assert_eq!((dial(&other).await, desk.placed()), (1, 1));
}
