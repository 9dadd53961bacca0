//! One row a carrier: its turns, and how it stands.

use super::Conn;
use super::rows::Fields;
use crate::core::domain::WorkState;
use crate::core::ids::{CarrierName, WorkItemId};
use crate::core::link::{CarrierState, LinesLimit, NEVER_SO_FAR, Pause, Why};
use crate::store::stored::{micros, opt_micros, read_micros};
use crate::store::{CarrierRow, Result, StoreError, TurnWish};
use chrono::{DateTime, Utc};

/// Every carrier of which something is known.
pub(super) async fn carriers(conn: &mut Conn) -> Result<Vec<CarrierRow>> {
    let rows = sqlx::query(
        r#"SELECT c.name AS "carriers.name", c.revision AS "carriers.revision", c.next_send_at AS "carriers.next_send_at",
               c.pause AS "carriers.pause", c.paused_until AS "carriers.paused_until", c.paused_item AS "carriers.paused_item",
               c.trying AS "carriers.trying", c.slow_downs AS "carriers.slow_downs", c.failures AS "carriers.failures",
               c.downs AS "carriers.downs", c.lines_limit AS "carriers.lines_limit", c.lines_until AS "carriers.lines_until",
               w.state AS "worklist.state"
           FROM carriers c LEFT JOIN worklist w ON w.id = c.paused_item ORDER BY c.name"#,
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| read(&Fields(row))).collect()
}

fn read(row: &Fields<'_>) -> Result<CarrierRow> {
    let item_open = row.opt_word("worklist.state", WorkState::parse)?.is_some_and(|state| state != WorkState::Closed);
    let pause = match row.opt_word("carriers.pause", Why::parse)? {
        None => None,
        Some(why) => Some(Pause {
            why,
            until: row.opt_time("carriers.paused_until")?,
            item: row.opt_text("carriers.paused_item")?.map(WorkItemId::new),
            item_open,
            trying: row.int("carriers.trying")? != 0,
        }),
    };
    let lines = match (row.opt_number("carriers.lines_limit")?, row.opt_time("carriers.lines_until")?) {
        (Some(limit), Some(until)) => Some(LinesLimit { limit, until }),
        _ => None,
    };
    Ok(CarrierRow {
        state: CarrierState {
            carrier: CarrierName::new(row.text("carriers.name")?),
            pause,
            slow_downs: row.number("carriers.slow_downs")?,
            failures: row.number("carriers.failures")?,
            downs: row.number("carriers.downs")?,
            lines,
        },
        revision: row.int("carriers.revision")?,
        next_send_at: row.time("carriers.next_send_at")?,
    })
}

/// Writes how a carrier stands, if nobody else did since that revision was read (0: there was no row).
pub(super) async fn save(conn: &mut Conn, state: &CarrierState, revision: i64) -> Result<()> {
    // The row may be there with its turns alone.
    sqlx::query("INSERT INTO carriers (name) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(state.carrier.as_str())
        .execute(&mut *conn)
        .await?;
    let pause = state.pause.as_ref();
    let done = sqlx::query(
        "UPDATE carriers
         SET revision = revision + 1, pause = $3, paused_until = $4, paused_item = $5, trying = $6, slow_downs = $7,
             failures = $8, downs = $9, lines_limit = $10, lines_until = $11
         WHERE name = $1 AND revision = $2",
    )
    .bind(state.carrier.as_str())
    .bind(revision)
    .bind(pause.map(|pause| pause.why.as_str()))
    .bind(opt_micros(pause.and_then(|pause| pause.until)))
    .bind(pause.and_then(|pause| pause.item.as_ref()).map(WorkItemId::as_str))
    .bind(i64::from(pause.is_some_and(|pause| pause.trying)))
    .bind(i64::from(state.slow_downs))
    .bind(i64::from(state.failures))
    .bind(i64::from(state.downs))
    .bind(state.lines.map(|lines| i64::from(lines.limit)))
    .bind(opt_micros(state.lines.map(|lines| lines.until)))
    .execute(conn)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Reserves the carrier's next turns, as `core::link::begin_stretch` says; when they begin. None where that is later than
/// wished. One statement: nobody else has the same turns.
pub(super) async fn take_turns(conn: &mut Conn, wish: &TurnWish) -> Result<Option<DateTime<Utc>>> {
    let length = wish.gap.num_microseconds().unwrap_or(i64::MAX / 4).saturating_mul(i64::from(wish.count));
    let until: Option<i64> = sqlx::query_scalar(
        "INSERT INTO carriers (name, next_send_at) VALUES ($1, $2 + $3)
         ON CONFLICT (name) DO UPDATE SET next_send_at = $3 +
             CASE WHEN carriers.next_send_at BETWEEN $2 AND $5 THEN carriers.next_send_at ELSE $2 END
         WHERE carriers.next_send_at <= $4 OR carriers.next_send_at > $5
         RETURNING next_send_at",
    )
    .bind(wish.carrier.as_str())
    .bind(micros(wish.now))
    .bind(length)
    .bind(micros(wish.latest))
    .bind(micros(wish.now + NEVER_SO_FAR))
    .fetch_optional(conn)
    .await?;
    until.map(|until| read_micros("carriers.next_send_at", until - length)).transpose()
}
