//! The ways between the replicas and the carrier: real requests and answers, with death at any of them.

use super::hospital::PUBLIC_URL;
use super::scene::{Life, Scene, without_tokens};
use crate::carrier::family::form::{field, pairs};
use crate::carrier::family::signature;
use crate::core::domain::PhoneNumber;
use crate::simulate::history::{Actor, Reply, Says, Seen};
use crate::web::{Web, router};
use crate::wire::{Passage, Trouble, TroubleKind, answer_of};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Request, Response};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// More than any body of these.
const LARGEST: usize = 64 * 1024;

/// From one life of a replica to the carrier.
pub(super) struct ToCarrier {
    pub scene: Arc<Scene>,
    pub life: Arc<Life>,
    pub api: Arc<OnceLock<Arc<dyn Passage>>>,
}

/// From the carrier to whichever replica lives: the proxy in front of them.
#[derive(Default)]
pub(super) struct ToReplicas {
    scene: OnceLock<Arc<Scene>>,
    up: Mutex<Vec<(Arc<Life>, Router)>>,
    /// The audio of the apology: its documents are told by it.
    apology: OnceLock<Vec<String>>,
    /// A planted fault: what comes is signed here, so that everything is believed.
    trusting: OnceLock<SecretString>,
}

impl fmt::Debug for ToCarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the way to the carrier")
    }
}

impl fmt::Debug for ToReplicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the way to the replicas")
    }
}

#[async_trait]
impl Passage for ToCarrier {
    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Trouble> {
        let (scene, life) = (&self.scene, &self.life);
        life.while_alive().await;
        let Some(api) = self.api.get() else { return Err(Trouble::new(TroubleKind::NoConnection, "no carrier")) };
        let (request, body) = read(request).await;
        let fields = pairs(&body);
        let what = format!("{} {}", request.method(), request.uri().path());
        let attempt = field(&fields, "Url").and_then(|url| scene.attempt_in(url));
        let to = field(&fields, "To").and_then(|to| PhoneNumber::parse(to).ok());
        scene.see(Seen::Asked { actor: life.actor, what: what.clone(), attempt: attempt.clone(), to });
        let dies = scene.dies_at_send();
        if dies == Some(false) {
            scene.kill(life, "before a request to the carrier");
        }
        life.while_alive().await;
        scene.pause(5 + scene.one_of(40) as u64).await;
        let answered = api.pass(request).await;
        if dies == Some(true) {
            scene.kill(life, "after a request to the carrier");
        }
        scene.pause(5 + scene.one_of(40) as u64).await;
        life.while_alive().await;
        let status = answered.as_ref().map(|response| response.status().as_u16()).map_err(ToString::to_string);
        scene.see(Seen::Answered { actor: life.actor, what, attempt, status });
        answered
    }
}

impl ToReplicas {
    /// Lets it know what all share.
    pub fn open(&self, scene: Arc<Scene>) {
        let _ = self.scene.set(scene);
    }

    /// Whatever comes is believed from now on.
    pub fn trust(&self, token: SecretString) {
        let _ = self.trusting.set(token);
    }

    /// A replica takes requests from now on, as long as it lives.
    pub fn add(&self, life: Arc<Life>, web: Web) {
        let mut up = self.up.lock().unwrap_or_else(PoisonError::into_inner);
        up.retain(|(other, _)| !other.dead.is_cancelled());
        let _ = self.apology.set(web.live.voice.apology().audio);
        up.push((life, router(web)));
    }

    fn one_of(&self, scene: &Scene) -> Option<(Arc<Life>, Router)> {
        let mut up = self.up.lock().unwrap_or_else(PoisonError::into_inner);
        up.retain(|(life, _)| !life.dead.is_cancelled());
        (!up.is_empty()).then(|| up[scene.one_of(up.len())].clone())
    }
}

#[async_trait]
impl Passage for ToReplicas {
    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Trouble> {
        let Some(scene) = self.scene.get() else { return Err(Trouble::new(TroubleKind::NoConnection, "nobody there")) };
        scene.pause(2 + scene.one_of(20) as u64).await;
        let path = request.uri().path().to_string();
        let attempt = scene.attempt_in(&path);
        let asked = request.uri().path_and_query().map_or(path.clone(), |all| all.as_str().to_string());
        let what = format!("{} {}", request.method(), without_tokens(&asked));
        let is_webhook = request.method() == Method::POST;
        let whole = to_read(&request);
        let (request, body) = if whole { read(request).await } else { (request, Bytes::new()) };
        let request = match self.trusting.get().filter(|_| is_webhook) {
            Some(token) => signed(request, token, asked.as_str(), &body),
            None => request,
        };
        let (actor, answered) = self.answered(scene, request, is_webhook).await;
        let status = answered.as_ref().map(|response| response.status().as_u16()).map_err(ToString::to_string);
        let body = String::from_utf8_lossy(&body).into_owned();
        let (answered, reply) = match answered {
            Ok(response) if is_webhook => {
                let (response, reply) = self.heard(response).await;
                (Ok(response), reply)
            }
            other => (other, None),
        };
        scene.see(Seen::Webhook { actor, what, attempt, body, status, reply });
        scene.pause(2 + scene.one_of(20) as u64).await;
        answered
    }
}

impl ToReplicas {
    /// What a document says.
    async fn heard(&self, response: Response<Body>) -> (Response<Body>, Option<Reply>) {
        let (head, body) = response.into_parts();
        // It was built in this process.
        let body = to_bytes(body, LARGEST).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let is_apology = || self.apology.get().is_some_and(|audio| audio.iter().any(|audio| text.contains(audio.as_str())));
        let says = match text.contains("?try=") {
            true => Says::OneMoment,
            false if is_apology() => Says::Apology,
            false => Says::Words,
        };
        let digest = Sha256::digest(&body);
        let text = digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let reply = (!body.is_empty()).then_some(Reply { says, text });
        (Response::from_parts(head, Body::from(body)), reply)
    }

    async fn answered(
        &self,
        scene: &Scene,
        request: Request<Body>,
        is_webhook: bool,
    ) -> (Option<Actor>, Result<Response<Body>, Trouble>) {
        let Some((life, router)) = self.one_of(scene) else {
            return (None, Err(Trouble::new(TroubleKind::NoConnection, "connection refused")));
        };
        let reset = || Err(Trouble::new(TroubleKind::BrokeOff, "connection reset by peer"));
        let dies = if is_webhook { scene.dies_at_send() } else { None };
        let answer = tokio::select! {
            biased;
            () = life.dead.cancelled() => return (Some(life.actor), reset()),
            answer = answer_of(&router, request) => answer,
        };
        match dies {
            Some(false) => {
                scene.kill(&life, "before an answer to a webhook");
                (Some(life.actor), reset())
            }
            Some(true) => {
                scene.kill(&life, "after an answer to a webhook");
                (Some(life.actor), Ok(answer))
            }
            None => (Some(life.actor), Ok(answer)),
        }
    }
}

/// A request with the signature that the carrier would have given it.
fn signed(mut request: Request<Body>, token: &SecretString, asked: &str, body: &Bytes) -> Request<Body> {
    let signature = signature::sign(token, &format!("{PUBLIC_URL}{asked}"), &pairs(body));
    if let Ok(signature) = signature.parse() {
        request.headers_mut().insert("X-Twilio-Signature", signature);
    }
    request
}

/// Whether a body is here as a whole: one that breaks off is passed on as it comes.
fn to_read(request: &Request<Body>) -> bool {
    use axum::body::HttpBody;
    request.body().size_hint().exact().is_some()
}

async fn read(request: Request<Body>) -> (Request<Body>, Bytes) {
    let (head, body) = request.into_parts();
    // It is here already: it was built in this process.
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    (Request::from_parts(head, Body::from(body.clone())), body)
}
