//! Which phrases a stranger may hear (calling-rules L-35, L-36). A call has no gate at which somebody identifies
//! themselves: everything that is said, in calls, voicemails and announcements, is said to whoever answers.

use super::findings::{Findings, at_word, group, has_words, some_of};
use super::subject::Subject;
use crate::core::ids::PhraseId;
use crate::fault::nearest;
use crate::prompt::Pack;
use crate::prompt::say::base;
use std::collections::{BTreeMap, BTreeSet};

/// The group of the sentences that scripts say: each says something else, so that each is judged alone.
const SENTENCES: &str = "say";

const WHY: &str = "anybody may hear it (L-35, L-36)";

/// What a script says and the pack does not mark.
pub(super) fn check(subject: &Subject<'_>) -> Findings {
    let pack = subject.pack;
    let file = pack.folder.join("pack.toml");
    let marked: BTreeSet<&str> = pack.strangers.iter().map(String::as_str).collect();
    let mut unmarked: BTreeMap<&str, (BTreeSet<PhraseId>, BTreeSet<String>)> = BTreeMap::new();
    for (script, ids) in &subject.uses.of_scripts {
        for id in ids {
            let (id, group) = (base(id.as_str()), group(id.as_str()));
            if !marked.contains(id) && !marked.contains(group) {
                let (phrases, scripts) = unmarked.entry(group).or_default();
                phrases.insert(id.into());
                scripts.insert(script.called());
            }
        }
    }
    let language = &pack.language;
    if marked.is_empty() && !unmarked.is_empty() {
        let marks = unmarked.iter().flat_map(|(group, (phrases, _))| match *group {
            SENTENCES => phrases.iter().map(PhraseId::as_str).collect(),
            group => vec![group],
        });
        let marks = marks.map(|mark| format!("\"{mark}\"")).collect::<Vec<_>>().join(", ");
        let message = format!(
            "{language}: no phrase is marked for strangers, and whatever a script says {WHY}: look through these groups and \
             phrases, and write of them what may be heard: strangers = [{marks}]"
        );
        return vec![at_word(&file, "language =", "not_for_strangers", message)].into();
    }
    let told = unmarked.into_iter().map(|(group, (phrases, scripts))| {
        let scripts = scripts.into_iter().collect::<Vec<_>>().join(", ");
        let phrases = some_of(&phrases);
        let or_group = if group == SENTENCES { String::new() } else { format!(" or its group \"{group}\"") };
        let message = format!(
            "{language} {phrases}: not marked for strangers, but {scripts} would say it, and {WHY}: say it otherwise, or add the \
             phrase{or_group} to strangers"
        );
        at_word(&file, "strangers", "not_for_strangers", message)
    });
    told.collect::<Vec<_>>().into()
}

/// Marks that mean no phrase of the language and none of a site: a slip of the pen, and something else stays unmarked. What
/// scripts name (`in_scripts`) or a line of words is there for is only not recorded, and told as such.
pub(super) fn unknown<'a>(pack: &'a Pack, of_sites: impl Iterator<Item = &'a Pack>, in_scripts: &BTreeSet<&'a str>) -> Findings {
    let ids = of_sites.chain([pack]).flat_map(|pack| pack.phrases.keys());
    let known: BTreeSet<&str> = ids.flat_map(|id| [base(id.as_str()), group(id.as_str())]).collect();
    let file = pack.folder.join("pack.toml");
    let is_known = |mark: &str| known.contains(mark) || in_scripts.contains(mark) || has_words(pack, &mark.into());
    let told = pack.strangers.iter().filter(|mark| !is_known(mark)).map(|mark| {
        let meant = nearest(mark, known.iter().copied()).map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
        let message = format!("{}: strangers: there is no phrase and no group `{mark}`{meant}", pack.language);
        at_word(&file, &format!("\"{mark}\""), "unknown_stranger", message)
    });
    told.collect::<Vec<_>>().into()
}

/// All sentences marked at once: one that is recorded tomorrow, of a department or an exam, would be said to anybody.
pub(super) fn every_sentence(pack: &Pack) -> Findings {
    let mut findings = Findings::default();
    if pack.strangers.iter().any(|mark| mark == SENTENCES) {
        let message = format!(
            "{}: strangers: the group \"{SENTENCES}\" marks every sentence there is or will be, and {WHY}: name the sentences one by \
             one, so that a new one is judged before it is said",
            pack.language
        );
        let file = pack.folder.join("pack.toml");
        findings.warnings.push(at_word(&file, &format!("\"{SENTENCES}\""), "every_sentence_safe", message));
    }
    findings
}
