//! Words that no phrase has (calling-rules L-07), and words that are true for the patient alone.

use super::findings::{Findings, at_phrase, at_word};
use super::subject::Subject;
use crate::core::ids::PhraseId;
use crate::prompt::say::{FormId, Words};
use crate::prompt::{Manner, Pack};

/// Texts about money and offers.
pub(super) fn check(pack: &Pack, ids: &[&PhraseId]) -> Findings {
    let never = read(&pack.words.never);
    if never.is_empty() {
        let message = format!(
            "{}: no words are named that no phrase may have (L-07: a call holds nothing of bills, payment or marketing): write \
             [words] never = [\"bill\", \"payment\", …] in this language",
            pack.language
        );
        return vec![at_word(&pack.folder.join("pack.toml"), "[words]", "no_never_words", message)].into();
    }
    let found = ids.iter().filter_map(|id| {
        let words = Words::of(&pack.phrase(id)?.text);
        let (written, _) = never.iter().find(|(_, never)| words.hold(never))?;
        let message =
            format!("its words hold \"{written}\", and no call speaks of bills, payment or marketing (L-07): leave it out");
        Some(at_phrase(pack, id, "never_word", &message))
    });
    found.collect::<Vec<_>>().into()
}

/// What is said to a parent or guardian must be true for them.
pub(super) fn check_guardian(subject: &Subject<'_>) -> Findings {
    let pack = subject.pack;
    let patient = read(&pack.words.patient);
    let mut findings = Findings::default();
    if patient.is_empty() {
        let message = format!(
            "{}: no words are named that are true for the patient alone, so what guardians hear is not checked: write [words] \
             patient = [\"you have\", …] in this language",
            pack.language
        );
        findings.warnings.push(at_word(&pack.folder.join("pack.toml"), "[words]", "no_patient_words", message));
    }
    let holds = |id: &PhraseId| {
        let words = Words::of(&pack.phrase(id)?.text);
        patient.iter().find(|(_, patient)| words.hold(patient)).map(|(written, _)| *written)
    };
    for id in subject.uses.all() {
        let heard = |guardian, ends| pack.recorded_form(id, Manner { guardian, slow: false }, ends);
        let untrue = [false, true].into_iter().find_map(|ends| {
            let form = heard(true, ends).filter(|form| !FormId::of(form).guardian)?;
            holds(&form).map(|words| (form, words))
        });
        if let Some((form, words)) = untrue {
            let message = format!(
                "it says \"{words}\", which is not true for a parent or guardian: record {id}.guardian (\"a patient in your care \
                 has …\") and give it a line in phrases.tsv"
            );
            findings.faults.push(at_phrase(pack, &form, "missing_guardian", &message));
        }
    }
    for id in pack.phrases.keys().filter(|id| FormId::of(id).guardian) {
        if let Some(words) = holds(id) {
            let message = format!(
                "a parent or guardian hears it, and it says \"{words}\", which is true for the patient alone: say it otherwise"
            );
            findings.faults.push(at_phrase(pack, id, "patient_words", &message));
        }
    }
    findings.faults.sort_by(|a, b| a.message.cmp(&b.message));
    findings
}

fn read(words: &[String]) -> Vec<(&str, Words)> {
    let words = words.iter().map(|written| (written.as_str(), Words::of(written)));
    words.filter(|(_, words)| !words.is_empty()).collect()
}
