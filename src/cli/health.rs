//! `health`: whether the service that runs beside us is ready. For container images, which have no other program to ask with.

use super::{Desk, Done};
use anyhow::Context;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;

/// As long as an orchestrator waits for such a question.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct HealthArguments {
    /// Ask only whether anything listens there, as for a carrier-simulator; else `/readyz` at server.listen.
    #[arg(long, value_name = "ADDRESS")]
    listens: Option<SocketAddr>,
}

pub async fn run(desk: &Desk, args: HealthArguments) -> anyhow::Result<Done> {
    if let Some(address) = args.listens {
        let reached = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
        let up = matches!(reached, Ok(Ok(_)));
        eprintln!("{address}: {}", if up { "listens" } else { "nobody listens" });
        return Ok(if up { Done::Fine } else { Done::Found });
    }
    let address = reachable(desk.config()?.server.listen);
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().context("no HTTP client can be made")?;
    match client.get(format!("http://{address}/readyz")).send().await {
        Ok(answer) => {
            let (status, said) = (answer.status(), answer.text().await.unwrap_or_default());
            eprintln!("{address}: {} {}", status.as_u16(), said.trim_end());
            Ok(if status.is_success() { Done::Fine } else { Done::Found })
        }
        Err(error) => {
            eprintln!("{address}: {}", if error.is_timeout() { "no answer in time" } else { "no answer" });
            Ok(Done::Found)
        }
    }
}

/// Who listens everywhere is reached at the loopback address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, asked) in [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:8080", "[::1]:8080"), ("192.0.2.7:80", "192.0.2.7:80")]
        {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), asked);
        }
    }
}
