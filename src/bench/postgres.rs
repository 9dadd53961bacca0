//! A PostgreSQL server of this run's own: started as an ordinary user where PostgreSQL is installed, durable, and gone when
//! the run ends, however it ends.

use super::world::World;
use anyhow::{Context, bail};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const SCRIPT: &str = include_str!("postgres.sh");

/// The server, as long as this is kept.
pub struct Server {
    folder: String,
    password: String,
    /// Holds the pipe that keeps it.
    _keeper: Child,
}

impl Server {
    /// Starts it; none where PostgreSQL is not installed.
    ///
    /// # Errors
    /// When it is installed and does not start.
    pub async fn start(world: &World) -> anyhow::Result<Option<Server>> {
        let script = world.file("postgres.sh");
        std::fs::write(&script, SCRIPT)?;
        let mut keeper = Command::new("sh")
            .arg(&script)
            .env("FSYNC", "on")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal must not reach it: it has to tidy up afterwards.
            .process_group(0)
            .spawn()
            .context("sh cannot be started")?;
        let mut said = String::new();
        let stdout = keeper.stdout.take().context("the script has no output")?;
        BufReader::new(stdout).read_line(&mut said).await?;
        match said.trim_end().split_once(' ') {
            Some(("ready", folder)) => {
                let password = std::fs::read_to_string(format!("{folder}/password"))?;
                Ok(Some(Server { folder: folder.to_string(), password, _keeper: keeper }))
            }
            _ if said.trim_end() == "missing" => Ok(None),
            _ => bail!("PostgreSQL did not start: {}", said.trim_end()),
        }
    }

    /// An empty database; its URL.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        let mut admin = PgConnection::connect(&self.url("postgres")).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).execute(&mut admin).await?;
        admin.close().await?;
        Ok(self.url(name))
    }

    /// The number of the process that all others of the server come from.
    pub fn process(&self) -> anyhow::Result<u32> {
        let told = std::fs::read_to_string(format!("{}/data/postmaster.pid", self.folder))?;
        Ok(told.lines().next().context("PostgreSQL does not tell its process")?.trim().parse()?)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=callahead&password={}", self.folder, self.password)
    }
}
