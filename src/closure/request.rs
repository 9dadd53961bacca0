//! What somebody asks to be declared, by the clock of the site.

use crate::core::domain::{Closure, Purpose, resolve_local};
use crate::core::ids::{ClosureId, SiteKey};
use crate::core::plan::{Clock24, Job, Rules};
use crate::fault::nearest;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

/// A site that is closed on a day, for all of it or a part, or opens late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which site.
    pub site: SiteKey,
    /// Its local day.
    pub day: NaiveDate,
    /// From when on; the beginning of the day where nothing is said.
    pub from: Option<Clock24>,
    /// Until when, exclusive; the late opening, else the end of the day, where nothing is said.
    pub until: Option<Clock24>,
    /// When everybody of that span comes instead.
    pub delay_to: Option<Clock24>,
}

/// Why a closure is not declared: who asks must change something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The configuration has no such site.
    #[error("no site is called {site}{}; there are: {known}", .meant.as_ref().map(|m| format!(": did you mean {m}?")).unwrap_or_default())]
    UnknownSite {
        /// What was asked for.
        site: SiteKey,
        /// What was probably meant.
        meant: Option<String>,
        /// Every site.
        known: String,
    },
    /// It would be over already.
    #[error("{0} is past by the site's clock: nobody is to be told any more")]
    Past(String),
    /// Somebody declared it before.
    #[error("this is declared already: see `closure --list`")]
    Declared,
    /// It would be empty.
    #[error("--from {from} is not before --until {until}: give the earlier time first")]
    Backwards {
        /// The beginning.
        from: String,
        /// The end.
        until: String,
    },
    /// Patients would be told to come earlier than they are booked, or on another day.
    #[error(
        "--delay-to {delay_to} must be a time of that day, not before --until {until}: until then patients are told to come at that time instead"
    )]
    Delay {
        /// The late opening.
        delay_to: String,
        /// The end of the span.
        until: String,
    },
    /// Nobody would be called.
    #[error(
        "no reminder job tells closures at {site}, so nobody would be called: put a job with purpose = \"closure\" into the schedules folder (the shipped one is schedules/closure.toml), with enabled = true"
    )]
    NoJob {
        /// Where.
        site: SiteKey,
    },
}

impl Request {
    /// The closure that is asked for.
    pub(super) fn closure(&self, rules: &Rules, id: ClosureId, now: DateTime<Utc>) -> Result<Closure, Refusal> {
        let zone = self.zone(rules)?;
        let from = self.from.unwrap_or(Clock24::START);
        let until = self.until.or(self.delay_to).unwrap_or(Clock24::END);
        if from >= until {
            return Err(Refusal::Backwards { from: words(from), until: words(until) });
        }
        if let Some(delay_to) = self.delay_to.filter(|delay_to| *delay_to < until || *delay_to == Clock24::END) {
            return Err(Refusal::Delay { delay_to: words(delay_to), until: words(until) });
        }
        let closure = Closure {
            id,
            site: self.site.clone(),
            day: self.day,
            from: self.instant(from, zone),
            until: self.instant(until, zone),
            delay_to: self.delay_to.map(|at| self.instant(at, zone)),
            declared_at: now,
        };
        if closure.until <= now {
            return Err(Refusal::Past(format!("{} {}", self.day, words(until))));
        }
        Ok(closure)
    }

    /// The zone of the site.
    ///
    /// # Errors
    /// When there is no such site.
    pub fn zone(&self, rules: &Rules) -> Result<Tz, Refusal> {
        rules.zone(&self.site).ok_or_else(|| {
            let meant = nearest(self.site.as_str(), rules.sites.keys().map(SiteKey::as_str));
            Refusal::UnknownSite {
                site: self.site.clone(),
                meant: meant.map(ToString::to_string),
                known: rules.sites.keys().map(SiteKey::as_str).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// The first job that tells closures there.
    pub(super) fn job<'r>(&self, rules: &'r Rules) -> Result<&'r Job, Refusal> {
        let tells = |job: &&Job| {
            let sites = &job.select.sites;
            job.enabled && job.purpose == Purpose::Closure && (sites.is_empty() || sites.contains(&self.site))
        };
        rules.jobs.iter().find(tells).ok_or_else(|| Refusal::NoJob { site: self.site.clone() })
    }

    fn instant(&self, at: Clock24, zone: Tz) -> DateTime<Utc> {
        let local = match at.time() {
            Some(time) => self.day.and_time(time),
            None => self.day.succ_opt().unwrap_or(self.day).and_time(chrono::NaiveTime::MIN),
        };
        resolve_local(local, zone)
    }
}

fn words(at: Clock24) -> String {
    format!("{:02}:{:02}", at.minutes() / 60, at.minutes() % 60)
}
