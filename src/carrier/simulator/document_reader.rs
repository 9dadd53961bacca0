//! Reads the document a webhook answers with: strictly, so that a mistake shows here and not on a patient's telephone.
//! Where the real network only warns (an unknown attribute), the simulated one ends the call.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// One thing to do on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Play the audio at an address, `times` over (0: for ever).
    Play {
        /// Its address.
        url: String,
        /// How often.
        times: u32,
    },
    /// Speak a text.
    Say(String),
    /// Wait so many seconds.
    Pause(u32),
    /// Take keys while the verbs inside play, and after them.
    Gather(Gather),
    /// Go on with another document.
    Redirect {
        /// Its address; empty: this document again.
        url: String,
        /// Whether by POST.
        post: bool,
    },
    /// Hang up.
    Hangup,
}

/// How keys are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// Whom the keys are told; empty: this document again.
    pub action: String,
    /// Whether by POST.
    pub post: bool,
    /// Seconds to wait after the words, and after each key.
    pub timeout_s: u32,
    /// Keys that end the input.
    pub finish_on: String,
    /// How many keys end the input.
    pub num_digits: Option<usize>,
    /// Whether silence is told, too.
    pub tell_empty: bool,
    /// What plays meanwhile.
    pub inside: Vec<Verb>,
}

/// What is wrong with a document, with the carrier's error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// 11750 too long, 12100 no sound XML, 12200 not in the schema, 12300 a wrong content type.
    pub code: u32,
    /// What is wrong.
    pub what: String,
}

/// The longest document.
pub const LONGEST: usize = 64 * 1024;

fn flaw(code: u32, what: impl Into<String>) -> Flaw {
    Flaw { code, what: what.into() }
}

/// Reads an answer of a webhook.
pub fn read(content_type: &str, body: &[u8]) -> Result<Vec<Verb>, Flaw> {
    if body.len() > LONGEST {
        return Err(flaw(11750, "the document is longer than 64 kB"));
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "text/xml" && kind != "application/xml" {
        return Err(flaw(12300, format!("the content type is {kind:?}; want text/xml")));
    }
    let text = std::str::from_utf8(body).map_err(|_| flaw(12100, "the document is no UTF-8"))?;
    if !text.starts_with('<') {
        return Err(flaw(12100, "something stands before the document, or there is none"));
    }
    let mut xml = Xml { reader: Reader::from_str(text) };
    let (root, empty) = xml.next_element("")?.ok_or_else(|| flaw(12100, "there is no root element"))?;
    if root.name().as_ref() != "Response" {
        return Err(flaw(12100, "the root element is not Response"));
    }
    Attributes::of(&root)?.done()?;
    let verbs = if empty { Vec::new() } else { xml.verbs("Response", false)? };
    match xml.next_element("")? {
        None => Ok(verbs),
        Some(_) => Err(flaw(12100, "something stands after the root element")),
    }
}

struct Xml<'a> {
    reader: Reader<&'a [u8]>,
}

impl<'a> Xml<'a> {
    /// The next element inside `parent` and whether it is empty; `None` where `parent` ends. Text between is a fault.
    fn next_element(&mut self, parent: &str) -> Result<Option<(BytesStart<'a>, bool)>, Flaw> {
        loop {
            match self.reader.read_event().map_err(|error| flaw(12100, error.to_string()))? {
                Event::Start(start) => return Ok(Some((start, false))),
                Event::Empty(start) => return Ok(Some((start, true))),
                Event::End(_) => return Ok(None),
                Event::Eof if parent.is_empty() => return Ok(None),
                Event::Eof => return Err(flaw(12100, format!("{parent} is not closed"))),
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Decl(_) | Event::Comment(_) => {}
                Event::DocType(_) => return Err(flaw(12100, "a DOCTYPE is not allowed")),
                _ => return Err(flaw(12200, format!("text where none belongs, in {parent:?}"))),
            }
        }
    }

    fn verbs(&mut self, parent: &str, in_gather: bool) -> Result<Vec<Verb>, Flaw> {
        let mut verbs = Vec::new();
        while let Some((start, empty)) = self.next_element(parent)? {
            verbs.push(self.verb(&start, empty, in_gather)?);
        }
        Ok(verbs)
    }

    fn verb(&mut self, start: &BytesStart<'_>, empty: bool, in_gather: bool) -> Result<Verb, Flaw> {
        let name = start.name().as_ref().to_string();
        let mut attributes = Attributes::of(start)?;
        let verb = match name.as_str() {
            "Play" => {
                let times = attributes.number("loop", 0, 1000)?.unwrap_or(1);
                Verb::Play { url: self.text(&name, empty)?, times }
            }
            "Say" => {
                for name in ["voice", "language", "loop"] {
                    attributes.take(name);
                }
                Verb::Say(self.text(&name, empty)?)
            }
            "Pause" => {
                let seconds = attributes.number("length", 0, 600)?.unwrap_or(1);
                self.nothing_inside(&name, empty)?;
                Verb::Pause(seconds)
            }
            "Gather" if !in_gather => Verb::Gather(self.gather(&mut attributes, empty)?),
            "Redirect" if !in_gather => {
                let post = attributes.method()?;
                Verb::Redirect { url: self.text(&name, empty)?, post }
            }
            "Hangup" if !in_gather => {
                self.nothing_inside(&name, empty)?;
                Verb::Hangup
            }
            _ => return Err(flaw(12200, format!("{name} is no verb{}", if in_gather { " for a Gather" } else { "" }))),
        };
        attributes.done()?;
        Ok(verb)
    }

    fn gather(&mut self, attributes: &mut Attributes, empty: bool) -> Result<Gather, Flaw> {
        match attributes.take("input").as_deref() {
            None | Some("dtmf") => {}
            Some(other) => return Err(flaw(12200, format!("Gather input={other:?}: only dtmf is simulated"))),
        }
        let finish_on = attributes.take("finishOnKey").unwrap_or_else(|| "#".into());
        if !finish_on.chars().all(|key| matches!(key, '0'..='9' | '*' | '#')) {
            return Err(flaw(12200, "Gather finishOnKey: want keys"));
        }
        let gather = Gather {
            action: attributes.take("action").unwrap_or_default(),
            post: attributes.method()?,
            timeout_s: attributes.number("timeout", 1, 600)?.unwrap_or(5),
            finish_on,
            num_digits: attributes.number("numDigits", 1, 1000)?.map(|digits| digits as usize),
            tell_empty: attributes.flag("actionOnEmptyResult")?,
            inside: if empty { Vec::new() } else { self.verbs("Gather", true)? },
        };
        // About speech alone; a key always interrupts.
        attributes.flag("bargeIn")?;
        Ok(gather)
    }

    fn text(&mut self, name: &str, empty: bool) -> Result<String, Flaw> {
        let mut all = String::new();
        if empty {
            return Ok(all);
        }
        loop {
            match self.reader.read_event().map_err(|error| flaw(12100, error.to_string()))? {
                Event::Text(text) => all.push_str(&text),
                Event::CData(text) => all.push_str(&text),
                Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                    Ok(Some(c)) => all.push(c),
                    Ok(None) => match resolve_predefined_entity(&entity) {
                        Some(text) => all.push_str(text),
                        None => return Err(flaw(12100, format!("&{}; is not known", &*entity))),
                    },
                    Err(error) => return Err(flaw(12100, error.to_string())),
                },
                Event::Comment(_) => {}
                Event::End(_) => break,
                _ => return Err(flaw(12200, format!("want text alone in {name}"))),
            }
        }
        Ok(all.trim().to_string())
    }

    fn nothing_inside(&mut self, name: &str, empty: bool) -> Result<(), Flaw> {
        match empty || self.next_element(name)?.is_none() {
            true => Ok(()),
            false => Err(flaw(12200, format!("{name} holds nothing"))),
        }
    }
}

/// The attributes of a verb, each taken once; what is left at the end is not in the schema.
struct Attributes {
    verb: String,
    left: Vec<(String, String)>,
}

impl Attributes {
    fn of(start: &BytesStart<'_>) -> Result<Attributes, Flaw> {
        let read = start.attributes().map(|attribute| {
            let attribute = attribute.map_err(|error| flaw(12100, error.to_string()))?;
            let value =
                attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).map_err(|error| flaw(12100, error.to_string()))?;
            Ok((attribute.key.as_ref().to_string(), value.into_owned()))
        });
        Ok(Attributes { verb: start.name().as_ref().to_string(), left: read.collect::<Result<_, Flaw>>()? })
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.left.iter().position(|(given, _)| given == name)?;
        Some(self.left.swap_remove(at).1)
    }

    fn number(&mut self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Flaw> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| flaw(12200, format!("{} {name}={text:?}: want {least} to {most}", self.verb)))
    }

    fn flag(&mut self, name: &str) -> Result<bool, Flaw> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(flaw(12200, format!("{} {name}={other:?}: want true or false", self.verb))),
        }
    }

    fn method(&mut self) -> Result<bool, Flaw> {
        match self.take("method").as_deref() {
            None | Some("POST") => Ok(true),
            Some("GET") => Ok(false),
            Some(other) => Err(flaw(12200, format!("{} method={other:?}: want GET or POST", self.verb))),
        }
    }

    fn done(self) -> Result<(), Flaw> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => Err(flaw(12200, format!("{} has no attribute {name}", self.verb))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Own;
    use crate::carrier::twilio::{Detection, TwilioCarrier, TwilioSettings};
    use crate::carrier::{Carrier, Page};
    use crate::core::call::Then;
    use crate::core::domain::PhoneNumber;
    use crate::core::ids::{AttemptToken, CarrierName};
    use proptest::prelude::*;
    use std::time::Duration;

    fn parse(body: &str) -> Result<Vec<Verb>, Flaw> {
        read("text/xml; charset=utf-8", body.as_bytes())
    }

    #[test]
    fn what_an_engine_may_answer() {
        let gather = Gather {
            action: "/k?a=1&b=2".into(),
            post: true,
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
            ("<Response><Dance/></Response>", 12200),
            ("<Response><play>x</play></Response>", 12200),
            ("<Response><Play volume=\"11\">x</Play></Response>", 12200),
            ("<Response><Gather timeout=\"0\"/></Response>", 12200),
            ("<Response><Gather><Redirect>x</Redirect></Gather></Response>", 12200),
            ("<Response><Gather input=\"speech\"/></Response>", 12200),
            ("<Response><Gather method=\"PUT\"/></Response>", 12200),
            ("<Response><Hangup>x</Hangup></Response>", 12200),
        ] {
            assert_eq!(parse(body).map_err(|flaw| flaw.code), Err(code), "{body}");
        }
        assert_eq!(read("text/html", b"<Response/>").map_err(|flaw| flaw.code), Err(12300));
        assert_eq!(read("", b"<Response/>").map_err(|flaw| flaw.code), Err(12300));
        assert_eq!(read("text/xml", &vec![b' '; LONGEST + 1]).map_err(|flaw| flaw.code), Err(11750));
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
            let verbs = read(document.content_type, document.body.as_bytes()).expect("a sound document");
            let [Verb::Gather(gather), Verb::Redirect { url, post: true }] = verbs.as_slice() else {
                panic!("{verbs:?}");
            };
            let inside: Vec<Verb> = urls.into_iter().map(|url| Verb::Play { url, times: 1 }).collect();
            prop_assert_eq!(&gather.inside, &inside);
            prop_assert!(url.contains("/voice/tok/7/silence#") && gather.action.contains("/voice/tok/7/key#"));
        }
    }
}
