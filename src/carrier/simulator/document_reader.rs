//! Reads the document a webhook answers with, as strictly as the carrier: what is broken ends the call, what is only
//! unknown (a verb, an attribute) is passed over with a warning that the tally keeps.

use super::attributes::Attributes;
use super::dialect::Dialect;
use super::document::{Dial, Flaw, Gather, Script, Verb, flaw};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// The longest document.
pub const LONGEST: usize = 64 * 1024;
/// The longest text of a `Say`.
const LONGEST_SAY: usize = 4096;
/// How long a key sounds, with the pause after it.
const TONE_MS: u64 = 410;

/// Reads an answer of a webhook.
pub fn read(dialect: Dialect, content_type: &str, body: &[u8]) -> Result<Script, Flaw> {
    if body.len() > LONGEST {
        return Err(flaw(11750, "the document is longer than 64 kB"));
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "text/xml" && kind != "application/xml" {
        return Err(flaw(12300, format!("the content type is {kind:?}; want text/xml")));
    }
    let text = std::str::from_utf8(body).map_err(|_| flaw(12100, "the document is no UTF-8"))?;
    read_text(dialect, text)
}

/// Reads a document that came inside a request.
pub fn read_text(dialect: Dialect, text: &str) -> Result<Script, Flaw> {
    if !text.starts_with('<') {
        return Err(flaw(12100, "something stands before the document, or there is none"));
    }
    let mut xml = Xml { reader: Reader::from_str(text), dialect, warnings: Vec::new() };
    let (root, empty) = xml.next_element("")?.ok_or_else(|| flaw(12100, "there is no root element"))?;
    if root.name().as_ref() != "Response" {
        return Err(flaw(12100, "the root element is not Response"));
    }
    Attributes::of(&root)?.done(&mut xml.warnings);
    let verbs = if empty { Vec::new() } else { xml.verbs("Response", false)? };
    match xml.next_element("")? {
        None => Ok(Script { verbs, warnings: xml.warnings }),
        Some(_) => Err(flaw(12100, "something stands after the root element")),
    }
}

struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    dialect: Dialect,
    warnings: Vec<String>,
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
            verbs.extend(self.verb(&start, empty, in_gather)?);
        }
        Ok(verbs)
    }

    /// `None`: a verb that is not known, passed over.
    fn verb(&mut self, start: &BytesStart<'_>, empty: bool, in_gather: bool) -> Result<Option<Verb>, Flaw> {
        let name = start.name().as_ref().to_string();
        let mut attributes = Attributes::of(start)?;
        let misplaced = || flaw(12200, format!("{name} does not belong into a Gather"));
        let verb = match name.as_str() {
            "Gather" | "Dial" | "Redirect" | "Hangup" if in_gather => return Err(misplaced()),
            "Pause" if in_gather && self.dialect == Dialect::Telnyx => return Err(misplaced()),
            "Play" => self.play(&mut attributes, empty, in_gather)?,
            "Say" => {
                for name in ["voice", "language", "loop"] {
                    attributes.take(name);
                }
                let text = self.text(&name, empty)?;
                if text.chars().count() > LONGEST_SAY {
                    return Err(flaw(12200, "Say is longer than 4096 characters"));
                }
                Verb::Say(text)
            }
            "Pause" => {
                let (least, most) = if self.dialect == Dialect::Telnyx { (1, 180) } else { (0, 600) };
                let seconds = attributes.number("length", least, most)?.unwrap_or(1);
                self.nothing_inside(&name, empty)?;
                Verb::Pause(seconds)
            }
            "Gather" => Verb::Gather(self.gather(&mut attributes, empty)?),
            "Dial" => Verb::Dial(self.dial(&mut attributes, empty)?),
            "Redirect" => {
                let post = attributes.method()?;
                let url = self.text(&name, empty)?;
                Verb::Redirect { url: self.address("Redirect", url)?, post }
            }
            "Hangup" => {
                self.nothing_inside(&name, empty)?;
                Verb::Hangup
            }
            _ => {
                self.warnings.push(format!("12200: {name} is no verb that is known here"));
                self.pass_over(empty)?;
                return Ok(None);
            }
        };
        attributes.done(&mut self.warnings);
        Ok(Some(verb))
    }

    fn play(&mut self, attributes: &mut Attributes, empty: bool, in_gather: bool) -> Result<Verb, Flaw> {
        let times = attributes.number("loop", 0, 1000)?.unwrap_or(1);
        let keys = attributes.take("digits");
        let url = self.text("Play", empty)?;
        let Some(keys) = keys else {
            return match url.is_empty() {
                true => Err(flaw(12200, "Play has neither an address nor digits")),
                false => Ok(Verb::Play { url, times }),
            };
        };
        if in_gather {
            return Err(flaw(12200, "Play digits does not belong into a Gather"));
        }
        let lengths = keys.chars().map(|key| match key {
            'w' => Ok(500),
            'W' => Ok(1000),
            '0'..='9' | '*' | '#' => Ok(TONE_MS),
            _ => Err(flaw(12200, "Play digits: want 0-9 * # w W")),
        });
        Ok(Verb::Tones(lengths.sum::<Result<u64, Flaw>>()?))
    }

    fn gather(&mut self, attributes: &mut Attributes, empty: bool) -> Result<Gather, Flaw> {
        let takes_keys = match attributes.take("input").as_deref() {
            None | Some("dtmf" | "dtmf speech" | "speech dtmf") => true,
            Some("speech") => false,
            Some(other) => return Err(flaw(12200, format!("Gather input={other:?}: want dtmf, speech, or both"))),
        };
        let finish_on = attributes.take("finishOnKey").unwrap_or_else(|| "#".into());
        if finish_on.chars().count() > 1 || !finish_on.chars().all(|key| matches!(key, '0'..='9' | '*' | '#')) {
            return Err(flaw(12200, "Gather finishOnKey: want one key, or nothing"));
        }
        let action = attributes.take("action").unwrap_or_default();
        let mut gather = Gather {
            action: self.address("Gather action", action)?,
            post: attributes.method()?,
            takes_keys,
            timeout_s: attributes.number("timeout", 1, 600)?.unwrap_or(5),
            finish_on,
            num_digits: attributes.number("numDigits", 1, 1000)?.map(|digits| digits as usize),
            tell_empty: false,
            inside: Vec::new(),
        };
        if self.dialect == Dialect::Telnyx {
            // Its table has neither `actionOnEmptyResult` nor `bargeIn`: they are warned of, and do nothing.
            let most = attributes.number("maxDigits", 1, 128)?.map(|digits| digits as usize);
            gather.num_digits = gather.num_digits.or(most);
            for name in ["minDigits", "validDigits", "invalidDigitsAction"] {
                attributes.take(name);
            }
        } else {
            gather.tell_empty = attributes.flag("actionOnEmptyResult")?;
        }
        if self.dialect == Dialect::Twilio {
            // About speech alone; a key always interrupts.
            attributes.flag("bargeIn")?;
        }
        // Of speech.
        for name in ["speechTimeout", "hints", "language", "profanityFilter", "speechModel", "enhanced"] {
            attributes.take(name);
        }
        if !empty {
            gather.inside = self.verbs("Gather", true)?;
        }
        Ok(gather)
    }

    fn dial(&mut self, attributes: &mut Attributes, empty: bool) -> Result<Dial, Flaw> {
        let action = attributes.take("action").filter(|action| !action.is_empty());
        let mut dial = Dial {
            number: String::new(),
            action: action.map(|action| self.address("Dial action", action)).transpose()?,
            post: attributes.method()?,
            timeout_s: attributes.number("timeout", 1, 600)?.unwrap_or(30),
            time_limit_s: attributes.number("timeLimit", 1, 14_400)?.unwrap_or(14_400),
            caller_id: attributes.take("callerId"),
        };
        attributes.flag("answerOnBridge")?;
        // Nothing is recorded here.
        for name in ["record", "recordingStatusCallback", "hangupOnStar", "trim", "ringTone"] {
            attributes.take(name);
        }
        if !empty {
            dial.number = self.dialled()?;
        }
        if dial.number.is_empty() {
            return Err(flaw(13201, "Dial names no number"));
        }
        Ok(dial)
    }

    /// The number inside a `Dial`: its text, or one `Number`.
    fn dialled(&mut self) -> Result<String, Flaw> {
        let mut number = String::new();
        loop {
            match self.reader.read_event().map_err(|error| flaw(12100, error.to_string()))? {
                Event::Text(text) => number.push_str(text.trim_ascii().as_ref()),
                Event::Comment(_) => {}
                Event::Start(start) if start.name().as_ref() == "Number" && number.is_empty() => {
                    let mut attributes = Attributes::of(&start)?;
                    for name in ["sendDigits", "url", "method", "statusCallback", "statusCallbackEvent", "statusCallbackMethod"] {
                        attributes.take(name);
                    }
                    attributes.done(&mut self.warnings);
                    number = self.text("Number", false)?;
                }
                Event::End(_) => return Ok(number.trim().to_string()),
                Event::Eof => return Err(flaw(12100, "Dial is not closed")),
                _ => return Err(flaw(12200, "Dial holds something else than a number: only that is simulated")),
            }
        }
    }

    /// An address of the document; SignalWire documents absolute ones alone.
    fn address(&self, what: &str, url: String) -> Result<String, Flaw> {
        let absolute = url.is_empty() || url.starts_with("http://") || url.starts_with("https://");
        match absolute || self.dialect != Dialect::SignalWire || what == "Redirect" {
            true => Ok(url),
            false => Err(flaw(12200, format!("{what}: want an absolute URL"))),
        }
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

    /// Reads on to the end of an element nobody knows.
    fn pass_over(&mut self, empty: bool) -> Result<(), Flaw> {
        let mut depth = usize::from(!empty);
        while depth > 0 {
            match self.reader.read_event().map_err(|error| flaw(12100, error.to_string()))? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(flaw(12100, "an element is not closed")),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
