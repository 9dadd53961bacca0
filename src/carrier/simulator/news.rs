//! What happens to calls, told to whoever watches the network as it happens.

use super::Direction;
use super::tally::{CallTally, Heard, Pressed, Status};
use crate::core::domain::PhoneNumber;
use std::sync::{Arc, OnceLock};

/// Something that happened to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNews {
    /// The network's id of the call.
    pub sid: String,
    /// What.
    pub what: CallChange,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallChange {
    /// It was taken, or came to our number.
    Taken {
        /// Who began it.
        direction: Direction,
        /// Who is called.
        to: PhoneNumber,
        /// Where the network asks what to say; it names the attempt.
        voice: Option<String>,
    },
    /// It stands otherwise now.
    Status(Status),
    /// A key was pressed.
    Pressed(Pressed),
    /// The webhook of these keys was answered with 2xx.
    Acknowledged(String),
    /// A machine has this on its tape.
    Recorded(Heard),
    /// A forged webhook of it was answered with success.
    ForgedBelieved,
}

/// Hears of all calls. It is called where things happen: it returns at once.
pub type Watcher = Arc<dyn Fn(CallNews) + Send + Sync>;

/// Who watches, if anybody does.
#[derive(Default)]
pub struct Watched(OnceLock<Watcher>);

/// Where a call stood before something was written into its record.
pub struct Before {
    status: Status,
    keys: usize,
    acknowledged: usize,
    recorded: usize,
    forged_believed: u32,
}

impl Watched {
    /// Lets somebody watch; only the first one is heeded.
    pub fn set(&self, watcher: Watcher) {
        let _ = self.0.set(watcher);
    }

    /// Where a call stands, where anybody watches.
    pub fn before(&self, call: &CallTally) -> Option<Before> {
        self.0.get()?;
        Some(Before {
            status: call.status,
            keys: call.keys.len(),
            acknowledged: call.acknowledged.len(),
            recorded: call.recorded.len(),
            forged_believed: call.forged_believed,
        })
    }

    /// What changed since.
    pub fn changes(&self, before: Option<Before>, call: &CallTally) -> Vec<CallChange> {
        let Some(before) = before else { return Vec::new() };
        let mut changes = Vec::new();
        changes.extend(call.keys[before.keys..].iter().map(|key| CallChange::Pressed(*key)));
        if call.acknowledged.len() > before.acknowledged {
            changes.push(CallChange::Acknowledged(call.acknowledged[before.acknowledged..].to_string()));
        }
        changes.extend(call.recorded[before.recorded..].iter().cloned().map(CallChange::Recorded));
        if call.forged_believed > before.forged_believed {
            changes.push(CallChange::ForgedBelieved);
        }
        if call.status != before.status {
            changes.push(CallChange::Status(call.status));
        }
        changes
    }

    /// Tells it.
    pub fn tell(&self, sid: &str, changes: Vec<CallChange>) {
        let Some(watcher) = self.0.get() else { return };
        changes.into_iter().for_each(|what| watcher(CallNews { sid: sid.to_string(), what }));
    }
}
