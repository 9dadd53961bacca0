//! `serve`: the service, until it is asked to stop.

use super::{Desk, Done};
use crate::app::{Engine, Rooms, open_store};
use crate::clock::Clock;
use anyhow::Context;
use tokio::net::TcpListener;

pub async fn run(desk: &Desk) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let listen = config.server.listen;
    let public_url = config.server.public_url.clone();
    let store = open_store(&config).await?;
    let rooms = Rooms::open(config, store, Clock::system(), desk.chance.clone()).await?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen} (server.listen): is another one running?"))?;
    let engine = Engine::start(rooms, listener)?;
    tracing::info!(address = %engine.address, public_url, "callahead serves; the console is at the address");
    asked_to_stop().await?;
    tracing::info!("stopping: no new calls; requests under way are finished");
    engine.stop().await?;
    Ok(Done::Fine)
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
