//! The yardstick of the replicas: the least that a durable queue in PostgreSQL does. Bare sqlx on the same server, as durable:
//! one row of as many is taken by an index, one is written, and that is committed.

use crate::clock::Clock;
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::time::Duration;
use tokio::task::JoinSet;

const TAKE: &str = "UPDATE queue SET taken = 1 WHERE id =
    (SELECT id FROM queue WHERE taken = 0 AND due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id";

/// The queue.
pub struct BareLeases(PgPool);

impl BareLeases {
    /// Makes it in an empty database, with so many rows waiting.
    pub async fn make(url: &str, rows: usize) -> anyhow::Result<BareLeases> {
        let pool = PgPoolOptions::new().max_connections(4).test_before_acquire(false).connect(url).await?;
        for statement in [
            "CREATE TABLE queue (id BIGINT PRIMARY KEY, due_at BIGINT NOT NULL, taken BIGINT NOT NULL, body TEXT NOT NULL)",
            "CREATE TABLE events (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, of BIGINT NOT NULL, body TEXT NOT NULL)",
        ] {
            sqlx::query(statement).execute(&pool).await?;
        }
        sqlx::query("INSERT INTO queue SELECT n, n, 0, repeat('x', 200) FROM generate_series(1, $1) n")
            .bind(i64::try_from(rows)?)
            .execute(&pool)
            .await?;
        sqlx::query("CREATE INDEX queue_due ON queue (due_at) WHERE taken = 0").execute(&pool).await?;
        sqlx::query("VACUUM ANALYZE queue").execute(&pool).await?;
        Ok(BareLeases(pool))
    }

    /// Takes one after the other, `rate` a second for `span`, and gives how long after its moment each was committed.
    pub async fn take(&self, rate: u32, span: Duration) -> anyhow::Result<Vec<Duration>> {
        let watch = Clock::system().stopwatch();
        let mut under_way = JoinSet::new();
        for n in 0..(span.as_secs_f64() * f64::from(rate)) as u32 {
            let moment = Duration::from_secs_f64(f64::from(n) / f64::from(rate));
            if let Some(left) = moment.checked_sub(watch.elapsed()) {
                tokio::time::sleep(left).await;
            }
            let pool = self.0.clone();
            under_way.spawn(async move {
                let mut tx = pool.begin().await?;
                let taken: i64 = sqlx::query_scalar(TAKE).bind(i64::MAX).fetch_one(&mut *tx).await?;
                sqlx::query("INSERT INTO events (of, body) VALUES ($1, $2)")
                    .bind(taken)
                    .bind("the carrier was asked")
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                Ok::<_, sqlx::Error>(watch.elapsed() - moment)
            });
        }
        Ok(under_way.join_all().await.into_iter().collect::<Result<_, _>>()?)
    }
}
