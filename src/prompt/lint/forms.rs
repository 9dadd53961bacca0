//! What the forms of a phrase must have in common: the words, whatever the pace and the melody; else a patient hears another
//! day at the second repeat than at the first playing. And forms that a pack has of some phrases of a group and not of
//! others: a date that falls on one day and not on the next sounds like another voice. That can be said, so those are
//! warnings. (Slow recordings of half a group are no fault: what is said in one go is slow where all of it can be,
//! [`Pack::phrases`](crate::prompt::Pack::phrases).)

use super::complete;
use super::findings::{Findings, at_phrase, group, some_of};
use super::subject::Subject;
use crate::core::ids::PhraseId;
use crate::fault::Fault;
use crate::prompt::say::{FormId, Place, Words, base};
use std::collections::{BTreeMap, BTreeSet};

/// Groups whose phrases are sentences of their own: no two need the same forms.
const SENTENCES: [&str; 4] = ["say", "org", "site", "at-site"];

pub(super) fn check(subject: &Subject<'_>) -> Findings {
    Findings { faults: other_words(subject), warnings: uneven(subject) }
}

/// Recorded forms with other words than their wording. For a guardian is a wording of its own.
fn other_words(subject: &Subject<'_>) -> Vec<Fault> {
    let pack = subject.pack;
    // Those of a name are told with the name.
    let told: BTreeSet<PhraseId> = complete::wrong_names(subject).into_iter().map(|(_, form)| form).collect();
    let mut wordings: BTreeMap<PhraseId, Vec<&PhraseId>> = BTreeMap::new();
    for id in pack.ids() {
        wordings.entry(FormId::of(id).wording().to_id()).or_default().push(id);
    }
    // What a site shares with its language is found there.
    wordings.retain(|_, forms| forms.len() > 1 && (pack.site.is_none() || forms.iter().any(|id| pack.is_own(id))));
    let mut faults = Vec::new();
    for (wording, forms) in wordings {
        let first = forms.iter().copied().find(|id| **id == wording).unwrap_or(forms[0]);
        let Some(first_text) = pack.phrase(first).map(|phrase| phrase.text.as_str()) else { continue };
        for id in forms.into_iter().filter(|id| !told.contains(*id)) {
            let Some(phrase) = pack.phrase(id).filter(|phrase| Words::of(&phrase.text) != Words::of(first_text)) else {
                continue;
            };
            let message = format!(
                "it says \"{}\", and {first} says \"{first_text}\": all forms of a phrase have the same words; record it again, or \
                 leave it out",
                phrase.text
            );
            faults.push(at_phrase(pack, id, "form_says_otherwise", &message));
        }
    }
    faults
}

fn uneven(subject: &Subject<'_>) -> Vec<Fault> {
    let pack = subject.pack;
    let used: BTreeSet<&str> = subject.uses.all().into_iter().map(|id| base(id.as_str())).collect();
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for id in &used {
        groups.entry(group(id)).or_default().insert(id);
    }
    let mut warnings = Vec::new();
    for (group, ids) in groups {
        for place in [Place::End, Place::Mid].into_iter().filter(|_| !SENTENCES.contains(&group)) {
            let form = place.suffix();
            let recorded = |id: &str| pack.phrase(&FormId { place, ..FormId::parse(id) }.to_id()).is_some();
            let lacking: Vec<PhraseId> = ids.iter().filter(|id| !recorded(id)).map(|id| PhraseId::from(*id)).collect();
            if lacking.is_empty() || lacking.len() == ids.len() {
                continue;
            }
            let some = some_of(&lacking);
            let message = format!("the group {group} has recordings `{form}`, but none of {some}: record those too, or none");
            warnings.push(at_phrase(pack, &lacking[0], "uneven_forms", &message));
        }
    }
    warnings
}
