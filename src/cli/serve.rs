//! `serve`: the service, until it is asked to stop.

use super::{Desk, Done};
use crate::app::{Engine, Listeners, Reload, Rooms};
use crate::backup::Schedule;
use crate::clock::Clock;
use crate::config::BackUp;
use crate::store::{Store, StoreError};
use anyhow::Context;
use chrono::Duration;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// How often a service looks whether it may still work with the store's schema.
const STILL_FIT: Duration = Duration::seconds(15);

pub async fn run(desk: &Desk) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let server = config.server.clone();
    let back_up = config.back_up.clone();
    let store = desk.open_store(&config).await?;
    let rooms = Rooms::open(config, store.clone(), Clock::system(), desk.chance.clone()).await?;
    for doubt in store.doubts().await? {
        tracing::warn!("the database: {doubt}");
    }
    let web = bind(server.listen, "listen").await?;
    let console = match server.console {
        Some(address) => Some(bind(address, "console").await?),
        None => None,
    };
    let listeners = Listeners { web, console };
    let reload = Reload::of(&rooms);
    let engine = Engine::start(rooms, listeners)?;
    engine.keep_reading(reload);
    if let Some(BackUp { folder, every, keep }) = back_up {
        engine.keep_backing_up(Schedule { folder, every, keep });
    }
    tracing::info!(address = %engine.address, public_url = server.public_url, "callahead serves");
    match engine.console {
        Some(address) => tracing::info!(url = format!("http://{address}"), "the console, for this computer only"),
        None => tracing::info!("no console: carriers call from outside, so it needs server.console, a loopback address"),
    }
    let outdated = tokio::select! {
        asked = asked_to_stop() => asked.map(|()| None)?,
        outdated = outdated(&*store) => Some(outdated),
    };
    tracing::info!("stopping: no new calls; requests under way are finished");
    engine.stop().await?;
    match outdated {
        Some(outdated) => Err(outdated).context("a newer callahead has taken the store over"),
        None => Ok(Done::Fine),
    }
}

/// Waits until the schema says that this program is too old for it: then it must not go on.
async fn outdated(store: &dyn Store) -> StoreError {
    loop {
        Clock::system().sleep(STILL_FIT).await;
        // Other trouble with the database passes.
        if let Err(outdated @ StoreError::Schema(_)) = store.ready().await {
            return outdated;
        }
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let taken = || format!("cannot listen on {address} (server.{key}): another program may have it, or a callahead that runs");
    TcpListener::bind(address).await.with_context(taken)
}

/// Waits for Ctrl-C or, on Unix, SIGTERM.
pub async fn asked_to_stop() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}
