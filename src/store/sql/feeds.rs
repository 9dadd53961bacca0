//! Live feeds: when each was last heard, and where the numbers they told came from.

use super::Conn;
use super::rows::Fields;
use crate::core::domain::PhoneNumber;
use crate::core::ids::{FeedName, PatientId, SiteKey};
use crate::store::stored::{list, micros, outside};
use crate::store::{Consent, Result};
use chrono::{DateTime, Utc};

/// Notes that a feed was heard: for every site it ever spoke of, because its link is one, and for these.
pub(super) async fn heard(conn: &mut Conn, feed: &FeedName, sites: &[SiteKey], at: DateTime<Utc>) -> Result<()> {
    sqlx::query("UPDATE feeds SET heard_at = $2 WHERE feed = $1 AND heard_at < $2")
        .bind(feed.as_str())
        .bind(micros(at))
        .execute(&mut *conn)
        .await?;
    for site in sites {
        sqlx::query("INSERT INTO feeds (feed, site, heard_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(feed.as_str())
            .bind(site.as_str())
            .bind(micros(at))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The feeds not heard since a moment, each with its sites.
pub(super) async fn silent(conn: &mut Conn, before: DateTime<Utc>) -> Result<Vec<(FeedName, Vec<SiteKey>)>> {
    let rows =
        sqlx::query(r#"SELECT feed AS "feeds.feed", site AS "feeds.site" FROM feeds WHERE heard_at < $1 ORDER BY feed, site"#)
            .bind(micros(before))
            .fetch_all(conn)
            .await?;
    let mut silent: Vec<(FeedName, Vec<SiteKey>)> = Vec::new();
    for row in &rows {
        let fields = Fields(row);
        let (feed, site) = (FeedName::new(fields.text("feeds.feed")?), SiteKey::new(fields.text("feeds.site")?));
        match silent.last_mut() {
            Some((last, sites)) if *last == feed => sites.push(site),
            _ => silent.push((feed, vec![site])),
        }
    }
    Ok(silent)
}

/// Keeps where a number came from, unless the same is on record.
pub(super) async fn keep_consent(conn: &mut Conn, consent: &Consent) -> Result<()> {
    sqlx::query("INSERT INTO consents (patient, phone, source, at, feed) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
        .bind(consent.patient.as_str())
        .bind(consent.phone.as_str())
        .bind(outside(&consent.source))
        .bind(micros(consent.at))
        .bind(consent.feed.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// What is on record about the numbers of these patients, oldest first.
pub(super) async fn consents(conn: &mut Conn, patients: &[PatientId]) -> Result<Vec<Consent>> {
    let rows = sqlx::query(concat!(
        r#"SELECT c.patient AS "consents.patient", c.phone AS "consents.phone", c.source AS "consents.source",
               c.at AS "consents.at", c.feed AS "consents.feed"
           FROM consents c WHERE c.patient"#,
        is_in!("$1"),
        " ORDER BY c.at, c.id"
    ))
    .bind(list(patients.iter().map(PatientId::as_str)))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields(row);
            Ok(Consent {
                patient: PatientId::new(fields.text("consents.patient")?),
                phone: fields.word("consents.phone", |text| PhoneNumber::parse(text).ok())?,
                source: fields.text("consents.source")?,
                at: fields.time("consents.at")?,
                feed: FeedName::new(fields.text("consents.feed")?),
            })
        })
        .collect()
}
