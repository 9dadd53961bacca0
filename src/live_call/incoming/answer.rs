//! What is said next to somebody who calls our number: load, decide, save, render.

use super::who::{Who, guesses};
use crate::carrier::{Carrier, Document, Incoming, IncomingAsk, IncomingNext, IncomingPage, IncomingReply};
use crate::core::call::{CallerKind, Entered, IncomingEvent, IncomingSay, IncomingStage, IncomingThen, Step, Then};
use crate::core::domain::{WorkItem, WorkKind};
use crate::core::ids::{AttemptToken, LanguageTag};
use crate::core::plan::{PatientFacts, Recognized, recognize};
use crate::live_call::strange::Strange;
use crate::live_call::webhook::Lost;
use crate::live_call::{Answer, LiveCallError, LiveCalls};
use crate::prompt::Listener;
use crate::store::{IncomingCall, IncomingCommit, IncomingKey, IncomingVerdict, Join, NewIncoming, OptOut, WebhookEntry};
use crate::worklist::item;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What an entry leads to, before it is written.
struct Decided {
    event: IncomingEvent,
    /// Whether a birthday was entered.
    guessed: bool,
    join: Option<Box<Join>>,
    open_work: Vec<WorkItem>,
}

impl Decided {
    fn only(event: IncomingEvent) -> Decided {
        Decided { event, guessed: false, join: None, open_work: Vec::new() }
    }
}

/// A document, and the audio it names with what each id stands for.
type Rendered = (Document, Vec<(String, String)>);

impl LiveCalls {
    /// The first request of a call.
    pub(super) async fn rings(
        &self,
        carrier: &Arc<dyn Carrier>,
        incoming: &Incoming,
        entry: &WebhookEntry,
    ) -> Result<Answer, LiveCallError> {
        let watch = self.clock.stopwatch();
        let key = IncomingKey::Carrier(carrier.name().clone(), incoming.carrier_call_id.clone());
        let known = self.store.load_incoming(&key).await?;
        if let (Some(known), IncomingAsk::Fallback { failed }) = (&known, &incoming.ask) {
            return self.where_it_was(carrier, known, *failed, entry).await;
        }
        if let Some(known) = known {
            let first = known.replies.first().map(|(_, reply)| reply.as_str()).unwrap_or_default();
            return Ok(self.again(carrier, &known.token, first, "duplicate"));
        }
        let now = self.clock.now();
        let who = match &incoming.caller {
            Some(caller) => Some(self.who(caller, now).await?),
            None => None,
        };
        let for_opt_out = incoming.called.as_ref() == Some(&self.reception.opt_out_number);
        let kind = match &who {
            None => CallerKind::Withheld,
            Some(_) if for_opt_out => CallerKind::Stranger,
            Some(who) => who.kind(),
        };
        // Nobody is told by the language that they have reached a patient's place.
        let language = self.board.rules().language.clone();
        let script = &self.voice.now().scripts.incoming;
        let (talk, say) = script.begin(kind, &self.reception.office_number);
        let token = AttemptToken::new(self.chance.hex(24));
        let next = self.next(&say.then, who.as_ref(), None);
        let (document, audio) = self.render_incoming(carrier, &token, &language, talk.step, &say, next)?;
        let call = IncomingCall {
            token,
            carrier: carrier.name().clone(),
            carrier_call_id: incoming.carrier_call_id.clone(),
            caller: incoming.caller.clone(),
            at: now,
            language,
            talk,
            attempt: None,
            ended_at: None,
            replies: Vec::new(),
        };
        let log = Some(entry_of(entry, "ok", watch.elapsed()));
        self.store
            .open_incoming(&NewIncoming { call, reply: document.body.clone(), audio, log, forget_before: guesses(now).since })
            .await?;
        Ok(Answer { logged: true, ..Answer::with(document, "ok") })
    }

    /// What is to be said now in a call that has come this far.
    async fn where_it_was(
        &self,
        carrier: &Arc<dyn Carrier>,
        call: &IncomingCall,
        failed: Option<u32>,
        entry: &WebhookEntry,
    ) -> Result<Answer, LiveCallError> {
        let Some((_, token)) = &call.attempt else {
            let last = call.replies.last().map(|(_, reply)| reply.as_str()).unwrap_or_default();
            return Ok(self.again(carrier, &call.token, last, "fallback"));
        };
        let lost = Lost { token, id: Some(call.carrier_call_id.clone()), answered_by: None, failed, put_off: None };
        match self.fallback(carrier, lost, entry.clone()).await? {
            Ok(taken) => Ok(taken.answer(true)),
            Err(strange) => Ok(self.stranger_on_the_line(carrier, token, &strange).await),
        }
    }

    /// Keys were pressed, or none.
    pub(super) async fn digits(
        &self,
        carrier: &Arc<dyn Carrier>,
        incoming: &Incoming,
        (token, step): (&AttemptToken, u32),
        digits: &str,
        entry: &WebhookEntry,
    ) -> Result<Answer, LiveCallError> {
        let watch = self.clock.stopwatch();
        let known = self.store.load_incoming(&IncomingKey::Token(token.clone())).await?;
        // Not every signature covers the address: the call must be the one that it names.
        let is_same = |call: &IncomingCall| call.carrier == *carrier.name() && call.carrier_call_id == incoming.carrier_call_id;
        let Some(call) = known.filter(is_same) else {
            return Ok(self.stranger_on_the_line(carrier, token, &Strange::NoAttempt).await);
        };
        if let Some((_, reply)) = call.replies.iter().find(|(answered, _)| *answered == step) {
            return Ok(self.again(carrier, token, reply, "duplicate"));
        }
        if step != call.talk.step {
            let last = call.replies.last().map(|(_, reply)| reply.as_str()).unwrap_or_default();
            return Ok(self.again(carrier, token, last, "out_of_step"));
        }
        let now = self.clock.now();
        let who = match &call.caller {
            Some(caller) => Some(self.who(caller, now).await?),
            None => None,
        };
        let entered = call.talk.read(digits);
        let mut decided = self.decide(&call, entered, who.as_ref(), now);
        loop {
            let script = &self.voice.now().scripts.incoming;
            let (talk, say) = script.answer(call.talk, decided.event, &self.reception.office_number);
            let next = self.next(&say.then, who.as_ref(), decided.join.as_deref());
            let (document, audio) = self.render_incoming(carrier, token, &call.language, talk.step, &say, next)?;
            let attempt = decided.join.as_ref().map(|join| join.attempt.id.clone());
            let mut log = entry_of(entry, "ok", watch.elapsed());
            log.attempt.clone_from(&attempt);
            let commit = IncomingCommit {
                token: token.clone(),
                step,
                talk,
                reply: document.body.clone(),
                guess: decided.guessed.then(|| guesses(now)),
                join: decided.join,
                opt_out: call.caller.clone().filter(|_| decided.event == IncomingEvent::OptOut).map(|phone| OptOut {
                    patient: None,
                    phone: Some(phone),
                    at: now,
                    how: "incoming call".to_string(),
                }),
                open_work: decided.open_work,
                audio,
                log: Some(log),
            };
            match self.store.commit_incoming(&commit).await? {
                IncomingVerdict::Done => {
                    if let Some(attempt) = &attempt {
                        tracing::info!(%attempt, "a call to our number goes on as this attempt");
                    }
                    return Ok(Answer { attempt, logged: true, ..Answer::with(document, "ok") });
                }
                // Whether it was right is not said.
                IncomingVerdict::InUse | IncomingVerdict::TooManyGuesses => decided = Decided::only(IncomingEvent::Wrong),
            }
        }
    }

    fn decide(&self, call: &IncomingCall, entered: Entered, who: Option<&Who>, now: DateTime<Utc>) -> Decided {
        let guessed = |event| Decided { guessed: true, ..Decided::only(event) };
        match (entered, who) {
            (Entered::OptOut, Some(_)) => Decided::only(IncomingEvent::OptOut),
            (Entered::Birthday(birthday), Some(who)) => match recognize(&who.patients, birthday) {
                Recognized::Nobody => guessed(IncomingEvent::Wrong),
                Recognized::One(facts) => match self.join(call, who, facts, now) {
                    Some(join) => Decided { join: Some(Box::new(join)), ..guessed(IncomingEvent::Recognized) },
                    None => guessed(IncomingEvent::Wrong),
                },
                Recognized::Several(patients) => {
                    Decided { open_work: self.cannot_tell(who, &patients, now), ..guessed(IncomingEvent::Wrong) }
                }
            },
            (Entered::Other, Some(_)) if call.talk.stage == IncomingStage::Birthday => guessed(IncomingEvent::Wrong),
            _ => Decided::only(IncomingEvent::Nothing),
        }
    }

    /// A person must find out which of them called. The items are about the patients, not about their visits: the schedule
    /// cannot settle them.
    fn cannot_tell(&self, who: &Who, patients: &[&PatientFacts], now: DateTime<Utc>) -> Vec<WorkItem> {
        let note = "somebody called us from a number, and entered a birthday, that this patient shares with another one: who \
                    called cannot be told, and was given the office's number";
        let waiting = patients.iter().filter_map(|facts| Some((&facts.patient.id, who.pending(facts)?)));
        let items = waiting.map(|(patient, outreach)| WorkItem {
            patient: Some(patient.clone()),
            ..item(&self.chance, WorkKind::Review, None, now, Some(outreach.start), Some(note.to_string()))
        });
        items.collect()
    }

    fn next(&self, then: &IncomingThen, who: Option<&Who>, join: Option<&Join>) -> IncomingNext {
        let script = &self.voice.now().scripts.incoming;
        let slow = who.is_some_and(Who::needs_time);
        let timeout_s = if slow { script.long_timeout_s } else { script.key_timeout_s };
        match (then, join) {
            (IncomingThen::Keys(count), _) => IncomingNext::Keys { count: *count, timeout_s },
            (IncomingThen::Join, Some(join)) => IncomingNext::Join(join.token.clone()),
            (IncomingThen::Join, None) | (IncomingThen::HangUp, _) => IncomingNext::HangUp,
        }
    }

    fn render_incoming(
        &self,
        carrier: &Arc<dyn Carrier>,
        token: &AttemptToken,
        language: &LanguageTag,
        step: u32,
        say: &IncomingSay,
        then: IncomingNext,
    ) -> Result<Rendered, LiveCallError> {
        let words = Step { number: step, say: say.words.clone(), slow: false, then: Then::HangUp };
        let (page, audio) = self.voice.page(&self.voice.now(), &Listener::anybody(language), &words)?;
        let page = IncomingPage { step, audio: page.audio, then };
        Ok((carrier.answer_incoming(&IncomingReply::Page { token, page: &page }), audio))
    }
}

fn entry_of(entry: &WebhookEntry, verdict: &str, took: std::time::Duration) -> WebhookEntry {
    WebhookEntry { status: 200, verdict: verdict.to_string(), duration_us: took.as_micros() as u64, ..entry.clone() }
}
