//! How soon the way to stop the calls is offered (calling-rules L-08): by the recordings, not by the words.

use super::findings::{Findings, at_word};
use super::lines::Part;
use super::longest::Part as Measured;
use super::subject::Subject;
use crate::core::call::{Segment, Slot};
use crate::prompt::RATE;

/// From the last sample of the callback number to the first one of the opt-out.
const WITHIN_MS: usize = 2_000;

/// In the first playing of every script that offers it there: for every number and every wording, and whatever is said in
/// between. A script that offers it with the keys alone has recorded consent, or was refused when it was read.
pub(super) fn check(subject: &Subject<'_>) -> Findings {
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
        if samples > WITHIN_MS * RATE as usize / 1_000 {
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
