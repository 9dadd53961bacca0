//! One attempt on its way to the carrier.

use super::Dialer;
use crate::carrier::{CarrierError, PlaceCall, Placed, Refusal};
use crate::core::call::{CallEvent, FinalStatus};
use crate::core::domain::{EndReason, Purpose, WorkKind};
use crate::core::ids::{AttemptId, AttemptToken, PatientId};
use crate::core::plan::{OptOutScope, counted_since, may_dial};
use crate::live_call::LiveCallError;
use crate::store::{Cap, Direction, GiveBack, Leased, RequestOrder, RequestVerdict, StoreError, WebhookEntry};
use crate::worklist::item;
use chrono::{DateTime, Duration, Utc};
use std::sync::atomic::Ordering;

/// How long the carrier has to answer a request before the attempt's fate counts as unknown.
pub(super) const ANSWER_WITHIN: Duration = Duration::seconds(20);
/// When a number is in use or the carrier cannot be reached, how long until the attempt is tried again.
const LATER: Duration = Duration::seconds(30);

impl Dialer {
    /// Places one leased attempt. Whatever fails, the attempt is in a state that somebody picks up.
    pub(super) async fn place(&self, leased: Leased) {
        let attempt = leased.attempt.id.clone();
        if let Err(error) = self.try_place(leased).await {
            tracing::error!(%attempt, %error, "an attempt could not be placed; it is picked up when its lease ends");
        }
    }

    async fn try_place(&self, leased: Leased) -> Result<(), LiveCallError> {
        let store = &self.live.store;
        let patient = leased.outreach.visit.patient.clone();
        let id = leased.attempt.id.clone();
        let now = self.clock().now();
        let facts = store.load_facts(std::slice::from_ref(&patient), now).await?;
        let rules = &self.live.rules;
        let Some(facts) = facts.first() else { return Ok(self.drop_attempt(&id, patient, "visit_gone").await?) };
        if let Err(reason) = may_dial(rules, facts, &leased.outreach, &leased.attempt, now) {
            return Ok(self.drop_attempt(&id, patient, reason).await?);
        }
        let job = rules.jobs.iter().find(|job| job.name == leased.outreach.job);
        let zone = rules.zone(&leased.outreach.visit.site);
        let brief = job.and_then(|job| self.brief(job, &leased.outreach, facts));
        let (Some(brief), Some(zone)) = (brief, zone) else {
            return Ok(self.drop_attempt(&id, patient, "job_or_site_gone").await?);
        };
        let limits = &self.live.rules.limits;
        let longest = limits.max_call + self.settings.ring_timeout;
        let token = AttemptToken::new(self.chance.hex(24));
        let order = RequestOrder {
            attempt: id.clone(),
            holder: self.holder.clone(),
            now,
            lease_until: now + ANSWER_WITHIN,
            deadline: now + longest,
            token: token.clone(),
            brief,
            caps: counted_since(limits, leased.outreach.purpose, zone, now).map(|(since, limit)| Cap { since, limit }).to_vec(),
            respect_opt_outs: limits.opt_out_scope == OptOutScope::Everything || leased.outreach.purpose == Purpose::Reminder,
        };
        match store.begin_request(&order).await? {
            RequestVerdict::Granted => {}
            RequestVerdict::LeaseLost => return Ok(()),
            RequestVerdict::NumberInUse => return Ok(store.give_back(&id, &self.holder, &GiveBack::Later(now + LATER)).await?),
            RequestVerdict::Capped | RequestVerdict::OptedOut => {
                return Ok(self.drop_attempt(&id, patient, "refused_in_transaction").await?);
            }
        }
        let request = PlaceCall {
            attempt: id.clone(),
            token: token.clone(),
            to: leased.attempt.phone.clone(),
            ring_timeout_s: self.settings.ring_timeout.num_seconds().max(15) as u32,
            time_limit_s: limits.max_call.num_seconds() as u32,
        };
        let watch = self.clock().stopwatch();
        let placed = self.carrier.place_call(&request).await;
        self.log_request(&id, now, &placed, watch.elapsed()).await;
        self.after_request(&id, &token, placed, now).await
    }

    async fn drop_attempt(&self, attempt: &AttemptId, patient: PatientId, reason: &str) -> Result<(), StoreError> {
        tracing::info!(%attempt, reason, "not dialled: the schedule or the rules say otherwise now");
        self.live.store.give_back(attempt, &self.holder, &GiveBack::Cancel).await?;
        self.live.nudge.patient(patient);
        Ok(())
    }

    async fn after_request(
        &self,
        id: &AttemptId,
        token: &AttemptToken,
        placed: Result<Placed, CarrierError>,
        now: DateTime<Utc>,
    ) -> Result<(), LiveCallError> {
        let back = |span: Duration| GiveBack::Later(now + span);
        match placed {
            Ok(placed) => self.live.report(token, &CallEvent::Accepted, placed.carrier_call_id).await,
            Err(CarrierError::Unknown(what)) => {
                tracing::warn!(attempt = %id, what, "nobody knows whether the call exists; the carrier is asked before anything else");
                Ok(())
            }
            Err(CarrierError::Unreachable(what)) => {
                tracing::warn!(attempt = %id, what, "the carrier cannot be reached; the attempt is tried again");
                Ok(self.live.store.give_back(id, &self.holder, &back(LATER)).await?)
            }
            Err(CarrierError::Refused { why: Refusal::SlowDown { retry_after_s }, .. }) => {
                let wait = retry_after_s.map_or(LATER, |s| Duration::seconds(i64::from(s.min(600))));
                Ok(self.live.store.give_back(id, &self.holder, &back(wait)).await?)
            }
            Err(error @ CarrierError::Refused { why: Refusal::Account, .. }) => {
                self.pause(&error).await?;
                Ok(self.live.store.give_back(id, &self.holder, &back(LATER)).await?)
            }
            Err(CarrierError::Refused { why, .. }) => {
                let reason = if why == Refusal::BadNumber { EndReason::BadNumber } else { EndReason::Refused };
                let event = CallEvent::Ended { status: FinalStatus::Failed, talk_seconds: None, reason: Some(reason) };
                self.live.report(token, &event, None).await
            }
        }
    }

    /// The carrier refuses us, not the number: nothing more is dialled through it until somebody acts.
    async fn pause(&self, error: &CarrierError) -> Result<(), StoreError> {
        if self.paused.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let name = self.carrier.name();
        tracing::error!(carrier = %name, %error, "the carrier refuses our account; its dialler pauses until the next start");
        let note = format!("carrier {name}: {error}; check account, auth_token and from under [carriers.{name}], then restart");
        let now = self.clock().now();
        self.live.store.open_work(&item(&self.chance, WorkKind::CarrierFault, None, now, None, Some(note))).await?;
        Ok(())
    }

    async fn log_request(
        &self,
        id: &AttemptId,
        at: DateTime<Utc>,
        placed: &Result<Placed, CarrierError>,
        took: std::time::Duration,
    ) {
        let (status, verdict) = match placed {
            Ok(_) => (201, "ok"),
            Err(CarrierError::Refused { status, .. }) => (*status, "refused"),
            Err(CarrierError::Unreachable(_)) => (0, "unreachable"),
            Err(CarrierError::Unknown(_)) => (0, "no_answer"),
        };
        let entry = WebhookEntry {
            at,
            direction: Direction::Out,
            carrier: self.carrier.name().to_string(),
            attempt: Some(id.clone()),
            method: "POST".to_string(),
            path: "place call".to_string(),
            status,
            verdict: verdict.to_string(),
            duration_us: took.as_micros() as u64,
            body: placed.as_ref().err().map(ToString::to_string).unwrap_or_default(),
        };
        if let Err(error) = self.live.store.log_webhooks(&[entry]).await {
            tracing::error!(attempt = %id, %error, "the webhook log could not be written");
        }
    }
}
