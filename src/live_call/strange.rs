//! Webhooks that are well signed and still not of the call that they name. A signature proves who sends, not which call is
//! meant: another carrier's account could name the attempt, and one carrier signs no address at all (carriers.md, section 8).

use crate::core::ids::AttemptId;
use crate::store::CallRecord;

/// Why a webhook is not of the attempt that its address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Strange {
    /// No attempt has this token.
    NoAttempt,
    /// Another carrier has the attempt's call.
    OtherCarrier(AttemptId),
    /// The attempt's call is another one of the carrier.
    OtherCall(AttemptId),
}

impl Strange {
    /// The word of the webhook log.
    pub fn verdict(&self) -> &'static str {
        match self {
            Strange::NoAttempt => "unknown_attempt",
            Strange::OtherCarrier(_) => "other_carrier",
            Strange::OtherCall(_) => "other_call",
        }
    }

    /// For the log.
    pub fn why(&self) -> &'static str {
        match self {
            Strange::NoAttempt => "no attempt has the token of its address",
            Strange::OtherCarrier(_) => "the attempt that its address names is another carrier's",
            Strange::OtherCall(_) => "the attempt that its address names has another call of this carrier",
        }
    }

    /// Status of an answer to whom nobody is listening.
    pub fn status(&self) -> u16 {
        if matches!(self, Strange::OtherCall(_)) { 409 } else { 404 }
    }

    /// The attempt that was named, where there is one.
    pub fn attempt(&self) -> Option<AttemptId> {
        match self {
            Strange::NoAttempt => None,
            Strange::OtherCarrier(attempt) | Strange::OtherCall(attempt) => Some(attempt.clone()),
        }
    }
}

/// Whether a webhook that `carrier` signed is of this call. While no id of the call is known, because the carrier's answer
/// held none or is still on its way, the first webhook's becomes it.
pub(super) fn is_of(record: &CallRecord, carrier: &str, call_id: Option<&str>) -> Result<(), Strange> {
    let attempt = &record.attempt;
    if attempt.carrier.as_str() != carrier {
        return Err(Strange::OtherCarrier(attempt.id.clone()));
    }
    match (&attempt.carrier_call_id, call_id) {
        (Some(known), Some(said)) if are_two_calls(known, said) => Err(Strange::OtherCall(attempt.id.clone())),
        _ => Ok(()),
    }
}

/// Whether two ids are those of two calls. A carrier may answer a request with an id of another form than its webhooks
/// have: two forms are not compared.
fn are_two_calls(known: &str, said: &str) -> bool {
    known != said && form(known) == form(said)
}

/// What ids of one kind have in common: `v3` of `v3:…`, or the length and where the dashes stand.
fn form(id: &str) -> (Option<&str>, Vec<usize>) {
    match id.split_once(':') {
        Some((version, _)) => (Some(version), Vec::new()),
        None => (None, id.match_indices('-').map(|(at, _)| at).chain([id.len()]).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_one_form_are_compared() {
        let uuid = |last: char| format!("8d3f0a8e-0000-4000-8000-00000000000{last}");
        for (known, said, two) in [
            ("CA00000000000000000000000000000001", "CA00000000000000000000000000000001", false),
            ("CA00000000000000000000000000000001", "CA00000000000000000000000000000002", true),
            ("v3:abc", "v3:abcd", true),
            ("v3:abc", "CA00000000000000000000000000000001", false),
            (&uuid('1'), &uuid('2'), true),
            (&uuid('1'), "v3:x", false),
        ] {
            assert_eq!(are_two_calls(known, said), two, "{known} {said}");
        }
    }
}
