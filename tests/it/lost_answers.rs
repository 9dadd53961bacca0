//! A connection to PostgreSQL dies between a commit and its answer: nobody knows what is written. Whatever it is, nobody is
//! called twice and no answer is lost, and no operation waits for ever.

use crate::store_suite::samples::*;
use crate::support::postgres::fresh_database;
use crate::support::proxy::{Loss, Proxy};
use callahead::core::call::CallEvent;
use callahead::core::domain::{AttemptStatus, WorkKind};
use callahead::store::{GiveBack, Notice, RequestVerdict, SharedStore, StoreError, TurnWish, WebhookQuery, open, open_within};
use std::time::{Duration, Instant};

/// A store behind a proxy, and the same store beside it.
struct Behind {
    proxy: Proxy,
    store: SharedStore,
    truth: SharedStore,
}

impl Behind {
    async fn open() -> Option<Behind> {
        Behind::open_within(Duration::from_secs(15)).await
    }

    async fn open_within(usual: Duration) -> Option<Behind> {
        let url = fresh_database().await?;
        let truth = open(&url).await.expect("it opens");
        truth.migrate().await.expect("the schema comes up");
        let (proxy, url) = Proxy::before(&url).await;
        Some(Behind { store: open_within(&url, usual).await.expect("it opens"), proxy, truth })
    }

    /// Does something whose commit, or the answer to it, is lost: an error that does not say that nothing was written.
    async fn lost<T: std::fmt::Debug>(&self, words: &str, loss: Loss, work: impl Future<Output = Result<T, StoreError>>) {
        let before = self.proxy.struck();
        self.proxy.lose(words, loss);
        let done = work.await;
        assert!(matches!(done, Err(StoreError::Database(_))), "{words} {loss:?}: {done:?}");
        assert_eq!(self.proxy.struck(), before + 1);
    }
}

const BOTH: [Loss; 2] = [Loss::Before, Loss::After];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_nobody_was_told_of_ends_and_is_given_to_somebody_else() {
    for loss in BOTH {
        let Some(behind) = Behind::open().await else { return };
        behind.truth.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("planned");
        behind.lost("COMMIT", loss, behind.store.lease_due(&lease("d", 9))).await;
        let again = behind.store.lease_due(&lease("e", 9)).await.expect("the next connection works");
        assert_eq!(again.len(), usize::from(loss == Loss::Before), "{loss:?}: it is d's, who does not know");
        behind.store.expire_leases(at(2)).await.expect("expired");
        let later = behind.store.lease_due(&lease("f", 9)).await.expect("leases");
        assert_eq!(later.len(), 1, "{loss:?}: when the lease is over it is dialled after all");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_commit_is_unknown_is_never_granted_twice() {
    for loss in BOTH {
        let Some(behind) = Behind::open().await else { return };
        leased(&*behind.truth, &[("ada", number(1))], "d").await;
        behind.lost("COMMIT", loss, behind.store.begin_request(&order("ada", "d"))).await;
        let is_written = loss == Loss::After;
        assert_eq!(behind.truth.live_calls().await.expect("calls").len(), usize::from(is_written), "{loss:?}");
        // Whoever got no verdict does not ask the carrier. It is leased, or its fate is found out: never planned blindly.
        assert_eq!(behind.store.expire_leases(at(2)).await.expect("expired"), u64::from(!is_written), "{loss:?}");
        let again = behind.store.lease_due(&lease("e", 9)).await.expect("leases");
        assert_eq!(again.len(), usize::from(!is_written), "{loss:?}");
        let late = behind.store.begin_request(&order("ada", "d")).await.expect("a verdict");
        assert_eq!(late, RequestVerdict::LeaseLost, "{loss:?}: asked once more it is refused");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_back_for_all_one_knows_is_not_given_back_from_others() {
    for loss in BOTH {
        let Some(behind) = Behind::open().await else { return };
        requesting(&*behind.truth, "ada", number(1)).await;
        let id = "att-ada".into();
        let back = GiveBack::Later(at(1));
        behind.lost("COMMIT", loss, behind.store.give_back(&id, "dialler-1", &back)).await;
        let is_planned = loss == Loss::After;
        assert_eq!(behind.truth.live_calls().await.expect("calls").is_empty(), is_planned, "{loss:?}");
        if is_planned {
            assert_eq!(behind.store.lease_due(&lease("e", 9)).await.expect("leases").len(), 1);
            assert_eq!(behind.store.begin_request(&order("ada", "e")).await.expect("granted"), RequestVerdict::Granted);
        }
        behind.store.give_back(&id, "dialler-1", &back).await.expect("once more");
        assert_eq!(behind.truth.live_calls().await.expect("calls").len(), usize::from(is_planned), "{loss:?}: it is e's call");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_that_were_reserved_unknown_to_anybody_are_left_out_and_never_used_twice() {
    for loss in BOTH {
        let Some(behind) = Behind::open().await else { return };
        let minute = chrono::Duration::minutes(1);
        let wish = TurnWish { carrier: "main".into(), now: at(0), gap: minute, count: 3, latest: at(60) };
        assert_eq!(behind.store.take_turns(&wish).await.expect("turns"), Some(at(0)));
        behind.lost("COMMIT", loss, behind.store.take_turns(&wish)).await;
        let free = if loss == Loss::After { at(6) } else { at(3) };
        assert_eq!(behind.store.take_turns(&wish).await.expect("turns"), Some(free), "{loss:?}");
    }
}

/// A webhook's events, by the short way (one statement) and the long one. Asked again, whoever decides finds what is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_commit_is_unknown_is_there_once_when_it_is_asked_again() {
    for (is_short, loss) in [(true, Loss::Before), (true, Loss::After), (false, Loss::Before), (false, Loss::After)] {
        let Some(behind) = Behind::open().await else { return };
        requesting(&*behind.truth, "ada", number(1)).await;
        let mut key = event(1, CallEvent::Silence { step: 1 });
        key.key = Some("step:1".to_string());
        let mut commit = call_commit("ada", 0, vec![key], standing(AttemptStatus::InProgress));
        commit.log = Some(entry(1, Some("att-ada")));
        let mut words = "att-ada";
        if !is_short {
            commit.open_work = vec![work("w1", WorkKind::Review, Some("ada"), 0)];
            words = "COMMIT";
        }
        // The first statement on a connection is sent twice, once without its values.
        behind.lost(words, loss, behind.store.commit_call(&commit)).await;
        let is_written = loss == Loss::After;
        let token = "token-ada".into();
        let events = async || behind.store.load_call(&token).await.expect("a look").expect("the call").events.len();
        assert_eq!(events().await, usize::from(is_written), "short {is_short}, {loss:?}");
        let again = behind.store.commit_call(&commit).await;
        assert_eq!(matches!(again, Err(StoreError::Conflict)), is_written, "short {is_short}, {loss:?}: {again:?}");
        assert_eq!(events().await, 1, "short {is_short}, {loss:?}");
        let log = behind.truth.webhooks(&WebhookQuery { limit: 9, ..WebhookQuery::default() }).await.expect("the log");
        assert_eq!(log.len(), 1, "short {is_short}, {loss:?}: its entry goes with it");
        assert_eq!(behind.truth.count_open_work().await.expect("items"), u64::from(!is_short), "{loss:?}");
    }
}

/// The server answers nothing, and closes nothing: its own time-outs end nothing either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_keeps_nobody_waiting_and_no_connection_in_the_pool() {
    let Some(behind) = Behind::open_within(Duration::from_secs(3)).await else { return };
    requesting(&*behind.truth, "ada", number(1)).await;
    // Connections that are warm, and one that listens.
    let mut touched = behind.store.notices(Notice::Touched);
    while !touched.hears_others() {
        touched.next().await;
    }
    let looks = || {
        (0..20).map(|_| {
            let store = behind.store.clone();
            tokio::spawn(async move { store.live_calls().await })
        })
    };
    for look in looks().collect::<Vec<_>>() {
        assert_eq!(look.await.expect("it ends").expect("an answer").len(), 1);
    }
    behind.proxy.freeze(true);
    for round in 0..2 {
        let begun = Instant::now();
        for look in looks().collect::<Vec<_>>() {
            let told = look.await.expect("it ends").expect_err("no answer");
            assert!(matches!(told, StoreError::Database(_)), "{told}");
        }
        let (item, ada) = (work("w", WorkKind::Review, Some("ada"), 0), ["ada".into()]);
        let (write, facts, ready) =
            tokio::join!(behind.store.open_work(&item), behind.store.load_facts(&ada, at(0)), behind.store.ready());
        assert!(matches!(write, Err(StoreError::Database(_))), "{write:?}");
        assert!(facts.is_err() && ready.is_err());
        assert!(begun.elapsed() < Duration::from_secs(14), "round {round} took {:?}", begun.elapsed());
    }
    behind.proxy.freeze(false);
    for look in looks().collect::<Vec<_>>() {
        assert_eq!(look.await.expect("it ends").expect("an answer").len(), 1, "every place of the pool is free again");
    }
    behind.store.close().await;
}
