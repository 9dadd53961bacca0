//! A call's status callbacks: as subscribed, numbered as they are sent, one after the other unless one is late.

use super::fields;
use super::network::Network;
use super::params::{Address, CallRequest, Progress};
use super::tally::Status;
use std::sync::Arc;
use tokio::sync::mpsc;

type Fields = Vec<(String, String)>;

/// Tells one call's status.
pub struct Callbacks {
    network: Arc<Network>,
    sid: String,
    request: CallRequest,
    sent: u32,
    queue: Option<mpsc::UnboundedSender<Fields>>,
}

impl Callbacks {
    /// Callbacks of a call; none are sent where none were asked for.
    pub fn new(network: Arc<Network>, sid: &str, request: &CallRequest) -> Callbacks {
        let queue = request.status.clone().map(|to| {
            let (queue, mut queued) = mpsc::unbounded_channel::<Fields>();
            let (sender, sid) = (network.clone(), sid.to_string());
            network.spawn(async move {
                while let Some(fields) = queued.recv().await {
                    let (network, sid, to) = (sender.clone(), sid.clone(), to.clone());
                    match sender.lateness(60) {
                        // A late one does not hold up those behind it.
                        Some(late) => drop(sender.spawn(async move {
                            network.clock.sleep(late).await;
                            send(&network, &sid, &to, &fields).await;
                        })),
                        None => send(&network, &sid, &to, &fields).await,
                    }
                }
            });
            queue
        });
        Callbacks { network, sid: sid.to_string(), request: request.clone(), sent: 0, queue }
    }

    /// Tells an event, if it was subscribed to. `more` are the fields that only this one has.
    pub fn tell(&mut self, event: Progress, status: &str, more: &[(&str, String)]) {
        let Some(queue) = self.queue.as_ref().filter(|_| self.request.events.contains(&event)) else {
            return;
        };
        let mut fields = fields::common(&self.network.account, &self.sid, &self.request, status);
        fields.push(("CallbackSource".into(), "call-progress-events".into()));
        fields.push(("SequenceNumber".into(), self.sent.to_string()));
        fields.push(("Timestamp".into(), self.network.clock.now().to_rfc2822()));
        fields.extend(more.iter().map(|(name, value)| (name.to_string(), value.clone())));
        self.sent += 1;
        // The receiver lives as long as the network runs; after that nobody is told.
        let _ = queue.send(fields);
    }

    /// Tells how the call ended.
    pub fn tell_end(&mut self, status: Status, talk_s: u64, sip: Option<u16>, error_code: Option<u32>) {
        let mut more = vec![("CallDuration", talk_s.to_string()), ("Duration", talk_s.div_ceil(60).to_string())];
        more.extend(sip.map(|sip| ("SipResponseCode", sip.to_string())));
        more.extend(error_code.map(|code| ("ErrorCode", code.to_string())));
        let answered_by = self.network.call(&self.sid).and_then(|call| call.answered_by);
        more.extend(answered_by.map(|word| ("AnsweredBy", word.to_string())));
        self.tell(Progress::Completed, status.as_str(), &more);
    }
}

async fn send(network: &Network, sid: &str, to: &Address, fields: &Fields) {
    if let Err(why) = network.deliver(sid, to, fields).await {
        // 15003 at the real one, which does not send it again.
        tracing::debug!(call = sid, why, "a status callback was not taken");
        network.note(sid, |call| call.callbacks_failed += 1);
    }
}
