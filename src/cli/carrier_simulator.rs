//! `carrier-simulator`: the simulated telephone network as a program of its own.

use super::serve::asked_to_stop;
use super::{Desk, Done};
use crate::carrier::simulator::{self, FaultList, SimulatorSettings};
use crate::clock::Clock;
use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;
use std::net::SocketAddr;
use tokio::net::TcpListener;

#[derive(Debug, Args)]
pub struct SimulatorArguments {
    /// Where it takes requests.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Seed of everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Faults with their share, such as `lost-answer:0.05,webhook-twice:0.1`.
    #[arg(long, value_name = "LIST", default_value = "")]
    faults: String,
    /// How much faster than the world telephones ring and people speak.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
    /// The account it knows.
    #[arg(long, default_value = "ACsimulator")]
    account: String,
    /// The account's token. It guards nothing real.
    #[arg(long, default_value = "simulator")]
    token: String,
}

pub async fn run(_: &Desk, args: SimulatorArguments) -> anyhow::Result<Done> {
    if args.speed <= 0.0 {
        bail!("--speed: want a number above 0; 1 is the pace of the world");
    }
    let clock =
        if (args.speed - 1.0).abs() < f64::EPSILON { Clock::system() } else { Clock::fast(Clock::system().now(), args.speed) };
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}: is another one running? Choose another --listen", args.listen))?;
    let address = listener.local_addr()?;
    let settings = SimulatorSettings {
        account: args.account,
        auth_token: SecretString::from(args.token),
        clock,
        seed: args.seed,
        faults: FaultList::parse(&args.faults).context("--faults")?,
    };
    let network = simulator::serve(listener, settings).await?;
    tracing::info!(%address, "a simulated telephone network: nobody real is called");
    asked_to_stop().await?;
    network.stop().await;
    Ok(Done::Fine)
}
