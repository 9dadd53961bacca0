//! From a script's segments and a call's facts to what is said. No language yet: the prompt room has the phrases.

use super::{Announcement, Brief, CallScript, Scripts, Segment, Slot, Utterance, VoicemailScript};
use crate::domain::{LocalMoment, PhoneNumber, Purpose, VoicemailPolicy};

/// The segments with the brief's facts in their places. A place that the brief cannot fill is left out: a moved visit
/// whose old time is unknown is told without it.
pub fn speak(segments: &[Segment], brief: &Brief) -> Vec<Utterance> {
    speak_of_desk(segments, brief, None)
}

/// The same where the desk opens at a known moment.
pub(super) fn speak_of_desk(segments: &[Segment], brief: &Brief, opens: Option<LocalMoment>) -> Vec<Utterance> {
    segments.iter().filter_map(|segment| fill(segment, brief, opens)).collect()
}

fn fill(segment: &Segment, brief: &Brief, desk_opens: Option<LocalMoment>) -> Option<Utterance> {
    let slot = match segment {
        Segment::Phrase(id) => return Some(Utterance::Phrase(id.clone())),
        Segment::Slot(slot) => *slot,
    };
    Some(match slot {
        Slot::Organization => Utterance::Organization,
        Slot::CallbackNumber => Utterance::Number(brief.callback_number.clone()),
        Slot::OptOutNumber => Utterance::Number(brief.opt_out_number.clone()),
        Slot::Day => Utterance::Day(brief.start.date),
        Slot::Time => Utterance::Time(brief.start.time),
        Slot::OldDay => Utterance::Day(brief.old_start?.date),
        Slot::OldTime => Utterance::Time(brief.old_start?.time),
        Slot::Site => Utterance::Site(brief.site.clone()),
        Slot::AtSite => Utterance::AtSite(brief.site.clone()),
        Slot::Count => Utterance::Count(brief.appointments),
        Slot::DeskDay => Utterance::Day(desk_opens?.date),
        Slot::DeskTime => Utterance::Time(desk_opens?.time),
    })
}

impl CallScript {
    /// The first playing up to where the menu waits: opening, message, menu. Its length decides between heard and hung
    /// up early ([`Brief::message_ms`]) and is limited by calling-rules L-06.
    pub fn first_words(&self, brief: &Brief) -> Vec<Utterance> {
        let mut words = speak(&self.opening, brief);
        words.extend(self.told(brief, &self.menu));
        words
    }

    /// Message and menu: what is said again. The opening is not repeated.
    pub fn message_words(&self, brief: &Brief) -> Vec<Utterance> {
        self.told(brief, &self.menu_again)
    }

    /// The keys alone, as at every repeat.
    pub fn menu_words(&self, brief: &Brief) -> Vec<Utterance> {
        self.keys_in_words(brief, &self.menu_again)
    }

    fn told(&self, brief: &Brief, menu: &[Segment]) -> Vec<Utterance> {
        let message = if brief.appointments > 1 { &self.message_several } else { &self.message };
        let mut words = speak(message, brief);
        words.extend(self.keys_in_words(brief, menu));
        words
    }

    /// Nobody is told of a key that leads nowhere.
    fn keys_in_words(&self, brief: &Brief, menu: &[Segment]) -> Vec<Utterance> {
        let mut words = speak(menu, brief);
        if brief.desk.is_some() {
            words.extend(speak(&self.menu_desk, brief));
        }
        words
    }
}

impl VoicemailScript {
    /// What is left on the machine.
    pub fn words(&self, brief: &Brief) -> Vec<Utterance> {
        speak(&self.message, brief)
    }
}

impl Announcement {
    /// What is said to anybody, also where no call is known. Places other than the organization and the number to call
    /// back are left out; the loader refuses them.
    pub fn words(&self, callback_number: &PhoneNumber) -> Vec<Utterance> {
        of_organization(&self.message, callback_number).collect()
    }
}

/// Words where no call is known.
pub(super) fn of_organization(segments: &[Segment], callback_number: &PhoneNumber) -> impl Iterator<Item = Utterance> {
    segments.iter().filter_map(move |segment| match segment {
        Segment::Phrase(id) => Some(Utterance::Phrase(id.clone())),
        Segment::Slot(Slot::Organization) => Some(Utterance::Organization),
        Segment::Slot(Slot::CallbackNumber) => Some(Utterance::Number(callback_number.clone())),
        Segment::Slot(_) => None,
    })
}

impl Scripts {
    /// What a machine gets on this call; `None`: nothing. In full that is the script's own voicemail. Without one it is the
    /// standard text, which says "you have an appointment": not true of a cancelled one or on a day the site is closed,
    /// so there the minimal text is left.
    pub fn voicemail_for(&self, brief: &Brief) -> Option<&VoicemailScript> {
        let untrue = matches!(brief.purpose, Purpose::Cancelled | Purpose::Closure);
        match (brief.voicemail, &self.own_voicemail) {
            (VoicemailPolicy::None, _) => None,
            (VoicemailPolicy::Standard, Some(own)) => Some(own),
            (VoicemailPolicy::Standard, None) if !untrue => Some(&self.voicemail),
            (VoicemailPolicy::Standard, None) | (VoicemailPolicy::Minimal, _) => Some(&self.voicemail_minimal),
        }
    }
}
