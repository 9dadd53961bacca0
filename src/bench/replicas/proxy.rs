//! The one address of several replicas: connections are handed to them in turn, as a load balancer does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The balancer; it stops when it is dropped.
pub struct Proxy(JoinHandle<()>);

impl Proxy {
    /// Takes connections and hands them to `replicas` in turn.
    pub fn start(listener: TcpListener, replicas: Vec<SocketAddr>) -> Proxy {
        let (replicas, next) = (Arc::new(replicas), Arc::new(AtomicUsize::new(0)));
        Proxy(tokio::spawn(async move {
            loop {
                // Out of files, or a peer that went away: the next one may be luckier.
                let Ok((mut outside, _)) = listener.accept().await else { continue };
                let (replicas, next) = (replicas.clone(), next.clone());
                tokio::spawn(async move {
                    let first = next.fetch_add(1, Ordering::Relaxed);
                    // One that does not answer is passed over.
                    for place in first..first + replicas.len() {
                        let Ok(mut inside) = TcpStream::connect(replicas[place % replicas.len()]).await else { continue };
                        // Small messages to and fro: none may wait for another.
                        let _ = (outside.set_nodelay(true), inside.set_nodelay(true));
                        // How either side goes away is its own affair.
                        let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                        return;
                    }
                });
            }
        }))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.abort();
    }
}
