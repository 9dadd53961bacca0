//! `carrier-simulator`: the simulated telephone network as a program of its own.

use super::serve::asked_to_stop;
use super::{Desk, Done};
use crate::carrier::simulator::{self, Dialect, Fault, FaultList, IncomingSettings, Limits, NetworkSettings, SimulatorSettings};
use crate::clock::Clock;
use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpListener;

#[derive(Debug, Args)]
#[command(after_long_help = faults_explained())]
pub struct SimulatorArguments {
    /// Whose words it speaks: twilio, signalwire or telnyx.
    #[arg(long, value_name = "CARRIER", default_value = "twilio")]
    dialect: Dialect,
    /// Where it takes requests.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Seed of everything that is left to chance.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Faults with their share, such as `lost-answer:0.05,webhook-twice:0.1`; --help lists them. While it runs they are
    /// changed by `POST /faults` with such a list as its body.
    #[arg(long, value_name = "LIST", default_value = "")]
    faults: String,
    /// How much faster than the world telephones ring and people speak.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
    /// The account it knows.
    #[arg(long, default_value = "ACsimulator")]
    account: String,
    /// The account's token: Telnyx's API key. It guards nothing real.
    #[arg(long, default_value = "simulator")]
    token: String,
    /// A file with the account's token, instead of --token.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// What webhooks are signed with: SignalWire's signing key (default: the token), or 32 secret bytes in base64 for Telnyx
    /// (default: made of the token). Telnyx's public key stands in the first line of the log.
    #[arg(long, value_name = "KEY")]
    signing_key: Option<String>,
    /// How many calls the account may begin in a second; above that they wait.
    #[arg(long, value_name = "RATE")]
    calls_per_second: Option<f64>,
    /// How many calls may wait for that; more are refused.
    #[arg(long, value_name = "CALLS")]
    queue: Option<u32>,
    /// How many calls there may be at one time; more are refused.
    #[arg(long, value_name = "CALLS")]
    lines: Option<u32>,
    /// Asked what to say to somebody who calls the account's number, such as
    /// http://127.0.0.1:8080/carriers/main/incoming. `POST /incoming` with from, to and keys lets somebody call.
    #[arg(long, value_name = "URL")]
    incoming_url: Option<String>,
    /// Told how such a call ended.
    #[arg(long, value_name = "URL")]
    incoming_status_url: Option<String>,
}

fn faults_explained() -> String {
    let lines = Fault::TABLE.iter().map(|(_, name, about)| format!("  {name:<18} {about}\n"));
    format!(
        "Faults:\n{}\nKeys of people who call (`POST /incoming`): `3000:1 +1500:0412 +2000:hangup` presses 1 three seconds after \
         the answer, then, after a second and a half of silence, 0412, and hangs up after two more seconds of silence.",
        lines.collect::<String>()
    )
}

pub async fn run(_: &Desk, args: SimulatorArguments) -> anyhow::Result<Done> {
    if args.calls_per_second.is_some_and(|rate| rate <= 0.0) {
        bail!("--calls-per-second: want a number above 0, or nothing for no limit");
    }
    if args.speed <= 0.0 {
        bail!("--speed: want a number above 0; 1 is the pace of the world");
    }
    if args.dialect == Dialect::Telnyx && args.speed > 1.0 {
        bail!("--speed: telnyx signs with the time of day, so a service beside it would refuse what comes from the future");
    }
    let token = match &args.token_file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("--token-file: {} cannot be read", file.display()))?
            .trim_end()
            .to_string(),
        None => args.token,
    };
    if token.is_empty() {
        bail!("--token or --token-file: the token is empty");
    }
    let clock =
        if (args.speed - 1.0).abs() < f64::EPSILON { Clock::system() } else { Clock::fast(Clock::system().now(), args.speed) };
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}: is another one running? Choose another --listen", args.listen))?;
    let address = listener.local_addr()?;
    let settings = SimulatorSettings {
        account: args.account,
        auth_token: SecretString::from(token),
        clock,
        seed: args.seed,
        faults: FaultList::parse(&args.faults).context("--faults")?,
    };
    let kind = NetworkSettings {
        dialect: args.dialect,
        signing_key: args.signing_key.map(SecretString::from),
        limits: Limits { calls_per_second: args.calls_per_second, queue: args.queue, lines: args.lines },
        incoming: IncomingSettings { voice_url: args.incoming_url, status_url: args.incoming_status_url },
    };
    let network = simulator::serve_as(listener, settings, kind).await?;
    let (api_url, dialect) = (network.api_url(), args.dialect.as_str());
    match network.public_key() {
        None => tracing::info!(%address, dialect, api_url, "a simulated telephone network: nobody real is called"),
        Some(public_key) => {
            tracing::info!(%address, dialect, api_url, public_key, "a simulated telephone network: nobody real is called");
        }
    }
    asked_to_stop().await?;
    network.stop().await;
    Ok(Done::Fine)
}
