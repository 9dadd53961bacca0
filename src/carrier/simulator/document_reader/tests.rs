use super::*;
use crate::carrier::Own;
use crate::carrier::twilio::{Detection, TwilioCarrier, TwilioSettings};
use crate::carrier::{Carrier, Page};
use crate::core::call::Then;
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptToken, CarrierName};
use proptest::prelude::*;
use std::time::Duration;

fn parse_as(dialect: Dialect, body: &str) -> Result<Script, Flaw> {
    read(dialect, "text/xml; charset=utf-8", body.as_bytes())
}

fn parse(body: &str) -> Result<Vec<Verb>, Flaw> {
    parse_as(Dialect::Twilio, body).map(|script| script.verbs)
}

#[test]
fn what_an_engine_may_answer() {
    let gather = Gather {
        action: "/k?a=1&b=2".into(),
        post: true,
        takes_keys: true,
        timeout_s: 5,
        finish_on: String::new(),
        num_digits: Some(1),
        tell_empty: false,
        inside: vec![Verb::Play { url: "http://h/a".into(), times: 1 }, Verb::Pause(2)],
    };
    for (body, want) in [
        ("<Response/>", vec![]),
        ("<?xml version=\"1.0\"?>\n<Response>\n <Hangup/>\n</Response>\n", vec![Verb::Hangup]),
        ("<Response><!-- x --><Pause></Pause></Response>", vec![Verb::Pause(1)]),
        (
            "<Response><Play loop=\"2\"> http://h/a?x=1&amp;y=&#50; </Play></Response>",
            vec![Verb::Play { url: "http://h/a?x=1&y=2".into(), times: 2 }],
        ),
        (
            "<Response><Redirect method=\"GET\">../x</Redirect></Response>",
            vec![Verb::Redirect { url: "../x".into(), post: false }],
        ),
        (
            "<Response><Gather input=\"dtmf\" numDigits=\"1\" finishOnKey=\"\" action=\"/k?a=1&amp;b=2\"><Play>http://h/a</Play>\
             <Pause length=\"2\"/></Gather><Say>hm</Say></Response>",
            vec![Verb::Gather(gather), Verb::Say("hm".into())],
        ),
    ] {
        assert_eq!(parse(body), Ok(want), "{body}");
    }
}

#[test]
fn what_ends_a_call() {
    for (body, code) in [
        ("", 12100),
        (" <Response/>", 12100),
        ("hello", 12100),
        ("<Response>", 12100),
        ("<response/>", 12100),
        ("<Response></Respons>", 12100),
        ("<Response/><Response/>", 12100),
        ("<!DOCTYPE x><Response/>", 12100),
        ("<Response><Play>http://h/?a&b</Play></Response>", 12100),
        ("<Response><Play>&nbsp;</Play></Response>", 12100),
        ("<Response>hm</Response>", 12200),
        ("<Response><Play/></Response>", 12200),
        ("<Response><Play digits=\"12x\"/></Response>", 12200),
        ("<Response><Gather><Play digits=\"1\"/></Gather></Response>", 12200),
        ("<Response><Gather finishOnKey=\"12\"/></Response>", 12200),
        ("<Response><Gather><Dial>+16175550113</Dial></Gather></Response>", 12200),
        ("<Response><Dial/></Response>", 13201),
        ("<Response><Dial><Client>x</Client></Dial></Response>", 12200),
        ("<Response><Dance></Response>", 12100),
        ("<Response><Gather timeout=\"0\"/></Response>", 12200),
        ("<Response><Gather><Redirect>x</Redirect></Gather></Response>", 12200),
        ("<Response><Gather input=\"wink\"/></Response>", 12200),
        ("<Response><Gather method=\"PUT\"/></Response>", 12200),
        ("<Response><Hangup>x</Hangup></Response>", 12200),
    ] {
        assert_eq!(parse(body).map_err(|flaw| flaw.code), Err(code), "{body}");
    }
    assert_eq!(read(Dialect::Twilio, "text/html", b"<Response/>").map_err(|flaw| flaw.code), Err(12300));
    assert_eq!(read(Dialect::Twilio, "", b"<Response/>").map_err(|flaw| flaw.code), Err(12300));
    assert_eq!(read(Dialect::Twilio, "text/xml", &vec![b' '; LONGEST + 1]).map_err(|flaw| flaw.code), Err(11750));
}

#[test]
fn what_is_unknown_is_passed_over_with_a_warning() {
    for (body, verbs, warning) in [
        ("<Response><Dance><Step/>x</Dance><Hangup/></Response>", 1, "12200: Dance is no verb that is known here"),
        ("<Response><play>x</play></Response>", 0, "12200: play is no verb that is known here"),
        ("<Response><Play volume=\"11\">http://h/a</Play></Response>", 1, "12200: Play has no attribute volume"),
    ] {
        let script = parse_as(Dialect::Twilio, body).expect("followed all the same");
        assert_eq!((script.verbs.len(), script.warnings), (verbs, vec![warning.to_string()]), "{body}");
    }
}

#[test]
fn each_carrier_has_its_own_schema() {
    use Dialect::{SignalWire, Telnyx, Twilio};
    let pause = "<Response><Gather><Pause/></Gather></Response>";
    let relative = "<Response><Gather action=\"/k\"/></Response>";
    let empty = "<Response><Gather actionOnEmptyResult=\"true\" bargeIn=\"true\"/></Response>";
    for (dialect, body, want) in [
        (Twilio, pause, Ok(0)),
        (SignalWire, pause, Ok(0)),
        (Telnyx, pause, Err(12200)),
        (Twilio, relative, Ok(0)),
        (SignalWire, relative, Err(12200)),
        (Telnyx, relative, Ok(0)),
        (Twilio, empty, Ok(0)),
        (SignalWire, empty, Ok(1)),
        (Telnyx, empty, Ok(2)),
        (Telnyx, "<Response><Pause length=\"200\"/></Response>", Err(12200)),
        (Telnyx, "<Response><Gather minDigits=\"1\" maxDigits=\"4\"/></Response>", Ok(0)),
        (Twilio, "<Response><Gather minDigits=\"1\"/></Response>", Ok(1)),
    ] {
        let read = parse_as(dialect, body).map(|script| script.warnings.len()).map_err(|flaw| flaw.code);
        assert_eq!(read, want, "{dialect:?} {body}");
    }
}

#[test]
fn somebody_else_is_called_by_text_or_by_number() {
    let dial = |action: Option<&str>| Dial {
        number: "+16175550120".into(),
        action: action.map(str::to_string),
        post: true,
        timeout_s: 20,
        time_limit_s: 14_400,
        caller_id: None,
    };
    let text = "<Response><Dial timeout=\"20\" action=\"http://h/d\"> +16175550120 </Dial></Response>";
    assert_eq!(parse(text), Ok(vec![Verb::Dial(dial(Some("http://h/d")))]));
    let number = "<Response><Dial timeout=\"20\" answerOnBridge=\"true\"><Number>+16175550120</Number></Dial></Response>";
    assert_eq!(parse(number), Ok(vec![Verb::Dial(dial(None))]));
}

fn carrier() -> TwilioCarrier {
    let settings = TwilioSettings {
        name: CarrierName::from("main"),
        api_url: "http://127.0.0.1:1".into(),
        account: "AC1".into(),
        auth_tokens: vec!["secret".into()],
        from: PhoneNumber::parse("+16175550100").expect("a number"),
        public_url: "http://127.0.0.1:2".into(),
        answering_machine: Detection::Off,
        request_timeout: Duration::from_secs(1),
        within: None,
        own: Own::default(),
    };
    TwilioCarrier::new(settings).expect("sound settings")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_stands_in_an_address_survives_the_way(urls in prop::collection::vec("[!-~äß\u{20ac}]{1,30}", 0..4)) {
        let page = Page { step: 7, audio: urls.clone(), then: Then::Gather { timeout_s: 4 } };
        let document = carrier().document(&AttemptToken::from("tok"), &page);
        let script = read(Dialect::Twilio, document.content_type, document.body.as_bytes()).expect("a sound document");
        prop_assert_eq!(&script.warnings, &Vec::<String>::new());
        let [Verb::Gather(gather), Verb::Redirect { url, post: true }] = script.verbs.as_slice() else {
            panic!("{script:?}");
        };
        let inside: Vec<Verb> = urls.into_iter().map(|url| Verb::Play { url, times: 1 }).collect();
        prop_assert_eq!(&gather.inside, &inside);
        prop_assert!(url.contains("/voice/tok/7/silence#") && gather.action.contains("/voice/tok/7/key#"));
    }
}
