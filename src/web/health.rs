//! Whether the service lives and works, for orchestrators and monitors. Counts only: nothing here names anybody.

use super::Web;
use crate::core::ids::{CarrierName, SiteKey};
use crate::core::link::{Standing, Why};
use crate::store::StoreError;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use std::fmt::Write;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers, and its schema is the one this program knows: then webhooks can be answered, and the service is ready. A
/// carrier through which no call can be placed, sites that nobody is called about because their feed is silent, and how much
/// is wrong in changed files are named, and no reason to send nobody here: whoever is on the line, and whoever calls us,
/// needs an answer all the same.
pub async fn readyz(State(web): State<Web>) -> Response {
    match look(&web).await {
        Ok((links, stopped)) => {
            let held: Vec<_> = links.iter().filter_map(|(name, standing)| Some((name, why_held(*standing)?))).collect();
            let can_place = links.is_empty() || held.len() < links.len();
            let mut said = if can_place { "ready" } else { "ready, but no carrier can place calls" }.to_string();
            for (name, why) in &held {
                said += &format!("; carrier {name} places nothing: {why}");
            }
            if !stopped.is_empty() {
                let sites = stopped.iter().map(|site| site.as_str()).collect::<Vec<_>>().join(", ");
                said += &format!("; silent feeds keep these sites from being called about: {sites}");
            }
            for (faults, files) in [(web.board.faults(), "rules"), (web.live.voice.faults(), "prompts")] {
                if faults > 0 {
                    said += &format!("; changed {files} have {faults} faults and are not in force: see the log");
                }
            }
            (said + "\n").into_response()
        }
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer; see the log\n").into_response()
        }
    }
}

/// How every configured carrier stands, and which sites are stopped.
async fn look(web: &Web) -> Result<(Vec<(CarrierName, Standing)>, Vec<SiteKey>), StoreError> {
    web.store.ready().await?;
    Ok((links(web).await?, web.silence.sites().await?))
}

async fn links(web: &Web) -> Result<Vec<(CarrierName, Standing)>, StoreError> {
    let (rows, now) = (web.store.carriers().await?, web.clock.now());
    let standing = |name: &CarrierName| {
        let row = rows.iter().find(|row| row.state.carrier == *name);
        row.map_or(Standing::Free, |row| row.state.standing(now))
    };
    Ok(web.live.carriers.keys().map(|name| (name.clone(), standing(name))).collect())
}

/// Why nothing is placed through a carrier, for people; none where calls are.
fn why_held(standing: Standing) -> Option<String> {
    let (why, until) = match standing {
        Standing::Free => return None,
        Standing::Trial => return Some("it is tried with the next call".to_string()),
        Standing::Paused(why, until) => (why, until),
    };
    let until = until.map(|until| format!(" until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true))).unwrap_or_default();
    Some(match why {
        Why::SlowDown => format!("it asked for patience{until}"),
        Why::QueueFull => format!("its queue is full, waiting{until}"),
        Why::Down => format!("it does not answer, waiting{until}"),
        Why::Account => format!("it refuses account, token or sender, or cannot use what we answer{until}: see the worklist"),
    })
}

/// Prometheus text: how many attempts stand in each status and outcome, and how many items wait for a person.
pub async fn metrics(State(web): State<Web>) -> Response {
    let (counts, work) = match (web.store.call_counts().await, web.store.count_open_work().await) {
        (Ok(counts), Ok(work)) => (counts, work),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "metrics could not be read");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let mut text =
        String::from("# HELP callahead_attempts Telephone calls by status and outcome.\n# TYPE callahead_attempts gauge\n");
    for count in counts {
        let outcome = count.outcome.map_or("none", |o| o.as_str());
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "callahead_attempts{{status=\"{}\",outcome=\"{outcome}\"}} {}", count.status.as_str(), count.count);
    }
    let _ = writeln!(text, "# HELP callahead_worklist_open Items that wait for a person.\n# TYPE callahead_worklist_open gauge");
    let _ = writeln!(text, "callahead_worklist_open {work}");
    if let Ok(stopped) = web.silence.sites().await {
        let _ = writeln!(text, "# HELP callahead_sites_stopped Sites nobody is called about because their feed is silent.");
        let _ = writeln!(text, "# TYPE callahead_sites_stopped gauge\ncallahead_sites_stopped {}", stopped.len());
    }
    if let Ok(links) = links(&web).await {
        let _ = writeln!(text, "# HELP callahead_carrier_up 1 while calls can be placed through the carrier.");
        let _ = writeln!(text, "# TYPE callahead_carrier_up gauge");
        for (name, standing) in links {
            let up = u8::from(standing == Standing::Free);
            let _ = writeln!(text, "callahead_carrier_up{{carrier=\"{name}\"}} {up}");
        }
    }
    let failed = u8::from(web.live.voice.faults() > 0);
    let _ =
        writeln!(text, "# HELP callahead_prompts_reload_failed 1 while changed prompts are wrong and the old ones are heard.");
    let _ = writeln!(text, "# TYPE callahead_prompts_reload_failed gauge\ncallahead_prompts_reload_failed {failed}");
    let failed = u8::from(web.board.faults() > 0);
    let _ =
        writeln!(text, "# HELP callahead_rules_reload_failed 1 while changed files of rules are wrong and the old rules hold.");
    let _ = writeln!(text, "# TYPE callahead_rules_reload_failed gauge\ncallahead_rules_reload_failed {failed}");
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
