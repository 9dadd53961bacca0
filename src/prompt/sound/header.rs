//! What a WAV file says about itself, compared with what it holds. Decoders trust the header; a recording that was cut off
//! or never finished would be played short, or as noise, in the middle of a call.

use std::fmt;
use std::ops::Range;

/// Why a recording cannot be used: a stable code, and a sentence for the person who recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::prompt) struct WavFault {
    pub code: &'static str,
    pub message: String,
}

impl WavFault {
    pub fn new(code: &'static str, message: impl Into<String>) -> WavFault {
        WavFault { code, message: message.into() }
    }
}

/// The format of a WAV file whose header tells the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::prompt) struct Header {
    /// 1: PCM; 3: float; 6, 7: A-law, mu-law; 0xfffe: extensible.
    pub tag: u16,
    pub channels: u16,
    /// Samples a second of each channel.
    pub rate: u32,
    pub bits: u16,
}

/// The tag of plain samples.
pub(super) const PCM: u16 = 1;

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { tag, channels, rate, bits } = self;
        let channels = match channels {
            1 => "mono".to_string(),
            2 => "stereo".to_string(),
            more => format!("{more}-channel"),
        };
        let kind = match *tag {
            PCM => "PCM",
            3 => "float",
            6 => "A-law",
            7 => "mu-law",
            0xfffe => "extensible",
            _ => "compressed",
        };
        write!(f, "{rate} Hz {channels} {bits}-bit {kind}")
    }
}

/// Reads the header of a whole WAV file, compares it with the file, and tells where the sound is.
pub(in crate::prompt) fn read_header(file: &[u8]) -> Result<(Header, Range<usize>), WavFault> {
    let unreadable = |why: &str| WavFault::new("unreadable_wav", format!("it is no WAV file that can be read: {why}"));
    if file.is_empty() {
        return Err(WavFault::new("empty_wav", "the file is empty"));
    }
    if file.len() < 12 || &file[..4] != b"RIFF" || &file[8..12] != b"WAVE" {
        return Err(unreadable("it does not begin with RIFF and WAVE"));
    }
    let mut header = None;
    let mut at = 12;
    while let Some((name, length)) = chunk(file, at) {
        let body = at + 8;
        match (name, header) {
            (b"fmt ", _) => {
                let format = file.get(body..body.saturating_add(length)).filter(|f| f.len() >= 16);
                header = Some(read_format(format.ok_or_else(|| unreadable("its format chunk is cut off"))?)?);
            }
            (b"data", None) => return Err(unreadable("no format chunk stands before its sound")),
            (b"data", Some((found, block))) => {
                compare_length(file, body, length, block)?;
                return Ok((found, body..body + length));
            }
            _ => {}
        }
        at = body.saturating_add(length).saturating_add(length & 1);
    }
    Err(unreadable("it holds no sound (no data chunk)"))
}

/// Name and length of the chunk that begins at a byte.
fn chunk(file: &[u8], at: usize) -> Option<(&[u8; 4], usize)> {
    let name = file.get(at..)?.first_chunk::<4>()?;
    let length = file.get(at.checked_add(4)?..)?.first_chunk::<4>()?;
    Some((name, u32::from_le_bytes(*length) as usize))
}

/// The header, and the bytes of one sample of all channels.
fn read_format(format: &[u8]) -> Result<(Header, usize), WavFault> {
    let short = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([format[at], format[at + 1], format[at + 2], format[at + 3]]);
    let header = Header { tag: short(0), channels: short(2), rate: long(4), bits: short(14) };
    let (bytes_per_second, block) = (long(8), short(12));
    if !(1..=8).contains(&header.channels) || !(8_000..=192_000).contains(&header.rate) {
        let Header { channels, rate, .. } = header;
        let message = format!("{channels} channels at {rate} Hz: want 1 to 8 channels, at 8000 to 192000 Hz");
        return Err(WavFault::new("unreadable_wav", message));
    }
    let plain = matches!(header.tag, PCM | 3 | 6 | 7);
    let block_fits = u32::from(block) * 8 == u32::from(header.channels) * u32::from(header.bits.next_multiple_of(8));
    let rate_fits = u64::from(bytes_per_second) == u64::from(header.rate) * u64::from(block);
    if block == 0 || plain && !(block_fits && rate_fits) {
        let message = "its header contradicts itself about rate, channels and bits; export it again";
        return Err(WavFault::new("lying_header", message));
    }
    Ok((header, usize::from(block)))
}

/// Refuses a file that holds less sound than promised, or more, or half a sample.
fn compare_length(file: &[u8], body: usize, promised: usize, block: usize) -> Result<(), WavFault> {
    let held = file.len() - body;
    if promised == 0 && held == 0 {
        return Err(WavFault::new("empty_wav", "it holds no sound"));
    }
    let advice = "it was cut off or never finished; export or record it again";
    if promised > held {
        let message = format!("its header promises {promised} bytes of sound, the file holds {held}: {advice}");
        return Err(WavFault::new("lying_header", message));
    }
    if !promised.is_multiple_of(block) {
        let message = format!("its {promised} bytes of sound are no whole number of samples of {block} bytes: {advice}");
        return Err(WavFault::new("lying_header", message));
    }
    // What follows the sound must be chunks again, and none of sound: else it is sound that the header keeps quiet about.
    let mut at = body + promised + (promised & 1);
    while at < file.len() {
        match chunk(file, at) {
            Some((name, length)) if is_other_chunk(name) && length <= file.len() - at - 8 => {
                at += 8 + length + (length & 1);
            }
            _ => {
                let message = format!("its header promises {promised} bytes of sound, the file holds {held}: {advice}");
                return Err(WavFault::new("lying_header", message));
            }
        }
    }
    Ok(())
}

fn is_other_chunk(name: &[u8; 4]) -> bool {
    name != b"data" && name.iter().all(|b| b.is_ascii_graphic() || *b == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::{pcm_wav, tone};

    fn code(file: &[u8]) -> Result<Header, &'static str> {
        read_header(file).map(|(header, _)| header).map_err(|fault| fault.code)
    }

    #[test]
    fn a_sound_file_is_believed() {
        let file = pcm_wav(&tone(440.0, 0.3, 100, 8_000), 8_000, 1);
        assert_eq!(code(&file), Ok(Header { tag: 1, channels: 1, rate: 8_000, bits: 16 }));
        let with_list = [file.as_slice(), b"LIST\x04\0\0\0INFO"].concat();
        assert!(code(&with_list).is_ok(), "a chunk after the sound does no harm");
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let file = pcm_wav(&tone(440.0, 0.3, 100, 8_000), 8_000, 1);
        let data = 40; // the length field of the data chunk, after RIFF (12), fmt (8 + 16) and the name
        let patched = |at: usize, bytes: &[u8]| {
            let mut copy = file.clone();
            copy[at..at + bytes.len()].copy_from_slice(bytes);
            copy
        };
        for (name, bytes, want) in [
            ("cut off", file[..file.len() / 2].to_vec(), "lying_header"),
            ("a stream that never ended", patched(data, &u32::MAX.to_le_bytes()), "lying_header"),
            ("a length never filled in", patched(data, &0u32.to_le_bytes()), "lying_header"),
            ("more sound than promised", patched(data, &100u32.to_le_bytes()), "lying_header"),
            ("sound in two pieces", [file.as_slice(), b"data\x04\0\0\0\x01\x02\x03\x04"].concat(), "lying_header"),
            ("samples of no bytes", patched(32, &0u16.to_le_bytes()), "lying_header"),
            ("half a sample", patched(data, &1599u32.to_le_bytes()), "lying_header"),
            ("two channels by name only", patched(22, &2u16.to_le_bytes()), "lying_header"),
            ("another rate by name only", patched(24, &44_100u32.to_le_bytes()), "lying_header"),
            ("no channel", patched(22, &0u16.to_le_bytes()), "unreadable_wav"),
            ("an MP3 with another name", b"ID3\x04 this is no wave file".to_vec(), "unreadable_wav"),
            ("a header alone", file[..20].to_vec(), "unreadable_wav"),
            ("nothing", Vec::new(), "empty_wav"),
            ("no sound", pcm_wav(&[], 8_000, 1), "empty_wav"),
        ] {
            assert_eq!(code(&bytes), Err(want), "{name}");
        }
    }
}
