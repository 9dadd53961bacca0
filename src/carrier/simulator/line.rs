//! An answered line: its time, the telephone at its end, and everything that can happen while it lasts.
//!
//! The line counts its own milliseconds since the answer. Sound and silence take the clock's time, so a fast clock makes
//! a call fast; what the engine takes to answer a webhook counts as it really was, so a fast clock does not make the
//! engine slow. When a machine was detected the line runs in real time until the engine has had its chance to turn the
//! call: how long a beep is waited for must not depend on the clock.

use super::callee::{Act, Callee};
use super::dialect::{Errand, Facts};
use super::handset::Sound;
use super::network::{Control, Network};
use super::params::{CallRequest, Start};
use super::tally::{Heard, Pressed, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// How long, in real time, the engine has to turn a call after it was told of a machine.
const TURNING: Duration = Duration::from_millis(500);

/// What ended a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// Nothing: the stretch is over.
    Nothing,
    /// A key, while keys were heeded.
    Key(char),
    /// The patient, or a machine, hung up.
    HungUp,
    /// The engine turned the call.
    Turned(Start),
    /// The engine ended the call, or its time limit was reached.
    Cut,
    /// Detection has cut what plays; only while something does.
    Silenced,
}

/// An answered line.
pub struct Line {
    network: Arc<Network>,
    facts: Facts,
    request: CallRequest,
    callee: Callee,
    orders: UnboundedReceiver<Control>,
    now_ms: u64,
    /// Something plays.
    plays: bool,
    /// The other side hung up.
    left: bool,
    /// When detection has its word, and which; taken when it fires.
    detection: Option<(u64, &'static str)>,
    attention: Option<JoinHandle<()>>,
}

enum Waited {
    Whole,
    Ordered(Control, u64),
    AttentionOver(u64),
}

impl Line {
    /// A line that was just answered. `detection`: after so long, that word, told beside the call.
    pub fn new(
        network: Arc<Network>,
        facts: &Facts,
        request: &CallRequest,
        callee: Callee,
        orders: UnboundedReceiver<Control>,
        detection: Option<(u64, &'static str)>,
    ) -> Line {
        let (facts, request) = (facts.clone(), request.clone());
        Line { network, facts, request, callee, orders, now_ms: 0, plays: false, left: false, detection, attention: None }
    }

    /// Whether the other side hung up, and not the engine or the network.
    pub fn was_left(&self) -> bool {
        self.left
    }

    /// Who calls whom.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Milliseconds since the answer.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Lets time pass. Keys count only if they are heeded; else they are lost.
    pub async fn pass(&mut self, span_ms: u64, heeds_keys: bool) -> Happened {
        self.run(self.now_ms.saturating_add(span_ms), heeds_keys, true).await
    }

    /// Waits for the engine: the time it really took passes on the line.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>, heeds_keys: bool) -> (T, Happened) {
        let watch = self.network.clock.stopwatch();
        let result = work.await;
        let until = self.now_ms + watch.elapsed().as_millis() as u64;
        (result, self.run(until, heeds_keys, false).await)
    }

    /// Lets audio of this length be heard, or as much of it as there is time for.
    pub async fn hear(&mut self, audio: &str, length_ms: u64, heeds_keys: bool) -> Happened {
        let from = self.now_ms;
        self.callee.sound_begins();
        self.sound(Sound::Begins { audio: audio.into(), length_ms });
        self.plays = true;
        let happened = self.pass(length_ms, heeds_keys).await;
        self.plays = false;
        self.callee.sound_ends(self.now_ms);
        self.sound(Sound::Stops);
        let heard = Heard { audio: audio.into(), at_ms: from, from_ms: 0, to_ms: (self.now_ms - from).min(length_ms), length_ms };
        let recorded = self.callee.records_from().and_then(|beeped| {
            let missed = beeped.saturating_sub(from);
            let on_tape = Heard { at_ms: from + missed, from_ms: missed, ..heard.clone() };
            (missed < heard.to_ms).then_some(on_tape)
        });
        self.network.note(&self.facts.sid, |call| {
            call.heard.push(heard);
            call.recorded.extend(recorded);
        });
        // What plays is cut, and the document goes on behind it.
        if happened == Happened::Silenced { Happened::Nothing } else { happened }
    }

    fn sound(&self, sound: Sound) {
        self.network.sound(&self.facts.sid, &self.request.to, sound);
    }

    async fn run(&mut self, until_ms: u64, heeds_keys: bool, in_time: bool) -> Happened {
        let limit_ms = u64::from(self.request.time_limit_s) * 1000;
        loop {
            if let Ok(order) = self.orders.try_recv() {
                match self.obey(order, heeds_keys) {
                    Some(happened) => return happened,
                    None => continue,
                }
            }
            let act = self.callee.next();
            let soonest = [Some(until_ms), act.map(|(at, _)| at), self.detection.map(|(at, _)| at), Some(limit_ms)];
            let next_ms = soonest.into_iter().flatten().min().unwrap_or(until_ms);
            if next_ms > self.now_ms {
                if in_time {
                    match self.wait(next_ms - self.now_ms).await {
                        Waited::Whole => {}
                        Waited::AttentionOver(passed_ms) => {
                            self.attention = None;
                            self.now_ms = next_ms.min(self.now_ms + passed_ms);
                            continue;
                        }
                        Waited::Ordered(order, passed_ms) => {
                            self.now_ms = next_ms.min(self.now_ms + passed_ms);
                            match self.obey(order, heeds_keys) {
                                Some(happened) => return happened,
                                None => continue,
                            }
                        }
                    }
                }
                self.now_ms = next_ms;
            }
            if let Some((_, word)) = self.detection.take_if(|(at, _)| *at <= self.now_ms) {
                self.tell_detection(word);
                let cuts = self.request.detection.as_ref().is_some_and(|detection| detection.cuts_playback);
                if cuts && self.plays && word.starts_with("machine") {
                    return Happened::Silenced;
                }
                continue;
            }
            match act.filter(|(at, _)| *at <= self.now_ms) {
                Some((_, Act::HangUp)) => {
                    self.left = true;
                    return Happened::HungUp;
                }
                Some((_, Act::Press(key))) => {
                    self.callee.pressed(self.now_ms);
                    match self.press(key, heeds_keys) {
                        Some(happened) => return happened,
                        None => continue,
                    }
                }
                None => {}
            }
            if self.now_ms >= limit_ms {
                return Happened::Cut;
            }
            if self.now_ms >= until_ms {
                return Happened::Nothing;
            }
        }
    }

    async fn wait(&mut self, span_ms: u64) -> Waited {
        let clock = self.network.clock.clone();
        if let Some(attention) = &mut self.attention {
            let watch = clock.stopwatch();
            return tokio::select! {
                biased;
                Some(order) = self.orders.recv() => Waited::Ordered(order, watch.elapsed().as_millis() as u64),
                _ = attention => Waited::AttentionOver(watch.elapsed().as_millis() as u64),
                () = tokio::time::sleep(Duration::from_millis(span_ms)) => Waited::Whole,
            };
        }
        let began = clock.now();
        tokio::select! {
            biased;
            Some(order) = self.orders.recv() => {
                Waited::Ordered(order, (clock.now() - began).num_milliseconds().max(0) as u64)
            }
            () = clock.sleep(chrono::Duration::milliseconds(span_ms as i64)) => Waited::Whole,
        }
    }

    /// Posts the word of detection beside the live call. Its answer is ignored; to change what is played the engine must
    /// turn the call.
    fn tell_detection(&mut self, word: &'static str) {
        self.network.note(&self.facts.sid, |call| call.answered_by = Some(word));
        let told = self.request.detection.as_ref().and_then(|detection| detection.beside.clone().flatten());
        let Some(to) = told else {
            return;
        };
        let (network, sid) = (self.network.clone(), self.facts.sid.clone());
        let fields = network.dialect.detected(&self.facts, word, self.now_ms);
        let is_machine = word.starts_with("machine");
        let telling = self.network.spawn(async move {
            if let Some(late) = network.lateness(10) {
                network.clock.sleep(late).await;
            }
            if network.deliver(&sid, Errand::News, &to, &fields).await.is_err() {
                network.note(&sid, |call| call.callbacks_failed += 1);
            }
            if is_machine {
                tokio::time::sleep(TURNING).await;
            }
        });
        self.attention = is_machine.then_some(telling);
    }

    fn obey(&mut self, order: Control, heeds_keys: bool) -> Option<Happened> {
        match order {
            Control::Turn(address) => {
                self.attention = None;
                Some(Happened::Turned(address))
            }
            Control::End => Some(Happened::Cut),
            Control::PutDown => {
                self.left = true;
                Some(Happened::HungUp)
            }
            Control::Press(key) => self.press(key, heeds_keys),
            Control::PickUp => None,
        }
    }

    fn press(&self, key: char, heeds_keys: bool) -> Option<Happened> {
        let pressed = Pressed { at_ms: self.now_ms, key, taken: heeds_keys };
        self.network.note(&self.facts.sid, |call| call.keys.push(pressed));
        heeds_keys.then_some(Happened::Key(key))
    }

    /// The fields of a question on this line.
    pub fn fields(&self) -> Vec<(String, String)> {
        self.network.dialect.common(&self.facts, Status::InProgress.as_str())
    }
}
