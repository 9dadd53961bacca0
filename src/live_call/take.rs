//! An event is taken in: load the call, replay it, let the core say what follows, save all of it in one transaction.

use super::strange::{Strange, is_of};
use super::turn::Turn;
use super::{LiveCallError, LiveCalls, Speech};
use crate::carrier::{Carrier, Document};
use crate::core::call::{Call, CallEvent, Reaction, Standing};
use crate::core::domain::EndReason;
use crate::core::ids::{AttemptId, AttemptToken};
use crate::prompt::Listener;
use crate::store::{CallCommit, CallRecord, OptOut, StoreError, StoredEvent, StoredStanding, WebhookEntry};
use std::sync::Arc;

/// How often a decision is made again when another replica wrote in between.
const TRIES: usize = 8;
/// The word of the webhook log for what came again.
pub(super) const DUPLICATE: &str = "duplicate";

/// A document, where a step asks for one, and the audio it names with what each id stands for.
type Rendered = (Option<Document>, Vec<(String, String)>);

/// What came in.
pub(super) struct Came {
    pub event: CallEvent,
    /// How long whoever asked had waited ([`CallEvent::PutOff`]).
    pub put_off: Option<CallEvent>,
    /// There where a carrier's webhook tells of it.
    pub entry: Option<WebhookEntry>,
}

/// What an event led to.
pub(super) struct Taken {
    pub attempt: AttemptId,
    pub document: Option<Document>,
    pub verdict: &'static str,
}

impl LiveCalls {
    /// Load, decide, save; again when somebody else saved in between.
    pub(super) async fn take_event(
        &self,
        token: &AttemptToken,
        came: Came,
        carrier_call_id: Option<String>,
    ) -> Result<Result<Taken, Strange>, LiveCallError> {
        let watch = self.clock.stopwatch();
        for _ in 0..TRIES {
            let Some(record) = self.store.load_call(token).await? else { return Ok(Err(Strange::NoAttempt)) };
            if let Some(entry) = &came.entry
                && let Err(strange) = is_of(&record, &entry.carrier, carrier_call_id.as_deref())
            {
                return Ok(Err(strange));
            }
            let log = came.entry.clone().map(|mut entry| {
                entry.attempt = Some(record.attempt.id.clone());
                entry.duration_us = watch.elapsed().as_micros() as u64;
                entry
            });
            match self.take_once(&record, &came, carrier_call_id.clone(), log).await {
                Err(LiveCallError::Store(StoreError::Conflict)) => tokio::task::yield_now().await,
                Err(error @ LiveCallError::Store(_)) => {
                    // It may be written all the same, and nobody else knows of it.
                    self.nudge.patient(record.outreach.visit.patient);
                    return Err(error);
                }
                taken => return taken.map(Ok),
            }
        }
        Err(LiveCallError::Store(StoreError::Conflict))
    }

    #[tracing::instrument(level = "info", name = "call", skip_all, fields(attempt = %record.attempt.id, carrier = %record.attempt.carrier))]
    async fn take_once(
        &self,
        record: &CallRecord,
        Came { event, put_off, .. }: &Came,
        carrier_call_id: Option<String>,
        log: Option<WebhookEntry>,
    ) -> Result<Taken, LiveCallError> {
        let carrier =
            self.carriers.get(&record.attempt.carrier).ok_or_else(|| LiveCallError::NoCarrier(record.attempt.carrier.clone()))?;
        let id = record.attempt.id.clone();
        let key = event_key(event);
        let known = |key: &Option<String>| record.events.iter().find(|e| e.key == *key && key.is_some());
        if let Some(known) = known(&key) {
            let document =
                known.reply.clone().map(|body| Document { content_type: self.content_type(carrier, &record.token), body });
            return Ok(Taken { attempt: id, document, verdict: DUPLICATE });
        }
        let (mut call, speech) = self.replayed(record)?;
        if answers_no_step(&call, event) {
            // Nothing is kept, so that the true answer of that step finds its place.
            let page = call.current().map(|step| self.voice.page(&speech, &Listener::of(&record.brief), step)).transpose()?;
            let page = page.map_or_else(|| self.voice.apology(), |(page, _)| page);
            return Ok(Taken { attempt: id, document: Some(carrier.document(&record.token, &page)), verdict: "out_of_step" });
        }
        let before = call.standing();
        let was_ended = before.ended_at.is_some();
        let now = self.clock.now();
        let mut events = Vec::new();
        if matches!(event, CallEvent::Answered { .. }) && self.visit_changed(record, now).await? {
            call.handle(&CallEvent::VisitChanged, now);
            events.push(StoredEvent { at: now, event: CallEvent::VisitChanged, key: Some("visit_changed".into()), reply: None });
        }
        if let Some(waited) = put_off
            && let key = event_key(waited)
            && known(&key).is_none()
        {
            call.handle(waited, now);
            events.push(StoredEvent { at: now, event: waited.clone(), key, reply: None });
        }
        // A key is kept with its meaning: the scripts may be others when the call is replayed.
        let event = call.to_keep(event);
        let reaction = call.handle(&event, now);
        let (document, audio) = self.render(carrier, &speech, record, &reaction)?;
        let key = match (&reaction.step, reaction.push) {
            (Some(step), true) => Some(turned_key(step.number)),
            _ => key,
        };
        events.push(StoredEvent { at: now, event, key, reply: document.as_ref().map(|d| d.body.clone()) });
        let standing = call.standing();
        let verdict = if was_ended { "late" } else { "ok" };
        let work = self.work_after(record, &before, &standing, now);
        let commit = CallCommit {
            attempt: id.clone(),
            after_events: record.events.len(),
            events,
            open_work: work.open,
            close_work: work.close,
            opt_out: reaction.opt_out.then(|| OptOut {
                patient: Some(record.outreach.visit.patient.clone()),
                phone: Some(record.attempt.phone.clone()),
                at: now,
                how: "key 9".to_string(),
            }),
            standing: stored(&standing),
            carrier_call_id,
            audio: self.kept.without_known(audio),
            log: log.map(|mut entry| {
                entry.status = if document.is_some() && !reaction.push { 200 } else { 204 };
                entry.verdict = verdict.to_string();
                entry
            }),
        };
        self.store.commit_call(&commit).await?;
        self.kept.note(&commit.audio);
        self.after_commit(carrier, record, &commit, &reaction, was_ended);
        Ok(Taken { attempt: id, document: if reaction.push { None } else { document }, verdict })
    }

    /// A call as its events left it, and how it sounds: everything about one call is said and replayed by what was in force
    /// when it was placed.
    pub(super) fn replayed(&self, record: &CallRecord) -> Result<(Call, Arc<Speech>), LiveCallError> {
        let script = &record.brief.script;
        let speech = self.voice.of_call(record.attempt.placed_at, &record.brief);
        let scripts =
            speech.scripts.for_call(script, &record.brief.site).ok_or_else(|| LiveCallError::NoScript(script.clone()))?;
        let call = Call::replay(record.brief.clone(), scripts, record.events.iter().map(|e| (&e.event, e.at)));
        Ok((call, speech))
    }

    /// What need not be in the transaction: turning the live call, and telling the planner.
    fn after_commit(
        &self,
        carrier: &Arc<dyn Carrier>,
        record: &CallRecord,
        commit: &CallCommit,
        reaction: &Reaction,
        was_ended: bool,
    ) {
        if let (Some(step), true) = (&reaction.step, reaction.push) {
            // As it stands in the store: the first id that was heard of.
            let call_id = record.attempt.carrier_call_id.clone().or_else(|| commit.carrier_call_id.clone());
            let turn = Turn {
                carrier: carrier.clone(),
                call_id,
                token: record.token.clone(),
                attempt: record.attempt.id.clone(),
                step: step.number,
            };
            tokio::spawn(turn.until_done(self.clock.clone()));
        }
        if commit.standing.ended_at.is_some() || commit.opt_out.is_some() {
            self.nudge.patient(record.outreach.visit.patient.clone());
        }
        if commit.standing.ended_at.is_some() && !was_ended {
            let outcome = commit.standing.outcome.map(|o| o.as_str());
            tracing::info!(outcome, keys = commit.standing.keys, "call over");
        }
    }

    fn render(
        &self,
        carrier: &Arc<dyn Carrier>,
        speech: &Speech,
        record: &CallRecord,
        reaction: &Reaction,
    ) -> Result<Rendered, LiveCallError> {
        let Some(step) = &reaction.step else { return Ok((None, Vec::new())) };
        let (page, audio) = self.voice.page(speech, &Listener::of(&record.brief), step)?;
        Ok((Some(carrier.document(&record.token, &page)), audio))
    }
}

fn stored(standing: &Standing) -> StoredStanding {
    StoredStanding {
        status: standing.status,
        answered_at: standing.answered_at,
        ended_at: standing.ended_at,
        answered_by: standing.answered_by,
        heard_seconds: standing.heard_seconds,
        keys: standing.keys.clone(),
        outcome: standing.outcome,
        end_reason: standing.end_reason,
    }
}

/// Whether an event answers a step that was never given.
fn answers_no_step(call: &Call, event: &CallEvent) -> bool {
    match event {
        CallEvent::Key { step, .. }
        | CallEvent::Meant { step, .. }
        | CallEvent::Silence { step }
        | CallEvent::Transferred { step, .. }
        | CallEvent::Played { step } => call.step(*step).is_none(),
        _ => false,
    }
}

/// What makes a repeat of an event recognizable. What answers a step answers it once, whatever it says.
fn event_key(event: &CallEvent) -> Option<String> {
    Some(match event {
        CallEvent::Answered { .. } => "step:0".to_string(),
        CallEvent::Key { step, .. }
        | CallEvent::Meant { step, .. }
        | CallEvent::Silence { step }
        | CallEvent::Transferred { step, .. }
        | CallEvent::Played { step } => format!("step:{step}"),
        CallEvent::Accepted => "accepted".to_string(),
        CallEvent::Ringing => "ringing".to_string(),
        CallEvent::PickedUp => "picked_up".to_string(),
        CallEvent::Detected { answered_by } => format!("detected:{}", answered_by.as_str()),
        CallEvent::Fallback { failed } => format!("fallback:{failed}"),
        CallEvent::PutOff { step, ms } => format!("put_off:{step}:{ms}"),
        // Nobody tells of it.
        CallEvent::Unknown => return None,
        CallEvent::VisitChanged => "visit_changed".to_string(),
        // What we presume must not keep out what the carrier says later.
        CallEvent::Ended { reason: Some(EndReason::NeverPlaced | EndReason::Unknown), .. } => "presumed_end".to_string(),
        CallEvent::Ended { .. } => "ended".to_string(),
    })
}

/// What the event that turned the call to a step is known by.
pub(super) fn turned_key(step: u32) -> String {
    format!("turned:{step}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_silence_answer_the_same_step() {
        assert_eq!(event_key(&CallEvent::Silence { step: 2 }), event_key(&CallEvent::Played { step: 2 }));
    }
}
