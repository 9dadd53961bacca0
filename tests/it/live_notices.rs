//! What one replica commits is told live to the others (LISTEN and NOTIFY on PostgreSQL), and nothing private with it.

use crate::store_suite::samples::{self, *};
use crate::support::postgres::fresh_database;
use crate::support::proxy::Proxy;
use callahead::app::read_rulings;
use callahead::board::Board;
use callahead::chance::Chance;
use callahead::clock::Clock;
use callahead::config::Config;
use callahead::nudge::Nudge;
use callahead::planner::Planner;
use callahead::store::{Notice, Notices, OptOut, SharedStore, open};
use sqlx::postgres::PgListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Two replicas of one PostgreSQL; the second one sees it through a proxy.
async fn two() -> Option<(String, SharedStore, Proxy, SharedStore)> {
    let url = fresh_database().await?;
    let one = open(&url).await.expect("it opens");
    one.migrate().await.expect("the schema comes up");
    let (proxy, through) = Proxy::before(&url).await;
    Some((url, one, proxy, open(&through).await.expect("it opens")))
}

/// Waits until others are heard, or are not.
async fn hears(notices: &mut Notices, hears: bool) {
    let heard = async {
        while notices.hears_others() != hears {
            notices.next().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("in time");
}

async fn told(notices: &mut Notices) {
    tokio::time::timeout(Duration::from_secs(30), notices.next()).await.expect("it is told");
}

fn opted_out() -> OptOut {
    OptOut { patient: Some("ada".into()), phone: Some(number(1)), at: at(0), how: "a letter".to_string() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_told_what_another_commits_and_again_after_its_connection_was_lost() {
    let Some((_, one, proxy, other)) = two().await else { return };
    let known = batch(vec![new(appointment("A1", "ada", day(3)))], vec![new(patient("ada", number(1)))]);
    let [mut touched, mut planned, mut logged] = Notice::ALL.map(|notice| other.notices(notice));
    hears(&mut touched, true).await;
    // What the connection itself rang for.
    for notices in [&mut planned, &mut logged] {
        told(notices).await;
    }
    one.commit_intake(&known).await.expect("taken in");
    told(&mut touched).await;
    one.commit_plan(&plan(vec![samples::planned("ada", number(1))])).await.expect("planned");
    told(&mut planned).await;
    one.log_webhooks(&[entry(0, None)]).await.expect("logged");
    told(&mut logged).await;

    proxy.fence();
    hears(&mut touched, false).await;
    one.add_opt_out(&opted_out()).await.expect("nobody hears it");
    proxy.lead_back();
    hears(&mut touched, true).await;
    assert_eq!(other.touched(9).await.expect("the queue").patients, ["ada".into()], "whoever was told to look finds it");
    one.touch(&["ada".into()]).await.expect("touched");
    told(&mut touched).await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_a_file_hears_its_own_commits() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&format!("sqlite://{}/calls.db", folder.path().display())).await.expect("it opens");
    store.migrate().await.expect("the schema comes up");
    let mut planned_some = store.notices(Notice::Planned);
    assert!(!planned_some.hears_others());
    let nobody = tokio::time::timeout(Duration::ZERO, planned_some.next()).await;
    assert!(nobody.is_err(), "nothing was committed");
    store.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("planned");
    told(&mut planned_some).await;
}

/// Everything that is told, heard by somebody who only listens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_names_nobody() {
    let Some((url, one, _proxy, _other)) = two().await else { return };
    let mut listener = PgListener::connect(&url).await.expect("a connection");
    listener.listen("callahead").await.expect("it listens");
    let known = batch(vec![new(appointment("A1", "ada", day(3)))], vec![new(patient("ada", number(1)))]);
    one.commit_intake(&known).await.expect("taken in");
    one.commit_plan(&plan(vec![planned("ada", number(1))])).await.expect("planned");
    one.log_webhooks(&[entry(0, Some("att-ada"))]).await.expect("logged");
    let mut words = Vec::new();
    while words.len() < 3 {
        let heard = tokio::time::timeout(Duration::from_secs(30), listener.recv()).await.expect("in time").expect("heard");
        words.push(heard.payload().to_string());
    }
    words.sort();
    assert_eq!(words, ["logged", "planned", "touched"]);
}

/// The clock stands still, so that nobody looks by themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replica_with_the_sweep_plans_at_once_whom_another_one_touched() {
    let Some((_, one, _proxy, other)) = two().await else { return };
    let rulings = read_rulings(&Config::defaults()).unwrap_or_else(|_| panic!("the shipped rules are sound"));
    let (board, clock) = (Board::new(rulings.rules), Clock::fixed(at(0)));
    let planner = Planner { store: other.clone(), board, clock, chance: Chance::seeded(1) };
    let ((_nudge, stale), planned, stop) = (Nudge::new(), Arc::new(Notify::new()), CancellationToken::new());
    let mut hearing = other.notices(Notice::Touched);
    hears(&mut hearing, true).await;
    let running = tokio::spawn(Arc::new(planner).run(stale, planned, stop.clone()));
    // A lease that is over at once: as long as it can be had, the planner has none.
    while one.hold_lease("planner", "nobody", at(0), at(0)).await.expect("a look") {
        tokio::task::yield_now().await;
    }
    let known = batch(vec![new(appointment("A1", "ada", day(3)))], vec![new(patient("ada", number(1)))]);
    one.commit_intake(&known).await.expect("taken in");
    // The first looks are those of the beginning, at everybody.
    for touch in 0..5 {
        one.touch(&["ada".into()]).await.expect("touched");
        let emptied = async {
            while !one.touched(9).await.expect("the queue").patients.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let emptied = tokio::time::timeout(Duration::from_secs(30), emptied).await;
        assert!(emptied.is_ok(), "touch {touch}: nobody read the queue");
    }
    stop.cancel();
    running.await.expect("it ends");
}
