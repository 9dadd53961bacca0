//! Somebody says that this is not the patient's number. The test plays the carrier, over real HTTP.

use crate::support::process::Program;
use crate::trouble::{Line, between};
use serde_json::Value;

/// What a command prints as JSON.
fn json(line: &Line, command: &[&str]) -> Value {
    let done = Program::run(&[command, &["--format", "json"]].concat(), &line.config);
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_told_at_once_and_nobody_calls_the_number_again() {
    let line = Line::dialled().await;
    let message = line.post(&line.answered, &[]).await;
    // At the first playing nobody was told of the key: it is said so, and told.
    let again = line.post(&between(&message, "action=\"", "\""), &[("Digits", "7")]).await;
    assert!(again.contains("<Gather"), "{again}");
    assert_eq!(json(&line, &["worklist", "list"]), serde_json::json!([]));

    // A stranger confirms first: that is no confirmation of the patient.
    let read_back = line.post(&between(&again, "action=\"", "\""), &[("Digits", "1")]).await;
    assert!(read_back.contains("<Gather"), "{read_back}");
    let action = between(&read_back, "action=\"", "\"");
    let bye = line.post(&action, &[("Digits", "7")]).await;
    assert!(bye.contains("<Play>") && bye.contains("<Hangup/>"), "{bye}");
    // The call is still on the line, and a person knows already.
    let work = json(&line, &["worklist", "list"]);
    assert_eq!((work[0]["kind"].as_str(), work[0]["patient"].as_str()), (Some("wrong_number"), Some("P0")));
    assert_eq!(json(&line, &["calls"])[0]["outcome"], Value::Null);
    // The webhook comes twice.
    assert!(line.post(&action, &[("Digits", "7")]).await.ends_with(bye.split_once("\r\n\r\n").expect("a body").1));

    let (carrier, rest) = line.answered.split_once("/voice/").expect("a voice webhook");
    let token = rest.split(['/', '?']).next().expect("a token");
    let taken = line.post(&format!("{carrier}/status/{token}"), &[("CallStatus", "completed"), ("CallDuration", "21")]).await;
    assert!(taken.starts_with("HTTP/1.1 204") || taken.starts_with("HTTP/1.1 200"), "{taken}");
    let call = &json(&line, &["calls"])[0];
    assert_eq!((call["outcome"].as_str(), call["end_reason"].as_str()), (Some("wrong_number"), Some("script_end")));
    assert_eq!((call["keys"].as_str(), call["status"].as_str()), (Some("717"), Some("completed")));
    assert_eq!(json(&line, &["worklist", "list"]).as_array().map(Vec::len), Some(1));
    assert_eq!(json(&line, &["opt-out", "list"]), serde_json::json!([]));
    let plan = json(&line, &["plan"]);
    assert_eq!((plan[0]["decision"].as_str(), plan[0]["reason"].as_str()), (Some("skip"), Some("no_callable_phone")));
}
