//! One attempt on its way to the carrier.

use super::Dialer;
use super::gate::{Pass, Passed, Waiting};
use super::lost::Lost;
use crate::carrier::PlaceCall;
use crate::core::domain::Purpose;
use crate::core::ids::{AttemptId, AttemptToken, PatientId};
use crate::core::link::Standing;
use crate::core::plan::{OptOutScope, PatientFacts, counted_since, may_dial};
use crate::live_call::LiveCallError;
use crate::store::{Cap, GiveBack, Leased, RequestOrder, RequestVerdict, StoreError};
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// How long a request to a carrier may take in all, from its first byte to the last of the answer.
pub const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// How long after the commit of `requesting` the attempt's fate counts as unknown, so that others ask the carrier: a slow
/// commit and the longest request.
const ANSWER_WITHIN: Duration = Duration::seconds(30);
/// When a number is in use or the carrier cannot be reached, how long until the attempt is tried again.
pub(super) const LATER: Duration = Duration::seconds(30);

/// How an attempt is placed.
pub(super) struct Way {
    /// The name that it is leased under.
    pub holder: Arc<str>,
    /// Its place among those that wait for a turn.
    pub waiting: Waiting,
    /// Whether it is the one call by which is found out whether the carrier takes calls again.
    pub trial: bool,
}

impl Dialer {
    /// Places one leased attempt; `facts` were read after it was leased. Whatever fails, the attempt is in a state that somebody picks up.
    #[tracing::instrument(skip_all, fields(attempt = %leased.attempt.id, carrier = %self.carrier.name()))]
    pub(super) async fn place(&self, leased: Leased, facts: Option<PatientFacts>, way: Way) {
        if let Err(error) = self.try_place(leased, facts, way).await {
            tracing::error!(%error, "an attempt could not be placed; it is picked up when its lease ends");
        }
    }

    async fn try_place(&self, leased: Leased, facts: Option<PatientFacts>, way: Way) -> Result<(), LiveCallError> {
        let Way { holder, waiting, trial } = way;
        let (store, holder) = (&self.live.store, &*holder);
        let patient = leased.outreach.visit.patient.clone();
        let id = leased.attempt.id.clone();
        let now = self.clock().now();
        let facts = match facts {
            Some(facts) => Some(facts),
            None => store.load_facts(std::slice::from_ref(&patient), now).await?.into_iter().next(),
        };
        let rules = self.live.board.rules();
        let Some(facts) = &facts else { return Ok(self.drop_attempt(&id, holder, patient, "visit_gone").await?) };
        let job = match may_dial(&rules, facts, &leased.outreach, &leased.attempt, now) {
            Ok(job) => job,
            Err(reason) => return Ok(self.drop_attempt(&id, holder, patient, reason).await?),
        };
        let zone = rules.zone(&leased.outreach.visit.site);
        let brief = self.brief(&rules, job, &leased.outreach, facts, now);
        let (Some(brief), Some(zone)) = (brief, zone) else {
            return Ok(self.drop_attempt(&id, holder, patient, "words_or_site_gone").await?);
        };
        let lost = match self.call_of_lost_time(&leased).await? {
            Lost::Nothing => None,
            Lost::Call(call) => {
                self.ask_what_was_said(&leased.outreach).await?;
                Some(call)
            }
            Lost::NotKnown(error) => {
                tracing::warn!(%error, "not dialled: the carriers cannot say whether the number was called before the store was restored");
                return Ok(store.give_back(&id, holder, &GiveBack::Later(now + LATER)).await?);
            }
        };
        let limits = &rules.limits;
        let longest = limits.max_call + self.settings.ring_timeout;
        let token = AttemptToken::new(self.chance.hex(24));
        let asked = self.clock().now();
        let order = RequestOrder {
            attempt: id.clone(),
            holder: holder.to_string(),
            now,
            lease_until: asked + ANSWER_WITHIN,
            // It may begin as late as its request may be answered; not every carrier keeps the limit, and we end no call early.
            deadline: asked + ANSWER_WITHIN + longest,
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
        if let Some(lost) = lost {
            return self.take_lost_call_over(&id, &token, lost).await;
        }
        // The commit may have taken its time, and so may the turn. What is dialled now must still be inside its hours, and its
        // answer known before anybody else asks the carrier what became of it; else nothing has been asked, and it goes back.
        let latest = leased.attempt.not_after.min(order.lease_until - REQUEST_TIMEOUT);
        let pass = Pass { leased: &leased, order: &order, latest, trial, known_at: asked };
        let passed = self.pass_gate(pass).await;
        drop(waiting);
        if !matches!(passed, Ok(Passed::Turn)) {
            match passed {
                // The next lease reads the facts anew.
                Ok(Passed::Stale) => store.give_back(&id, holder, &GiveBack::Later(self.clock().now())).await?,
                _ => self.give_back_undialled(&id, holder, latest).await?,
            }
            self.live.nudge.patient(patient);
            return Ok(passed.map(drop)?);
        }
        let request = PlaceCall {
            attempt: id.clone(),
            token: token.clone(),
            to: leased.attempt.phone.clone(),
            ring_timeout_s: self.settings.ring_timeout.num_seconds().max(15) as u32,
            time_limit_s: limits.max_call.num_seconds() as u32,
        };
        let placed = self.carrier.place_call(&request).await;
        self.after_request((&id, &request.to), holder, &token, placed).await
    }

    /// Whether a call that was committed to be made and still waits may be made: no feed has changed anything about the patient
    /// since, and nobody opted out.
    pub(super) async fn may_still(&self, order: &RequestOrder, leased: &Leased) -> Result<bool, StoreError> {
        let (patient, phone) = (&leased.outreach.visit.patient, &leased.attempt.phone);
        let facts = self.live.store.load_facts(std::slice::from_ref(patient), self.clock().now()).await?.into_iter().next();
        Ok(facts.is_some_and(|facts| {
            let is_out = facts.opted_out || facts.opted_out_numbers.contains(phone);
            Some(facts.stamp) == order.stamp && !(order.respect_opt_outs && is_out)
        }))
    }

    async fn give_back_undialled(&self, id: &AttemptId, holder: &str, latest: DateTime<Utc>) -> Result<(), StoreError> {
        let now = self.clock().now();
        if now >= latest {
            tracing::warn!(
                "not dialled: the store was slow, or no turn came, until it was too late for this request; it is planned again"
            );
            return self.live.store.give_back(id, holder, &GiveBack::Later(now + LATER)).await;
        }
        tracing::info!("not dialled: nothing is placed through the carrier any more; it is planned again");
        self.live.store.give_back(id, holder, &self.again_after(now)).await
    }

    /// When an attempt is tried again that the carrier did not take: at once by another one, or by this one when it is let;
    /// but after a while where nothing else says when.
    pub(super) fn again_after(&self, now: DateTime<Utc>) -> GiveBack {
        match self.link.standing(now) {
            Standing::Free => GiveBack::Later(now + LATER),
            Standing::Trial | Standing::Paused(..) => GiveBack::Later(now),
        }
    }

    async fn drop_attempt(&self, attempt: &AttemptId, holder: &str, patient: PatientId, reason: &str) -> Result<(), StoreError> {
        tracing::info!(reason, "not dialled: the schedule or the rules say otherwise now");
        self.live.store.give_back(attempt, holder, &GiveBack::Cancel).await?;
        self.live.nudge.patient(patient);
        Ok(())
    }
}
