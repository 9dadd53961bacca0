//! `/audio/ID.wav` and `/audio/ID.ulaw`: what a carrier plays. The address says the same for ever, so it may be kept for ever.

use super::Web;
use super::ranges::{Asked, asked};
use crate::live_call::Audio;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};

/// For whatever an address was made for: nothing else will ever stand there.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The audio of an id: `304` for a reader that has it, a range where one is asked for, `404` for an id that was never given.
pub async fn play(State(web): State<Web>, method: Method, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some((id, form)) = Form::of(&file) else { return StatusCode::NOT_FOUND.into_response() };
    let audio = match web.live.voice.audio(id) {
        Some(audio) => Some(audio),
        None => match web.store.audio_recipe(id).await {
            Ok(Some(text)) => web.live.voice.audio_of(id, &text),
            Ok(None) => return StatusCode::NOT_FOUND.into_response(),
            Err(error) => {
                web.live.wordless.excuse(web.clock.now());
                tracing::error!(%error, "an audio recipe could not be read");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        },
    };
    let etag = form.etag(id);
    // Whoever has it has what the address stands for, whatever has become of the recordings.
    if has_it(&headers, &etag) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag), (CACHE_CONTROL, FOR_EVER.to_string())]).into_response();
    }
    let Some(audio) = audio else { return StatusCode::GONE.into_response() };
    let bytes = match form.bytes(&audio) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) => {
            tracing::error!(%error, "an audio could not be composed");
            return StatusCode::GONE.into_response();
        }
    };
    let kind = (CONTENT_TYPE, form.content_type());
    if !audio.is_same() {
        // Other recordings than those the address was made for: better than silence on the line, but nobody keeps it, and
        // no piece of it is put together with a piece of the other.
        return (StatusCode::OK, [kind, (CACHE_CONTROL, "no-store"), (ACCEPT_RANGES, "none")], bytes).into_response();
    }
    let length = bytes.len();
    let common = [kind, (CACHE_CONTROL, FOR_EVER), (ACCEPT_RANGES, "bytes")];
    // A range is for GET alone (RFC 9110, section 14.2).
    let range = if method == Method::GET && unchanged(&headers, &etag) { value(&headers, &RANGE) } else { None };
    match range.map_or(Asked::Whole, |range| asked(range, length)) {
        Asked::Whole => (StatusCode::OK, common, [(ETAG, etag)], Body::from(bytes)).into_response(),
        Asked::Part(part) => {
            let span = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            (StatusCode::PARTIAL_CONTENT, common, [(ETAG, etag), (CONTENT_RANGE, span)], bytes.slice(part)).into_response()
        }
        Asked::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{length}"))]).into_response(),
    }
}

/// In which form an audio is asked for.
#[derive(Clone, Copy)]
enum Form {
    /// 16-bit PCM in a WAV file, which every carrier plays.
    Wav,
    /// G.711 mu-law without a header: `audio/basic` is exactly that, at 8 kHz in one channel (RFC 2046, section 4.3).
    MuLaw,
}

impl Form {
    /// The id and the form of a file's name; `None` for what was never anybody's address.
    fn of(file: &str) -> Option<(&str, Form)> {
        let (id, ending) = file.split_once('.')?;
        let form = match ending {
            "wav" => Form::Wav,
            "ulaw" => Form::MuLaw,
            _ => return None,
        };
        let is_id = id.len() == 64 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then_some((id, form))
    }

    fn content_type(self) -> &'static str {
        match self {
            Form::Wav => "audio/wav",
            Form::MuLaw => "audio/basic",
        }
    }

    fn etag(self, id: &str) -> String {
        match self {
            Form::Wav => format!("\"{id}\""),
            Form::MuLaw => format!("\"{id}-ulaw\""),
        }
    }

    fn bytes(self, audio: &Audio) -> Result<Vec<u8>, String> {
        let made = match self {
            Form::Wav => audio.wav(),
            Form::MuLaw => audio.mu_law(),
        };
        made.map_err(|error| error.to_string())
    }
}

/// `If-None-Match`: whether one of the names is ours. The comparison is the weak one (RFC 9110, section 13.1.2).
fn has_it(headers: &HeaderMap, etag: &str) -> bool {
    let named = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Our own names have no comma, so that a name with one, cut in two, is none of ours.
    named
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .any(|name| name == "*" || name.strip_prefix("W/").unwrap_or(name) == etag)
}

/// `If-Range`: whether the reader's part is of this very audio. The comparison is the strong one, and a date never holds,
/// because none is given (RFC 9110, section 13.1.5).
fn unchanged(headers: &HeaderMap, etag: &str) -> bool {
    !headers.contains_key(IF_RANGE) || value(headers, &IF_RANGE).is_some_and(|name| name.trim() == etag)
}

fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
