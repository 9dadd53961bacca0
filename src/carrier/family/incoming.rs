//! Calls to our number. The hospital sets the number's voice address at the carrier to `…/incoming`, its fallback to
//! `…/incoming/fallback` and its status address to `…/incoming/status`; every later address names the call by a token of its own. What was entered stands in none of them,
//! nor in the webhook log: it may be a birthday.

use super::addresses::{Addresses, Hook};
use super::document::{Body, Gather, gather, play, redirect, respond};
use super::form::field;
use super::webhook;
use crate::carrier::{Document, Incoming, IncomingAsk, IncomingNext, IncomingPage, IncomingReply, Rejected, WebhookRequest};
use crate::core::Phi;
use crate::core::domain::PhoneNumber;
use crate::core::ids::AttemptToken;
use quick_xml::events::{BytesStart, Event};

/// What carriers send for a withheld number: RESTRICTED, ANONYMOUS and UNAVAILABLE, spelled on a telephone's keys. (BLOCKED and
/// UNKNOWN are too short to be read as numbers.)
const NO_NUMBERS: [&str; 3] = ["+7378742833", "+266696687", "+86282452253"];

/// What an address of an incoming call stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncomingHook {
    /// It rings.
    Rings,
    /// Another address failed.
    Fallback,
    /// The gather of a step ended, with keys or without.
    Digits(AttemptToken, u32),
    /// Status news.
    Status,
}

/// Reads the part of an address below `/carriers/NAME/`; `None` where it is about no incoming call.
pub fn read_hook(path: &str) -> Option<IncomingHook> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["incoming"] => Some(IncomingHook::Rings),
        ["incoming", "fallback"] => Some(IncomingHook::Fallback),
        ["incoming", "status"] => Some(IncomingHook::Status),
        ["incoming", token, step, "digits"] => {
            let sound = (1..=128).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
            let step = step.parse().ok()?;
            sound.then(|| IncomingHook::Digits(AttemptToken::new(*token), step))
        }
        _ => None,
    }
}

fn address(addresses: &Addresses, hook: &IncomingHook, query: &str) -> String {
    match hook {
        IncomingHook::Rings => addresses.below(&format!("incoming{query}")),
        IncomingHook::Fallback => addresses.below(&format!("incoming/fallback{query}")),
        IncomingHook::Digits(token, step) => addresses.below(&format!("incoming/{}/{step}/digits{query}", token.as_str())),
        IncomingHook::Status => addresses.below("incoming/status"),
    }
}

/// Reads a webhook about a call to our number, whose signature held.
///
/// # Errors
/// [`Rejected::Malformed`] where it names no call, or says nothing that we know.
pub fn read(hook: IncomingHook, fields: &[(String, String)], request: &WebhookRequest<'_>) -> Result<Incoming, Rejected> {
    if !request.method.eq_ignore_ascii_case("POST") {
        return Err(Rejected::Malformed("want a POST; a redirect on the way turns POST into GET".into()));
    }
    let carrier_call_id = super::fields::call_id(fields)?;
    let again = super::addresses::read_again(request.path_and_query);
    let ask = match hook {
        IncomingHook::Rings if !webhook::is_fallback(fields) => IncomingAsk::Rings,
        IncomingHook::Rings | IncomingHook::Fallback => {
            IncomingAsk::Fallback { failed: webhook::failed_step(fields).or(again.failed) }
        }
        IncomingHook::Digits(token, step) => {
            let digits = field(fields, "Digits").unwrap_or_default();
            let keys = digits.chars().chain(again.key.map(|key| key.as_char()).filter(|_| digits.is_empty()));
            IncomingAsk::Digits { token, step, digits: Phi::new(keys.take(MOST_KEYS).collect()) }
        }
        IncomingHook::Status => match webhook::status(fields)? {
            crate::core::call::CallEvent::Ended { status, talk_seconds, .. } => IncomingAsk::Over { status, talk_seconds },
            _ => IncomingAsk::Lasts,
        },
    };
    let harmless: Vec<_> = fields.iter().filter(|(name, _)| name != "Digits").cloned().collect();
    Ok(Incoming {
        carrier_call_id,
        caller: number(fields, "From"),
        called: number(fields, "To"),
        ask,
        tries: again.put_off.tries,
        summary: webhook::summary(&harmless),
        our_fault: webhook::our_fault(fields),
    })
}

/// More keys than are ever asked for are no answer.
const MOST_KEYS: usize = 8;

fn number(fields: &[(String, String)], name: &str) -> Option<PhoneNumber> {
    let text = field(fields, name).filter(|text| !NO_NUMBERS.contains(text))?;
    PhoneNumber::parse(text).ok()
}

/// The document that says and does what is answered to an incoming call.
pub fn document(addresses: &Addresses, reply: &IncomingReply<'_>) -> Document {
    match reply {
        IncomingReply::Page { token, page } => respond(|xml| compose(xml, addresses, token, page)),
        IncomingReply::Again { ask, tries, audio } => {
            let (hook, more) = asked_again(ask);
            let address = address(addresses, &hook, &format!("?try={tries}{more}"));
            respond(|xml| {
                play(xml, audio)?;
                redirect(xml, &address)
            })
        }
    }
}

/// Where the same is asked again. Only key 9 goes along: what else was entered may be a birthday, and is asked for again.
fn asked_again(ask: &IncomingAsk) -> (IncomingHook, String) {
    match ask {
        IncomingAsk::Digits { token, step, digits } => {
            let nine = !digits.reveal().is_empty() && digits.reveal().bytes().all(|digit| digit == b'9');
            (IncomingHook::Digits(token.clone(), *step), if nine { "&key=9".into() } else { String::new() })
        }
        IncomingAsk::Fallback { failed } => (IncomingHook::Fallback, super::addresses::failed_part(*failed)),
        IncomingAsk::Rings | IncomingAsk::Lasts | IncomingAsk::Over { .. } => (IncomingHook::Rings, String::new()),
    }
}

fn compose(xml: &mut Body<'_>, to: &Addresses, token: &AttemptToken, page: &IncomingPage) -> std::io::Result<()> {
    match &page.then {
        IncomingNext::Keys { count, timeout_s } => {
            let action = address(to, &IncomingHook::Digits(token.clone(), page.step), "");
            gather(xml, &Gather { count: *count, timeout_s: *timeout_s, action: &action }, &page.audio)?;
            redirect(xml, &action)
        }
        IncomingNext::Join(attempt) => {
            play(xml, &page.audio)?;
            redirect(xml, &to.of(attempt, Hook::Answered))
        }
        IncomingNext::HangUp => {
            play(xml, &page.audio)?;
            xml.write_event(Event::Empty(BytesStart::new("Hangup")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::call::FinalStatus;
    use crate::core::ids::CarrierName;

    fn read_post(path_and_query: &str, body: &str) -> Result<Incoming, Rejected> {
        let path = path_and_query.split('?').next().expect("a path");
        let request = WebhookRequest {
            method: "POST",
            path,
            path_and_query,
            header: &|_| None,
            body: body.as_bytes(),
            now: "2026-11-27T15:00:00Z".parse().expect("a time"),
        };
        read(read_hook(path).expect("one of ours"), &crate::carrier::family::form::pairs(body.as_bytes()), &request)
    }

    fn digits(path: &str, body: &str) -> (String, u32) {
        match read_post(path, body).expect("sound").ask {
            IncomingAsk::Digits { step, digits, .. } => (digits.reveal().clone(), step),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_request_says_who_calls_whom() {
        let body = "CallSid=CA1&From=%2B16175550101&To=%2B16175550100&CallStatus=ringing&FromCity=Boston";
        let incoming = read_post("incoming", body).expect("sound");
        assert_eq!((incoming.carrier_call_id.as_str(), &incoming.ask, incoming.tries), ("CA1", &IncomingAsk::Rings, 0));
        assert_eq!(incoming.caller.as_ref().map(PhoneNumber::as_str), Some("+16175550101"));
        assert_eq!(incoming.called.as_ref().map(PhoneNumber::as_str), Some("+16175550100"));
        assert_eq!(incoming.summary, "CallStatus=ringing");
        for withheld in ["anonymous", "%2B266696687", "%2B7378742833", "%2B2562533", "sip:x@y", "", "Restricted"] {
            let body = format!("CallSid=CA1&From={withheld}");
            assert_eq!(read_post("incoming", &body).expect("sound").caller, None, "{withheld}");
        }
    }

    #[test]
    fn what_was_entered_is_read_and_not_shown() {
        assert_eq!(digits("incoming/abc/2/digits", "CallSid=CA1&Digits=0412"), ("0412".into(), 2));
        assert_eq!(digits("incoming/abc/2/digits", "CallSid=CA1"), (String::new(), 2));
        assert_eq!(digits("incoming/abc/2/digits?try=1&key=9", "CallSid=CA1"), ("9".into(), 2));
        assert_eq!(digits("incoming/abc/2/digits", "CallSid=CA1&Digits=12345678901").0.len(), MOST_KEYS);
        let incoming = read_post("incoming/abc/2/digits", "CallSid=CA1&Digits=0412&msg=Gather+End").expect("sound");
        assert_eq!(incoming.summary, "msg=Gather_End");
        assert!(!format!("{incoming:?}").contains("0412"), "{incoming:?}");
    }

    #[test]
    fn news_is_that_it_is_over_or_lasts() {
        let over = read_post("incoming/status", "CallSid=CA1&CallStatus=completed&CallDuration=41").expect("sound").ask;
        assert_eq!(over, IncomingAsk::Over { status: FinalStatus::Completed, talk_seconds: Some(41) });
        assert_eq!(read_post("incoming/status", "CallSid=CA1&CallStatus=in-progress").expect("sound").ask, IncomingAsk::Lasts);
        for (path, body) in [("incoming", "From=x"), ("incoming/status", "CallSid=CA1"), ("incoming/t/1/digits", "Digits=1")] {
            assert!(matches!(read_post(path, body), Err(Rejected::Malformed(_))), "{path} {body}");
        }
    }

    #[test]
    fn what_is_none_of_ours_is_no_incoming_call() {
        for path in
            ["incoming/", "incoming/t", "incoming/t/x/digits", "incoming/t/1/key", "incoming//1/digits", "voice/t/answered"]
        {
            assert_eq!(read_hook(path), None, "{path}");
        }
        assert_eq!(read_hook(&format!("incoming/{}/1/digits", "a".repeat(200))), None);
    }

    fn written(reply: &IncomingReply<'_>) -> String {
        let addresses = Addresses::new("https://c.example", &CarrierName::from("main"));
        let body = document(&addresses, reply).body;
        body.replace("https://c.example/carriers/main", "").replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")
    }

    #[test]
    fn keys_are_gathered_and_silence_asks_at_the_same_address() {
        let page = |then| IncomingPage { step: 2, audio: vec!["https://c.example/a.wav".into()], then };
        let token = AttemptToken::from("tok");
        let of = |then| written(&IncomingReply::Page { token: &token, page: &page(then) });
        assert_eq!(
            of(IncomingNext::Keys { count: 4, timeout_s: 8 }),
            "<Response><Gather input=\"dtmf\" numDigits=\"4\" finishOnKey=\"\" timeout=\"8\" \
             action=\"/incoming/tok/2/digits\" method=\"POST\"><Play>https://c.example/a.wav</Play></Gather>\
             <Redirect method=\"POST\">/incoming/tok/2/digits</Redirect></Response>"
        );
        let joined = of(IncomingNext::Join("att".into()));
        assert!(joined.ends_with("<Redirect method=\"POST\">/voice/att/answered</Redirect></Response>"), "{joined}");
        assert!(of(IncomingNext::HangUp).ends_with("<Play>https://c.example/a.wav</Play><Hangup/></Response>"));
    }

    #[test]
    fn a_birthday_is_asked_for_again_and_never_stands_in_an_address() {
        let again = |ask: &IncomingAsk| written(&IncomingReply::Again { ask, tries: 2, audio: &[] });
        let entered = |digits: &str| IncomingAsk::Digits { token: "tok".into(), step: 3, digits: Phi::new(digits.to_string()) };
        let redirect = |to: &str| format!("<Response><Redirect method=\"POST\">{to}</Redirect></Response>");
        for (ask, want) in [
            (IncomingAsk::Rings, "/incoming?try=2"),
            (entered("0412"), "/incoming/tok/3/digits?try=2"),
            (entered(""), "/incoming/tok/3/digits?try=2"),
            (entered("9"), "/incoming/tok/3/digits?try=2&amp;key=9"),
        ] {
            assert_eq!(again(&ask), redirect(want));
        }
    }
}
