//! What a run costs: time of processors, memory, transactions, bytes.

use crate::bench::children::Program;
use crate::bench::postgres::Server;
use anyhow::Context;
use sqlx::PgConnection;

/// What was used up to a moment.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Seconds of a processor, of all replicas together; none where nobody tells.
    pub ours: Option<f64>,
    /// Those of the database server.
    pub server: Option<f64>,
    /// Transactions that the server has committed or undone.
    pub transactions: i64,
    /// Bytes of its write-ahead log.
    pub log: i64,
    /// Bytes of the database.
    pub size: i64,
}

impl Used {
    /// As it is now.
    pub async fn now(replicas: &[Program], server: &Server, plain: &mut PgConnection) -> anyhow::Result<Used> {
        let (transactions, log, size) = sqlx::query_as(
            "SELECT xact_commit + xact_rollback, (pg_current_wal_lsn() - '0/0')::bigint, pg_database_size(datname)
             FROM pg_stat_database WHERE datname = current_database()",
        )
        .fetch_one(plain)
        .await?;
        let ours = replicas.iter().map(|replica| seconds_of(replica.id())).sum::<anyhow::Result<f64>>().ok();
        Ok(Used { ours, server: server.process().and_then(seconds_of_family).ok(), transactions, log, size })
    }
}

/// Seconds of a processor that a process has used.
fn seconds_of(id: u32) -> anyhow::Result<f64> {
    Ok(Stat::of(id)?.own)
}

/// Those of a process, its children, and those of them that have ended.
fn seconds_of_family(id: u32) -> anyhow::Result<f64> {
    let parent = Stat::of(id)?;
    let ids = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // One that has just ended is counted by its parent.
    let children = ids.filter_map(|child| Stat::of(child).ok()).filter(|child| child.parent == id);
    Ok(parent.own + parent.ended + children.map(|child| child.own).sum::<f64>())
}

/// A line of `/proc/PID/stat`, in seconds.
struct Stat {
    parent: u32,
    own: f64,
    ended: f64,
}

impl Stat {
    fn of(id: u32) -> anyhow::Result<Stat> {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name stands in brackets and may hold anything.
        let (_, rest) = text.rsplit_once(')').context("/proc tells no state")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |place: usize| Ok::<u64, anyhow::Error>(fields.get(place).context("/proc tells less")?.parse()?);
        // Linux counts hundredths, whatever its own clock ticks (USER_HZ).
        let seconds = |place: usize| Ok::<f64, anyhow::Error>((number(place)? + number(place + 1)?) as f64 / 100.0);
        Ok(Stat { parent: u32::try_from(number(1)?)?, own: seconds(11)?, ended: seconds(13)? })
    }
}
