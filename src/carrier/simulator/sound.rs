//! Audio as the network plays it: how long it lasts, if it can be played at all.

use super::webhook_client::Answer;

/// What the carriers play (carriers.md, section 6).
const TYPES: [&str; 10] = [
    "audio/mpeg",
    "audio/wav",
    "audio/wave",
    "audio/x-wav",
    "audio/aiff",
    "audio/x-aifc",
    "audio/x-aiff",
    "audio/x-gsm",
    "audio/gsm",
    "audio/ulaw",
];
/// Forty minutes.
const LONGEST_MS: u64 = 40 * 60 * 1000;
/// The formats of a WAV that are played: PCM, A-law, μ-law.
const FORMATS: [(u16, &[u16]); 3] = [(1, &[8, 16]), (6, &[8]), (7, &[8])];

/// Why audio cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplayable {
    /// The carrier's error code: 12300 a content type that is none of a sound, 11200 anything else.
    pub code: u32,
    /// Why.
    pub what: String,
}

fn unplayable(code: u32, what: impl Into<String>) -> Unplayable {
    Unplayable { code, what: what.into() }
}

/// The length of a piece of audio in milliseconds.
///
/// # Errors
/// Why it cannot be played: its type, its format, or less sound than its header says.
pub fn length_ms(audio: &Answer) -> Result<u64, Unplayable> {
    let kind = audio.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !TYPES.contains(&kind.as_str()) {
        return Err(unplayable(12300, format!("the content type of the audio is {kind:?}; want audio/wav")));
    }
    let length = match kind.as_str() {
        // 8000 samples of a byte each in a second, without a header.
        "audio/ulaw" => audio.body.len() as u64 / 8,
        "audio/wav" | "audio/wave" | "audio/x-wav" => wav_ms(&audio.body).map_err(|what| unplayable(11200, what))?,
        _ => return Err(unplayable(11200, format!("{kind} is played by the real network; the simulated one plays WAV alone"))),
    };
    if length > LONGEST_MS {
        return Err(unplayable(11200, "the audio is longer than 40 minutes"));
    }
    Ok(length)
}

fn wav_ms(bytes: &[u8]) -> Result<u64, String> {
    let no_wav = || "the audio is no WAV we play".to_string();
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(no_wav());
    }
    let (mut at, mut bytes_a_second) = (12, None);
    loop {
        let head = bytes.get(at..at + 8).ok_or_else(no_wav)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        at += 8;
        match &head[..4] {
            b"fmt " => {
                let format = bytes.get(at..at + 16).ok_or_else(no_wav)?;
                let word = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
                let rate = u32::from_le_bytes([format[4], format[5], format[6], format[7]]);
                let (kind, channels, bits) = (word(0), word(2), word(14));
                let known = FORMATS.iter().any(|(known, sizes)| *known == kind && sizes.contains(&bits));
                if !known || channels == 0 || rate == 0 {
                    return Err("the audio is no PCM of 8 or 16 bits and no A-law or μ-law".into());
                }
                bytes_a_second = Some(u64::from(rate) * u64::from(channels) * u64::from(bits / 8));
            }
            b"data" => {
                let a_second = bytes_a_second.ok_or_else(no_wav)?;
                if bytes.len() < at + length {
                    return Err("the audio breaks off before the length its header says".into());
                }
                return Ok(length as u64 * 1000 / a_second);
            }
            _ => {}
        }
        // Pieces begin at even places.
        at = at.saturating_add(length).saturating_add(length % 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn wav(seconds: u32) -> Answer {
        let spec =
            hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut body = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut body, spec).expect("a header");
        for _ in 0..seconds * 8000 {
            writer.write_sample(0i16).expect("a sample");
        }
        writer.finalize().expect("its length");
        Answer { content_type: "audio/wav".into(), body: body.into_inner() }
    }

    #[test]
    fn a_wav_has_a_length_and_other_things_have_reasons() {
        assert_eq!(length_ms(&wav(3)), Ok(3_000));
        let code = |answer: &Answer| length_ms(answer).map_err(|why| why.code);
        assert_eq!(code(&Answer { content_type: "audio/wav".into(), body: b"hello".to_vec() }), Err(11200));
        assert_eq!(code(&Answer { content_type: "text/html".into(), ..wav(1) }), Err(12300));
        assert_eq!(code(&Answer { content_type: "application/octet-stream".into(), ..wav(1) }), Err(12300));
        assert_eq!(code(&Answer { content_type: "audio/mpeg".into(), ..wav(1) }), Err(11200));
        assert_eq!(code(&Answer { content_type: "audio/ulaw".into(), body: vec![0; 8000] }), Ok(1_000));
        let mut cut = wav(2);
        cut.body.truncate(9_000);
        assert_eq!(code(&cut), Err(11200), "less than its header says");
    }

    #[test]
    fn mu_law_is_played_and_float_is_not() {
        let mut mu_law = wav(1);
        // The format, and a byte a sample.
        (mu_law.body[20], mu_law.body[34]) = (7, 8);
        assert_eq!(length_ms(&mu_law), Ok(2_000));
        let mut float = wav(1);
        float.body[20] = 3;
        assert!(length_ms(&float).is_err());
    }
}
