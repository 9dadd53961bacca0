//! Forms that a pack has of some phrases of a group and not of others: a date that falls on one day and not on the next
//! sounds like another voice. It can be said, so these are warnings. (Slow recordings of half a group are no fault: what is
//! said in one go is slow where all of it can be, [`Pack::phrases`](crate::prompt::Pack::phrases).)

use super::findings::{Findings, at_phrase, group, some_of};
use super::spoken::base;
use super::subject::Subject;
use crate::core::ids::PhraseId;
use std::collections::{BTreeMap, BTreeSet};

/// Groups whose phrases are sentences of their own: no two need the same forms.
const SENTENCES: [&str; 4] = ["say", "org", "site", "at-site"];

pub(super) fn check(subject: &Subject<'_>) -> Findings {
    let pack = subject.pack;
    let used: BTreeSet<&str> = subject.uses.all().into_iter().map(|id| base(id.as_str())).collect();
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for id in &used {
        groups.entry(group(id)).or_default().insert(id);
    }
    let recorded = |id: String| pack.phrase(&PhraseId::new(id)).is_some();
    let mut findings = Findings::default();
    for (group, ids) in groups {
        for form in [".end", ".mid"].into_iter().filter(|_| !SENTENCES.contains(&group)) {
            let lacking: Vec<PhraseId> =
                ids.iter().filter(|id| !recorded(format!("{id}{form}"))).map(|id| PhraseId::from(*id)).collect();
            if lacking.is_empty() || lacking.len() == ids.len() {
                continue;
            }
            let some = some_of(&lacking);
            let message = format!("the group {group} has recordings `{form}`, but none of {some}: record those too, or none");
            findings.warnings.push(at_phrase(pack, &lacking[0], "uneven_forms", &message));
        }
    }
    findings
}
