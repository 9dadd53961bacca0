//! How the simulated network asks and tells the engine: signed requests over real HTTP, with the carrier's own patience in
//! real time, however fast the clock runs, and its own way of asking again ([`Dialect::patience`]). Within one process all of
//! it is in virtual time. Left out: cookies.

use super::dialect::{Dialect, Errand, Patience, Signer};
use super::params::Address;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::wire::{Passage, Reply, Trouble, TroubleKind, Wire};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, Request};
use hyper::body::Frame;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Url};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The largest piece of audio that is fetched.
const LARGEST_AUDIO: usize = 32 * 1024 * 1024;
/// A document is read this far, which is more than it may be.
const LARGEST_DOCUMENT: usize = 1024 * 1024;

/// Sends webhooks and fetches audio.
#[derive(Clone)]
pub struct WebhookClient {
    dialect: Dialect,
    signer: Signer,
    clock: Clock,
    chance: Chance,
    /// By how long a connection is waited for.
    clients: Arc<Mutex<HashMap<Duration, Client>>>,
    /// The way to an engine in this process.
    within: Option<Wire>,
}

/// An answer with 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its content type.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why a webhook has no answer. For people, and without an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection.
    #[error("no connection")]
    NoConnection,
    /// No answer in time.
    #[error("no answer in time")]
    TooLate,
    /// The answer broke off, or was too large.
    #[error("the answer broke off")]
    BrokeOff,
    /// Redirected too often, or nowhere.
    #[error("too many redirects")]
    Redirects,
    /// Answered with another status than 2xx.
    #[error("status {0}")]
    Status(u16),
    /// By a fault of the network's own.
    #[error("made to fail")]
    MadeToFail,
}

impl Failure {
    /// The carrier's error code.
    pub fn code(&self, dialect: Dialect) -> u32 {
        match (self, dialect) {
            (Failure::NoConnection, _) => 11205,
            (Failure::Redirects, _) => 11215,
            (Failure::Status(_), Dialect::SignalWire) => 11217,
            _ => 11200,
        }
    }

    fn is_asked_again(&self, patience: &Patience) -> bool {
        match self {
            Failure::NoConnection => patience.after.connect,
            Failure::TooLate | Failure::BrokeOff => patience.after.read,
            Failure::Status(400..=499) => patience.after.refused,
            Failure::Status(500..) => patience.after.broken,
            _ => false,
        }
    }
}

/// What is wanted.
enum Want<'a> {
    Document { to: &'a Address, fields: &'a [(String, String)], idempotency: &'a str },
    Audio(&'a Url),
}

impl Want<'_> {
    fn largest(&self) -> usize {
        match self {
            Want::Document { .. } => LARGEST_DOCUMENT,
            Want::Audio(_) => LARGEST_AUDIO,
        }
    }
}

impl WebhookClient {
    /// A client that signs with `signer`.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(
        dialect: Dialect,
        signer: Signer,
        clock: Clock,
        chance: Chance,
        within: Option<Arc<dyn Passage>>,
    ) -> Result<WebhookClient, reqwest::Error> {
        let within = within.map(|passage| Wire::within(passage, None)).transpose()?;
        let client = WebhookClient { dialect, signer, clock, chance, clients: Arc::default(), within };
        // What cannot be made now cannot be made later.
        client.wire(Duration::from_secs(5))?;
        Ok(client)
    }

    /// The same that signs with a key nobody knows.
    pub fn stranger(&self) -> WebhookClient {
        WebhookClient { signer: self.signer.stranger(&self.chance), ..self.clone() }
    }

    /// Sends half a webhook, signed by nobody, and goes away; what became of it nobody learns.
    pub async fn break_off(&self, to: &Address, fields: &[(String, String)]) {
        let body = encoded(fields);
        if let Some(Wire::Within { passage, .. }) = &self.within {
            let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
            let mut request = Request::new(Body::new(Half(Some(half))));
            *request.method_mut() = Method::POST;
            if let Ok(uri) = to.url.path().parse() {
                *request.uri_mut() = uri;
                let _ = tokio::time::timeout(Duration::from_secs(5), passage.pass(request)).await;
            }
            return;
        }
        // Over plain HTTP alone.
        let (Some(host), "http") = (to.url.host_str(), to.url.scheme()) else { return };
        let _ = cut(host, &to.url, &body).await;
    }

    /// A token that names one webhook, however often it is sent.
    pub fn idempotency_token(&self) -> String {
        self.chance.hex(16)
    }

    /// Sends a webhook, again where the carrier's policy or the address says so.
    pub async fn send(
        &self,
        errand: Errand,
        to: &Address,
        fields: &[(String, String)],
        idempotency: &str,
    ) -> Result<Answer, Failure> {
        let patience = self.dialect.patience(errand, &to.url);
        self.with_patience(&patience, Want::Document { to, fields, idempotency }).await
    }

    /// Sends a webhook without a signature, once.
    pub async fn send_unsigned(&self, to: &Address, fields: &[(String, String)]) -> Result<(), Failure> {
        let (url, body) = parts(to, fields);
        let wire = self.wire(Duration::from_secs(5)).map_err(|_| Failure::NoConnection)?;
        let request = wire.builder().post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let status = wire.send(request.timeout(Duration::from_secs(5))).await.map_err(describe)?.status();
        if is_success(status) { Ok(()) } else { Err(Failure::Status(status)) }
    }

    /// Fetches a piece of audio.
    pub async fn fetch(&self, url: &Url) -> Result<Answer, Failure> {
        let patience = self.dialect.patience(Errand::Voice, url);
        let mut bare = url.clone();
        bare.set_fragment(None);
        self.with_patience(&patience, Want::Audio(&bare)).await
    }

    async fn with_patience(&self, patience: &Patience, want: Want<'_>) -> Result<Answer, Failure> {
        let all = async {
            let mut tries = 0;
            loop {
                let waited = tokio::time::timeout(patience.read, self.once(patience, &want)).await;
                let result = match waited.unwrap_or(Err(Failure::TooLate)) {
                    Ok(response) if is_success(response.status()) => read(response, want.largest()).await,
                    Ok(response) => Err(Failure::Status(response.status())),
                    Err(failure) => Err(failure),
                };
                match result {
                    Err(failure) if tries < patience.retries && failure.is_asked_again(patience) => tries += 1,
                    result => return result,
                }
            }
        };
        tokio::time::timeout(patience.total, all).await.unwrap_or(Err(Failure::TooLate))
    }

    async fn once(&self, patience: &Patience, want: &Want<'_>) -> Result<Reply, Failure> {
        let wire = self.wire(patience.connect).map_err(|_| Failure::NoConnection)?;
        let (to, fields, idempotency) = match *want {
            Want::Document { to, fields, idempotency } => (to, fields, idempotency),
            Want::Audio(url) => return wire.send(wire.builder().get(url.clone())).await.map_err(describe),
        };
        let (mut url, mut body) = parts(to, fields);
        let mut post = to.post;
        for _ in 0..=patience.redirects {
            let signed: &[(String, String)] = if post { fields } else { &[] };
            let mut request = match post {
                true => {
                    let request = wire.builder().post(url.clone());
                    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone())
                }
                false => wire.builder().get(url.clone()),
            };
            for (name, value) in self.signer.headers(url.as_str(), signed, if post { &body } else { "" }, self.clock.now()) {
                request = request.header(name, value);
            }
            if self.dialect == Dialect::Twilio {
                request = request.header("I-Twilio-Idempotency-Token", idempotency);
            }
            let response = wire.send(request).await.map_err(describe)?;
            if !matches!(response.status(), 301..=303) {
                return Ok(response);
            }
            // Followed with GET: the form is lost.
            let next = response.headers().get(LOCATION).and_then(|next| next.to_str().ok()?.parse::<String>().ok());
            url = next.and_then(|next| url.join(&next).ok()).ok_or(Failure::Redirects)?;
            (post, body) = (false, String::new());
        }
        Err(Failure::Redirects)
    }

    fn wire(&self, connect: Duration) -> Result<Wire, reqwest::Error> {
        match &self.within {
            Some(within) => Ok(within.clone()),
            None => self.http(connect).map(Wire::Http),
        }
    }

    fn http(&self, connect: Duration) -> Result<Client, reqwest::Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&connect) {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .connect_timeout(connect)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(self.dialect.user_agent())
            .build()?;
        clients.insert(connect, client.clone());
        Ok(client)
    }
}

/// Where a webhook goes, without the fragment, and its body.
fn parts(to: &Address, fields: &[(String, String)]) -> (Url, String) {
    let mut url = to.url.clone();
    url.set_fragment(None);
    if to.post {
        return (url, encoded(fields));
    }
    url.query_pairs_mut().extend_pairs(fields);
    (url, String::new())
}

/// Fields as a form's body.
pub fn encoded(fields: &[(String, String)]) -> String {
    // A URL's query has the same encoding.
    let mut url = Url::parse("http://localhost/").expect("a constant that is a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_string()
}

/// Announces a whole body, sends half of it and goes away.
async fn cut(host: &str, url: &Url, body: &str) -> std::io::Result<()> {
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
        url.path(),
        body.len(),
        &body[..body.len() / 2],
    );
    let mut stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(80))).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await
}

/// A body that breaks off after its first half.
struct Half(Option<Bytes>);

impl HttpBody for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let half = self.0.take().map(Frame::data).ok_or_else(|| std::io::ErrorKind::ConnectionReset.into());
        Poll::Ready(Some(half))
    }
}

async fn read(mut response: Reply, largest: usize) -> Result<Answer, Failure> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_string();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(describe)? {
        if body.len() + piece.len() > largest {
            return Err(Failure::BrokeOff);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { content_type, body })
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn describe(trouble: Trouble) -> Failure {
    match trouble.kind {
        TroubleKind::NoConnection => Failure::NoConnection,
        TroubleKind::TooLate => Failure::TooLate,
        TroubleKind::BrokeOff | TroubleKind::Unmade => Failure::BrokeOff,
    }
}
