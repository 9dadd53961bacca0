//! Machine detection beside the live message, over HTTP on both sides: the carrier's verdict comes in, and the live call is
//! turned to the voicemail, through a carrier that fails as often as the story wants.

use crate::trouble::between;
use crate::webhook_desk::{Setup, WebDesk, sid};
use axum::Form;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use callahead::core::domain::{EndReason, Outcome, VoicemailPolicy};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What the carrier says when it is asked to turn a call.
#[derive(Clone, Copy)]
enum Says {
    Yes,
    NotLive,
    /// A server error.
    Fault,
    /// Nothing, for ever.
    Nothing,
}

#[derive(Clone)]
struct Api {
    says: Arc<Mutex<VecDeque<Says>>>,
    asked: mpsc::UnboundedSender<String>,
}

struct Story {
    desk: WebDesk,
    call: String,
    asked: mpsc::UnboundedReceiver<String>,
}

impl Story {
    /// Somebody or something has answered, and hears the message.
    async fn answered(voicemail: VoicemailPolicy, says: &[Says]) -> Story {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api_url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, asked) = mpsc::unbounded_channel();
        let api = Api { says: Arc::new(Mutex::new(says.iter().copied().collect())), asked: sender };
        let routes = Router::new().route("/2010-04-01/Accounts/AC1/Calls/{sid}", post(turn)).with_state(api);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        // Two seconds between tries are a tenth of one here.
        let desk = WebDesk::open(Setup { api_url, voicemail, faster: 20.0, ..Setup::default() }).await;
        let call = desk.call(1).await;
        let story = Story { desk, call, asked };
        let words = story.asks("answered", &[]).await;
        assert!(words.contains("<Gather"), "{words}");
        story
    }

    async fn asks(&self, what: &str, fields: &[(&str, &str)]) -> String {
        let id = sid(1);
        let fields = [&[("CallSid", id.as_str()), ("CallStatus", "in-progress")], fields].concat();
        let (status, words) = self.desk.post(&format!("voice/{}/{what}", self.call), &fields).await;
        assert_eq!(status, 200, "{words}");
        words
    }

    async fn verdict(&self, answered_by: &str) {
        let path = format!("amd/{}", self.call);
        let (status, _) = self.desk.post(&path, &[("CallSid", &sid(1)), ("AnsweredBy", answered_by)]).await;
        assert_eq!(status, 204);
    }

    /// The address that the carrier is asked to turn the call to.
    async fn turned(&mut self) -> String {
        let url = tokio::time::timeout(Duration::from_secs(20), self.asked.recv()).await.expect("in time").expect("a url");
        let path = url.split_once("/carriers/main/").expect("our own address").1;
        path.split('#').next().expect("a path").to_string()
    }

    async fn ends(&self, seconds: &str) -> (Outcome, EndReason) {
        let fields = [("CallSid", sid(1)), ("CallStatus", "completed".into()), ("CallDuration", seconds.into())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(self.desk.post(&format!("status/{}", self.call), &fields).await.0, 204);
        let attempt = self.desk.record(&self.call).await.attempt;
        (attempt.outcome.expect("an outcome"), attempt.end_reason.expect("a reason"))
    }

    /// The carrier fetches what it was turned to, and plays it to its end.
    async fn plays(&self, turned: &str) {
        let what = turned.split_once(&format!("{}/", self.call)).expect("the call's address").1;
        let tape = self.asks(what, &[]).await;
        assert!(tape.contains("<Play>") && !tape.contains("<Gather"), "the voicemail, without a menu: {tape}");
        assert_eq!(self.asks(what, &[]).await, tape, "from its first word, however often it is fetched");
        let played = between(&tape, "<Redirect method=\"POST\">", "</Redirect>");
        let played = played.split_once(&format!("{}/", self.call)).expect("the call's address").1;
        let end = self.asks(played, &[]).await;
        assert!(end.contains("<Hangup/>"), "{end}");
    }
}

async fn turn(State(api): State<Api>, Form(fields): Form<Vec<(String, String)>>) -> Response {
    let url = fields.into_iter().find(|(name, _)| name == "Url").expect("a Url").1;
    let says = api.says.lock().expect("no panic").pop_front().expect("nobody asks that often");
    api.asked.send(url).expect("the test listens");
    match says {
        Says::Yes => axum::Json(serde_json::json!({"sid": sid(1)})).into_response(),
        Says::NotLive => (StatusCode::BAD_REQUEST, axum::Json(serde_json::json!({"code": 21220}))).into_response(),
        Says::Fault => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Says::Nothing => std::future::pending().await,
    }
}

#[tokio::test]
async fn a_machine_gets_the_voicemail_from_its_first_word() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::Yes]).await;
    story.verdict("machine_end_beep").await;
    let turned = story.turned().await;
    story.plays(&turned).await;
    assert_eq!(story.ends("31").await, (Outcome::VoicemailLeft, EndReason::ScriptEnd));
}

#[tokio::test]
async fn a_carrier_that_fails_is_asked_three_times() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::Fault, Says::Fault, Says::Yes]).await;
    story.verdict("machine_end_silence").await;
    let turned = [story.turned().await, story.turned().await, story.turned().await];
    assert!(turned.iter().all(|url| *url == turned[0]), "to the same step: {turned:?}");
    story.plays(&turned[2]).await;
    assert_eq!(story.ends("31").await.0, Outcome::VoicemailLeft);
}

/// It may have turned the call: turned twice, the tape has the voicemail's beginning twice.
#[tokio::test]
async fn a_carrier_whose_answer_is_lost_is_asked_once() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::Nothing, Says::Yes]).await;
    story.verdict("machine_end_silence").await;
    let turned = story.turned().await;
    let again = tokio::time::timeout(Duration::from_millis(1_500), story.asked.recv()).await;
    assert!(again.is_err(), "asked again after {again:?}");
    story.plays(&turned).await;
    assert_eq!(story.ends("31").await.0, Outcome::VoicemailLeft);
}

#[tokio::test]
async fn a_call_that_is_never_turned_is_an_incomplete_voicemail() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::Fault; 3]).await;
    story.verdict("machine_end_other").await;
    for _ in 0..3 {
        story.turned().await;
    }
    assert_eq!(story.ends("31").await, (Outcome::VoicemailIncomplete, EndReason::Machine), "whatever the tape has heard");
}

/// The menu's silence is the next time that the carrier asks.
#[tokio::test]
async fn a_call_that_was_not_turned_gets_the_voicemail_when_the_carrier_asks_next() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::Fault; 3]).await;
    story.verdict("machine_end_beep").await;
    for _ in 0..3 {
        story.turned().await;
    }
    let tape = story.asks("1/silence", &[]).await;
    assert!(!tape.contains("<Gather"), "{tape}");
    let played = between(&tape, "<Redirect method=\"POST\">", "</Redirect>");
    story.asks(played.split_once(&format!("{}/", story.call)).expect("the call's address").1, &[]).await;
    assert_eq!(story.ends("58").await.0, Outcome::VoicemailLeft);
}

#[tokio::test]
async fn a_call_that_is_over_is_turned_once() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::NotLive]).await;
    story.verdict("machine_end_beep").await;
    story.turned().await;
    assert_eq!(story.ends("7").await.0, Outcome::VoicemailIncomplete);
    assert!(story.asked.is_empty(), "and nobody asks again");
}

#[tokio::test]
async fn a_key_pressed_earlier_wins() {
    let story = Story::answered(VoicemailPolicy::Standard, &[]).await;
    let read_back = story.asks("1/key", &[("Digits", "1")]).await;
    story.verdict("machine_end_beep").await;
    assert_eq!(story.asks("1/key", &[("Digits", "1")]).await, read_back, "nothing was turned");
    assert_eq!(story.ends("20").await.0, Outcome::Confirmed);
    assert!(story.asked.is_empty());
}

/// It was on its way when the verdict came: the patient is heard, whatever is said to them at the moment.
#[tokio::test]
async fn a_key_that_crosses_the_verdict_counts() {
    let mut story = Story::answered(VoicemailPolicy::Standard, &[Says::Yes]).await;
    story.verdict("machine_end_beep").await;
    story.turned().await;
    let words = story.asks("1/key", &[("Digits", "2")]).await;
    assert!(words.contains("<Gather"), "the choice is read back: {words}");
    assert_eq!(story.ends("20").await.0, Outcome::RescheduleRequested);
}

#[tokio::test]
async fn where_no_message_is_to_be_left_the_line_is_let_go() {
    let mut story = Story::answered(VoicemailPolicy::None, &[Says::Yes]).await;
    story.verdict("machine_end_beep").await;
    let turned = story.turned().await;
    let end = story.asks(turned.split_once(&format!("{}/", story.call)).expect("the call's address").1, &[]).await;
    assert!(end.contains("<Hangup/>") && !end.contains("<Play>"), "{end}");
    assert_eq!(story.ends("9").await.0, Outcome::MachineNoMessage);
}
