//! A network without a listener: within the process of whoever calls through it, in that process's time.

use super::server::Broken;
use super::{NetworkSettings, Simulator, SimulatorError, SimulatorSettings, made};
use crate::wire::{Passage, Trouble, TroubleKind, answer_of};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use std::fmt;
use std::sync::Arc;

/// Starts a network that sends its webhooks by `engine`, and gives the way to its API.
///
/// # Errors
/// When the signing key is none.
pub fn within(
    settings: SimulatorSettings,
    kind: NetworkSettings,
    engine: Arc<dyn Passage>,
) -> Result<(Simulator, Arc<dyn Passage>), SimulatorError> {
    let (network, router, public_key) = made(settings, kind, Some(engine))?;
    Ok((Simulator { network, public_key, listener: None }, Arc::new(Api(router))))
}

/// The way to a network's API.
struct Api(Router);

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the simulated network")
    }
}

#[async_trait]
impl Passage for Api {
    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Trouble> {
        let response = answer_of(&self.0, request).await;
        match response.extensions().get::<Broken>() {
            None => Ok(response),
            Some(Broken::Closed) => Err(Trouble::new(TroubleKind::BrokeOff, "connection closed before message completed")),
            Some(Broken::Reset) => Err(Trouble::new(TroubleKind::BrokeOff, "connection reset by peer")),
        }
    }
}
