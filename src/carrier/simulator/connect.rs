//! `Dial`: calls a desk and connects the two. Desks are personas ([`persona::desk`]).

use super::asking;
use super::document::Dial;
use super::line::{Happened, Line};
use super::network::Network;
use super::performer::{Led, led_by};
use super::persona::{self, Arrival};
use super::tally::Dialled;
use crate::core::domain::PhoneNumber;
use std::sync::Arc;

/// A desk that is out of order fails so soon.
const FAILS_AFTER_MS: u64 = 500;

/// Calls the number of `dial`. `None`: the document goes on behind it, because there is no `action`.
pub async fn connect(network: &Arc<Network>, line: &mut Line, dial: &Dial, action: Option<Led>) -> Option<Led> {
    let (desk, interrupted) = ring_and_talk(line, dial).await;
    let sid = network.dialect.call_id(&network.chance);
    let mut fields = vec![("DialCallStatus".to_string(), desk.status.to_string()), ("DialCallSid".to_string(), sid)];
    if desk.talk_ms > 0 {
        fields.push(("DialCallDuration".into(), ((desk.talk_ms + 500) / 1000).to_string()));
    }
    network.note(&line.facts().sid, |call| call.dialled.push(desk));
    match (interrupted, action) {
        (None, Some(Led::To(address, _))) => Some(Led::To(address, fields)),
        (None, other) => other,
        (Some(Happened::HungUp | Happened::Cut), Some(Led::To(address, _))) => {
            // The patient has left: the result is told all the same, and nobody follows the answer.
            let mut told = network.dialect.common(line.facts(), "completed");
            told.extend(fields);
            let (network, facts) = (network.clone(), line.facts().clone());
            network.clone().spawn(async move {
                let _ = asking::ask(&network, &facts, None, &address, &told).await;
            });
            Some(Led::End)
        }
        (Some(happened), _) => Some(led_by(network, happened)),
    }
}

/// Rings at the desk and lets the two speak; what interrupted it, if anything did. The patient's keys are lost meanwhile.
async fn ring_and_talk(line: &mut Line, dial: &Dial) -> (Dialled, Option<Happened>) {
    let at_ms = line.now_ms();
    let told = |status, rang_ms, talk_ms| Dialled { number: dial.number.clone(), status, at_ms, rang_ms, talk_ms };
    let caller_is_sound = dial.caller_id.as_deref().is_none_or(|number| PhoneNumber::parse(number).is_ok());
    if PhoneNumber::parse(&dial.number).is_err() || !caller_is_sound {
        // 13223 and 13214 at the real one, which does not end the call for it.
        return (told("failed", 0, 0), None);
    }
    let (arrival, talk) = persona::desk(&dial.number);
    let patience = u64::from(dial.timeout_s) * 1000;
    let (rings_ms, status) = match arrival {
        Arrival::Busy => (FAILS_AFTER_MS, "busy"),
        Arrival::Failed { .. } => (FAILS_AFTER_MS, "failed"),
        Arrival::NeverAnswered => (patience, "no-answer"),
        Arrival::Answered(after) if after.as_millis() as u64 > patience => (patience, "no-answer"),
        Arrival::Answered(after) => (after.as_millis() as u64, "completed"),
    };
    let happened = line.pass(rings_ms, false).await;
    if happened != Happened::Nothing {
        return (told("canceled", line.now_ms() - at_ms, 0), Some(happened));
    }
    if status != "completed" {
        return (told(status, rings_ms, 0), None);
    }
    let answered_ms = line.now_ms();
    let longest = (talk.as_millis() as u64).min(u64::from(dial.time_limit_s) * 1000);
    let happened = line.pass(longest, false).await;
    let told = told("completed", rings_ms, line.now_ms() - answered_ms);
    (told, (happened != Happened::Nothing).then_some(happened))
}
