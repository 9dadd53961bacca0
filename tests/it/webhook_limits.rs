//! What one connection may draw out of the server, and how it stops. The limits are short here; each test waits for the
//! server's own act, never for a while.

use axum::Router;
use axum::routing::get;
use callahead::web::{Limits, serve};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SHORT: Duration = Duration::from_millis(150);
/// Long enough for any machine, and never waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const ASK: &[u8] = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST_ASK: &[u8] = b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
/// More than the buffers between two sockets of one machine take.
const MUCH: usize = 64 * 1024 * 1024;

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<io::Result<()>>,
    /// Lets `/wait` answer.
    go_on: Arc<Notify>,
    /// Tells that somebody asked for `/wait`.
    asked: Arc<Notify>,
}

impl Server {
    async fn start(limits: Limits) -> Server {
        let (go_on, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (wait, tell) = (go_on.clone(), asked.clone());
        let waiting = move || async move {
            tell.notify_one();
            wait.notified().await;
            "done"
        };
        let routes = Router::new()
            .route("/hello", get(|| async { "hello" }))
            .route("/much", get(|| async { vec![0u8; MUCH] }))
            .route("/wait", get(waiting));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, stop) = (listener.local_addr().expect("an address"), CancellationToken::new());
        let ended = tokio::spawn(serve(listener, routes, limits, stop.clone()));
        Server { address, stop, ended, go_on, asked }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    async fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request).await.expect("sent");
        rest(&mut stream).await
    }
}

/// Everything until the server ends the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server ends it");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_head_that_trickles_in_is_not_waited_for() {
    let server = Server::start(Limits { head_within: SHORT, ..Limits::default() }).await;
    let mut nothing = server.connect().await;
    let mut half = server.connect().await;
    half.write_all(&ASK[..20]).await.expect("sent");
    // A byte now and then must not help.
    let (mut read, mut write) = server.connect().await.into_split();
    let trickle = tokio::spawn(async move {
        // A field without end, so that nothing but its slowness is wrong with it.
        for byte in b"GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: ".iter().chain(std::iter::repeat(&b'x')) {
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    assert!(server.ask(LAST_ASK).await.ends_with("hello"), "others are served meanwhile");
    assert_eq!(rest(&mut nothing).await, "");
    assert!(!rest(&mut half).await.contains("200"));
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, read.read_to_end(&mut bytes)).await.expect("it is cut off");
    let said = String::from_utf8_lossy(&bytes);
    assert!(!said.contains(" 400 ") && !said.contains(" 431 "), "it was slow, and nothing else: {said}");
    trickle.abort();
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start(Limits { head_within: SHORT, ..Limits::default() }).await;
    let mut kept = server.connect().await;
    kept.write_all(ASK).await.expect("sent");
    assert!(rest(&mut kept).await.ends_with("hello"), "answered, kept open for more, and closed in the end");
}

#[tokio::test]
async fn a_head_has_a_size_and_so_many_fields() {
    let server = Server::start(Limits::default()).await;
    let large = format!("GET /hello HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(40_000));
    let many: String = (0..100).map(|n| format!("X-{n}: y\r\n")).collect();
    let many = format!("GET /hello HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    for request in [large, many] {
        let answer = server.ask(request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert!(server.ask(LAST_ASK).await.ends_with("hello"));
}

#[tokio::test]
async fn so_many_connections_are_open_and_the_next_has_to_wait() {
    let server = Server::start(Limits { connections: 2, ..Limits::default() }).await;
    let mut two = [server.connect().await, server.connect().await];
    for stream in &mut two {
        stream.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
        tokio::time::timeout(PATIENCE, server.asked.notified()).await.expect("it is asked");
    }
    let mut third = server.connect().await;
    third.write_all(LAST_ASK).await.expect("the system takes it");
    server.go_on.notify_one();
    // One is answered and let go, though it would have stayed; then the third has its turn.
    assert!(rest(&mut third).await.ends_with("hello"));
    server.go_on.notify_one();
    for stream in &mut two {
        assert!(rest(stream).await.ends_with("done"));
    }
}

#[tokio::test]
async fn idle_connections_make_room() {
    let server = Server::start(Limits { connections: 2, ..Limits::default() }).await;
    let mut two = [server.connect().await, server.connect().await];
    for stream in &mut two {
        stream.write_all(ASK).await.expect("sent");
    }
    assert!(server.ask(LAST_ASK).await.ends_with("hello"), "nobody waits for those who ask for nothing");
    for stream in &mut two {
        assert!(rest(stream).await.ends_with("hello"), "each was answered once");
    }
}

#[tokio::test]
async fn no_connection_lasts_for_ever() {
    let server = Server::start(Limits { connection: SHORT, farewell: SHORT, ..Limits::default() }).await;
    let mut busy = server.connect().await;
    let mut answers = 0;
    // Somebody who asks without end, and ...
    while busy.write_all(ASK).await.is_ok() {
        let mut some = [0; 500];
        if tokio::time::timeout(PATIENCE, busy.read(&mut some)).await.expect("in time").is_ok_and(|read| read > 0) {
            answers += 1;
        } else {
            break;
        }
    }
    assert!(answers > 0);
    // ... somebody who asks for much and does not read it.
    let mut lazy = server.connect().await;
    lazy.write_all(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.ended).await.expect("it ends").expect("no panic").expect("in order");
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, lazy.read_to_end(&mut bytes)).await.expect("it was cut");
    assert!(bytes.len() < MUCH, "{}", bytes.len());
}

#[tokio::test]
async fn a_stop_lets_requests_be_answered_and_takes_no_more() {
    let server = Server::start(Limits::default()).await;
    let mut idle = server.connect().await;
    let mut waiting = server.connect().await;
    waiting.write_all(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    server.asked.notified().await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "whoever asks for nothing is let go");
    server.go_on.notify_one();
    assert!(rest(&mut waiting).await.ends_with("done"));
    tokio::time::timeout(PATIENCE, server.ended).await.expect("it ends").expect("no panic").expect("in order");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens");
}
