//! The loop that accepts connections, with a limit for everything that a stranger could draw out: the head of a request,
//! its body, the connection, and how many there are. (`axum::serve` has none of them.)

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// After an accept that failed, because files run out for one: the same would come again at once.
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);

/// What one listener puts up with.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long the head of a request may take to arrive, from the moment the connection waits for it: so an idle
    /// connection is closed after it too: a proxy in front of us should let go of one earlier.
    pub head_within: Duration,
    /// The largest head, in bytes; hyper takes no less than 8,192.
    pub head_size: usize,
    /// How many header fields a request may have.
    pub header_fields: usize,
    /// How long a connection may last: then it is asked to end, and cut when it does not. Ends who reads too slowly.
    pub connection: Duration,
    /// How long an asked connection may take to end.
    pub farewell: Duration,
    /// How many connections may be open. When there are as many, each is closed after its answer, those that ask for
    /// nothing at once, and more wait in the system's queue. With their files and those of the store it stays below 1,024,
    /// which is all that many systems give a process.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_within: Duration::from_secs(10),
            head_size: 16 * 1024,
            header_fields: 64,
            connection: Duration::from_secs(300),
            farewell: Duration::from_secs(15),
            connections: 768,
        }
    }
}

/// Serves `routes` until `stopped`: then nobody is accepted any more, requests under way are answered, and it returns when
/// the last connection is closed. Dropped, it cuts them.
///
/// # Errors
/// None yet: what goes wrong with one connection is that connection's end.
pub async fn serve(listener: TcpListener, routes: Router, limits: Limits, stopped: CancellationToken) -> io::Result<()> {
    let mut open = JoinSet::new();
    let mut crowded = CancellationToken::new();
    loop {
        let room = open.len() < limits.connections;
        if !room && !crowded.is_cancelled() {
            tracing::warn!(connections = open.len(), "as many connections as are allowed: the idle ones are closed");
            crowded.cancel();
        } else if room && crowded.is_cancelled() {
            crowded = CancellationToken::new();
        }
        tokio::select! {
            () = stopped.cancelled() => break,
            // Those that ended make room.
            Some(_) = open.join_next(), if !open.is_empty() => {}
            accepted = listener.accept(), if room => match accepted {
                Ok((stream, peer)) => {
                    open.spawn(converse(stream, peer, routes.clone(), limits, stopped.clone(), crowded.clone()));
                }
                // Somebody who is gone again is nobody's trouble.
                Err(error) if is_of_the_caller(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                }
            },
        }
    }
    drop(listener);
    while open.join_next().await.is_some() {}
    Ok(())
}

fn is_of_the_caller(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection, from its first request to its end. When it is `crowded` it ends after an answer.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    limits: Limits,
    stopped: CancellationToken,
    crowded: CancellationToken,
) {
    // An answer is one small packet: it goes at once.
    let _ = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(routes);
    let (asked, mut was_asked) = watch::channel(false);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        asked.send_replace(true);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // Who has sent a whole request and left is heard all the same.
        .half_close(true)
        .header_read_timeout(limits.head_within)
        .max_buf_size(limits.head_size)
        .max_headers(limits.header_fields);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopped.cancelled() => None,
        // Nobody is let go before the first request, which is on its way.
        () = async {
            crowded.cancelled().await;
            let _ = was_asked.wait_for(|asked| *asked).await;
        } => None,
        () = tokio::time::sleep(limits.connection) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(limits.farewell, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection was cut that did not end"),
            }
        }
    };
    if let Err(error) = ended {
        // What came before the head is done is no request yet, and strangers send it all day.
        tracing::debug!(%error, "a connection ended in trouble");
    }
}
