//! One simulated call, from dialling to its last callback.

use super::callbacks::Callbacks;
use super::callee::Callee;
use super::document_reader::{self, Verb};
use super::handset::Sound;
use super::line::{Happened, Line};
use super::network::{Control, Network};
use super::params::{Address, CallRequest, Progress};
use super::performer::{self, Led};
use super::persona::{Arrival, Persona};
use super::tally::Status;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// From dialling to the first ring.
const DIALLING: Duration = Duration::from_millis(500);
/// A call that asks for more documents than this goes in circles.
const MOST_DOCUMENTS: u32 = 300;

/// How a call ended.
struct End {
    status: Status,
    sip: Option<u16>,
    error: Option<(u32, String)>,
    talk_ms: u64,
}

/// Leads a call to its end.
pub async fn run(
    network: Arc<Network>,
    sid: String,
    request: CallRequest,
    persona: &Persona,
    orders: UnboundedReceiver<Control>,
) {
    let mut callbacks = Callbacks::new(network.clone(), &sid, &request);
    callbacks.tell(Progress::Initiated, "initiated", &[]);
    let mut call = Call { network, sid, request, callbacks };
    let end = call.dial(persona, orders).await;
    call.finish(end);
}

struct Call {
    network: Arc<Network>,
    sid: String,
    request: CallRequest,
    callbacks: Callbacks,
}

impl Call {
    async fn dial(&mut self, persona: &Persona, mut orders: UnboundedReceiver<Control>) -> End {
        match self.ring(persona, &mut orders).await {
            Ok(()) => self.talk(persona, orders).await,
            Err((status, sip)) => End { status, sip, error: None, talk_ms: 0 },
        }
    }

    /// Until the answer; the error is how it ended without one.
    async fn ring(&mut self, persona: &Persona, orders: &mut UnboundedReceiver<Control>) -> Result<(), (Status, Option<u16>)> {
        let patience = Duration::from_secs(u64::from(self.request.timeout_s));
        let rings_for = match persona.arrival {
            Arrival::Failed { sip, after } => {
                self.wait(after, orders).await?;
                return Err((Status::Failed, Some(sip)));
            }
            Arrival::Busy => Duration::ZERO,
            Arrival::Answered(after) => after,
            Arrival::NeverAnswered => Duration::MAX,
        };
        self.wait(DIALLING, orders).await?;
        self.network.note(&self.sid, |call| call.status = Status::Ringing);
        self.callbacks.tell(Progress::Ringing, Status::Ringing.as_str(), &[]);
        self.network.sound(&self.sid, &self.request.to, Sound::Rings);
        if persona.arrival == Arrival::Busy {
            return Err((Status::Busy, Some(486)));
        }
        let picked_up = self.wait(rings_for.min(patience), orders).await?;
        if rings_for > patience && !picked_up {
            return Err((Status::NoAnswer, Some(487)));
        }
        let answered_at = self.network.clock.now();
        self.network.note(&self.sid, |call| {
            call.status = Status::InProgress;
            call.answered_at = Some(answered_at);
        });
        self.callbacks.tell(Progress::Answered, Status::InProgress.as_str(), &[]);
        Ok(())
    }

    /// Lets time pass before the answer. True: a hand picked the telephone up meanwhile.
    async fn wait(&self, span: Duration, orders: &mut UnboundedReceiver<Control>) -> Result<bool, (Status, Option<u16>)> {
        let over = self.network.clock.sleep(chrono::Duration::milliseconds(span.as_millis() as i64));
        tokio::pin!(over);
        loop {
            tokio::select! {
                Some(order) = orders.recv() => match order {
                    Control::PickUp => return Ok(true),
                    Control::End => return Err((Status::Canceled, None)),
                    Control::PutDown => return Err((Status::Busy, Some(486))),
                    // Nothing to turn yet, and keys of a telephone that rings do nothing.
                    Control::Turn(_) | Control::Press(_) => {}
                },
                () = &mut over => return Ok(false),
            }
        }
    }

    async fn talk(&mut self, persona: &Persona, orders: UnboundedReceiver<Control>) -> End {
        let detection = self.request.detection.as_ref().and_then(|asked| {
            let limit = Duration::from_secs(u64::from(asked.timeout_s));
            let (after, word) = persona.detected(asked.until_end)?;
            Some(if after > limit { (limit, "unknown") } else { (after, word) })
        });
        let detection = detection.map(|(after, word)| (after.as_millis() as u64, word));
        let comes_first = self.request.detection.as_ref().is_some_and(|asked| asked.beside.is_none());
        let callee = Callee::new(persona.manner);
        let beside = detection.filter(|_| !comes_first);
        let mut line = Line::new(self.network.clone(), &self.sid, &self.request, callee, orders, beside);
        let mut first = Vec::new();
        if comes_first {
            // Dead air until the verdict; without one the call is over before.
            let (after, word) = detection.unwrap_or((u64::MAX / 2, "unknown"));
            if line.pass(after, false).await != Happened::Nothing {
                return self.ended(&line, None);
            }
            self.network.note(&self.sid, |call| call.answered_by = Some(word));
            first.push(("AnsweredBy".to_string(), word.to_string()));
            first.push(("MachineDetectionDuration".to_string(), after.to_string()));
        }
        let mut led = Led::To(self.request.url.clone(), first);
        for _ in 0..MOST_DOCUMENTS {
            led = match led {
                Led::To(address, more) => self.one_document(&mut line, address, more).await,
                Led::End => return self.ended(&line, None),
                Led::Broken { code, what } => return self.ended(&line, Some((code, what))),
            };
        }
        self.ended(&line, Some((11200, "the call goes in circles".into())))
    }

    fn ended(&self, line: &Line, error: Option<(u32, String)>) -> End {
        let status = if error.is_some() { Status::Failed } else { Status::Completed };
        End { status, sip: Some(200), error, talk_ms: line.now_ms() }
    }

    async fn one_document(&self, line: &mut Line, address: Address, more: Vec<(String, String)>) -> Led {
        let mut fields = line.fields();
        fields.extend(more);
        let (asked, happened) = line.during(self.ask_or_fall_back(&address, &fields), false).await;
        if happened != Happened::Nothing {
            return performer::led_by(happened);
        }
        match asked {
            Ok((here, verbs)) => {
                self.network.note(&self.sid, |call| call.documents += 1);
                performer::follow(&self.network, line, &here, &verbs).await
            }
            Err((code, what)) => Led::Broken { code, what },
        }
    }

    /// Asks an address for its document; where that fails, the fallback address.
    async fn ask_or_fall_back(
        &self,
        address: &Address,
        fields: &[(String, String)],
    ) -> Result<(Address, Vec<Verb>), (u32, String)> {
        let failed = match self.ask(address, fields).await {
            Ok(verbs) => return Ok((address.clone(), verbs)),
            Err(failed) => failed,
        };
        tracing::debug!(call = self.sid, code = failed.0, why = failed.1, "a voice webhook failed");
        let Some(fallback) = &self.request.fallback else {
            return Err(failed);
        };
        let mut fields = super::fields::live(&self.network.account, &self.sid, &self.request);
        fields.push(("ErrorCode".into(), failed.0.to_string()));
        fields.push(("ErrorUrl".into(), address.url.to_string()));
        self.ask(fallback, &fields).await.map(|verbs| (fallback.clone(), verbs)).map_err(|_| failed)
    }

    async fn ask(&self, address: &Address, fields: &[(String, String)]) -> Result<Vec<Verb>, (u32, String)> {
        if let Some(late) = self.network.lateness(3) {
            self.network.clock.sleep(late).await;
        }
        let answer = self.network.deliver(&self.sid, address, fields).await.map_err(|why| (11200, why))?;
        if let Some((_, digits)) = fields.iter().find(|(name, _)| name == "Digits") {
            self.network.note(&self.sid, |call| call.acknowledged.push_str(digits));
        }
        document_reader::read(&answer.content_type, &answer.body).map_err(|flaw| (flaw.code, flaw.what))
    }

    fn finish(&mut self, end: End) {
        let now = self.network.clock.now();
        let code = end.error.as_ref().map(|(code, _)| *code);
        self.network.note(&self.sid, |call| {
            call.status = end.status;
            call.sip = end.sip;
            call.error_code = code;
            call.error = end.error.map(|(_, what)| what);
            call.ended_at = Some(now);
            call.talk_ms = end.talk_ms;
        });
        self.network.sound(&self.sid, &self.request.to, Sound::Over(end.status));
        self.callbacks.tell_end(end.status, (end.talk_ms + 500) / 1000, end.sip, code);
    }
}
