//! Whether the service lives and works, for orchestrators and monitors. Counts only: nothing here names anybody.

use super::Web;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::fmt::Write;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers and its schema is the one this program knows. Sites that nobody is called about because their feed is
/// silent are named, and how much is wrong in changed files, but the service is ready all the same: calls in progress need
/// its webhooks.
pub async fn readyz(State(web): State<Web>) -> Response {
    let ready = match web.store.ready().await {
        Ok(()) => web.silence.sites().await,
        Err(error) => Err(error),
    };
    match ready {
        Ok(stopped) => {
            let mut said = "ready".to_string();
            if !stopped.is_empty() {
                let sites = stopped.iter().map(|site| site.as_str()).collect::<Vec<_>>().join(", ");
                said += &format!("; silent feeds keep these sites from being called about: {sites}");
            }
            for (faults, files) in [(web.board.faults(), "rules"), (web.live.voice.faults(), "prompts")] {
                if faults > 0 {
                    said += &format!("; changed {files} have {faults} faults and are not in force: see the log");
                }
            }
            (StatusCode::OK, said + "\n").into_response()
        }
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer; see the log\n").into_response()
        }
    }
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
