//! The schema and the secrets of this deployment.

use super::{Conn, Lock, lock, migrator};
use crate::store::{Result, StoreError};
use sqlx::migrate::{Migrate, MigrateError};

const TABLE: &str = "_sqlx_migrations";

/// Brings the schema up to date; returns how many steps ran. All in the caller's transaction, under a lock: several may
/// start at once, and a step that fails leaves nothing behind.
pub(super) async fn migrate(conn: &mut Conn) -> Result<u32> {
    lock(conn, Lock::Schema).await?;
    conn.ensure_migrations_table(TABLE).await.map_err(told)?;
    let before = conn.list_applied_migrations(TABLE).await.map_err(told)?.len();
    migrator().run_direct(None, conn, false).await.map_err(told)?;
    let after = conn.list_applied_migrations(TABLE).await.map_err(told)?.len();
    Ok(u32::try_from(after - before).unwrap_or(u32::MAX))
}

/// Whether the schema is the one this program knows.
pub(super) async fn check(conn: &mut Conn) -> Result<()> {
    let applied = match conn.list_applied_migrations(TABLE).await {
        Ok(applied) => applied,
        // A store that was never migrated has no such table; anything else is trouble with the database.
        Err(MigrateError::Execute(sqlx::Error::Database(_))) => Vec::new(),
        Err(other) => return Err(told(other)),
    };
    let migrator = migrator();
    let known = migrator.iter().count();
    let same = |(step, done): (&sqlx::migrate::Migration, &sqlx::migrate::AppliedMigration)| {
        step.version == done.version && step.checksum == done.checksum
    };
    if applied.len() > known {
        return Err(StoreError::Schema("it is newer than this program: start the newer callahead".to_string()));
    }
    if !migrator.iter().zip(&applied).all(same) {
        return Err(StoreError::Schema("it was changed by something other than this program".to_string()));
    }
    if applied.len() < known {
        let missing = known - applied.len();
        return Err(StoreError::Schema(format!("{missing} steps behind this program: run `callahead migrate`")));
    }
    Ok(())
}

fn told(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) => error.into(),
        MigrateError::ExecuteMigration(error, step) => {
            StoreError::Schema(format!("step {step} failed: {}", StoreError::from(error)))
        }
        MigrateError::VersionMissing(step) => {
            StoreError::Schema(format!("it is newer than this program (step {step}): start the newer callahead"))
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
