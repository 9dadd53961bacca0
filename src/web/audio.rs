//! `/audio/ID.wav`: what a carrier plays. The address is content-addressed, so it may be cached for ever.

use super::Web;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The WAV of an audio id; `304` for a reader that has it, a range where one is asked for.
pub async fn wav(State(web): State<Web>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(id) = file.strip_suffix(".wav") else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{id}\"");
    let known = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let voice = web.live.voice.clone();
    let bytes = match voice.from_shelf(id) {
        Some(bytes) => bytes,
        None => match web.store.audio_recipe(id).await {
            Ok(Some(text)) => match voice.from_text(&text) {
                Some(bytes) => bytes,
                None => return StatusCode::GONE.into_response(),
            },
            Ok(None) => return StatusCode::NOT_FOUND.into_response(),
            Err(error) => {
                tracing::error!(%error, "an audio recipe could not be read");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        },
    };
    if known(header::IF_NONE_MATCH) == Some(etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let common = [
        (header::CONTENT_TYPE, "audio/wav".to_string()),
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_string()),
        (header::ACCEPT_RANGES, "bytes".to_string()),
    ];
    match known(header::RANGE).and_then(|r| range(r, bytes.len())) {
        Some((from, until)) => {
            let span = format!("bytes {from}-{}/{}", until - 1, bytes.len());
            (StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, span)], Body::from(bytes[from..until].to_vec()))
                .into_response()
        }
        None => (StatusCode::OK, common, Body::from(bytes)).into_response(),
    }
}

/// The half-open span of a single `bytes=` range; `None` (then the whole is sent) for anything else, as RFC 9110
/// section 14.2 allows.
fn range(header: &str, length: usize) -> Option<(usize, usize)> {
    let (from, until) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (from, until) = match (from, until) {
        ("", last) => (length.checked_sub(last.parse().ok()?)?, length),
        (from, "") => (from.parse().ok()?, length),
        (from, until) => (from.parse().ok()?, until.parse::<usize>().ok()?.checked_add(1)?.min(length)),
    };
    (from < until).then_some((from, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(range("bytes=0-3", 10), Some((0, 4)));
        assert_eq!(range("bytes=5-", 10), Some((5, 10)));
        assert_eq!(range("bytes=-4", 10), Some((6, 10)));
        assert_eq!(range("bytes=8-99", 10), Some((8, 10)));
        assert_eq!(range("bytes=10-", 10), None);
        assert_eq!(range("bytes=0-1,3-4", 10), None);
        assert_eq!(range("lines=1-2", 10), None);
    }
}
