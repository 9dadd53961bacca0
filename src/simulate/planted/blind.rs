//! Between the engine and the carrier: a client that is blind to what answers mean.

use crate::wire::{Passage, Trouble};
use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response};
use std::fmt;
use std::sync::Arc;

/// More than any answer of the carrier's.
const LARGEST: usize = 1024 * 1024;

/// What it is blind to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blind {
    /// That a call may exist though no answer says so.
    AskTwice,
    /// That the list of calls has calls.
    EmptyList,
    /// That a call can be refused: it panics.
    Refusals,
}

impl Blind {
    /// The way to the carrier, behind it.
    pub fn before(self, way: Arc<dyn Passage>) -> Arc<dyn Passage> {
        Arc::new(BlindWay { blind: self, way })
    }
}

struct BlindWay {
    blind: Blind,
    way: Arc<dyn Passage>,
}

impl fmt::Debug for BlindWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.blind)
    }
}

fn asks_for_a_call(request: &Request<Body>) -> bool {
    request.method() == Method::POST && request.uri().path().ends_with("/Calls.json")
}

#[async_trait]
impl Passage for BlindWay {
    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Trouble> {
        match self.blind {
            Blind::AskTwice if asks_for_a_call(&request) => {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, LARGEST).await.unwrap_or_default();
                let again = Request::from_parts(head.clone(), Body::from(body.clone()));
                match self.way.pass(Request::from_parts(head, Body::from(body))).await {
                    Ok(answer) if !answer.status().is_server_error() => Ok(answer),
                    _ => self.way.pass(again).await,
                }
            }
            Blind::EmptyList if request.method() == Method::GET && request.uri().path().ends_with("/Calls.json") => {
                let answer = self.way.pass(request).await?;
                let (mut head, body) = answer.into_parts();
                let mut list: serde_json::Value =
                    serde_json::from_slice(&to_bytes(body, LARGEST).await.unwrap_or_default()).unwrap_or_default();
                if let Some(calls) = list.get_mut("calls") {
                    *calls = serde_json::Value::Array(Vec::new());
                }
                head.headers.remove("content-length");
                Ok(Response::from_parts(head, Body::from(list.to_string())))
            }
            Blind::Refusals if asks_for_a_call(&request) => {
                let answer = self.way.pass(request).await?;
                assert!(!answer.status().is_client_error(), "planted: nobody reckons with a refusal");
                Ok(answer)
            }
            _ => self.way.pass(request).await,
        }
    }
}
