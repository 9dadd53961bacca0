//! The schema and the secrets of this deployment.

use super::{Conn, Lock, lock, migrator};
use crate::store::{Result, StoreError};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError};

const TABLE: &str = "_sqlx_migrations";
/// The step that brought the table of who may work with a schema. Before it there is nothing to ask.
const FLOOR: i64 = 6;

/// Brings the schema up to date; returns how many steps ran. All in the caller's transaction, under a lock: several may
/// start at once, and a step that fails leaves nothing behind. A schema of a newer program is left as it is.
pub(super) async fn migrate(conn: &mut Conn) -> Result<u32> {
    lock(conn, Lock::Schema).await?;
    conn.ensure_migrations_table(TABLE).await.map_err(told)?;
    let before = conn.list_applied_migrations(TABLE).await.map_err(told)?;
    refuse_too_new(conn, &before).await?;
    migrator().run_direct(None, conn, false).await.map_err(told)?;
    let after = conn.list_applied_migrations(TABLE).await.map_err(told)?.len();
    Ok(u32::try_from(after - before.len()).unwrap_or(u32::MAX))
}

/// Whether this program can work with the schema: it has every step that the program knows, and none of those beyond says
/// that the program is too old.
pub(super) async fn check(conn: &mut Conn) -> Result<()> {
    let applied = match conn.list_applied_migrations(TABLE).await {
        Ok(applied) => applied,
        // A store that was never migrated has no such table; anything else is trouble with the database.
        Err(MigrateError::Execute(sqlx::Error::Database(said))) if is_no_table(&*said) => Vec::new(),
        Err(other) => return Err(told(other)),
    };
    refuse_too_new(conn, &applied).await?;
    let mut missing = 0;
    for step in migrator().iter() {
        match applied.iter().find(|done| done.version == step.version) {
            Some(done) if done.checksum == step.checksum => {}
            Some(_) => return Err(StoreError::Schema("it was changed by something other than this program".to_string())),
            None => missing += 1,
        }
    }
    if missing > 0 {
        return Err(StoreError::Schema(format!("{missing} steps behind this program: run `callahead migrate`")));
    }
    Ok(())
}

/// PostgreSQL has a code for it (undefined_table), SQLite only words.
fn is_no_table(said: &dyn sqlx::error::DatabaseError) -> bool {
    said.code().as_deref() == Some("42P01") || said.message().starts_with("no such table")
}

/// Refuses a schema that a newer program has changed so that this one would break it, or be broken by it.
async fn refuse_too_new(conn: &mut Conn, applied: &[AppliedMigration]) -> Result<()> {
    if !applied.iter().any(|done| done.version == FLOOR) {
        return Ok(());
    }
    let newest = migrator().iter().map(|step| step.version).max().unwrap_or(FLOOR);
    let floor: Option<(i64, String)> =
        sqlx::query_as("SELECT step, program FROM schema_floor WHERE step > $1 ORDER BY step DESC LIMIT 1")
            .bind(newest)
            .fetch_optional(conn)
            .await?;
    let Some((step, program)) = floor else { return Ok(()) };
    Err(StoreError::Schema(format!(
        "this program is too old for it: it needs callahead {program} or newer, which knows step {step} (this one knows \
         {newest}): start the newer callahead"
    )))
}

fn told(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::ExecuteMigration(error, step) => {
            StoreError::Schema(format!("step {step} failed: {}", StoreError::from(error)))
        }
        MigrateError::VersionMismatch(step) => StoreError::Schema(format!("step {step} was not the one that this program knows")),
        other => StoreError::Schema(other.to_string()),
    }
}

/// The named secret: the first one ever given, or `fresh`.
pub(super) async fn secret(conn: &mut Conn, name: &str, fresh: Vec<u8>) -> Result<Vec<u8>> {
    sqlx::query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(fresh)
        .execute(&mut *conn)
        .await?;
    Ok(sqlx::query_scalar("SELECT value FROM secrets WHERE name = $1").bind(name).fetch_one(conn).await?)
}
