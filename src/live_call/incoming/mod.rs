//! Somebody calls our number: whoever shows that they are a patient with a visit to be told of hears the same call as one
//! whom we call; everybody else hears the office's number, and may stop our calls. The toll-free number to opt out is
//! answered here, too.
//!
//! `who` reads whose number calls, `answer` what is said next, `join` makes the call one of ours. What is said and when is
//! decided in [`crate::core::call::IncomingScript`].

mod answer;
mod join;
mod who;

use super::take::Came;
use super::webhook::TRIES;
use super::{Answer, LiveCallError, LiveCalls, Speech};
use crate::carrier::{Carrier, Document, Incoming, IncomingAsk, IncomingNext, IncomingPage, IncomingReply};
use crate::core::call::{Brief, CallEvent, FinalStatus};
use crate::core::domain::{Outreach, PhoneNumber};
use crate::core::ids::AttemptToken;
use crate::core::plan::{Job, PatientFacts, Rules};
use crate::store::{IncomingKey, StoreError, WebhookEntry};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// How often a decision is made again when another replica wrote in between.
const DECISIONS: usize = 8;

/// What answering calls needs to know of the hospital.
pub struct Reception {
    /// The number that callers are told who cannot be told anything else.
    pub office_number: PhoneNumber,
    /// The toll-free number to opt out: who calls it is asked nothing.
    pub opt_out_number: PhoneNumber,
    /// Says what a call is about.
    pub briefs: Arc<dyn Briefs>,
}

/// Says what a call about a promise is about. The dialler's own: a patient who calls hears what one who is called hears.
pub trait Briefs: Send + Sync + 'static {
    /// The brief, by the rules and from the facts as they are at `now`; `None` when its visit, its site or what it is to tell
    /// is gone.
    fn brief(
        &self,
        speech: &Speech,
        rules: &Rules,
        job: &Job,
        outreach: &Outreach,
        facts: &PatientFacts,
        now: DateTime<Utc>,
    ) -> Option<Brief>;
}

impl LiveCalls {
    /// Takes a webhook about a call to our number in, and says what to answer.
    pub(super) async fn incoming(
        self: &Arc<Self>,
        carrier: &Arc<dyn Carrier>,
        incoming: &Incoming,
        entry: WebhookEntry,
    ) -> Answer {
        let (live, asker, asked) = (self.clone(), carrier.clone(), incoming.clone());
        // In a task of its own: what was begun is done, also when the answer does not wait for it any more.
        let work = tokio::spawn(async move { live.take_incoming(&asker, &asked, &entry).await });
        let why = match tokio::time::timeout(carrier.words_within(), work).await {
            Ok(Ok(Ok(answer))) => return answer,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store is slow".to_string(),
        };
        let answer = match &incoming.ask {
            IncomingAsk::Rings | IncomingAsk::Fallback { .. } | IncomingAsk::Digits { .. } => {
                self.no_answer_yet(carrier, incoming)
            }
            IncomingAsk::Lasts | IncomingAsk::Over { .. } => Answer::plain(503, "trouble"),
        };
        answer.because(why)
    }

    /// We cannot answer now (law 7): "one moment, please", and the same is asked again; after the last try the apology.
    fn no_answer_yet(&self, carrier: &Arc<dyn Carrier>, incoming: &Incoming) -> Answer {
        if incoming.tries >= TRIES {
            // It stands for no call, so that no token is in it.
            let page = IncomingPage { step: 0, audio: self.voice.apology().audio, then: IncomingNext::HangUp };
            let reply = IncomingReply::Page { token: &AttemptToken::new(""), page: &page };
            return Answer::with(carrier.answer_incoming(&reply), "trouble");
        }
        let (ask, tries) = (&incoming.ask, incoming.tries + 1);
        let reply = IncomingReply::Again { ask, tries, audio: &self.voice.one_moment().0 };
        Answer::with(carrier.answer_incoming(&reply), "one_moment")
    }

    /// Load, decide, save; again when somebody else saved in between.
    async fn take_incoming(
        &self,
        carrier: &Arc<dyn Carrier>,
        incoming: &Incoming,
        entry: &WebhookEntry,
    ) -> Result<Answer, LiveCallError> {
        for _ in 0..DECISIONS {
            let taken = match &incoming.ask {
                IncomingAsk::Rings | IncomingAsk::Fallback { .. } => self.rings(carrier, incoming, entry).await,
                IncomingAsk::Digits { token, step, digits } => {
                    self.digits(carrier, incoming, (token, *step), digits.reveal(), entry).await
                }
                IncomingAsk::Lasts => Ok(Answer::plain(204, "ok")),
                IncomingAsk::Over { status, talk_seconds } => self.over(carrier, incoming, *status, *talk_seconds, entry).await,
            };
            match taken {
                Err(LiveCallError::Store(StoreError::Conflict)) => tokio::task::yield_now().await,
                taken => return taken,
            }
        }
        Err(LiveCallError::Store(StoreError::Conflict))
    }

    /// It is over: so is the attempt that it became. The address of this news names no call, so that the carrier's id does.
    async fn over(
        &self,
        carrier: &Arc<dyn Carrier>,
        incoming: &Incoming,
        status: FinalStatus,
        talk_seconds: Option<u32>,
        entry: &WebhookEntry,
    ) -> Result<Answer, LiveCallError> {
        let id = incoming.carrier_call_id.clone();
        let known = self.store.load_incoming(&IncomingKey::Carrier(carrier.name().clone(), id.clone())).await?;
        // The carrier tells of every call to the number, also of those that it never asked us about.
        let Some(call) = known else { return Ok(Answer::plain(204, "unknown_call")) };
        self.store.end_incoming(&call.token, self.clock.now()).await?;
        // From here on it joins no attempt any more; it may have done so a moment ago.
        let known = self.store.load_incoming(&IncomingKey::Token(call.token.clone())).await?;
        let Some((_, token)) = known.as_ref().and_then(|call| call.attempt.as_ref()) else { return Ok(Answer::plain(204, "ok")) };
        let event = CallEvent::Ended { status, talk_seconds, reason: None };
        let came = Came { event, put_off: None, entry: Some(entry.clone()) };
        let Ok(taken) = self.take_event(token, came, Some(id)).await? else {
            return Ok(Answer::plain(204, "unknown_call"));
        };
        let logged = matches!(taken.verdict, "ok" | "late");
        Ok(Answer { attempt: Some(taken.attempt), logged, ..Answer::plain(204, taken.verdict) })
    }

    /// A document that was answered before.
    fn again(&self, carrier: &Arc<dyn Carrier>, token: &AttemptToken, reply: &str, verdict: &'static str) -> Answer {
        Answer::with(Document { content_type: self.content_type(carrier, token), body: reply.to_string() }, verdict)
    }
}
