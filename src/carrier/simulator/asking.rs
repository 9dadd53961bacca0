//! Asking the engine for a document.

use super::dialect::{Errand, Facts};
use super::document::Script;
use super::document_reader;
use super::faults::Fault;
use super::network::Network;
use super::params::Address;
use super::webhook_client::{Answer, Failure};
use chrono::Duration;
use std::sync::Arc;

/// A document that was got.
pub struct Asked {
    /// Where it came from.
    pub from: Address,
    /// What it says.
    pub script: Script,
}

/// The carrier's error code, and what went wrong for people.
pub type Failed = (u32, String);

/// Asks an address for its document; where that fails, the fallback address.
pub async fn ask(
    network: &Arc<Network>,
    call: &Facts,
    fallback: Option<&Address>,
    address: &Address,
    fields: &[(String, String)],
) -> Result<Asked, Failed> {
    let failed = match once(network, call, address, fields).await {
        Ok(script) => return Ok(Asked { from: address.clone(), script }),
        Err(failed) => failed,
    };
    tracing::debug!(call = call.sid, code = failed.0, why = failed.1, "a voice webhook failed");
    let Some(fallback) = fallback else {
        return Err(failed);
    };
    let mut fields = network.dialect.common(call, "in-progress");
    fields.push(("ErrorCode".into(), failed.0.to_string()));
    fields.push(("ErrorUrl".into(), address.url.to_string()));
    once(network, call, fallback, &fields).await.map(|script| Asked { from: fallback.clone(), script }).map_err(|_| failed)
}

/// Takes a question to the engine and its answer back, where neither gets lost on the way.
async fn carried(
    network: &Arc<Network>,
    call: &Facts,
    address: &Address,
    fields: &[(String, String)],
) -> Result<Answer, Failure> {
    if network.strikes(Fault::QuestionLost) {
        return Err(unheard(network, address, Failure::NoConnection).await);
    }
    if network.strikes(Fault::QuestionLate) {
        let (behind, call, to, fields) = (network.clone(), call.clone(), address.clone(), fields.to_vec());
        let late = Duration::seconds(lateness_s(network));
        network.spawn(async move {
            behind.clock.sleep(late).await;
            // Nobody is there any more who would hear the answer.
            let _ = behind.deliver(&call.sid, Errand::Voice, &to, &fields).await;
        });
        return Err(too_late(network, address).await);
    }
    let answer = network.deliver(&call.sid, Errand::Voice, address, fields).await?;
    if network.strikes(Fault::AnswerLost) {
        return Err(unheard(network, address, Failure::BrokeOff).await);
    }
    Ok(answer)
}

/// In the call for the most part, or when it is over.
fn lateness_s(network: &Network) -> i64 {
    let most = if network.chance.below(2) == 0 { 60 } else { 15 * 60 };
    20 + network.chance.below(most - 20) as i64
}

/// Why there is no answer: it is known at once, or because none came in time.
async fn unheard(network: &Network, address: &Address, at_once: Failure) -> Failure {
    if network.chance.below(2) == 0 { at_once } else { too_late(network, address).await }
}

/// None came in time.
async fn too_late(network: &Network, address: &Address) -> Failure {
    let patience = network.dialect.patience(Errand::Voice, &address.url).total;
    network.clock.sleep(Duration::milliseconds(patience.as_millis() as i64)).await;
    Failure::TooLate
}

async fn once(network: &Arc<Network>, call: &Facts, address: &Address, fields: &[(String, String)]) -> Result<Script, Failed> {
    if let Some(late) = network.lateness(3) {
        network.clock.sleep(late).await;
    }
    let answer = carried(network, call, address, fields).await;
    let answer = answer.map_err(|why| (why.code(network.dialect), why.to_string()))?;
    if let Some((_, digits)) = fields.iter().find(|(name, _)| name == "Digits") {
        network.note(&call.sid, |call| call.acknowledged.push_str(digits));
    }
    document_reader::read(network.dialect, &answer.content_type, &answer.body).map_err(|flaw| (flaw.code, flaw.what))
}
