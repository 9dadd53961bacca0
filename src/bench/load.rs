//! Requests against a server on loopback: at a pace, each counted from the moment at which it should have been sent, or
//! as fast as so many connections take them.

use crate::clock::Clock;
use anyhow::ensure;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// One form post.
#[derive(Debug, Clone)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Its body, encoded.
    pub body: String,
    /// Its signature; empty where none is needed.
    pub signature: String,
}

/// Opens connections, so that none is opened while time is taken.
pub async fn warm_up(client: &reqwest::Client, url: &str) -> anyhow::Result<()> {
    let mut asked = JoinSet::new();
    for _ in 0..64 {
        let request = client.get(url);
        asked.spawn(async move { request.send().await?.bytes().await });
    }
    for answer in asked.join_all().await {
        answer?;
    }
    Ok(())
}

/// Sends `posts` in their order, `rate` a second, and gives how long after its moment each was answered in full.
///
/// # Errors
/// When one is not answered with 2xx.
pub async fn paced(client: &reqwest::Client, posts: &[Post], rate: u32) -> anyhow::Result<Vec<Duration>> {
    let watch = Clock::system().stopwatch();
    let mut under_way = JoinSet::new();
    for (n, post) in posts.iter().enumerate() {
        let moment = Duration::from_secs_f64(n as f64 / f64::from(rate));
        // Sleeping rounds up to milliseconds; what is lost here counts against the server, as it should be.
        if let Some(left) = moment.checked_sub(watch.elapsed()) {
            tokio::time::sleep(left).await;
        }
        let (client, post) = (client.clone(), post.clone());
        under_way.spawn(async move {
            send(&client, &post).await?;
            Ok::<_, anyhow::Error>(watch.elapsed() - moment)
        });
    }
    under_way.join_all().await.into_iter().collect()
}

/// Sends series of posts over so many connections for `span`, each series in its order, and gives how many posts a second
/// were answered.
///
/// # Errors
/// When one is not answered with 2xx.
pub async fn flat_out(
    client: &reqwest::Client,
    series: Vec<Vec<Post>>,
    connections: usize,
    span: Duration,
) -> anyhow::Result<f64> {
    let (series, next, answered) = (Arc::new(series), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let watch = Clock::system().stopwatch();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (client, series, next, answered) = (client.clone(), series.clone(), next.clone(), answered.clone());
        workers.spawn(async move {
            while let Some(posts) = series.get(next.fetch_add(1, Ordering::Relaxed)) {
                for post in posts {
                    if watch.elapsed() >= span {
                        return Ok(());
                    }
                    send(&client, post).await?;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    for worker in workers.join_all().await {
        worker?;
    }
    Ok(answered.load(Ordering::Relaxed) as f64 / watch.elapsed().as_secs_f64().max(1e-9))
}

async fn send(client: &reqwest::Client, post: &Post) -> anyhow::Result<()> {
    let request = client
        .post(&post.url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("X-Twilio-Signature", &post.signature)
        .body(post.body.clone());
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    answer.bytes().await.map_err(reqwest::Error::without_url)?;
    ensure!(status.is_success(), "a request was answered with {status}");
    Ok(())
}
