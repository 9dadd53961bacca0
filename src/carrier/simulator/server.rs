//! The network's listener. Its own loop and not axum's, because a network that breaks must be able to break a connection
//! without an answer.

use super::network::Network;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpStream};

/// Stands in a response's extensions: this answer is never given, the connection breaks instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Closed without a word.
    Closed,
    /// Reset.
    Reset,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulated network breaks the connection")]
struct Breaks;

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// Takes connections until the network stops.
pub async fn run(listener: TcpListener, router: Router, network: Arc<Network>) {
    loop {
        let (stream, peer) = tokio::select! {
            () = network.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, or a peer that went away: the next one may be luckier.
                    tracing::warn!(%error, "the simulated network cannot take a connection");
                    tokio::task::yield_now().await;
                    continue;
                }
            },
        };
        let connection = connection(stream, peer, router.clone(), network.clone());
        network.tracker.spawn(connection);
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, network: Arc<Network>) {
    let resets = Arc::new(AtomicBool::new(false));
    let inner = TowerToHyperService::new(router);
    let seen = resets.clone();
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (inner, seen) = (inner.clone(), seen.clone());
        let answered = async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let Ok(response) = inner.call(request).await;
            match response.extensions().get::<Broken>() {
                None => Ok(response),
                Some(broken) => {
                    seen.store(*broken == Broken::Reset, Ordering::Relaxed);
                    Err(Breaks)
                }
            }
        };
        Box::pin(answered) as Pin<Box<dyn Future<Output = Result<Response, Breaks>> + Send>>
    });
    let mut serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut stopping = false;
    loop {
        tokio::select! {
            // How a client went away is its own affair.
            _ = poll_fn(|context| serving.poll_without_shutdown(context)) => break,
            () = network.stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut serving).graceful_shutdown();
            }
        }
    }
    let stream = serving.into_parts().io.into_inner();
    if resets.load(Ordering::Relaxed) {
        // Closed with nothing left to send, it resets. Where that cannot be set it closes as others do.
        let _ = stream.set_zero_linger();
    }
}
