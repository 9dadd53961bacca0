//! How soon it is said who calls (calling-rules L-04, L-12), and how soon the way to stop the calls is offered (L-08): by the
//! recordings, not by the words.

use super::findings::{Findings, at_word};
use super::lines::Part;
use super::longest::Part as Measured;
use super::subject::Subject;
use crate::core::call::{Segment, Slot};
use crate::prompt::RATE;

/// From the last sample of the callback number to the first one of the opt-out, and from the start to the organization.
const WITHIN_MS: usize = 2_000;
const WITHIN: usize = WITHIN_MS * RATE as usize / 1_000;

/// Both, of every script.
pub(super) fn check(subject: &Subject<'_>) -> Findings {
    let mut findings = organization(subject);
    findings.extend(opt_out(subject));
    findings
}

/// In whatever may be the first that is said: a greeting may stand before the organization, and no speech.
fn organization(subject: &Subject<'_>) -> Findings {
    const FIRST: [(Part, &str); 4] = [
        (Part::FirstPlaying, "opening"),
        (Part::Withdrawn, "withdrawn"),
        (Part::Voicemail, "message"),
        (Part::Answering, "welcome"),
    ];
    let mut findings = Findings::default();
    for (script, (part, key)) in subject.scripts().flat_map(|script| FIRST.map(|first| (script, first))) {
        let until = script.lines.iter().filter(|line| line.part == part).filter_map(|line| {
            let at = line.words.iter().position(|segment| *segment == Segment::Slot(Slot::Organization))?;
            let before = Measured::Before(at);
            let (_, longest) = subject.longest(line, |fillings| fillings.longest(&line.words, line.appointments, before))?;
            Some(longest.samples)
        });
        let Some(samples) = until.max().filter(|samples| *samples > WITHIN) else { continue };
        let seconds = samples as f64 / f64::from(RATE);
        let want = WITHIN_MS as f64 / 1_000.0;
        let (place, script_name) = (subject.place(script), script.name);
        let message = format!(
            "{place}, {script_name}: {key}: the organization is said {seconds:.1} s after the start, want {want:.1} s at most (L-04): \
             shorten what is before it, silence too"
        );
        findings.faults.push(at_word(&script.file, key, "organization_late", message));
    }
    findings
}

/// In the first playing of every script that offers it there: for every number and every wording, and whatever is said in
/// between. A script that offers it with the keys alone has recorded consent, or was refused when it was read.
fn opt_out(subject: &Subject<'_>) -> Findings {
    let mut findings = Findings::default();
    for script in subject.scripts() {
        let first = script.lines.iter().filter(|line| line.part == Part::FirstPlaying);
        let late = first.flat_map(|line| line.cases().into_iter().map(move |words| (line, words))).filter_map(|(line, words)| {
            let number = words.iter().position(|segment| *segment == Segment::Slot(Slot::CallbackNumber))?;
            let offer = number + words.get(number..line.before)?.iter().position(offers_opt_out)?;
            let part = Measured::Between(number, offer);
            let (_, longest) = subject.longest(line, |fillings| fillings.longest(&words, line.appointments, part))?;
            Some((longest.samples, words[offer].clone()))
        });
        let Some((samples, Segment::Phrase(offer))) = late.max_by_key(|(samples, _)| *samples) else { continue };
        if samples > WITHIN {
            let seconds = samples as f64 / f64::from(RATE);
            let want = WITHIN_MS as f64 / 1_000.0;
            let (place, script_name) = (subject.place(script), script.name);
            let message = format!(
                "{place}, {script_name}: {offer} begins up to {seconds:.1} s after the callback number, want {want:.1} s at most \
                 (L-08): shorten what is between, silence too; where consent is recorded it may stand at the end of the menu"
            );
            findings.faults.push(at_word(&script.file, offer.as_str(), "opt_out_late", message));
        }
    }
    findings
}

fn offers_opt_out(segment: &Segment) -> bool {
    matches!(segment, Segment::Phrase(id) if id.as_str().contains("opt-out"))
}
