//! The webhook log of one call as a conversation: what was asked and told, in the order in which it began, counted from its
//! first line.

use crate::store::{Direction, WebhookEntry};

/// The columns.
pub const HEAD: [&str; 7] = ["after", "way", "what", "status", "verdict", "ms", "fields"];

/// Its lines. What we asked is kept when its answer has come: by the moment it began, it stands before what it caused.
pub fn lines(entries: &[(i64, WebhookEntry)]) -> Vec<Vec<String>> {
    let mut sorted: Vec<&(i64, WebhookEntry)> = entries.iter().collect();
    sorted.sort_by_key(|(number, entry)| (entry.at, *number));
    let Some(first) = sorted.first().map(|(_, entry)| entry.at) else { return Vec::new() };
    let line = |(_, entry): &&(i64, WebhookEntry)| {
        let after = (entry.at - first).num_milliseconds() as f64 / 1000.0;
        vec![
            format!("{after:+.3} s"),
            if entry.direction == Direction::In { "carrier > us" } else { "us > carrier" }.to_string(),
            what(entry),
            if entry.status == 0 { "-".to_string() } else { entry.status.to_string() },
            entry.verdict.clone(),
            format!("{:.1}", entry.duration_us as f64 / 1000.0),
            entry.body.clone(),
        ]
    };
    sorted.iter().map(line).collect()
}

/// What a line is about, in words.
fn what(entry: &WebhookEntry) -> String {
    let field = |name: &str| entry.body.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let parts: Vec<&str> = entry.path.split('/').collect();
    match (entry.direction, parts.as_slice()) {
        (Direction::Out, _) => entry.path.clone(),
        (_, ["status", _]) => format!("tells: {}", field("CallStatus").unwrap_or("a status")),
        (_, ["amd", _]) => format!("tells: answered by {}", field("AnsweredBy").unwrap_or("somebody")),
        (_, ["voice", _, "answered"]) => "asks: somebody answered".to_string(),
        (_, ["voice", _, step, "key"]) => match field("Digits") {
            Some(key) => format!("asks: key {key} at step {step}"),
            None => format!("asks: no key at step {step}"),
        },
        (_, ["voice", _, step, "silence"]) => format!("asks: no key at step {step}"),
        (_, ["voice", _, step, "played"]) => format!("asks: step {step} was played to its end"),
        (_, ["voice", _, step, "turned"]) => format!("asks: turned to step {step}"),
        (_, ["voice", _, step, "transferred"]) => format!("asks: the desk's part at step {step} is over"),
        _ if entry.path.is_empty() => "a request that was not read".to_string(),
        _ => entry.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Duration, Utc};

    fn entry(ms: i64, direction: Direction, path: &str, verdict: &str, body: &str) -> WebhookEntry {
        let start: DateTime<Utc> = "2026-11-27T15:00:00Z".parse().expect("a time");
        WebhookEntry {
            at: start + Duration::milliseconds(ms),
            direction,
            carrier: "main".to_string(),
            attempt: Some("att-1".into()),
            method: "POST".to_string(),
            path: path.to_string(),
            status: if verdict == "no_answer" { 0 } else { 200 },
            verdict: verdict.to_string(),
            duration_us: 1_500,
            body: body.to_string(),
        }
    }

    #[test]
    fn a_call_reads_from_its_request_to_its_end() {
        let entries = [
            (1, entry(40, Direction::In, "status/{token}", "ok", "CallStatus=initiated")),
            (2, entry(0, Direction::Out, "place call", "no_answer", "")),
            (3, entry(5_000, Direction::In, "voice/{token}/answered", "ok", "CallStatus=in-progress")),
            (4, entry(9_250, Direction::In, "voice/{token}/1/key", "ok", "CallStatus=in-progress Digits=1")),
            (5, entry(9_251, Direction::In, "voice/{token}/1/key", "duplicate", "Digits=1")),
        ];
        let lines: Vec<String> = lines(&entries).iter().map(|line| line[..6].join(" | ")).collect();
        assert_eq!(
            lines,
            [
                "+0.000 s | us > carrier | place call | - | no_answer | 1.5",
                "+0.040 s | carrier > us | tells: initiated | 200 | ok | 1.5",
                "+5.000 s | carrier > us | asks: somebody answered | 200 | ok | 1.5",
                "+9.250 s | carrier > us | asks: key 1 at step 1 | 200 | ok | 1.5",
                "+9.251 s | carrier > us | asks: key 1 at step 1 | 200 | duplicate | 1.5",
            ]
        );
    }
}
