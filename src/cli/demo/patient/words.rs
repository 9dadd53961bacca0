//! An audio in words, each at its moment.

use crate::core::ids::PhraseId;
use crate::live_call::LiveCalls;
use crate::prompt::{Missing, Pack};

/// What begins to be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// The words, each with its moment in milliseconds after the beginning.
    pub words: Vec<(u32, String)>,
    /// The sound.
    #[cfg(feature = "speaker")]
    pub samples: Vec<i16>,
}

/// The words behind the address of an audio.
pub async fn of(live: &LiveCalls, audio: &str) -> anyhow::Result<Spoken> {
    let id = audio.rsplit('/').next().unwrap_or_default().trim_end_matches(".wav");
    let audio = match live.voice.audio(id) {
        Some(audio) => Some(audio),
        None => live.store.audio_recipe(id).await?.and_then(|recipe| live.voice.audio_of(id, &recipe)),
    };
    let Some(audio) = audio else {
        let words = vec![(0, "(words that nobody knows any more)".to_string())];
        return Ok(Spoken {
            words,
            #[cfg(feature = "speaker")]
            samples: Vec::new(),
        });
    };
    Ok(Spoken {
        words: timed(audio.pack()?, audio.phrases())?,
        #[cfg(feature = "speaker")]
        samples: audio.samples()?,
    })
}

/// The words of a message. A phrase begins where its recording does; its words share its length evenly.
fn timed(pack: &Pack, phrases: &[PhraseId]) -> Result<Vec<(u32, String)>, Missing> {
    let text = pack.text_of(phrases)?;
    let mut words = text.split(' ');
    let mut timed = Vec::new();
    let mut ends = 0;
    for (n, id) in phrases.iter().enumerate() {
        // The text of a message has the words of its phrases; only the punctuation differs.
        let count = pack.phrase(id).map_or(0, |phrase| phrase.text.split_whitespace().count());
        let length = pack.length_ms(std::slice::from_ref(id))?;
        ends = pack.length_ms(&phrases[..=n])?;
        let begins = ends.saturating_sub(length);
        for (nth, word) in words.by_ref().take(count).enumerate() {
            timed.push((begins + (u64::from(length) * nth as u64 / count as u64) as u32, word.to_string()));
        }
    }
    timed.extend(words.map(|word| (ends, word.to_string())));
    Ok(timed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::TestPack;

    #[test]
    fn words_come_in_order_and_within_the_message() {
        let pack = TestPack::english().load();
        let phrases: Vec<PhraseId> = "say/hello org/name say/at-number digit/6 digit/1 digit/7.group say/opt-out weekday/tue"
            .split(' ')
            .map(PhraseId::from)
            .collect();
        let words = timed(&pack, &phrases).expect("recorded");
        let text: Vec<_> = words.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(text.join(" "), pack.text_of(&phrases).expect("recorded"));
        assert!(words.is_sorted_by_key(|(at, _)| *at) && words[0].0 == 0, "{words:?}");
        let last = phrases.len() - 1;
        let tuesday = pack.length_ms(&phrases).expect("recorded") - pack.length_ms(&phrases[last..]).expect("recorded");
        assert_eq!(words[words.len() - 2], (tuesday, "on".to_string()), "a phrase begins with its recording");
    }
}
