//! Simulated people who call the account's numbers.

use super::network::Network;
use super::params::{Address, CallRequest};
use super::script::{CallerScript, NoScript};
use crate::core::domain::PhoneNumber;
use reqwest::Url;
use std::sync::Arc;

/// What the network does with calls to the account's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncomingSettings {
    /// Asked what to say to who calls (the number's voice URL).
    pub voice_url: Option<String>,
    /// Told how such a call ended (the number's status URL).
    pub status_url: Option<String>,
}

/// Somebody who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingCall {
    /// Their number; `anonymous` or `+266696687` where it is withheld.
    pub from: String,
    /// Our number.
    pub to: PhoneNumber,
    /// What they do.
    pub script: CallerScript,
}

/// Why nobody can call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncomingError {
    /// Nobody says where to ask.
    #[error("the network has no incoming URL: it does not know what to say to somebody who calls")]
    NoUrl,
    /// An address that is none.
    #[error("{0}: want a URL such as http://127.0.0.1:8080/carriers/main/incoming")]
    BadUrl(&'static str),
    /// A number that is none.
    #[error("{0}: want E.164 such as +16175550101")]
    BadNumber(&'static str),
    /// A script that is none.
    #[error("keys: {0}")]
    BadScript(#[from] NoScript),
}

impl IncomingSettings {
    fn address(url: &Option<String>, name: &'static str) -> Result<Option<Address>, IncomingError> {
        let Some(url) = url else {
            return Ok(None);
        };
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        Ok(Some(Address { url: url.ok_or(IncomingError::BadUrl(name))?, post: true }))
    }

    /// Where to ask and whom to tell.
    ///
    /// # Errors
    /// No voice address, or one that is none.
    pub fn addresses(&self) -> Result<(Address, Option<Address>), IncomingError> {
        let voice = IncomingSettings::address(&self.voice_url, "incoming_url")?.ok_or(IncomingError::NoUrl)?;
        Ok((voice, IncomingSettings::address(&self.status_url, "incoming_status_url")?))
    }
}

impl IncomingCall {
    /// Reads a call as people write it.
    ///
    /// # Errors
    /// A number or a script that is none.
    pub fn read(from: &str, to: &str, keys: &str) -> Result<IncomingCall, IncomingError> {
        let number = |text: &str, name| PhoneNumber::parse(text).map_err(|_| IncomingError::BadNumber(name));
        let from = match from {
            "anonymous" | "+266696687" => from.to_string(),
            from => number(from, "from")?.as_str().to_string(),
        };
        Ok(IncomingCall { from, to: number(to, "to")?, script: keys.parse()? })
    }
}

/// Lets somebody call; the call's id.
pub fn begin(network: &Arc<Network>, settings: &IncomingSettings, call: IncomingCall) -> Result<String, IncomingError> {
    let (voice, status) = settings.addresses()?;
    let request = CallRequest::inbound(call.from, call.to, voice, status);
    Ok(network.call_in(request, call.script).sid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_is_read_strictly() {
        let call = IncomingCall::read("+16175550101", "+1 617 555 0100", "3000:1").expect("a call");
        assert_eq!((call.from.as_str(), call.to.as_str()), ("+16175550101", "+16175550100"));
        assert_eq!(IncomingCall::read("anonymous", "+16175550100", "").expect("a call").from, "anonymous");
        assert_eq!(IncomingCall::read("me", "+16175550100", "").err(), Some(IncomingError::BadNumber("from")));
        assert_eq!(IncomingSettings::default().addresses().err(), Some(IncomingError::NoUrl));
        let settings = IncomingSettings { voice_url: Some("here".into()), status_url: None };
        assert_eq!(settings.addresses().err(), Some(IncomingError::BadUrl("incoming_url")));
    }
}
