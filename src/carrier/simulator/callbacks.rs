//! A call's status callbacks: as subscribed, numbered as they are sent, one after the other unless one is late.

use super::dialect::{Ending, Errand, Facts};
use super::faults::Fault;
use super::network::Network;
use super::params::{Address, CallRequest, Progress};
use chrono::Duration;
use std::sync::Arc;
use tokio::sync::mpsc;

type Fields = Vec<(String, String)>;

/// Tells one call's status.
pub struct Callbacks {
    network: Arc<Network>,
    facts: Facts,
    events: Vec<Progress>,
    sent: u32,
    queue: Option<mpsc::UnboundedSender<Fields>>,
}

impl Callbacks {
    /// Callbacks of a call; none are sent where none were asked for.
    pub fn new(network: Arc<Network>, facts: &Facts, request: &CallRequest) -> Callbacks {
        let queue = request.status.clone().map(|to| {
            let (queue, queued) = mpsc::unbounded_channel::<Fields>();
            network.spawn(Sender { network: network.clone(), sid: facts.sid.clone(), to }.run(queued));
            queue
        });
        Callbacks { network, facts: facts.clone(), events: request.events.clone(), sent: 0, queue }
    }

    /// Tells an event, if it was subscribed to; some carriers tell one in two words.
    pub fn tell(&mut self, event: Progress, status: &'static str) {
        for word in self.network.dialect.words_of(status) {
            self.send(event, word, Vec::new());
        }
    }

    /// Tells how the call ended.
    pub fn tell_end(&mut self, end: &Ending) {
        if self.network.strikes(Fault::FinalLost) {
            return;
        }
        let times = if self.network.strikes(Fault::FinalTwice) { 2 } else { 1 };
        for _ in 0..times {
            self.send(Progress::Completed, end.status, self.network.dialect.ending(end));
        }
    }

    /// `more` are the fields that only this one has.
    fn send(&mut self, event: Progress, status: &str, more: Fields) {
        let Some(queue) = self.queue.as_ref().filter(|_| self.events.contains(&event)) else {
            return;
        };
        let dialect = self.network.dialect;
        let mut fields = dialect.common(&self.facts, status);
        fields.extend(dialect.progress(self.sent, event == Progress::Completed, self.network.clock.now()));
        fields.extend(more);
        self.sent += 1;
        // The receiver lives as long as the network runs; after that nobody is told.
        let _ = queue.send(fields);
    }
}

/// Sends what one call has to tell, one after the other.
struct Sender {
    network: Arc<Network>,
    sid: String,
    to: Address,
}

impl Sender {
    async fn run(self, mut queued: mpsc::UnboundedReceiver<Fields>) {
        let mut held: Option<Fields> = None;
        while let Some(fields) = queued.recv().await {
            if held.is_none() && self.network.strikes(Fault::StatusReordered) {
                held = Some(fields);
                continue;
            }
            self.send(fields).await;
            if let Some(held) = held.take() {
                self.send(held).await;
            }
        }
        // Nothing followed it.
        if let Some(held) = held {
            self.send(held).await;
        }
    }

    async fn send(&self, fields: Fields) {
        if self.network.strikes(Fault::StatusLost) {
            return;
        }
        let Some(late) = self.lateness() else {
            return send(&self.network, &self.sid, &self.to, &fields).await;
        };
        // A late one does not hold up those behind it.
        let (network, sid, to) = (self.network.clone(), self.sid.clone(), self.to.clone());
        self.network.spawn(async move {
            network.clock.sleep(late).await;
            send(&network, &sid, &to, &fields).await;
        });
    }

    fn lateness(&self) -> Option<Duration> {
        if self.network.strikes(Fault::StatusDelayed) {
            return Some(Duration::seconds(60 + self.network.chance.below(14 * 60) as i64));
        }
        self.network.lateness(60)
    }
}

async fn send(network: &Arc<Network>, sid: &str, to: &Address, fields: &Fields) {
    if let Err(why) = network.deliver(sid, Errand::News, to, fields).await {
        // 15003 at the real one.
        tracing::debug!(call = sid, %why, "a status callback was not taken");
        network.note(sid, |call| call.callbacks_failed += 1);
    }
}
