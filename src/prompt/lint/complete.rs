//! Is a pack complete for what the scripts say and where the hospital is? Found by `check`, not in a call.

use super::findings::{Findings, at_phrase, has_words};
use super::subject::Subject;
use crate::core::ids::PhraseId;
use crate::fault::Fault;
use crate::prompt::Pack;
use crate::prompt::say::{FormId, Words};
use std::collections::{BTreeMap, BTreeSet};

/// Who needs a missing phrase, in the words of the message.
type Needs = BTreeMap<PhraseId, BTreeSet<String>>;

/// Names every phrase to record: what the scripts say on any date, at any time, with any count and number, and the names of
/// organization and sites; and every name whose recorded words differ from the configuration. What the loader refused is not
/// told again.
pub(super) fn check(subject: &Subject<'_>) -> Findings {
    let pack = subject.pack;
    let mut needs = Needs::new();
    for (script, ids) in &subject.uses.of_scripts {
        for id in ids.iter().filter(|id| !pack.is_recorded(id) && !is_broken(pack, id)) {
            needs.entry(id.clone()).or_default().insert(script.called());
        }
    }
    let mut faults = Vec::new();
    for (name, form) in wrong_names(subject) {
        faults.extend(pack.phrase(&form).map(|phrase| text_differs(pack, &form, &phrase.text, &name)));
    }
    for Name { id, name, place, .. } in names(subject) {
        if pack.phrase(&id).is_none() && !is_broken(pack, &id) {
            needs.entry(id).or_default().insert(format!("the configuration ({place} = \"{name}\")"));
        }
    }
    faults.splice(0..0, needs.into_iter().map(|(id, wanted)| missing_phrase(pack, &id, &wanted)));
    faults.into()
}

/// The recorded forms of a name of the configuration that say another name.
pub(super) fn wrong_names<'h>(subject: &Subject<'h>) -> Vec<(Name<'h>, PhraseId)> {
    let pack = subject.pack;
    let mut wrong = Vec::new();
    for name in names(subject) {
        for form in pack.ids().into_iter().filter(|form| FormId::of(form).base == name.id.as_str()) {
            // A site may call under a name of its own.
            let its_own = name.id.as_str() == "org/name" && pack.is_own(form);
            if !its_own && pack.phrase(form).is_some_and(|phrase| !name.matching.holds(&phrase.text, name.name)) {
                wrong.push((name.clone(), form.clone()));
            }
        }
    }
    wrong
}

/// Words or a recording are there, and cannot be used: the loader has told why.
fn is_broken(pack: &Pack, id: &PhraseId) -> bool {
    pack.phrase(id).is_none() && (pack.file(id).is_file() || has_words(pack, id))
}

/// A name of the configuration, and the phrase that speaks it.
#[derive(Clone)]
pub(super) struct Name<'h> {
    id: PhraseId,
    name: &'h str,
    matching: Match,
    place: String,
}

fn names<'h>(subject: &Subject<'h>) -> Vec<Name<'h>> {
    let (id, place) = (PhraseId::from("org/name"), "[organization] name".to_string());
    let mut names = vec![Name { id, name: &subject.hospital.organization, matching: Match::Whole, place }];
    for (key, name) in subject.hospital.sites.iter().filter(|(key, _)| subject.sites.contains(key)) {
        for (group, matching) in [("site", Match::Whole), ("at-site", Match::End)] {
            names.push(Name {
                id: PhraseId::new(format!("{group}/{key}")),
                name,
                matching,
                place: format!("[sites.{key}] name"),
            });
        }
    }
    names
}

fn missing_phrase(pack: &Pack, id: &PhraseId, wanted: &BTreeSet<String>) -> Fault {
    let who = wanted.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (language, verb) = (&pack.language, if wanted.len() == 1 { "needs" } else { "need" });
    let message =
        format!("{language} {id}: not recorded, and {who} {verb} it; record {id}.wav and give it a line in phrases.tsv");
    Fault::of_file(&pack.folder.join("phrases.tsv"), "missing_phrase", message)
}

fn text_differs(pack: &Pack, id: &PhraseId, text: &str, Name { name, place, .. }: &Name<'_>) -> Fault {
    let message = format!("the recording says \"{text}\", {place} is \"{name}\"; record it again, or correct the name");
    at_phrase(pack, id, "text_differs", &message)
}

/// How recorded words are compared with a name.
#[derive(Clone, Copy)]
enum Match {
    /// The words are the name.
    Whole,
    /// The words end with the name ("at Longwood.").
    End,
}

impl Match {
    fn holds(self, text: &str, name: &str) -> bool {
        let [text, name] = [text, name].map(|text| Words::of(&text.replace('&', " and ")));
        match self {
            Match::Whole => text == name,
            Match::End => text.ends_with(&name),
        }
    }
}
