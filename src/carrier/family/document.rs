//! The document that says and does what a page tells, in the subset that every carrier of this family understands
//! (absolute addresses, POST, one Gather with Play inside, a Redirect after it for silence).

use super::addresses::{Addresses, Hook};
use crate::carrier::{Document, Page};
use crate::core::call::Then;
use crate::core::domain::PhoneNumber;
use crate::core::ids::AttemptToken;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// What every document is.
const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// A document being written.
pub(super) type Body<'b> = Writer<&'b mut Vec<u8>>;

/// Writes a page. `from` is our own number: what a desk that is dialled sees.
pub fn write(addresses: &Addresses, from: &PhoneNumber, token: &AttemptToken, page: &Page) -> Document {
    respond(|xml| compose(xml, addresses, from, token, page))
}

/// Plays `audio`, then asks at `address`.
pub fn write_again(address: &str, audio: &[String]) -> Document {
    respond(|xml| {
        play(xml, audio)?;
        redirect(xml, address)
    })
}

/// A document of what `inside` writes.
pub(super) fn respond(inside: impl FnOnce(&mut Body<'_>) -> io::Result<()>) -> Document {
    let mut bytes = Vec::new();
    let xml = &mut Writer::new(&mut bytes);
    let written = || {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.write_event(Event::Start(BytesStart::new("Response")))?;
        inside(xml)?;
        xml.write_event(Event::End(BytesEnd::new("Response")))
    };
    written().expect("writing into memory cannot fail");
    let body = String::from_utf8(bytes).expect("the writer was given text only");
    Document { content_type: CONTENT_TYPE, body }
}

fn compose(xml: &mut Body<'_>, to: &Addresses, from: &PhoneNumber, token: &AttemptToken, page: &Page) -> io::Result<()> {
    match &page.then {
        Then::Gather { timeout_s } => {
            let action = to.of(token, Hook::Key(page.step));
            gather(xml, &Gather { count: 1, timeout_s: *timeout_s, action: &action }, &page.audio)?;
            redirect(xml, &to.of(token, Hook::Silence(page.step)))?;
        }
        Then::Continue => {
            play(xml, &page.audio)?;
            redirect(xml, &to.of(token, Hook::Played(page.step)))?;
        }
        Then::Transfer { to: desk, ring_s } => {
            play(xml, &page.audio)?;
            let action = to.of(token, Hook::Transferred(page.step));
            let ring_s = ring_s.to_string();
            // Named, as carriers differ in whom they show else: ours is allowed with each of them, and the patient's number is
            // nobody's to see on the way.
            let dial =
                [("action", action.as_str()), ("method", "POST"), ("timeout", ring_s.as_str()), ("callerId", from.as_str())];
            xml.create_element("Dial").with_attributes(dial).write_text_content(BytesText::new(desk.as_str()))?;
        }
        Then::HangUp => {
            play(xml, &page.audio)?;
            xml.write_event(Event::Empty(BytesStart::new("Hangup")))?;
        }
    }
    Ok(())
}

/// Waits for keys.
pub(super) struct Gather<'g> {
    /// So many at most.
    pub count: u32,
    /// Seconds to wait for the first, and for each next one; at least one.
    pub timeout_s: u32,
    /// Where they are told.
    pub action: &'g str,
}

pub(super) fn gather(xml: &mut Body<'_>, wait: &Gather<'_>, audio: &[String]) -> io::Result<()> {
    let element = BytesStart::new("Gather").with_attributes([
        ("input", "dtmf"),
        ("numDigits", wait.count.to_string().as_str()),
        // None ends the input by itself, so that star and hash are keys like others.
        ("finishOnKey", ""),
        ("timeout", wait.timeout_s.max(1).to_string().as_str()),
        ("action", wait.action),
        ("method", "POST"),
    ]);
    xml.write_event(Event::Start(element))?;
    // Inside the gather, so that a key counts from the first millisecond.
    play(xml, audio)?;
    xml.write_event(Event::End(BytesEnd::new("Gather")))
}

pub(super) fn play(xml: &mut Body<'_>, audio: &[String]) -> io::Result<()> {
    for url in audio {
        xml.create_element("Play").write_text_content(BytesText::new(url))?;
    }
    Ok(())
}

pub(super) fn redirect(xml: &mut Body<'_>, url: &str) -> io::Result<()> {
    xml.create_element("Redirect").with_attribute(("method", "POST")).write_text_content(BytesText::new(url))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ids::CarrierName;

    fn written(step: u32, audio: &[&str], then: Then) -> String {
        let addresses = Addresses::new("https://c.example", &CarrierName::from("main"));
        let page = Page { step, audio: audio.iter().map(|url| url.to_string()).collect(), then };
        let from = PhoneNumber::parse("+16175550100").expect("a number");
        write(&addresses, &from, &AttemptToken::from("tok"), &page).body
    }

    #[test]
    fn a_gather_holds_the_message_and_is_followed_by_silence() {
        assert_eq!(
            written(1, &["https://c.example/audio/a.wav", "https://c.example/audio/b.wav"], Then::Gather { timeout_s: 8 }),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
             <Gather input=\"dtmf\" numDigits=\"1\" finishOnKey=\"\" timeout=\"8\" \
             action=\"https://c.example/carriers/main/voice/tok/1/key\" method=\"POST\">\
             <Play>https://c.example/audio/a.wav</Play><Play>https://c.example/audio/b.wav</Play></Gather>\
             <Redirect method=\"POST\">https://c.example/carriers/main/voice/tok/1/silence</Redirect></Response>"
        );
    }

    #[test]
    fn a_page_may_go_on_or_hang_up() {
        assert_eq!(
            written(2, &["https://c.example/a.wav"], Then::Continue),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Play>https://c.example/a.wav</Play>\
             <Redirect method=\"POST\">https://c.example/carriers/main/voice/tok/2/played</Redirect></Response>"
        );
        let apology = written(0, &["https://c.example/sorry.wav"], Then::HangUp);
        assert!(apology.ends_with("<Response><Play>https://c.example/sorry.wav</Play><Hangup/></Response>"), "{apology}");
        assert!(!apology.contains("tok"), "an apology stands for no call");
    }

    #[test]
    fn a_desk_that_is_dialled_sees_our_own_number() {
        let desk = PhoneNumber::parse("+16175550177").expect("a number");
        assert_eq!(
            written(3, &[], Then::Transfer { to: desk, ring_s: 20 }),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
             <Dial action=\"https://c.example/carriers/main/voice/tok/3/transferred\" method=\"POST\" timeout=\"20\" \
             callerId=\"+16175550100\">+16175550177</Dial></Response>"
        );
    }

    #[test]
    fn markup_in_an_address_is_escaped() {
        let body = written(1, &["https://c.example/a?x=1&y=<2>\"'"], Then::HangUp);
        assert!(body.contains("<Play>https://c.example/a?x=1&amp;y=&lt;2&gt;"), "{body}");
    }

    #[test]
    fn a_timeout_is_at_least_a_second() {
        assert!(written(1, &[], Then::Gather { timeout_s: 0 }).contains("timeout=\"1\""));
    }
}
