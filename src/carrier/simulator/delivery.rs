//! How a webhook gets to the engine, with the faults that strike on the way.

use super::dialect::Errand;
use super::faults::Fault;
use super::network::Network;
use super::params::Address;
use super::webhook_client::{Answer, Failure};
use std::sync::Arc;

impl Network {
    /// Sends a webhook of a call. A repeat has the token of the first, and its answer is the one that counts.
    pub async fn deliver(
        self: &Arc<Network>,
        sid: &str,
        errand: Errand,
        to: &Address,
        fields: &[(String, String)],
    ) -> Result<Answer, Failure> {
        if to.post && self.strikes(Fault::WebhookTruncated) {
            // Whoever broke off does not learn what became of it.
            self.webhooks.break_off(to, fields).await;
        }
        if to.post && self.strikes(Fault::WebhookForged) {
            let (network, sid, to, fields) = (self.clone(), sid.to_string(), to.clone(), fields.to_vec());
            self.spawn(async move { network.forge(&sid, &to, &fields).await });
        }
        let token = self.webhooks.idempotency_token();
        let first = self.webhooks.send(errand, to, fields, &token).await;
        if !self.strikes(Fault::WebhookTwice) {
            return first;
        }
        let second = self.webhooks.send(errand, to, fields, &token).await;
        if let (Ok(first), Ok(second)) = (&first, &second)
            && first != second
        {
            self.note(sid, |call| call.differing_repeats += 1);
        }
        second.or(first)
    }

    /// Sends a webhook that nobody should believe.
    async fn forge(self: &Arc<Network>, sid: &str, to: &Address, fields: &[(String, String)]) {
        let believed = match self.chance.below(3) {
            0 => self.webhooks.send_unsigned(to, fields).await.is_ok(),
            1 => self.webhooks.stranger().send(Errand::News, to, fields, &self.chance.hex(16)).await.is_ok(),
            _ => {
                // Well signed, for an address like ours that was given to nobody. What is answered to it is the engine's affair.
                let strange = Address { url: strange(&to.url), post: true };
                let _ = self.webhooks.send(Errand::News, &strange, fields, &self.chance.hex(16)).await;
                false
            }
        };
        self.note(sid, |call| {
            call.forged += 1;
            call.forged_believed += u32::from(believed);
        });
    }
}

/// The same address with its longest part turned round.
fn strange(url: &reqwest::Url) -> reqwest::Url {
    let mut parts: Vec<String> = url.path().split('/').map(str::to_string).collect();
    if let Some(longest) = parts.iter_mut().max_by_key(|part| part.len()) {
        *longest = longest.chars().rev().collect();
    }
    let mut url = url.clone();
    url.set_path(&parts.join("/"));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_address_has_a_strange_token() {
        let url = reqwest::Url::parse("http://h.example/carriers/main/voice/0123456789abcdef/answered").expect("a URL");
        assert_eq!(strange(&url).path(), "/carriers/main/voice/fedcba9876543210/answered");
    }
}
