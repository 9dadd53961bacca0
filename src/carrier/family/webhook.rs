//! What the carriers' webhooks mean, once their signature held (each carrier's own folder sees to that). Unknown fields are
//! ignored, required ones are taken by their exact names, and silence is never read as a choice.

use super::addresses::{self, Again, Hook};
use super::fields;
use super::form::field;
use super::incoming;
use crate::carrier::{Ask, Message, PutOff, Received, Rejected, Webhook, WebhookRequest};
use crate::core::call::{CallEvent, FinalStatus, Key, TransferResult};
use crate::core::domain::{AnsweredBy, EndReason};

/// Fields that identify nobody: all that the webhook log gets to see.
const HARMLESS: [&str; 10] = [
    "CallStatus",
    "DialCallStatus",
    "Digits",
    "AnsweredBy",
    "MachineDetectionDuration",
    "CallDuration",
    "SequenceNumber",
    "SipResponseCode",
    "ErrorCode",
    "msg",
];

/// No call of ours lasts a day: a greater number says nothing.
const LONGEST_CALL_S: u32 = 24 * 60 * 60;

/// Reads a webhook that is believed, with the decoded fields of its body.
///
/// # Errors
/// What is none of ours, and what cannot be understood.
pub fn read(fields: &[(String, String)], request: &WebhookRequest<'_>) -> Result<Webhook, Rejected> {
    if let Some(hook) = incoming::read_hook(request.path) {
        return incoming::read(hook, fields, request).map(Webhook::Incoming);
    }
    let (token, hook) = addresses::read(request.path).ok_or(Rejected::NotFound)?;
    if !request.method.eq_ignore_ascii_case("POST") {
        return Err(Rejected::Malformed("want a POST; a redirect on the way turns POST into GET".into()));
    }
    let carrier_call_id = Some(fields::call_id(fields)?);
    let again = addresses::read_again(request.path_and_query);
    let message = match hook {
        Hook::Answered | Hook::Fallback => {
            let answered_by = field(fields, "AnsweredBy").and_then(answered_by).or(again.answered_by);
            Message::Ask(match hook == Hook::Fallback || is_fallback(fields) {
                true => Ask::Fallback { answered_by, failed: failed_step(fields).or(again.failed) },
                false => Ask::Answered { answered_by },
            })
        }
        Hook::Key(step) => Message::Ask(match key(fields).or(again.key) {
            Some(key) => Ask::Key { step, key },
            None => Ask::Silence { step },
        }),
        Hook::Silence(step) => Message::Ask(Ask::Silence { step }),
        Hook::Played(step) => Message::Ask(Ask::Played { step }),
        Hook::Turned(step) => Message::Ask(Ask::Turned { step }),
        Hook::Transferred(step) => {
            let result = transferred(fields).or(again.transfer).unwrap_or(TransferResult::Failed);
            Message::Ask(Ask::Transferred { step, result })
        }
        Hook::Status => Message::News(status(fields)?),
        Hook::Detection => {
            let word = field(fields, "AnsweredBy").and_then(answered_by);
            let answered_by = word.ok_or_else(|| Rejected::Malformed("AnsweredBy is missing".into()))?;
            Message::News(CallEvent::Detected { answered_by })
        }
    };
    Ok(Webhook::OfAttempt(Received {
        token,
        carrier_call_id,
        message,
        put_off: PutOff {
            ms: again.put_off.ms.max(failed_address(fields).map_or(0, |(_, again)| again.put_off.ms)),
            ..again.put_off
        },
        summary: summary(fields),
        our_fault: our_fault(fields),
    }))
}

/// A code that tells of a fault at our end: a webhook that failed (112xx), a document that was bad (12xxx) or too large, a
/// status callback that we refused (carriers.md, sections 1 and 7).
pub(super) fn our_fault(fields: &[(String, String)]) -> Option<u32> {
    let code = field(fields, "ErrorCode")?.parse().ok()?;
    matches!(code, 11_200..=11_299 | 11_750 | 12_000..=12_999 | 15_003).then_some(code)
}

/// Whether the carrier asks because another address failed (carriers.md, section 2).
pub(super) fn is_fallback(fields: &[(String, String)]) -> bool {
    ["ErrorUrl", "ErrorCode"].iter().any(|name| field(fields, name).is_some_and(|value| !value.is_empty()))
}

/// The step that an address was to answer which failed.
pub(super) fn failed_step(fields: &[(String, String)]) -> Option<u32> {
    let (path, again) = failed_address(fields)?;
    match addresses::read(path)?.1 {
        Hook::Answered => Some(0),
        Hook::Key(step) | Hook::Silence(step) | Hook::Played(step) | Hook::Transferred(step) => Some(step),
        Hook::Fallback => again.failed,
        Hook::Turned(_) | Hook::Status | Hook::Detection => None,
    }
}

/// The path below ours, and the query, of the address that failed, where the carrier names it.
fn failed_address(fields: &[(String, String)]) -> Option<(&str, Again)> {
    let (_, below) = field(fields, "ErrorUrl")?.rsplit_once("/carriers/")?;
    let url = below.split('#').next()?;
    let path = url.split('?').next()?.split_once('/')?.1;
    Some((path, addresses::read_again(url)))
}

/// The key that was pressed. Empty, absent or unreadable is silence.
fn key(fields: &[(String, String)]) -> Option<Key> {
    field(fields, "Digits")?.chars().next().and_then(Key::new)
}

/// Who answered; `None` where the field is empty. The words are no closed list: Twilio's `machine_end_beep`, others'
/// `machine`; a word nobody knows could be either.
fn answered_by(word: &str) -> Option<AnsweredBy> {
    Some(match word {
        "" => return None,
        "human" => AnsweredBy::Human,
        "fax" => AnsweredBy::Fax,
        // A bare word comes from carriers that know no others: we asked for the end of the greeting, and to hang up without a
        // message on every machine, for ever, is worse than a message whose beginning a greeting may cover.
        word if word == "machine" || word.starts_with("machine_end") => AnsweredBy::MachineEnd,
        // Nothing says that the greeting is over.
        word if word.starts_with("machine") => AnsweredBy::MachineStart,
        _ => AnsweredBy::Unknown,
    })
}

pub(super) fn status(fields: &[(String, String)]) -> Result<CallEvent, Rejected> {
    let word = field(fields, "CallStatus").filter(|word| !word.is_empty());
    let word = word.ok_or_else(|| Rejected::Malformed("CallStatus is missing".into()))?;
    Ok(match word {
        "queued" | "initiated" => CallEvent::Accepted,
        // SignalWire has ringing_queued and ringing_forwarded, too.
        word if word.starts_with("ringing") => CallEvent::Ringing,
        "in-progress" | "answered" => CallEvent::PickedUp,
        word => {
            let status = final_status(word).ok_or_else(|| Rejected::Malformed("CallStatus is a word we do not know".into()))?;
            let seconds = field(fields, "CallDuration").and_then(|seconds| seconds.parse().ok());
            let talk_seconds = seconds.filter(|seconds| *seconds <= LONGEST_CALL_S);
            let reason = (status == FinalStatus::Failed).then(|| failure(fields));
            CallEvent::Ended { status, talk_seconds, reason }
        }
    })
}

/// What came of a `Dial`; `None` where nothing is said. Of a word nobody knows the length of the talk tells.
fn transferred(fields: &[(String, String)]) -> Option<TransferResult> {
    let talked = || field(fields, "DialCallDuration").and_then(|seconds| seconds.parse().ok()).is_some_and(|s: u32| s > 0);
    Some(match field(fields, "DialCallStatus").unwrap_or_default() {
        "completed" | "answered" => TransferResult::Connected,
        "busy" => TransferResult::Busy,
        // Called off while it rang: the patient hung up.
        "no-answer" | "canceled" => TransferResult::NoAnswer,
        "failed" => TransferResult::Failed,
        "" => return None,
        _ if talked() => TransferResult::Connected,
        _ => TransferResult::Failed,
    })
}

/// A final status by its word, in callbacks and in the REST resource.
pub fn final_status(word: &str) -> Option<FinalStatus> {
    Some(match word {
        "completed" => FinalStatus::Completed,
        "busy" => FinalStatus::Busy,
        "no-answer" => FinalStatus::NoAnswer,
        "failed" => FinalStatus::Failed,
        "canceled" | "cancelled" => FinalStatus::Cancelled,
        _ => return None,
    })
}

/// Whether a failure is the number's for good: SIP 404, 410, 484, 604, and the carrier's own codes: 13223 (bad format), 13226
/// (unknown country code). 13224 can be an outage, so it is not one. 13225 (blocked) and 13227 (a country we may not call) are
/// our account's: they say nothing about the number.
fn failure(fields: &[(String, String)]) -> EndReason {
    // Twilio's name for it, and SignalWire's. Telnyx says it in a word.
    let sip = field(fields, "SipResponseCode").or_else(|| field(fields, "SipResultCode")).unwrap_or_default();
    let cause = field(fields, "HangupCause").unwrap_or_default();
    let code = field(fields, "ErrorCode").unwrap_or_default();
    if matches!(code, "13225" | "13227") {
        return EndReason::Refused;
    }
    let permanent = matches!(code, "13223" | "13226" | "21211" | "21217");
    let permanent = permanent || cause == "not_found";
    if permanent || matches!(sip, "404" | "410" | "484" | "604") { EndReason::BadNumber } else { EndReason::CarrierFault }
}

pub(super) fn summary(fields: &[(String, String)]) -> String {
    let shown = HARMLESS.iter().filter_map(|name| {
        let value = field(fields, name).filter(|value| !value.is_empty())?;
        // Short words and numbers alone: nothing of another kind can travel into the log in these fields.
        let plain: String =
            value.chars().take(24).map(|c| if c.is_ascii_alphanumeric() || "-_*#".contains(c) { c } else { '_' }).collect();
        Some(format!("{name}={plain}"))
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::family::form;
    use chrono::DateTime;

    /// Like every webhook, it names the call.
    fn post(path: &str, body: &str) -> Result<Received, Rejected> {
        let named = if body.contains("CallSid=") { body.to_string() } else { format!("CallSid=CA1&{body}") };
        request("POST", path, &named)
    }

    fn request(method: &str, path: &str, body: &str) -> Result<Received, Rejected> {
        let path_and_query = format!("/carriers/main/{path}");
        let request = WebhookRequest {
            method,
            path,
            path_and_query: &path_and_query,
            header: &|_| None,
            body: body.as_bytes(),
            now: DateTime::UNIX_EPOCH,
        };
        match read(&form::pairs(body.as_bytes()), &request)? {
            Webhook::OfAttempt(received) => Ok(received),
            Webhook::Incoming(incoming) => panic!("of no attempt: {incoming:?}"),
        }
    }

    fn message(path: &str, body: &str) -> Message {
        post(path, body).unwrap_or_else(|why| panic!("{path} {body}: {why:?}")).message
    }

    #[test]
    fn questions_of_a_live_call() {
        let one = Key::new('1').expect("a key");
        for (path, body, want) in [
            ("voice/t/answered", "CallSid=CA1&CallStatus=in-progress&NewField=x", Ask::Answered { answered_by: None }),
            ("voice/t/answered", "ErrorUrl=&ErrorCode=", Ask::Answered { answered_by: None }),
            ("voice/t/answered", "ErrorCode=11200&ErrorUrl=https%3A%2F%2Fx", Ask::Fallback { answered_by: None, failed: None }),
            ("voice/t/fallback", "CallStatus=in-progress", Ask::Fallback { answered_by: None, failed: None }),
            (
                "voice/t/fallback",
                "ErrorCode=11200&ErrorUrl=https%3A%2F%2Fx%2Fcarriers%2Fmain%2Fvoice%2Ft%2F3%2Fkey%3Ftry%3D1%23rc%3D2",
                Ask::Fallback { answered_by: None, failed: Some(3) },
            ),
            (
                "voice/t/fallback",
                "ErrorUrl=https%3A%2F%2Fx%2Fcarriers%2Fmain%2Fvoice%2Ft%2Ffallback",
                Ask::Fallback { answered_by: None, failed: None },
            ),
            (
                "voice/t/fallback",
                "ErrorUrl=https%3A%2F%2Fx%2Fcarriers%2Fcarriers%2Fmain%2Fvoice%2Ft%2Ffallback%3Ftry%3D1%26failed%3D3%23rc%3D2",
                Ask::Fallback { answered_by: None, failed: Some(3) },
            ),
            ("voice/t/fallback", "AnsweredBy=human", Ask::Fallback { answered_by: Some(AnsweredBy::Human), failed: None }),
            ("voice/t/answered", "AnsweredBy=human", Ask::Answered { answered_by: Some(AnsweredBy::Human) }),
            ("voice/t/answered", "AnsweredBy=machine_end_other", Ask::Answered { answered_by: Some(AnsweredBy::MachineEnd) }),
            ("voice/t/2/key", "Digits=1&FinishedOnKey=&msg=Gather+End", Ask::Key { step: 2, key: one }),
            ("voice/t/2/key", "Digits=12", Ask::Key { step: 2, key: one }),
            ("voice/t/2/key", "Digits=%2A", Ask::Key { step: 2, key: Key::new('*').expect("a key") }),
            ("voice/t/2/key", "Digits=&FinishedOnKey=", Ask::Silence { step: 2 }),
            ("voice/t/2/key", "", Ask::Silence { step: 2 }),
            ("voice/t/2/key", "Digits=hangup", Ask::Silence { step: 2 }),
            ("voice/t/2/silence", "CallSid=CA1", Ask::Silence { step: 2 }),
            ("voice/t/3/played", "CallSid=CA1", Ask::Played { step: 3 }),
            ("voice/t/4/turned", "CallSid=CA1", Ask::Turned { step: 4 }),
        ] {
            assert_eq!(message(path, body), Message::Ask(want), "{path} {body}");
        }
    }

    #[test]
    fn what_came_of_the_desk() {
        use TransferResult::{Busy, Connected, Failed, NoAnswer};
        for (body, want) in [
            ("DialCallStatus=completed&DialCallDuration=40", Connected),
            ("DialCallStatus=answered", Connected),
            ("DialCallStatus=busy", Busy),
            ("DialCallStatus=no-answer", NoAnswer),
            ("DialCallStatus=failed", Failed),
            ("DialCallStatus=bridged&DialCallDuration=40", Connected),
            ("DialCallStatus=bridged&DialCallDuration=0", Failed),
            ("DialCallStatus=bridged", Failed),
            ("", Failed),
        ] {
            assert_eq!(
                message("voice/t/2/transferred", body),
                Message::Ask(Ask::Transferred { step: 2, result: want }),
                "{body}"
            );
        }
    }

    #[test]
    fn news_of_a_call() {
        let ended = |status, talk_seconds, reason| CallEvent::Ended { status, talk_seconds, reason };
        for (path, body, want) in [
            ("status/t", "CallStatus=initiated&SequenceNumber=0", CallEvent::Accepted),
            ("status/t", "CallStatus=ringing", CallEvent::Ringing),
            ("status/t", "CallStatus=in-progress", CallEvent::PickedUp),
            ("status/t", "CallStatus=answered", CallEvent::PickedUp),
            ("status/t", "CallStatus=completed&CallDuration=49", ended(FinalStatus::Completed, Some(49), None)),
            ("status/t", "CallStatus=completed&CallDuration=x", ended(FinalStatus::Completed, None, None)),
            ("status/t", "CallStatus=completed&CallDuration=4294967295", ended(FinalStatus::Completed, None, None)),
            ("status/t", "CallStatus=completed&CallDuration=99999999999999999999", ended(FinalStatus::Completed, None, None)),
            ("status/t", "CallStatus=busy&SipResponseCode=486&CallDuration=0", ended(FinalStatus::Busy, Some(0), None)),
            ("status/t", "CallStatus=no-answer", ended(FinalStatus::NoAnswer, None, None)),
            ("status/t", "CallStatus=canceled", ended(FinalStatus::Cancelled, None, None)),
            ("status/t", "CallStatus=failed&SipResponseCode=404", ended(FinalStatus::Failed, None, Some(EndReason::BadNumber))),
            ("status/t", "CallStatus=failed&SipResultCode=404", ended(FinalStatus::Failed, None, Some(EndReason::BadNumber))),
            ("status/t", "CallStatus=failed&HangupCause=not_found", ended(FinalStatus::Failed, None, Some(EndReason::BadNumber))),
            (
                "status/t",
                "CallStatus=failed&HangupCause=call_rejected",
                ended(FinalStatus::Failed, None, Some(EndReason::CarrierFault)),
            ),
            (
                "status/t",
                "CallStatus=failed&SipResponseCode=503",
                ended(FinalStatus::Failed, None, Some(EndReason::CarrierFault)),
            ),
            ("status/t", "CallStatus=failed&ErrorCode=13224", ended(FinalStatus::Failed, None, Some(EndReason::CarrierFault))),
            ("status/t", "CallStatus=failed&ErrorCode=13223", ended(FinalStatus::Failed, None, Some(EndReason::BadNumber))),
            ("status/t", "CallStatus=failed&ErrorCode=13225", ended(FinalStatus::Failed, None, Some(EndReason::Refused))),
            ("status/t", "CallStatus=failed&ErrorCode=13226", ended(FinalStatus::Failed, None, Some(EndReason::BadNumber))),
            ("status/t", "CallStatus=failed&ErrorCode=13227", ended(FinalStatus::Failed, None, Some(EndReason::Refused))),
            ("status/t", "CallStatus=ringing_forwarded", CallEvent::Ringing),
            ("amd/t", "CallSid=CA1&AnsweredBy=machine_end_beep", CallEvent::Detected { answered_by: AnsweredBy::MachineEnd }),
            ("amd/t", "AnsweredBy=machine_start", CallEvent::Detected { answered_by: AnsweredBy::MachineStart }),
            ("amd/t", "AnsweredBy=machine", CallEvent::Detected { answered_by: AnsweredBy::MachineEnd }),
            ("amd/t", "AnsweredBy=machine_words", CallEvent::Detected { answered_by: AnsweredBy::MachineStart }),
            ("amd/t", "AnsweredBy=fax", CallEvent::Detected { answered_by: AnsweredBy::Fax }),
            ("amd/t", "AnsweredBy=not_sure", CallEvent::Detected { answered_by: AnsweredBy::Unknown }),
        ] {
            assert_eq!(message(path, body), Message::News(want), "{path} {body}");
        }
    }

    #[test]
    fn our_own_faults() {
        for (code, ours) in [
            ("11200", true),
            ("11217", true),
            ("11750", true),
            ("12100", true),
            ("12345", true),
            ("15003", true),
            ("13224", false),
            ("21211", false),
            ("112", false),
            ("x", false),
            ("", false),
        ] {
            let received = post("status/t", &format!("CallStatus=completed&ErrorCode={code}")).expect("sound");
            assert_eq!(received.our_fault.map(|code| code.to_string()), ours.then(|| code.to_string()), "{code}");
        }
    }

    #[test]
    fn believed_and_not_understood() {
        assert_eq!(post("nowhere/t", ""), Err(Rejected::NotFound));
        for (path, body) in [("status/t", ""), ("status/t", "CallStatus=melted"), ("amd/t", "CallSid=CA1")] {
            assert!(matches!(post(path, body), Err(Rejected::Malformed(_))), "{path} {body}");
        }
        assert!(matches!(request("GET", "voice/t/answered", ""), Err(Rejected::Malformed(_))));
    }

    #[test]
    fn token_id_and_summary() {
        let body = "CallSid=CA9&To=%2B16175550101&ToCity=Boston&CallStatus=in-progress&Digits=1&msg=Gather+End";
        let received = post("voice/tok/1/key", body).expect("a sound webhook");
        assert_eq!(received.token.as_str(), "tok");
        assert_eq!(received.carrier_call_id.as_deref(), Some("CA9"));
        assert_eq!(received.summary, "CallStatus=in-progress Digits=1 msg=Gather_End");
        assert!(matches!(request("POST", "voice/tok/1/key", "Digits=1"), Err(Rejected::Malformed(_))), "no CallSid");
    }
}
