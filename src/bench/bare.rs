//! The yardstick of the webhooks: the least that a durable webhook server does. The same kind of web server and the same
//! database, as durable; each request is one read by an index and one insert, in no order and without a thought.

use super::load::Post;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How many rows there are to read.
const CALLS: usize = 5_000;

/// The server; it stops when it is dropped.
pub struct Bare {
    address: SocketAddr,
    server: JoinHandle<()>,
}

#[derive(Clone)]
enum Database {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
}

const READ: &str = "SELECT state FROM calls WHERE sid = $1";
const INSERT: &str = "INSERT INTO events (sid, body) VALUES ($1, $2)";

impl Bare {
    /// Starts it on a new file.
    pub async fn start(listener: TcpListener, file: &std::path::Path) -> anyhow::Result<Bare> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .create_if_missing(true);
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
        let write = pool(1).connect_with(options.clone()).await?;
        sqlx::query("CREATE TABLE calls (sid TEXT PRIMARY KEY, state TEXT NOT NULL)").execute(&write).await?;
        sqlx::query("CREATE TABLE events (id INTEGER PRIMARY KEY, sid TEXT NOT NULL, body TEXT NOT NULL)")
            .execute(&write)
            .await?;
        let mut filled = write.begin().await?;
        for n in 0..CALLS {
            sqlx::query("INSERT INTO calls VALUES ($1, 'ringing')").bind(sid(n)).execute(&mut *filled).await?;
        }
        filled.commit().await?;
        let read = pool(4).connect_with(options.read_only(true)).await?;
        Bare::serve(listener, Database::Sqlite { read, write })
    }

    /// Starts it on an empty database of a PostgreSQL server.
    pub async fn start_on_postgres(listener: TcpListener, url: &str) -> anyhow::Result<Bare> {
        let pool = PgPoolOptions::new().max_connections(8).test_before_acquire(false).connect(url).await?;
        sqlx::query("CREATE TABLE calls (sid TEXT PRIMARY KEY, state TEXT NOT NULL)").execute(&pool).await?;
        sqlx::query(
            "CREATE TABLE events (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sid TEXT NOT NULL, body TEXT NOT NULL)",
        )
        .execute(&pool)
        .await?;
        let mut filled = pool.begin().await?;
        for n in 0..CALLS {
            sqlx::query("INSERT INTO calls VALUES ($1, 'ringing')").bind(sid(n)).execute(&mut *filled).await?;
        }
        filled.commit().await?;
        Bare::serve(listener, Database::Postgres(pool))
    }

    fn serve(listener: TcpListener, database: Database) -> anyhow::Result<Bare> {
        let app = Router::new().route("/", get(|| async { "ok" })).route("/calls/{sid}", post(take)).with_state(database);
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the bare server stopped");
            }
        });
        Ok(Bare { address, server })
    }

    /// An address that only answers.
    pub fn hello(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The same bodies as somebody else's posts, to this server.
    pub fn posts(&self, like: &[Post]) -> Vec<Post> {
        let to = |n: usize| format!("http://{}/calls/{}", self.address, sid(n % CALLS));
        like.iter().enumerate().map(|(n, post)| Post { url: to(n), ..post.clone() }).collect()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn sid(n: usize) -> String {
    format!("CA{n:032x}")
}

async fn take(State(database): State<Database>, Path(sid): Path<String>, body: String) -> Result<String, StatusCode> {
    one(&database, &sid, &body).await.map_err(|error| {
        tracing::error!(%error, "the bare server failed");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

async fn one(database: &Database, sid: &str, body: &str) -> Result<String, sqlx::Error> {
    match database {
        Database::Sqlite { read, write } => {
            let state: String = sqlx::query_scalar(READ).bind(sid).fetch_one(read).await?;
            sqlx::query(INSERT).bind(sid).bind(body).execute(write).await?;
            Ok(state)
        }
        Database::Postgres(pool) => {
            let mut conn = pool.acquire().await?;
            let state: String = sqlx::query_scalar(READ).bind(sid).fetch_one(&mut *conn).await?;
            sqlx::query(INSERT).bind(sid).bind(body).execute(&mut *conn).await?;
            Ok(state)
        }
    }
}
