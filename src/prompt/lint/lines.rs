//! What the scripts say in one go, before the facts of a call fill their places.

use super::longest::Appointments;
use crate::core::call::{CallScript, IncomingScript, Segment, Slot};
use crate::core::ids::SiteKey;
use crate::prompt::script::ScriptSet;
use std::path::{Path, PathBuf};

/// A script, as far as it is heard.
pub(super) struct Script<'s> {
    pub name: &'s str,
    pub file: PathBuf,
    /// The site whose own script it is.
    pub site: Option<SiteKey>,
    pub lines: Vec<Line>,
}

/// Words that are said in one go.
pub(super) struct Line {
    pub part: Part,
    pub appointments: Appointments,
    /// How many of the words come before the message: the opening, or that a key was wrong.
    pub before: usize,
    pub words: Vec<Segment>,
}

/// What a line is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Opening, message and menu.
    FirstPlaying,
    /// Message and menu, perhaps with a word about silence or a wrong key before them.
    Repeat,
    /// On a machine.
    Voicemail,
    /// That the visit has changed: it may be the first thing that is said.
    Withdrawn,
    /// The first that is said to somebody who calls our number.
    Answering,
    /// An answer to a key, or an announcement.
    Other,
}

impl Script<'_> {
    /// For a message: which script.
    pub fn called(&self) -> String {
        match &self.site {
            Some(site) => format!("the script {} of the site {site}", self.name),
            None => format!("the script {}", self.name),
        }
    }
}

impl Line {
    /// A second repeat is said slowly.
    pub fn may_be_slow(&self) -> bool {
        self.part == Part::Repeat
    }

    /// The words in full, and as they are where the old time of a moved visit is not known.
    pub fn cases(&self) -> Vec<Vec<Segment>> {
        let old = |segment: &Segment| matches!(segment, Segment::Slot(Slot::OldDay | Slot::OldTime));
        let mut cases = vec![self.words.clone()];
        if self.words.iter().any(old) {
            cases.push(self.words.iter().filter(|segment| !old(segment)).cloned().collect());
        }
        cases
    }
}

/// Everything that is said where no site says otherwise.
pub(super) fn general<'s>(scripts: &'s ScriptSet, folder: &Path) -> Vec<Script<'s>> {
    let spoken = |name: &'s str, lines: Vec<Line>| Script { name, file: file_of(folder, name), site: None, lines };
    let calls = scripts.calls.values().map(|script| spoken(&script.name, of_call(script)));
    let voicemails = scripts.voicemails.values().map(|script| spoken(&script.name, vec![voicemail(&script.message)]));
    let announcements = [&scripts.apology, &scripts.one_moment];
    let announcements = announcements.map(|script| spoken(&script.name, vec![other(&script.message, Appointments::One)]));
    let incoming = [spoken(&scripts.incoming.name, of_incoming(&scripts.incoming))];
    calls.chain(voicemails).chain(announcements).chain(incoming).collect()
}

/// Everything that is said in calls about a site that has scripts of its own.
pub(super) fn of_site<'s>(scripts: &'s ScriptSet, site: &SiteKey, folder: &Path) -> Vec<Script<'s>> {
    let spoken = |name: &'s str, is_own: bool, lines: Vec<Line>| {
        let own = file_of(&folder.join("sites").join(site.as_str()), name);
        // What differs by what it takes from another script stands in the file of all.
        let file = if own.is_file() { own } else { file_of(folder, name) };
        Script { name, file, site: is_own.then(|| site.clone()), lines }
    };
    let calls = scripts.all_at(site).map(|scripts_of_call| {
        let script = &scripts_of_call.call;
        spoken(&script.name, scripts.calls.get(&script.name) != Some(script), of_call(script))
    });
    let voicemails = scripts
        .voicemails_at(site)
        .iter()
        .map(|(name, script)| spoken(name, scripts.voicemails.get(name) != Some(script), vec![voicemail(&script.message)]));
    calls.chain(voicemails).collect()
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join("scripts").join(format!("{name}.toml"))
}

fn voicemail(words: &[Segment]) -> Line {
    Line { part: Part::Voicemail, appointments: Appointments::One, before: 0, words: words.to_vec() }
}

fn other(words: &[Segment], appointments: Appointments) -> Line {
    Line { part: Part::Other, appointments, before: 0, words: words.to_vec() }
}

fn of_incoming(script: &IncomingScript) -> Vec<Line> {
    let IncomingScript { welcome, birthday, wrong, office, office_withheld, opted_out, goodbye, .. } = script;
    let nothing = Vec::new();
    let first = [birthday, office, office_withheld].map(|then| (Part::Answering, [welcome, then]));
    let later = [
        [&nothing, birthday],
        [wrong, birthday],
        [&nothing, office],
        [wrong, office],
        [opted_out, &nothing],
        [goodbye, &nothing],
    ];
    let lines = first.into_iter().chain(later.map(|words| (Part::Other, words)));
    lines.map(|(part, words)| Line { part, ..other(&words.map(Vec::as_slice).concat(), Appointments::One) }).collect()
}

fn of_call(script: &CallScript) -> Vec<Line> {
    let replies = &script.replies;
    let mut lines = Vec::new();
    for (message, appointments) in [(&script.message, Appointments::One), (&script.message_several, Appointments::Several)] {
        let line = |part, before: &[Segment], menu: &[Segment]| {
            // The longest case: a call with a desk.
            let words = [before, message, menu, &script.menu_desk].concat();
            Line { part, appointments, before: before.len(), words }
        };
        lines.push(line(Part::FirstPlaying, &script.opening, &script.menu));
        for before in [&[][..], &replies.no_choice, &replies.not_a_choice] {
            lines.push(line(Part::Repeat, before, &script.menu_again));
        }
        let confirmed = match appointments {
            Appointments::One => &replies.confirmed,
            Appointments::Several => &replies.confirmed_several,
        };
        let answers = [
            confirmed,
            &replies.reschedule,
            &replies.undone,
            &replies.connecting,
            &replies.desk_closed,
            &replies.desk_no_answer,
            &replies.opted_out,
            &replies.wrong_number,
            &replies.giving_up,
            &replies.goodbye,
        ];
        lines.extend(answers.map(|words| other(words, appointments)));
        lines.push(Line { part: Part::Withdrawn, ..other(&replies.withdrawn, appointments) });
    }
    lines
}
