//! Whose calls a dialler takes: due ones, in turn among their sites ([`fair_order`]).

use super::rows::{Fields, attempt_columns, outreach_columns};
use super::{Conn, Lock, Row, lock};
use crate::core::ids::{CarrierName, SiteKey};
use crate::core::link::{Candidate, Take, fair_order};
use crate::store::stored::{list, micros};
use crate::store::{LeaseRequest, Leased, Result};
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

/// So many due calls are read and put in order; where more are due, only the first ones of each site.
const FEW: usize = 500;

/// The columns of a [`Due`].
macro_rules! due_columns {
    () => {
        r#"a.id AS "attempts.id", a.phone AS "attempts.phone", a.site AS "attempts.site", a.reminder AS "attempts.reminder",
           a.visit_at AS "attempts.visit_at", a.due_at AS "attempts.due_at", o.patient AS "outreaches.patient""#
    };
}

/// An attempt `a` of a take ($1 to $3) that is due at a moment ($4). The index of what is due serves it, in its order.
macro_rules! is_due {
    () => {
        "a.status = 'planned' AND a.route = $1 AND a.share >= $2 AND a.share < $3 AND a.due_at <= $4 AND a.not_after > $4"
    };
}

/// A due call. The first four say which is first at its site: notices before reminders, then the earliest visit.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    reminder: i64,
    visit_at: i64,
    due_at: i64,
    id: String,
    site: SiteKey,
    phone: String,
    patient: String,
}

impl Due {
    fn read(row: &Row) -> Result<Due> {
        let fields = Fields(row);
        Ok(Due {
            reminder: fields.int("attempts.reminder")?,
            visit_at: fields.int("attempts.visit_at")?,
            due_at: fields.int("attempts.due_at")?,
            id: fields.text("attempts.id")?,
            site: SiteKey::new(fields.text("attempts.site")?),
            phone: fields.text("attempts.phone")?,
            patient: fields.text("outreaches.patient")?,
        })
    }
}

/// Whether anything is due, at whatever site.
pub(super) async fn is_any_due(conn: &mut Conn, request: &LeaseRequest, takes: &[Take]) -> Result<bool> {
    for take in takes {
        let one: Option<i64> =
            sqlx::query_scalar(concat!("SELECT a.due_at FROM attempts a WHERE ", is_due!(), " ORDER BY a.due_at LIMIT 1"))
                .bind(take.route.as_str())
                .bind(i64::from(take.from))
                .bind(i64::from(take.below))
                .bind(micros(request.now))
                .fetch_optional(&mut *conn)
                .await?;
        if one.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes due attempts for one dialler, as many as lines are free.
pub(super) async fn lease(conn: &mut Conn, request: &LeaseRequest, takes: &[Take]) -> Result<Vec<Leased>> {
    lock(conn, Lock::Lines(request.carrier.as_str())).await?;
    // The only way to a line leads through here: what is counted under the lock can only become less.
    let in_use = lines_by_site(conn, &request.carrier).await?;
    let free = request.max_lines.saturating_sub(in_use.values().fold(0, |sum, lines| sum.saturating_add(*lines)));
    let limit = request.limit.min(free) as usize;
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut waiting = due(conn, request, takes, limit).await?;
    waiting.sort_unstable();
    let chosen = choose(&waiting, &in_use, limit);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    take(conn, request, &chosen).await
}

/// The first ones, no number and no patient twice, because the second call would be refused.
fn choose<'d>(waiting: &'d [Due], in_use: &HashMap<SiteKey, u32>, limit: usize) -> Vec<&'d str> {
    let candidates: Vec<_> =
        waiting.iter().map(|due| Candidate { site: due.site.clone(), is_notice: due.reminder == 0 }).collect();
    let (mut numbers, mut patients) = (BTreeSet::new(), BTreeSet::new());
    let in_turn = fair_order(&candidates, in_use).into_iter().map(|place| &waiting[place]);
    let once = in_turn.filter(|due| {
        let is_new = !numbers.contains(&due.phone) && !patients.contains(&due.patient);
        if is_new {
            numbers.insert(&due.phone);
            patients.insert(&due.patient);
        }
        is_new
    });
    once.take(limit).map(|due| due.id.as_str()).collect()
}

/// Leases the chosen ones, as far as they are still due: whoever moves one meanwhile does not wait for us, nor we for them.
async fn take(conn: &mut Conn, request: &LeaseRequest, chosen: &[&str]) -> Result<Vec<Leased>> {
    let ids = list(chosen.iter().copied());
    sqlx::query(concat!(
        "UPDATE attempts SET status = 'leased', holder = $2, lease_until = $3, carrier = $4
         WHERE id IN (SELECT a.id FROM attempts a
                      WHERE a.status = 'planned' AND a.due_at <= $5 AND a.not_after > $5 AND a.id",
        is_in!("$1"),
        skip_locked!(),
        ")"
    ))
    .bind(&ids)
    .bind(&request.holder)
    .bind(micros(request.until))
    .bind(request.carrier.as_str())
    .bind(micros(request.now))
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query(concat!(
        "SELECT ",
        attempt_columns!(),
        ", ",
        outreach_columns!(),
        " FROM attempts a JOIN outreaches o ON o.id = a.outreach WHERE a.status = 'leased' AND a.holder = $2 AND a.id",
        is_in!("$1")
    ))
    .bind(&ids)
    .bind(&request.holder)
    .fetch_all(conn)
    .await?;
    let places: HashMap<&str, usize> = chosen.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    let read = |row| Ok(Leased { attempt: Fields(row).attempt()?, outreach: Fields(row).outreach()? });
    let mut leased: Vec<Leased> = rows.iter().map(read).collect::<Result<_>>()?;
    leased.sort_by_key(|one| places.get(one.attempt.id.as_str()).copied());
    Ok(leased)
}

/// What is due at the sites that may be called about: all of it, or of each site the first ones.
async fn due(conn: &mut Conn, request: &LeaseRequest, takes: &[Take], limit: usize) -> Result<Vec<Due>> {
    let is_silent = |site: &SiteKey| request.skip_sites.contains(site);
    let mut all = Vec::new();
    for take in takes {
        all.extend(some_due(conn, take, request.now).await?);
    }
    if all.len() <= FEW {
        all.retain(|due| !is_silent(&due.site));
        return Ok(all);
    }
    let mut first = Vec::new();
    for take in takes {
        for site in sites(conn, &take.route).await?.into_iter().filter(|site| !is_silent(site)) {
            first.extend(first_of_site(conn, take, &site, request.now, limit).await?);
        }
    }
    Ok(first)
}

/// What is due of a take, or more than a few of it.
async fn some_due(conn: &mut Conn, take: &Take, now: DateTime<Utc>) -> Result<Vec<Due>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        due_columns!(),
        " FROM attempts a JOIN outreaches o ON o.id = a.outreach WHERE ",
        is_due!(),
        " ORDER BY a.due_at LIMIT $5"
    ))
    .bind(take.route.as_str())
    .bind(i64::from(take.from))
    .bind(i64::from(take.below))
    .bind(micros(now))
    .bind(count(FEW + 1))
    .fetch_all(conn)
    .await?;
    rows.iter().map(Due::read).collect()
}

/// The sites that have calls planned, found by leaping from one to the next in an index.
async fn sites(conn: &mut Conn, route: &CarrierName) -> Result<Vec<SiteKey>> {
    let sites: Vec<String> = sqlx::query_scalar(
        "WITH RECURSIVE sites (site) AS (
             SELECT MIN(a.site) FROM attempts a WHERE a.status = 'planned' AND a.route = $1
             UNION ALL
             SELECT (SELECT MIN(a.site) FROM attempts a WHERE a.status = 'planned' AND a.route = $1 AND a.site > s.site)
             FROM sites s WHERE s.site IS NOT NULL)
         SELECT site FROM sites WHERE site IS NOT NULL",
    )
    .bind(route.as_str())
    .fetch_all(conn)
    .await?;
    Ok(sites.into_iter().map(SiteKey::new).collect())
}

/// The first due ones of a site, in their turn.
async fn first_of_site(conn: &mut Conn, take: &Take, site: &SiteKey, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        due_columns!(),
        " FROM attempts a JOIN outreaches o ON o.id = a.outreach
         WHERE a.site = $5 AND ",
        is_due!(),
        " ORDER BY a.reminder, a.visit_at, a.due_at, a.id LIMIT $6"
    ))
    .bind(take.route.as_str())
    .bind(i64::from(take.from))
    .bind(i64::from(take.below))
    .bind(micros(now))
    .bind(site.as_str())
    .bind(count(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(Due::read).collect()
}

/// How many lines of a carrier each site has; those to our number take none.
async fn lines_by_site(conn: &mut Conn, carrier: &CarrierName) -> Result<HashMap<SiteKey, u32>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(concat!(
        "SELECT a.site, COUNT(*) FROM attempts a WHERE a.carrier = $1 AND a.inbound = 0 AND ",
        busy!(),
        " GROUP BY a.site"
    ))
    .bind(carrier.as_str())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(site, lines)| (SiteKey::new(site), u32::try_from(lines).unwrap_or(u32::MAX))).collect())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
