//! Requests against a server on loopback: at a pace, each counted from the moment at which it should have been sent, or
//! as fast as so many connections take them.

use crate::clock::Clock;
use anyhow::{bail, ensure};
use reqwest::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// So often what is answered with 503 is sent.
const TRIES: usize = 10;

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
/// When one is not answered with 2xx in the end.
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
/// When one is not answered with 2xx in the end.
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

/// Sends one until it is taken. What is answered with 503 a carrier sends again, and so does this: whoever counts the time
/// counts that in.
async fn send(client: &reqwest::Client, post: &Post) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        let request = client
            .post(&post.url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("X-Twilio-Signature", &post.signature)
            .body(post.body.clone());
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        answer.bytes().await.map_err(reqwest::Error::without_url)?;
        if status != StatusCode::SERVICE_UNAVAILABLE {
            ensure!(status.is_success(), "a request was answered with {status}");
            return Ok(());
        }
    }
    bail!("a request was answered with 503 {TRIES} times: the store does not answer, or this machine is too slow")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::post;

    /// A server that refuses so many requests for now, then takes all; and the ways to it.
    async fn refusing(count: usize) -> (String, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let answer = move || async move {
            let refused = counted.fetch_add(1, Ordering::Relaxed) < count;
            if refused { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
        };
        let app = Router::new().route("/taken", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (base, asked)
    }

    fn to(base: &str, path: &str) -> Post {
        Post { url: format!("{base}{path}"), body: String::new(), signature: String::new() }
    }

    #[tokio::test]
    async fn what_is_refused_for_now_is_sent_again_within_its_time() {
        let (base, asked) = refusing(3).await;
        let took = paced(&reqwest::Client::new(), &[to(&base, "/taken")], 1).await.expect("taken in the end");
        assert_eq!((took.len(), asked.load(Ordering::Relaxed)), (1, 4));
    }

    #[tokio::test]
    async fn whoever_never_takes_it_and_whoever_refuses_it_for_good_are_told() {
        let (base, asked) = refusing(usize::MAX).await;
        let client = reqwest::Client::new();
        let never = paced(&client, &[to(&base, "/taken")], 1).await.expect_err("never taken");
        assert!(never.to_string().contains("503"), "{never}");
        assert_eq!(asked.load(Ordering::Relaxed), TRIES);
        let nowhere = paced(&client, &[to(&base, "/nowhere")], 1).await.expect_err("no such place");
        assert!(nowhere.to_string().contains("404"), "{nowhere}");
    }
}
