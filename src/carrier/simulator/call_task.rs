//! One simulated call, from dialling to its last callback.

use super::asking::{self, Asked};
use super::callbacks::Callbacks;
use super::callee::Callee;
use super::dialect::{Ending, Facts};
use super::handset::Sound;
use super::line::{Happened, Line};
use super::network::{Control, Network};
use super::params::{CallRequest, Progress};
use super::performer::{self, Led};
use super::persona::{Arrival, Persona};
use super::script::CallerScript;
use super::tally::{CallTally, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// From dialling to the first ring.
const DIALLING: Duration = Duration::from_millis(500);
/// A call that asks for more documents than this goes in circles.
const MOST_DOCUMENTS: u32 = 300;

/// Who is at the other end.
pub enum Party {
    /// Somebody who is called.
    Called(&'static Persona),
    /// Somebody who calls us.
    Caller(CallerScript),
    /// Nobody: the account has no line left.
    NoLine,
}

/// How a call ended.
struct End {
    status: Status,
    sip: Option<u16>,
    error: Option<(u32, String)>,
    talk_ms: u64,
    /// The other side ended it.
    by_callee: bool,
}

impl End {
    fn unanswered(status: Status, sip: Option<u16>) -> End {
        End { status, sip, error: None, talk_ms: 0, by_callee: status == Status::Busy }
    }
}

/// Leads a call to its end.
pub async fn run(
    network: Arc<Network>,
    call: &CallTally,
    request: CallRequest,
    party: Party,
    orders: UnboundedReceiver<Control>,
) {
    let facts = Facts {
        account: network.account.clone(),
        sid: call.sid.clone(),
        to: request.to.as_str().to_string(),
        from: request.from.clone(),
        direction: request.direction,
        created_at: call.created_at,
    };
    let callbacks = Callbacks::new(network.clone(), &facts, &request);
    let mut task = Call { network, facts, request, callbacks };
    let end = match party {
        Party::Called(persona) => task.dial(persona, orders, call.queue_ms).await,
        Party::Caller(script) => task.answer(script, orders).await,
        Party::NoLine => {
            task.callbacks.tell(Progress::Initiated, "initiated");
            End::unanswered(Status::Failed, Some(403))
        }
    };
    task.finish(end);
}

struct Call {
    network: Arc<Network>,
    facts: Facts,
    request: CallRequest,
    callbacks: Callbacks,
}

impl Call {
    async fn dial(&mut self, persona: &Persona, mut orders: UnboundedReceiver<Control>, queue_ms: u64) -> End {
        if let Err((status, sip)) = self.wait(Duration::from_millis(queue_ms), &mut orders).await {
            return End::unanswered(status, sip);
        }
        self.callbacks.tell(Progress::Initiated, "initiated");
        match self.ring(persona, &mut orders).await {
            Ok(()) => self.talk(persona, orders).await,
            Err((status, sip)) => End::unanswered(status, sip),
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
        self.network.note(&self.facts.sid, |call| call.status = Status::Ringing);
        self.callbacks.tell(Progress::Ringing, Status::Ringing.as_str());
        self.sound(Sound::Rings);
        if persona.arrival == Arrival::Busy {
            return Err((Status::Busy, Some(486)));
        }
        let picked_up = self.wait(rings_for.min(patience), orders).await?;
        if rings_for > patience && !picked_up {
            return Err((Status::NoAnswer, Some(487)));
        }
        self.picked_up();
        Ok(())
    }

    fn picked_up(&mut self) {
        let answered_at = self.network.clock.now();
        self.network.note(&self.facts.sid, |call| {
            call.status = Status::InProgress;
            call.answered_at = Some(answered_at);
        });
        self.callbacks.tell(Progress::Answered, Status::InProgress.as_str());
    }

    /// Lets time pass before the answer. True: a hand picked the telephone up meanwhile.
    async fn wait(&self, span: Duration, orders: &mut UnboundedReceiver<Control>) -> Result<bool, (Status, Option<u16>)> {
        let over = self.network.clock.sleep(chrono::Duration::milliseconds(span.as_millis() as i64));
        tokio::pin!(over);
        loop {
            tokio::select! {
                biased;
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
            let (after, word) = persona.detected(asked.until_end)?;
            let after = after.as_millis() as u64;
            Some(if after > asked.timeout_ms { (asked.timeout_ms, "unknown") } else { (after, word) })
        });
        let comes_first = self.request.detection.as_ref().is_some_and(|asked| asked.beside.is_none());
        let callee = Callee::new(persona.manner);
        let beside = detection.filter(|_| !comes_first);
        let mut line = Line::new(self.network.clone(), &self.facts, &self.request, callee, orders, beside);
        if self.request.sends_ms > 0 && line.pass(self.request.sends_ms, false).await != Happened::Nothing {
            return self.ended(&line, None);
        }
        let mut first = Vec::new();
        if comes_first {
            // Dead air until the verdict; without one the call is over before.
            let (after, word) = detection.unwrap_or((u64::MAX / 2, "unknown"));
            if line.pass(after, false).await != Happened::Nothing {
                return self.ended(&line, None);
            }
            self.network.note(&self.facts.sid, |call| call.answered_by = Some(word));
            first.push(("AnsweredBy".to_string(), word.to_string()));
            first.push(("MachineDetectionDuration".to_string(), after.to_string()));
        }
        let led = performer::led_to(&self.network, self.request.start.clone(), first);
        self.follow(&mut line, led).await
    }

    /// Somebody calls us: it rings until the engine has answered with a document.
    async fn answer(&mut self, script: CallerScript, orders: UnboundedReceiver<Control>) -> End {
        let fields = self.network.dialect.common(&self.facts, Status::Ringing.as_str());
        let led = match performer::led_to(&self.network, self.request.start.clone(), Vec::new()) {
            Led::To(address, _) => match asking::ask(&self.network, &self.facts, None, &address, &fields).await {
                Ok(Asked { from, script }) => Led::Follow(Some(from), script),
                Err((code, what)) => Led::Broken { code, what },
            },
            other => other,
        };
        if let Led::Broken { code, what } = led {
            return End { error: Some((code, what)), ..End::unanswered(Status::Failed, None) };
        }
        self.picked_up();
        let callee = Callee::scripted(script);
        let mut line = Line::new(self.network.clone(), &self.facts, &self.request, callee, orders, None);
        self.follow(&mut line, led).await
    }

    async fn follow(&self, line: &mut Line, mut led: Led) -> End {
        let mut documents = 0;
        while documents < MOST_DOCUMENTS {
            led = match led {
                Led::To(address, more) => {
                    let mut fields = line.fields();
                    fields.extend(more);
                    let asked = asking::ask(&self.network, &self.facts, self.request.fallback.as_ref(), &address, &fields);
                    match line.during(asked, false).await {
                        (Ok(Asked { from, script }), Happened::Nothing) => Led::Follow(Some(from), script),
                        (Err((code, what)), Happened::Nothing) => Led::Broken { code, what },
                        (_, happened) => performer::led_by(&self.network, happened),
                    }
                }
                Led::Follow(from, script) => {
                    documents += 1;
                    self.network.note(&self.facts.sid, |call| {
                        call.documents += 1;
                        call.warnings.extend(script.warnings);
                    });
                    performer::follow(&self.network, line, from.as_ref(), &script.verbs).await
                }
                Led::End => return self.ended(line, None),
                Led::Broken { code, what } => return self.ended(line, Some((code, what))),
            };
        }
        self.ended(line, Some((11200, "the call goes in circles".into())))
    }

    fn ended(&self, line: &Line, error: Option<(u32, String)>) -> End {
        // Who answered was on the line, whatever went wrong with our words then: the real one says so too, and adds the code.
        End { status: Status::Completed, sip: Some(200), error, talk_ms: line.now_ms(), by_callee: line.was_left() }
    }

    fn sound(&self, sound: Sound) {
        self.network.sound(&self.facts.sid, &self.request.to, sound);
    }

    fn finish(&mut self, end: End) {
        let now = self.network.clock.now();
        let code = end.error.as_ref().map(|(code, _)| *code);
        self.network.note(&self.facts.sid, |call| {
            call.status = end.status;
            call.sip = end.sip;
            call.error_code = code;
            call.error = end.error.map(|(_, what)| what);
            call.ended_at = Some(now);
            call.talk_ms = end.talk_ms;
        });
        self.sound(Sound::Over(end.status));
        self.callbacks.tell_end(&Ending {
            status: end.status.as_str(),
            talk_s: (end.talk_ms + 500) / 1000,
            sip: end.sip,
            error_code: code,
            answered_by: self.network.call(&self.facts.sid).and_then(|call| call.answered_by),
            by_callee: end.by_callee,
        });
    }
}
