//! Audio as the network plays it: how long it lasts, if it can be played at all.

use super::webhook_client::Answer;
use std::io::Cursor;

const TYPES: [&str; 3] = ["audio/wav", "audio/wave", "audio/x-wav"];

/// The length of a WAV in milliseconds.
///
/// # Errors
/// Why it cannot be played: its type, its format, or less sound than its header says.
pub fn length_ms(audio: &Answer) -> Result<u64, String> {
    let kind = audio.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !TYPES.contains(&kind.as_str()) {
        return Err(format!("the content type of the audio is {kind:?}; want audio/wav"));
    }
    let wav = hound::WavReader::new(Cursor::new(&audio.body)).map_err(|error| format!("the audio is no WAV we play: {error}"))?;
    let (spec, frames) = (wav.spec(), u64::from(wav.duration()));
    if spec.sample_format != hound::SampleFormat::Int || !matches!(spec.bits_per_sample, 8 | 16) || spec.sample_rate == 0 {
        return Err("the audio is no PCM of 8 or 16 bits".into());
    }
    let bytes = frames * u64::from(spec.channels) * u64::from(spec.bits_per_sample / 8);
    if bytes > audio.body.len() as u64 {
        return Err("the audio breaks off before the length its header says".into());
    }
    Ok(frames * 1000 / u64::from(spec.sample_rate))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let text = length_ms(&Answer { content_type: "audio/wav".into(), body: b"hello".to_vec() });
        assert!(text.expect_err("no WAV").contains("no WAV"));
        let html = length_ms(&Answer { content_type: "text/html".into(), ..wav(1) });
        assert!(html.expect_err("no audio").contains("content type"));
        let mut cut = wav(2);
        cut.body.truncate(9_000);
        assert!(length_ms(&cut).is_err(), "less than its header says");
    }
}
