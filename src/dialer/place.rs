//! One attempt on its way to the carrier.

use super::Dialer;
use crate::carrier::{CarrierError, PlaceCall, Placed, Refusal};
use crate::core::call::{CallEvent, FinalStatus};
use crate::core::domain::{EndReason, Purpose, WorkKind};
use crate::core::ids::{AttemptId, AttemptToken, PatientId};
use crate::core::plan::{OptOutScope, counted_since, may_dial};
use crate::live_call::LiveCallError;
use crate::store::{Cap, GiveBack, Leased, RequestOrder, RequestVerdict, StoreError};
use crate::worklist::item;
use chrono::Duration;
use std::sync::atomic::Ordering;

/// How long a request to a carrier may take in all, from its first byte to the last of the answer.
pub const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// How long after the commit of `requesting` the attempt's fate counts as unknown, so that others ask the carrier: a slow
/// commit and the longest request.
const ANSWER_WITHIN: Duration = Duration::seconds(30);
/// When a number is in use or the carrier cannot be reached, how long until the attempt is tried again.
const LATER: Duration = Duration::seconds(30);

impl Dialer {
    /// Places one attempt leased as `holder`. Whatever fails, the attempt is in a state that somebody picks up.
    #[tracing::instrument(skip_all, fields(attempt = %leased.attempt.id, carrier = %self.carrier.name()))]
    pub(super) async fn place(&self, leased: Leased, holder: &str) {
        if let Err(error) = self.try_place(leased, holder).await {
            tracing::error!(%error, "an attempt could not be placed; it is picked up when its lease ends");
        }
    }

    async fn try_place(&self, leased: Leased, holder: &str) -> Result<(), LiveCallError> {
        let store = &self.live.store;
        let patient = leased.outreach.visit.patient.clone();
        let id = leased.attempt.id.clone();
        let now = self.clock().now();
        let facts = store.load_facts(std::slice::from_ref(&patient), now).await?;
        let rules = self.live.board.rules();
        let Some(facts) = facts.first() else { return Ok(self.drop_attempt(&id, holder, patient, "visit_gone").await?) };
        let job = match may_dial(&rules, facts, &leased.outreach, &leased.attempt, now) {
            Ok(job) => job,
            Err(reason) => return Ok(self.drop_attempt(&id, holder, patient, reason).await?),
        };
        let zone = rules.zone(&leased.outreach.visit.site);
        let brief = self.brief(&rules, job, &leased.outreach, facts, now);
        let (Some(brief), Some(zone)) = (brief, zone) else {
            return Ok(self.drop_attempt(&id, holder, patient, "words_or_site_gone").await?);
        };
        let limits = &rules.limits;
        let longest = limits.max_call + self.settings.ring_timeout;
        let token = AttemptToken::new(self.chance.hex(24));
        let order = RequestOrder {
            attempt: id.clone(),
            holder: holder.to_string(),
            now,
            lease_until: self.clock().now() + ANSWER_WITHIN,
            deadline: now + longest,
            token: token.clone(),
            brief,
            caps: counted_since(limits, leased.outreach.purpose, zone, now).map(|(since, limit)| Cap { since, limit }).to_vec(),
            respect_opt_outs: limits.opt_out_scope == OptOutScope::Everything || leased.outreach.purpose == Purpose::Reminder,
            stamp: Some(facts.stamp),
        };
        match store.begin_request(&order).await? {
            RequestVerdict::Granted => {}
            RequestVerdict::LeaseLost => return Ok(()),
            // The next lease reads the facts anew.
            RequestVerdict::Stale => return Ok(store.give_back(&id, holder, &GiveBack::Later(now)).await?),
            RequestVerdict::NumberInUse => return Ok(store.give_back(&id, holder, &GiveBack::Later(now + LATER)).await?),
            RequestVerdict::Capped | RequestVerdict::OptedOut => {
                return Ok(self.drop_attempt(&id, holder, patient, "refused_in_transaction").await?);
            }
        }
        // The commit may have taken its time. What is dialled now must still be inside its hours, and its answer known
        // before anybody else asks the carrier what became of it; else nothing has been asked, and it can go back.
        let asking = self.clock().now();
        if asking >= leased.attempt.not_after || asking + REQUEST_TIMEOUT > order.lease_until {
            tracing::warn!("not dialled: the store was so slow that the call would come too late; it is planned again");
            store.give_back(&id, holder, &GiveBack::Later(asking + LATER)).await?;
            self.live.nudge.patient(patient);
            return Ok(());
        }
        let request = PlaceCall {
            attempt: id.clone(),
            token: token.clone(),
            to: leased.attempt.phone.clone(),
            ring_timeout_s: self.settings.ring_timeout.num_seconds().max(15) as u32,
            time_limit_s: limits.max_call.num_seconds() as u32,
        };
        let placed = self.carrier.place_call(&request).await;
        self.after_request(&id, holder, &token, placed).await
    }

    async fn drop_attempt(&self, attempt: &AttemptId, holder: &str, patient: PatientId, reason: &str) -> Result<(), StoreError> {
        tracing::info!(reason, "not dialled: the schedule or the rules say otherwise now");
        self.live.store.give_back(attempt, holder, &GiveBack::Cancel).await?;
        self.live.nudge.patient(patient);
        Ok(())
    }

    async fn after_request(
        &self,
        id: &AttemptId,
        holder: &str,
        token: &AttemptToken,
        placed: Result<Placed, CarrierError>,
    ) -> Result<(), LiveCallError> {
        let later = |span: Duration| GiveBack::Later(self.clock().now() + span);
        let store = &self.live.store;
        match placed {
            Ok(placed) => self.live.report(token, &CallEvent::Accepted, placed.carrier_call_id).await,
            Err(CarrierError::Unknown(what)) => {
                tracing::warn!(%what, "nobody knows whether the call exists; the carrier is asked before anything else");
                Ok(())
            }
            Err(CarrierError::Unreachable(what)) => {
                tracing::warn!(what, "the carrier cannot be reached; the attempt is tried again");
                Ok(store.give_back(id, holder, &later(LATER)).await?)
            }
            Err(CarrierError::Refused { why: Refusal::Lines, .. }) => Ok(store.give_back(id, holder, &later(LATER)).await?),
            Err(CarrierError::Refused {
                why: Refusal::SlowDown { retry_after_s } | Refusal::QueueFull { retry_after_s },
                ..
            }) => {
                let wait = retry_after_s.map_or(LATER, |s| Duration::seconds(i64::from(s.min(600))));
                Ok(store.give_back(id, holder, &later(wait)).await?)
            }
            Err(error @ CarrierError::Refused { why: Refusal::Account, .. }) => {
                store.give_back(id, holder, &later(LATER)).await?;
                Ok(self.pause(&error).await?)
            }
            Err(CarrierError::Refused { why, .. }) => {
                let bad = matches!(why, Refusal::BadNumber | Refusal::NotReached);
                let reason = if bad { EndReason::BadNumber } else { EndReason::Refused };
                let event = CallEvent::Ended { status: FinalStatus::Failed, talk_seconds: None, reason: Some(reason) };
                self.live.report(token, &event, None).await
            }
        }
    }

    /// The carrier refuses us, not the number: nothing more is dialled through it until somebody acts. It pauses once the
    /// item stands that somebody acts upon: were that lost, nobody would ever know, so the next refusal tries again.
    async fn pause(&self, error: &CarrierError) -> Result<(), StoreError> {
        if self.paused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let name = self.carrier.name();
        let note = format!("carrier {name}: {error}; check account, auth_token and from under [carriers.{name}], then restart");
        let now = self.clock().now();
        self.live.store.open_work(&item(&self.chance, WorkKind::CarrierFault, None, now, None, Some(note))).await?;
        if !self.paused.swap(true, Ordering::Relaxed) {
            tracing::error!(carrier = %name, %error, "the carrier refuses our account; its dialler pauses until the next start");
        }
        Ok(())
    }
}
