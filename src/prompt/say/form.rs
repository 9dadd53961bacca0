//! The forms of a phrase, told by its id: `slow/day/01.guardian.end` is `day/01` for a guardian, slowly, at the end of a
//! sentence. The one place that takes an id apart and puts it together again.

use crate::core::ids::PhraseId;

/// The place in a sentence that a recording is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::prompt) enum Place {
    /// Any.
    Any,
    /// Where the sentence goes on.
    Mid,
    /// The last of its sentence.
    End,
    /// The last digit of a group.
    Group,
}

/// An id in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::prompt) struct FormId<'a> {
    /// The phrase without what tells its forms apart.
    pub base: &'a str,
    /// What a parent or guardian is told in its place.
    pub guardian: bool,
    /// The same words more slowly.
    pub slow: bool,
    pub place: Place,
}

const SLOW: &str = "slow/";
const GUARDIAN: &str = ".guardian";

impl Place {
    const MARKED: [Place; 3] = [Place::Mid, Place::End, Place::Group];

    /// The end of an id that says so.
    pub const fn suffix(self) -> &'static str {
        match self {
            Place::Any => "",
            Place::Mid => ".mid",
            Place::End => ".end",
            Place::Group => ".group",
        }
    }
}

impl<'a> FormId<'a> {
    pub fn of(id: &'a PhraseId) -> FormId<'a> {
        FormId::parse(id.as_str())
    }

    pub fn parse(id: &'a str) -> FormId<'a> {
        let (slow, id) = id.strip_prefix(SLOW).map_or((false, id), |rest| (true, rest));
        let marked = Place::MARKED.into_iter().find_map(|place| Some((place, id.strip_suffix(place.suffix())?)));
        let (place, id) = marked.unwrap_or((Place::Any, id));
        let (guardian, base) = id.strip_suffix(GUARDIAN).map_or((false, id), |rest| (true, rest));
        FormId { base, guardian, slow, place }
    }

    pub fn to_id(self) -> PhraseId {
        let FormId { base, guardian, slow, place } = self;
        let (slow, guardian) = (if slow { SLOW } else { "" }, if guardian { GUARDIAN } else { "" });
        PhraseId::new(format!("{slow}{base}{guardian}{}", place.suffix()))
    }

    /// The group of the phrase: what stands before the first slash.
    pub fn group(self) -> &'a str {
        self.base.split('/').next().unwrap_or_default()
    }

    /// The form that stands for its wording: at the plain pace, for any place. Every form of one wording has its words.
    pub fn wording(self) -> FormId<'a> {
        FormId { slow: false, place: Place::Any, ..self }
    }
}

/// A phrase without what tells its forms apart.
pub(in crate::prompt) fn base(id: &str) -> &str {
    FormId::parse(id).base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_apart_and_together_again() {
        for (id, base, guardian, slow, place) in [
            ("say/hello", "say/hello", false, false, Place::Any),
            ("ampm/am.end", "ampm/am", false, false, Place::End),
            ("day/03.mid", "day/03", false, false, Place::Mid),
            ("digit/7.group", "digit/7", false, false, Place::Group),
            ("say/appointment.guardian", "say/appointment", true, false, Place::Any),
            ("slow/count/2.guardian.end", "count/2", true, true, Place::End),
            ("say/dr.smith", "say/dr.smith", false, false, Place::Any),
            ("say/slow/end", "say/slow/end", false, false, Place::Any),
        ] {
            let form = FormId::parse(id);
            assert_eq!(form, FormId { base, guardian, slow, place }, "{id}");
            assert_eq!(form.to_id().as_str(), id);
        }
        assert_eq!(FormId::parse("slow/count/2.guardian.end").wording().to_id().as_str(), "count/2.guardian");
        assert_eq!(FormId::parse("slow/at-site/west").group(), "at-site");
    }
}
