//! A proxy on loopback before a PostgreSQL server's socket, as operators have one: it can lead elsewhere, cut, freeze, and lose
//! one answer.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What becomes of something that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It never arrives, and the connection is cut.
    Before,
    /// It arrives and is carried out; the connection is cut instead of the answer.
    After,
}

/// The proxy.
pub struct Proxy {
    address: SocketAddr,
    home: PathBuf,
    state: Arc<State>,
}

struct State {
    /// The socket of the server; none: connections are closed at once.
    upstream: Mutex<Option<PathBuf>>,
    /// Cancelled when the connections of now are cut.
    cut: Mutex<CancellationToken>,
    frozen: watch::Sender<bool>,
    /// What is lost when it is next sent.
    armed: Mutex<Option<(Vec<u8>, Loss)>>,
    struck: watch::Sender<usize>,
}

/// The end of the answer to whatever is outside of a transaction by then.
const IDLE: &[u8] = b"Z\0\0\0\x05I";

impl Proxy {
    /// Leads to the server whose socket is in `folder`.
    pub async fn to(folder: &Path) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(State {
            upstream: Mutex::new(Some(socket(folder))),
            cut: Mutex::default(),
            frozen: watch::channel(false).0,
            armed: Mutex::default(),
            struck: watch::channel(0).0,
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move { state.carry(client).await });
            }
        });
        Proxy { address, home: folder.to_path_buf(), state }
    }

    /// A proxy before the server of a test's URL, and the URL that leads through it.
    pub async fn before(url: &str) -> (Proxy, String) {
        let (database, query) = url.strip_prefix("postgres:///").and_then(|url| url.split_once('?')).expect("a test's URL");
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).expect("it is there");
        let proxy = Proxy::to(Path::new(value("host="))).await;
        let url = proxy.url(database, value("user="), value("password="));
        (proxy, url)
    }

    pub fn url(&self, database: &str, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@{}/{database}", self.address)
    }

    /// Cuts all connections, and closes new ones at once.
    pub fn fence(&self) {
        *self.state.upstream.lock().expect("no panic") = None;
        self.cut();
    }

    /// Leads new connections there.
    pub fn lead_to(&self, folder: &Path) {
        *self.state.upstream.lock().expect("no panic") = Some(socket(folder));
    }

    /// Leads new connections where they were led first.
    pub fn lead_back(&self) {
        self.lead_to(&self.home);
    }

    /// Cuts the connections of now.
    pub fn cut(&self) {
        std::mem::take(&mut *self.state.cut.lock().expect("no panic")).cancel();
    }

    /// Carries nothing any more, and closes nothing; or goes on.
    pub fn freeze(&self, frozen: bool) {
        self.state.frozen.send_replace(frozen);
    }

    /// Lets the next thing that holds these words be lost.
    pub fn lose(&self, words: &str, loss: Loss) {
        *self.state.armed.lock().expect("no panic") = Some((words.as_bytes().to_vec(), loss));
    }

    /// How many things were lost.
    pub fn struck(&self) -> usize {
        *self.state.struck.borrow()
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

impl State {
    async fn carry(&self, client: TcpStream) {
        let cut = self.cut.lock().expect("no panic").clone();
        let upstream = self.upstream.lock().expect("no panic").clone();
        let Some(upstream) = upstream else { return };
        let Ok(server) = UnixStream::connect(upstream).await else { return };
        client.set_nodelay(true).expect("an open connection");
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let discard = watch::channel(false).0;
        let there = async {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                let Ok(count @ 1..) = from_client.read(&mut bytes).await else { return };
                self.thawed().await;
                match self.loss_of(&bytes[..count]) {
                    Some(Loss::Before) => return self.struck.send_modify(|struck| *struck += 1),
                    Some(Loss::After) => _ = discard.send_replace(true),
                    None => {}
                }
                if to_server.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        };
        let back = async {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                let Ok(count @ 1..) = from_server.read(&mut bytes).await else { return };
                self.thawed().await;
                if *discard.borrow() {
                    if bytes[..count].ends_with(IDLE) {
                        return self.struck.send_modify(|struck| *struck += 1);
                    }
                } else if to_client.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = cut.cancelled() => {}
            () = there => {}
            () = back => {}
        }
    }

    async fn thawed(&self) {
        let mut frozen = self.frozen.subscribe();
        frozen.wait_for(|frozen| !frozen).await.expect("the proxy lives");
    }

    fn loss_of(&self, bytes: &[u8]) -> Option<Loss> {
        let mut armed = self.armed.lock().expect("no panic");
        let (words, loss) = armed.as_ref()?;
        let (is_hit, loss) = (bytes.windows(words.len()).any(|part| part == words), *loss);
        is_hit.then(|| {
            *armed = None;
            loss
        })
    }
}
