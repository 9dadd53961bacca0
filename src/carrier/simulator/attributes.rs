//! The attributes of a verb, each taken once; what is left at the end is not in the schema.

use super::document::{Flaw, flaw};
use quick_xml::events::BytesStart;

/// The attributes of one verb.
pub struct Attributes {
    verb: String,
    left: Vec<(String, String)>,
}

impl Attributes {
    /// Reads them.
    pub fn of(start: &BytesStart<'_>) -> Result<Attributes, Flaw> {
        let read = start.attributes().map(|attribute| {
            let attribute = attribute.map_err(|error| flaw(12100, error.to_string()))?;
            let value =
                attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).map_err(|error| flaw(12100, error.to_string()))?;
            Ok((attribute.key.as_ref().to_string(), value.into_owned()))
        });
        Ok(Attributes { verb: start.name().as_ref().to_string(), left: read.collect::<Result<_, Flaw>>()? })
    }

    /// Takes one as it stands.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.left.iter().position(|(given, _)| given == name)?;
        Some(self.left.swap_remove(at).1)
    }

    /// Takes a number.
    pub fn number(&mut self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Flaw> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| flaw(12200, format!("{} {name}={text:?}: want {least} to {most}", self.verb)))
    }

    /// Takes a yes or no; absent is no.
    pub fn flag(&mut self, name: &str) -> Result<bool, Flaw> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(flaw(12200, format!("{} {name}={other:?}: want true or false", self.verb))),
        }
    }

    /// Takes a method: whether it is POST.
    pub fn method(&mut self) -> Result<bool, Flaw> {
        match self.take("method").as_deref() {
            None | Some("POST") => Ok(true),
            Some("GET") => Ok(false),
            Some(other) => Err(flaw(12200, format!("{} method={other:?}: want GET or POST", self.verb))),
        }
    }

    /// Warns of what is left.
    pub fn done(self, warnings: &mut Vec<String>) {
        warnings.extend(self.left.into_iter().map(|(name, _)| format!("12200: {} has no attribute {name}", self.verb)));
    }
}
