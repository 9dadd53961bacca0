//! How requests of one side reach the other, carrier and engine: over HTTP in service, or within the process where a
//! simulation plays both in virtual time. What is asked and what is answered is the same to the byte.
//!
//! Never here: trying again, and what an answer means. Start reading at [`Wire::send`].

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_LENGTH, HOST};
use axum::http::{HeaderMap, Request, Response, Uri};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use reqwest::{Client, RequestBuilder};
use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The way of a request within the process.
#[async_trait]
pub trait Passage: fmt::Debug + Send + Sync + 'static {
    /// Brings a request to the other side and its answer back.
    ///
    /// # Errors
    /// Why there is no answer.
    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Trouble>;
}

/// What requests are sent by.
#[derive(Debug, Clone)]
pub enum Wire {
    /// Over HTTP, with the time-outs of this client.
    Http(Client),
    /// Within the process.
    Within {
        /// The way.
        passage: Arc<dyn Passage>,
        /// Builds requests and sends none.
        builder: Client,
        /// How long a request may take in all, where it says nothing else.
        timeout: Option<Duration>,
    },
}

/// Why there is no answer, for people, without the address: it may hold a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Trouble {
    /// How far the request came.
    pub kind: TroubleKind,
    /// What happened.
    pub what: String,
}

/// How far a request came that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// It could not be made.
    Unmade,
    /// There was no connection: nothing was sent.
    NoConnection,
    /// Nobody knows: no answer came in time.
    TooLate,
    /// Nobody knows: the connection broke.
    BrokeOff,
}

/// An answer, whose body may still be on its way.
#[derive(Debug)]
pub enum Reply {
    /// Over HTTP.
    Http(reqwest::Response),
    /// Within the process: status, headers, and the body, or why it broke off.
    Within(u16, HeaderMap, Option<Result<Bytes, Trouble>>),
}

impl Trouble {
    /// Trouble that needs no more words.
    pub fn new(kind: TroubleKind, what: impl Into<String>) -> Trouble {
        Trouble { kind, what: what.into() }
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Trouble {
        let kind = match &error {
            error if error.is_connect() => TroubleKind::NoConnection,
            error if error.is_builder() => TroubleKind::Unmade,
            error if error.is_timeout() => TroubleKind::TooLate,
            _ => TroubleKind::BrokeOff,
        };
        Trouble { kind, what: describe(error) }
    }
}

impl Wire {
    /// Within the process. A request takes so long at most.
    ///
    /// # Errors
    /// When no request can be built in this process.
    pub fn within(passage: Arc<dyn Passage>, timeout: Option<Duration>) -> Result<Wire, reqwest::Error> {
        static BUILDER: OnceLock<Client> = OnceLock::new();
        let builder = match BUILDER.get() {
            Some(builder) => builder.clone(),
            None => {
                let made = Client::builder().no_proxy().build()?;
                BUILDER.get_or_init(|| made).clone()
            }
        };
        Ok(Wire::Within { passage, builder, timeout })
    }

    /// Builds requests that are sent by this wire.
    pub fn builder(&self) -> &Client {
        match self {
            Wire::Http(client) | Wire::Within { builder: client, .. } => client,
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Reply, Trouble> {
        let Wire::Within { passage, timeout, .. } = self else { return Ok(Reply::Http(request.send().await?)) };
        let request = request.build()?;
        let timeout = request.timeout().copied().or(*timeout).unwrap_or(Duration::MAX);
        let request = as_served(&request)?;
        let answered = async {
            let (head, body) = passage.pass(request).await?.into_parts();
            let announced = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
            let body = whole(body, announced).await;
            Ok(Reply::Within(head.status.as_u16(), head.headers, Some(body)))
        };
        let too_late = |_| Err(Trouble::new(TroubleKind::TooLate, "operation timed out"));
        tokio::time::timeout(timeout, answered).await.unwrap_or_else(too_late)
    }
}

impl Reply {
    /// Its status.
    pub fn status(&self) -> u16 {
        match self {
            Reply::Http(response) => response.status().as_u16(),
            Reply::Within(status, ..) => *status,
        }
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        match self {
            Reply::Http(response) => response.headers(),
            Reply::Within(_, headers, _) => headers,
        }
    }

    /// The next piece of its body; `None` behind the last one.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        match self {
            Reply::Http(response) => Ok(response.chunk().await?),
            Reply::Within(_, _, body) => body.take().transpose(),
        }
    }

    /// Its whole body.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn bytes(self) -> Result<Bytes, Trouble> {
        match self {
            Reply::Http(response) => Ok(response.bytes().await?),
            Reply::Within(_, _, body) => body.unwrap_or_else(|| Ok(Bytes::new())),
        }
    }
}

/// What the routes of a server answer to a request.
pub async fn answer_of(routes: &Router, request: Request<Body>) -> Response<Body> {
    let Ok(response) = TowerToHyperService::new(routes.clone()).call(request).await;
    response
}

/// A request as a server gets to see it: its address without the host, which stands in its header.
fn as_served(request: &reqwest::Request) -> Result<Request<Body>, Trouble> {
    let unmade = |what: &str| Trouble::new(TroubleKind::Unmade, what);
    let url = request.url();
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_string(),
    };
    let uri: Uri = path.parse().map_err(|_| unmade("an address that is none"))?;
    let body = request.body().and_then(|body| body.as_bytes()).map_or_else(Body::empty, |bytes| bytes.to_vec().into());
    let mut served = Request::builder().method(request.method()).uri(uri).body(body).map_err(|_| unmade("no request"))?;
    served.headers_mut().clone_from(request.headers());
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_string(),
    };
    served.headers_mut().insert(HOST, host.parse().map_err(|_| unmade("a host that is none"))?);
    Ok(served)
}

/// A body to its end; one that was announced to be longer broke off.
async fn whole(mut body: Body, announced: Option<usize>) -> Result<Bytes, Trouble> {
    let broke_off = || Trouble::new(TroubleKind::BrokeOff, "the answer broke off");
    let mut pieces: Vec<Bytes> = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        pieces.extend(frame.map_err(|_| broke_off())?.into_data().ok());
    }
    let length = pieces.iter().map(Bytes::len).sum::<usize>();
    if announced.is_some_and(|announced| length < announced) {
        return Err(broke_off());
    }
    Ok(if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat().into() })
}

/// The error with its causes and without its URL, which can hold a number.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use axum::routing::{get, post};

    #[derive(Debug)]
    struct There(Router);

    #[async_trait]
    impl Passage for There {
        async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Trouble> {
            Ok(answer_of(&self.0, request).await)
        }
    }

    fn wire(routes: Router) -> Wire {
        Wire::within(Arc::new(There(routes)), Some(Duration::from_secs(15))).expect("a wire")
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_comes_as_over_http_and_so_does_the_answer() {
        let told = |request: Request<Body>| async move {
            let seen = format!("{} {} {:?}", request.method(), request.uri(), request.headers().get(HOST));
            let body = whole(request.into_body(), None).await.expect("a body");
            (StatusCode::CREATED, format!("{seen} {}", String::from_utf8_lossy(&body)))
        };
        let wire = wire(Router::new().route("/a", post(told)));
        let request = wire.builder().post("http://there:81/a?b=c").body("d=e");
        let reply = wire.send(request).await.expect("an answer");
        assert_eq!(reply.status(), 201);
        assert_eq!(reply.bytes().await.expect("a body"), "POST /a?b=c Some(\"there:81\") d=e");
    }

    #[tokio::test(start_paused = true)]
    async fn time_outs_hold_in_virtual_time_and_what_breaks_off_is_no_answer() {
        let never = get(|| async { std::future::pending::<()>().await });
        let short = get(|| async { ([(CONTENT_LENGTH, "9")], Body::from_stream(Body::from("half").into_data_stream())) });
        let wire = wire(Router::new().route("/never", never).route("/short", short));
        let watch = crate::clock::Clock::system().stopwatch();
        let late = wire.send(wire.builder().get("http://there/never")).await.expect_err("no answer");
        assert_eq!((late.kind, watch.elapsed()), (TroubleKind::TooLate, Duration::from_secs(15)));
        let short = wire.send(wire.builder().get("http://there/short")).await.expect("a head");
        assert_eq!(short.bytes().await.map_err(|trouble| trouble.kind), Err(TroubleKind::BrokeOff));
    }
}
