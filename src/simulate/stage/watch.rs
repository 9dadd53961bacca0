//! Sees what happens to calls in the network.

use super::Scene;
use crate::carrier::simulator::{CallChange, CallNews, Direction, Status, Watcher};
use crate::core::domain::PhoneNumber;
use crate::core::ids::AttemptId;
use crate::simulate::day::Moment;
use crate::simulate::history::Seen;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Tells the scene of it, and lets happen what waited for it.
pub(super) fn watcher(scene: &Arc<Scene>) -> Watcher {
    let scene = scene.clone();
    let calls: Mutex<BTreeMap<String, (Option<AttemptId>, PhoneNumber)>> = Mutex::default();
    Arc::new(move |news: CallNews| {
        let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let CallChange::Taken { direction, to, voice } = &news.what {
            let attempt = voice.as_deref().filter(|_| *direction == Direction::Outbound);
            calls.insert(news.sid.clone(), (attempt.and_then(|voice| scene.attempt_in(voice)), to.clone()));
        }
        let Some((attempt, number)) = calls.get(&news.sid).cloned() else { return };
        drop(calls);
        let moment = match &news.what {
            CallChange::Status(Status::Ringing) => Some(Moment::Ringing),
            CallChange::Status(Status::InProgress) => Some(Moment::Answered),
            CallChange::Pressed(_) => Some(Moment::Keyed),
            _ => None,
        };
        let reached = attempt.clone().zip(moment);
        scene.see(Seen::Call { news, attempt, number });
        if let Some((attempt, moment)) = reached {
            scene.begin(&attempt, moment);
        }
    })
}
