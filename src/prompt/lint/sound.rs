//! How each recording sounds: as loud as the others, not too loud anywhere, and without silence of its own at the ends,
//! which would be heard as a pause that nobody asked for. What a file cannot be at all the loader refuses.

use super::findings::{Findings, at_recording};
use crate::core::ids::PhraseId;
use crate::fault::Fault;
use crate::prompt::sound::{Frames, SILENCE_DB, ms_of, samples_of};
use crate::prompt::{Pack, SoundRules, active_level};

/// What is done about all of it.
const IMPORT: &str = "run `callahead prompts import` on the recording, which makes it so";

/// Faults of these recordings of a pack.
pub(super) fn check(pack: &Pack, ids: &[&PhraseId]) -> Findings {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = ids.len().div_ceil(cores).max(1);
    let faults = std::thread::scope(|scope| {
        let shares: Vec<_> = ids.chunks(share).map(|ids| scope.spawn(move || of_share(pack, ids))).collect();
        shares
            .into_iter()
            .flat_map(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    faults.into()
}

fn of_share(pack: &Pack, ids: &[&PhraseId]) -> Vec<Fault> {
    let phrases = ids.iter().filter_map(|id| Some((*id, pack.phrase(id)?)));
    let found =
        phrases.flat_map(|(id, phrase)| problems(&phrase.samples, &pack.sound).into_iter().map(move |problem| (id, problem)));
    found.map(|(id, (code, problem))| at_recording(pack, id, code, &format!("{problem}; {IMPORT}"))).collect()
}

/// What is wrong with a recording, each with its code.
fn problems(samples: &[i16], rules: &SoundRules) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let SoundRules { level_dbov, within_db, peak_dbfs, lead_ms, tail_ms } = rules;
    if let Some(level) = active_level(samples).filter(|level| (level.dbov - level_dbov).abs() > *within_db) {
        let what = if level.dbov > *level_dbov { "loud" } else { "soft" };
        let message = format!(
            "too {what}: its speech is at {:.1} dBov, the pack's at {level_dbov:.1}, give or take {within_db:.1}",
            level.dbov
        );
        problems.push(("wrong_level", message));
    }
    let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or_default();
    let peak_db = 20.0 * (f64::from(peak) / 32_768.0).log10();
    if peak_db > *peak_dbfs {
        problems.push(("high_peak", format!("its loudest sample is at {peak_db:.1} dBFS, want {peak_dbfs:.1} at most")));
    }
    let (lead, tail) = silences(samples);
    for (silence, most, end) in [(lead, lead_ms, "begins"), (tail, tail_ms, "ends")] {
        if silence > samples_of(*most) {
            let ms = ms_of(silence);
            problems.push(("long_silence", format!("it {end} with {ms} ms of silence, want {most} ms at most")));
        }
    }
    problems
}

/// The silence at both ends, in samples.
fn silences(samples: &[i16]) -> (usize, usize) {
    let wave: Vec<f32> = samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
    let words = Frames::of(&wave).and_then(|frames| frames.louder_than(SILENCE_DB)).unwrap_or(0..samples.len());
    (words.start, samples.len().saturating_sub(words.end))
}
