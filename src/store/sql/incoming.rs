//! Calls to our number: what was answered, and how one of them becomes an attempt.

use super::rows::Fields;
use super::{Conn, Lock, Row, call, lock, opt_outs, people, reading, touched};
use crate::core::call::{IncomingStage, IncomingTalk};
use crate::core::domain::PhoneNumber;
use crate::core::ids::{AttemptId, AttemptToken, CarrierName, LanguageTag, PatientId};
use crate::core::link::share_of;
use crate::store::fault::taken_means_conflict;
use crate::store::stored::{form, micros, opt_micros, outside};
use crate::store::{Caller, IncomingCall, IncomingCommit, IncomingKey, IncomingVerdict, Join, NewIncoming, Result, StoreError};
use chrono::{DateTime, Utc};

/// A number is that of no more patients: a whole ward's would be no caller's.
const MOST_OWNERS: i64 = 50;

/// So many old calls are forgotten when one comes: more than ever come while it does.
const FORGOTTEN_AT_ONCE: i64 = 20;

/// What is known of a number that calls us.
pub(super) async fn caller(conn: &mut Conn, number: &PhoneNumber, since: DateTime<Utc>) -> Result<Caller> {
    let patients: Vec<String> =
        sqlx::query_scalar("SELECT patient FROM patient_numbers WHERE number = $1 ORDER BY patient LIMIT $2")
            .bind(number.as_str())
            .bind(MOST_OWNERS)
            .fetch_all(&mut *conn)
            .await?;
    let wrong = wrong_since(conn, number.as_str(), since).await?;
    Ok(Caller { patients: patients.into_iter().map(PatientId::new).collect(), wrong })
}

/// The wrong birthdays that were entered in calls from a number, or from all numbers of one of its patients together, where
/// those are more.
async fn wrong_since(conn: &mut Conn, number: &str, since: DateTime<Utc>) -> Result<u32> {
    let wrong: i64 = sqlx::query_scalar(
        "SELECT CAST(COALESCE(MAX(entered), 0) AS BIGINT) FROM (
             SELECT SUM(wrong) AS entered FROM incoming_calls WHERE caller = $1 AND at >= $2
             UNION ALL
             SELECT SUM(i.wrong) FROM patient_numbers mine JOIN patient_numbers other ON other.patient = mine.patient
                 JOIN incoming_calls i ON i.caller = other.number AND i.at >= $2
             WHERE mine.number = $1 GROUP BY mine.patient) AS counts",
    )
    .bind(number)
    .bind(micros(since))
    .fetch_one(conn)
    .await?;
    Ok(u32::try_from(wrong).unwrap_or(u32::MAX))
}

/// A call with its answers, a row an answer: one statement sees one state.
macro_rules! select_incoming {
    ($condition:literal) => {
        concat!(
            r#"SELECT i.token AS "incoming_calls.token", i.carrier AS "incoming_calls.carrier",
                   i.carrier_call_id AS "incoming_calls.carrier_call_id", i.caller AS "incoming_calls.caller",
                   i.at AS "incoming_calls.at", i.language AS "incoming_calls.language", i.stage AS "incoming_calls.stage",
                   i.step AS "incoming_calls.step", i.said AS "incoming_calls.said", i.wrong AS "incoming_calls.wrong",
                   i.attempt AS "incoming_calls.attempt", a.token AS "attempts.token",
                   i.ended_at AS "incoming_calls.ended_at",
                   r.step AS "incoming_replies.step", r.reply AS "incoming_replies.reply"
               FROM incoming_calls i JOIN incoming_replies r ON r.call = i.token LEFT JOIN attempts a ON a.id = i.attempt
               WHERE "#,
            $condition,
            " ORDER BY r.step"
        )
    };
}

/// A call by its secret or the carrier's id.
pub(super) async fn load(conn: &mut Conn, key: &IncomingKey) -> Result<Option<IncomingCall>> {
    let rows = match key {
        IncomingKey::Token(token) => sqlx::query(select_incoming!("i.token = $1")).bind(token.as_str()).fetch_all(conn).await?,
        IncomingKey::Carrier(carrier, id) => {
            let select = sqlx::query(select_incoming!("i.carrier = $1 AND i.carrier_call_id = $2"));
            select.bind(carrier.as_str()).bind(outside(id)).fetch_all(conn).await?
        }
    };
    read(&rows)
}

fn read(rows: &[Row]) -> Result<Option<IncomingCall>> {
    let Some(first) = rows.first().map(Fields) else { return Ok(None) };
    let attempt = first.opt_text("incoming_calls.attempt")?.map(AttemptId::new);
    let token = first.opt_text("attempts.token")?.map(AttemptToken::new);
    let reply = |row| {
        let fields = Fields(row);
        Ok((fields.number("incoming_replies.step")?, fields.text("incoming_replies.reply")?))
    };
    Ok(Some(IncomingCall {
        token: AttemptToken::new(first.text("incoming_calls.token")?),
        carrier: CarrierName::new(first.text("incoming_calls.carrier")?),
        carrier_call_id: first.text("incoming_calls.carrier_call_id")?,
        caller: first.opt_word("incoming_calls.caller", |text| PhoneNumber::parse(text).ok())?,
        at: first.time("incoming_calls.at")?,
        language: LanguageTag::new(first.text("incoming_calls.language")?),
        talk: IncomingTalk {
            stage: first.word("incoming_calls.stage", IncomingStage::parse)?,
            step: first.number("incoming_calls.step")?,
            said: first.number("incoming_calls.said")?,
            wrong: first.number("incoming_calls.wrong")?,
        },
        attempt: attempt.zip(token),
        ended_at: first.opt_time("incoming_calls.ended_at")?,
        replies: rows.iter().map(reply).collect::<Result<_>>()?,
    }))
}

/// Forgets calls that joined no attempt, with the numbers of strangers who made them. A few at a time, in one order.
async fn forget(conn: &mut Conn, before: DateTime<Utc>) -> Result<()> {
    let old: Vec<String> =
        sqlx::query_scalar("SELECT token FROM incoming_calls WHERE at < $1 AND attempt IS NULL ORDER BY at, token LIMIT $2")
            .bind(micros(before))
            .bind(FORGOTTEN_AT_ONCE)
            .fetch_all(&mut *conn)
            .await?;
    for token in old {
        sqlx::query("DELETE FROM incoming_replies WHERE call = $1").bind(&token).execute(&mut *conn).await?;
        sqlx::query("DELETE FROM incoming_calls WHERE token = $1").bind(&token).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Keeps a call that has just come, with its first answer, and forgets old ones.
pub(super) async fn open(conn: &mut Conn, new: &NewIncoming) -> Result<()> {
    forget(conn, new.forget_before).await?;
    let IncomingCall { token, carrier, carrier_call_id, caller, at, language, talk, .. } = &new.call;
    sqlx::query(
        "INSERT INTO incoming_calls (token, carrier, carrier_call_id, caller, at, language, stage, step, said, wrong)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(token.as_str())
    .bind(carrier.as_str())
    .bind(outside(carrier_call_id))
    .bind(caller.as_ref().map(PhoneNumber::as_str))
    .bind(micros(*at))
    .bind(language.as_str())
    .bind(talk.stage.as_str())
    .bind(i64::from(talk.step))
    .bind(i64::from(talk.said))
    .bind(i64::from(talk.wrong))
    .execute(&mut *conn)
    .await
    .map_err(taken_means_conflict)?;
    keep_reply(conn, token, 0, &new.reply).await?;
    call::keep_audio(conn, &new.audio).await?;
    if let Some(entry) = &new.log {
        reading::log_webhook(conn, entry).await?;
    }
    Ok(())
}

async fn keep_reply(conn: &mut Conn, token: &AttemptToken, step: u32, reply: &str) -> Result<()> {
    sqlx::query("INSERT INTO incoming_replies (call, step, reply) VALUES ($1, $2, $3)")
        .bind(token.as_str())
        .bind(i64::from(step))
        .bind(reply)
        .execute(conn)
        .await
        .map_err(taken_means_conflict)?;
    Ok(())
}

/// Answers a step, if nobody else did, with everything that follows from it.
pub(super) async fn commit(conn: &mut Conn, commit: &IncomingCommit) -> Result<IncomingVerdict> {
    let found: Option<(Option<String>, Option<i64>)> =
        sqlx::query_as("SELECT caller, ended_at FROM incoming_calls WHERE token = $1 AND step = $2")
            .bind(commit.token.as_str())
            .bind(i64::from(commit.step))
            .fetch_optional(&mut *conn)
            .await?;
    let (caller, ended_at) = found.ok_or(StoreError::Conflict)?;
    // An attempt that is in progress with nobody on the line would keep everybody from the number until its deadline.
    if ended_at.is_some() && commit.join.is_some() {
        return Ok(IncomingVerdict::InUse);
    }
    if let Some(join) = &commit.join {
        lock(conn, Lock::Patient(join.patient.as_str())).await?;
    }
    // Who guesses in several calls at once is counted as one.
    if let (Some(caller), true) = (&caller, commit.guess.is_some() || commit.join.is_some()) {
        lock(conn, Lock::Number(caller)).await?;
    }
    if let (Some(caller), Some(cap)) = (&caller, &commit.guess)
        && wrong_since(conn, caller, cap.since).await? >= cap.limit
    {
        return Ok(IncomingVerdict::TooManyGuesses);
    }
    if let Some(join) = &commit.join
        && !become_attempt(conn, join).await?
    {
        return Ok(IncomingVerdict::InUse);
    }
    write_talk(conn, commit).await?;
    keep_reply(conn, &commit.token, commit.step, &commit.reply).await?;
    for item in &commit.open_work {
        people::open_work(conn, item).await?;
    }
    call::keep_audio(conn, &commit.audio).await?;
    if let Some(entry) = &commit.log {
        reading::log_webhook(conn, entry).await?;
    }
    if let Some(opt_out) = &commit.opt_out {
        opt_outs::add(conn, opt_out).await?;
    }
    if let Some(join) = &commit.join {
        touched::note(conn, [join.patient.as_str()]).await?;
    }
    Ok(IncomingVerdict::Done)
}

async fn write_talk(conn: &mut Conn, commit: &IncomingCommit) -> Result<()> {
    let talk = &commit.talk;
    let done = sqlx::query(
        "UPDATE incoming_calls SET stage = $3, step = $4, said = $5, wrong = $6, attempt = COALESCE(attempt, $7)
         WHERE token = $1 AND step = $2 AND ($7 IS NULL OR ended_at IS NULL)",
    )
    .bind(commit.token.as_str())
    .bind(i64::from(commit.step))
    .bind(talk.stage.as_str())
    .bind(i64::from(talk.step))
    .bind(i64::from(talk.said))
    .bind(i64::from(talk.wrong))
    .bind(commit.join.as_ref().map(|join| join.attempt.id.as_str()))
    .execute(conn)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Takes the place of whatever is planned for the same promise; `false` where a call to the number or the patient is live.
/// A dialler that has the attempt leased finds that it has lost it.
async fn become_attempt(conn: &mut Conn, join: &Join) -> Result<bool> {
    let a = &join.attempt;
    let live: i64 = sqlx::query_scalar(concat!(
        "SELECT COUNT(*) FROM attempts a JOIN outreaches o ON o.id = a.outreach
         WHERE (a.phone = $1 OR o.patient = $2) AND a.status <> 'leased' AND ",
        busy!()
    ))
    .bind(a.phone.as_str())
    .bind(join.patient.as_str())
    .fetch_one(&mut *conn)
    .await?;
    if live > 0 {
        return Ok(false);
    }
    sqlx::query(concat!(
        "UPDATE attempts SET ",
        withdrawn!(),
        ", ended_at = $2 WHERE outreach = $1 AND status IN ('planned', 'leased')"
    ))
    .bind(a.outreach.as_str())
    .bind(opt_micros(a.placed_at))
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO attempts (id, outreach, number, status, due_at, not_after, phone_kind, phone, language, carrier,
             carrier_call_id, placed_at, keys, inbound, token, brief, deadline, lease_until, route, share)
         SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $15, $9, $16
         FROM attempts WHERE outreach = $2",
    )
    .bind(a.id.as_str())
    .bind(a.outreach.as_str())
    .bind(a.status.as_str())
    .bind(micros(a.due_at))
    .bind(micros(a.not_after))
    .bind(a.phone_kind.as_str())
    .bind(a.phone.as_str())
    .bind(a.language.as_str())
    .bind(a.carrier.as_str())
    .bind(a.carrier_call_id.as_deref().map(outside))
    .bind(opt_micros(a.placed_at))
    .bind(&a.keys)
    .bind(join.token.as_str())
    .bind(form(&join.brief))
    .bind(micros(join.deadline))
    .bind(i64::from(share_of(&a.id)))
    .execute(conn)
    .await
    .map_err(taken_means_conflict)?;
    Ok(true)
}

/// Notes that a call is over; the first word of it stays.
pub(super) async fn end(conn: &mut Conn, token: &AttemptToken, at: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE incoming_calls SET ended_at = COALESCE(ended_at, $2) WHERE token = $1")
        .bind(token.as_str())
        .bind(micros(at))
        .execute(conn)
        .await?;
    Ok(())
}
