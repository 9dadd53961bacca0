//! A request's body, read whole: so many bytes at most, in so much time.

use super::MAX_WEBHOOK;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// How long a body may take to arrive.
const WITHIN: Duration = Duration::from_secs(10);

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// More than [`MAX_WEBHOOK`] bytes.
    TooLarge,
    /// It ended before the length that was announced, or makes no sense.
    Truncated,
    /// It took too long.
    TooSlow,
}

impl Unread {
    /// What is answered, if anybody still listens.
    pub fn status(self) -> StatusCode {
        match self {
            Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Unread::Truncated => StatusCode::BAD_REQUEST,
            Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// Reads a body.
pub async fn whole(body: Body) -> Result<Bytes, Unread> {
    whole_within(body, WITHIN).await
}

async fn whole_within(body: Body, within: Duration) -> Result<Bytes, Unread> {
    tokio::time::timeout(within, read(body)).await.unwrap_or(Err(Unread::TooSlow))
}

async fn read(mut body: Body) -> Result<Bytes, Unread> {
    // What is announced to be too large need not be read.
    if body.size_hint().lower() > MAX_WEBHOOK as u64 {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Unread::Truncated)?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_WEBHOOK {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

/// Reads a request's body before its handler sees it.
pub async fn first(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match whole(body).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(unread) => unread.status().into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll};

    /// Gives its pieces, and then nothing more for ever.
    struct Pieces(Vec<&'static str>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, std::io::Error>>> {
            if self.0.is_empty() {
                return Poll::Pending;
            }
            let piece = self.0.remove(0);
            Poll::Ready(Some(Ok(hyper::body::Frame::data(Bytes::from(piece)))))
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let body = Body::new(Pieces(vec!["CallSid=", "CA1"]));
        assert_eq!(whole_within(body, Duration::from_millis(20)).await, Err(Unread::TooSlow));
    }

    #[tokio::test]
    async fn as_many_bytes_as_are_allowed() {
        assert_eq!(whole(Body::from(vec![b'a'; MAX_WEBHOOK])).await.map(|bytes| bytes.len()), Ok(MAX_WEBHOOK));
        assert_eq!(whole(Body::from(vec![b'a'; MAX_WEBHOOK + 1])).await, Err(Unread::TooLarge));
    }
}
