//! Whether the fields of a webhook may be read at all. Its signature joins names and values without a mark between them
//! (carriers.md, section 4), so a sound signature does not prove where a name ends: who holds a signed request could move
//! that place, and hide a key or a status. What looks moved, or says two things at once, is refused.

use super::form::field;
use crate::carrier::Rejected;

/// The fields that are acted upon.
const READ: [&str; 14] = [
    "AnsweredBy",
    "CallDuration",
    "CallSid",
    "CallStatus",
    "DialCallDuration",
    "DialCallStatus",
    "Digits",
    "ErrorCode",
    "ErrorUrl",
    "From",
    "HangupCause",
    "SipResponseCode",
    "SipResultCode",
    "To",
];

/// The longest id of a call that is kept; real ones have 34 to about 90 characters.
const LONGEST_ID: usize = 128;

/// The carrier's id of the call, which every webhook has; an error where the fields are not what they should be. It
/// repeats nothing of what was sent.
pub fn call_id(fields: &[(String, String)]) -> Result<String, Rejected> {
    let malformed = |what: &str| Err(Rejected::Malformed(what.to_string()));
    for (n, (name, value)) in fields.iter().enumerate() {
        if READ.iter().any(|known| is_moved(known, name, value)) {
            return malformed("a field's name and value do not part where they should");
        }
        if !READ.contains(&name.as_str()) {
            continue;
        }
        if value.chars().any(char::is_control) {
            return malformed("a field holds control characters");
        }
        if fields[..n].iter().any(|(other, said)| other == name && said != value) {
            return malformed("a field says two things");
        }
    }
    match field(fields, "CallSid") {
        None | Some("") => malformed("CallSid is missing"),
        Some(id) if id.len() > LONGEST_ID || !id.bytes().all(|b| b.is_ascii_graphic()) => malformed("CallSid is no id of a call"),
        Some(id) => Ok(id.to_string()),
    }
}

/// Whether a field is made of one that we read, with the border moved: `Digit=s1`, `Digits1=`, or `Caller=+1617…Digits1`.
/// Names grow without notice, by words with a capital (`ToCity`); none of them ends like that.
fn is_moved(known: &str, name: &str, value: &str) -> bool {
    if let Some(rest) = known.strip_prefix(name) {
        return !rest.is_empty() && !name.is_empty() && value.starts_with(rest);
    }
    let first = name.strip_prefix(known).and_then(|rest| rest.chars().next());
    let glued = first.is_some_and(|c| !c.is_alphabetic() || (c.is_lowercase() && known != "To"));
    // A key that disappears is silence, and a machine that disappears a person: the only ones that nobody would miss.
    let swallowed = || match known {
        "Digits" => follows(value, known, |c| c.is_ascii_digit() || c == '*' || c == '#'),
        "AnsweredBy" => follows(value, known, char::is_lowercase),
        _ => false,
    };
    glued || swallowed()
}

fn follows(value: &str, known: &str, next: impl Fn(char) -> bool) -> bool {
    value.match_indices(known).any(|(at, _)| value[at + known.len()..].chars().next().is_some_and(&next))
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;

    fn read(body: &str) -> Result<String, Rejected> {
        call_id(&form::pairs(body.as_bytes()))
    }

    #[test]
    fn what_carriers_send_is_read() {
        for body in [
            "CallSid=CA1",
            "CallSid=v3:abc_-d&CallSidLegacy=1-2&ConnectionId=7&To=%2B16175550101",
            "CallSid=8d3f0a8e-0000-4000-8000-000000000001&ToCity=S%C3%A3o+Paulo&ToZip=&CalledCity=K%C3%B6ln&Tollway=yes",
            "CallSid=CA1&Digits=1&FinishedOnKey=&msg=Gather+End&DigitsLater=2&CallStatusReason=x&T=",
            "CallSid=CA1&Digits=1&Digits=1",
        ] {
            assert!(read(body).is_ok(), "{body}: {:?}", read(body));
        }
    }

    #[test]
    fn what_looks_moved_or_says_two_things_is_not() {
        for body in [
            "",
            "To=%2B16175550101",
            "CallSid=",
            "CallSid=CA%201",
            "CallSid=CA1&T=o%2B16175550101",
            "CallSid=CA1&Digit=s1",
            "CallSid=CA1&Digits1=",
            "CallSid=CA1&Digits*=",
            "CallSid=CA1&AnsweredByhuman=",
            "CallSid=CA1&To%2B16175550101=",
            "CallSid=CA1&From%2B16175550101=",
            "CallSid=CA1&Fro=m%2B16175550101",
            "CallSid=CA1&From=%2B16175550101&From=%2B16175550102",
            "CallSid=CA1&Caller=%2B16175550100Digits1",
            "CallSid=CA1&AccountSid=AC1AnsweredByfax",
            "CallSid=CA1&CallStatu=scompleted",
            "CallSid=CA1&Digits=1&Digits=2",
            "CallSid=CA1&CallSid=CA2",
            "CallSid=CA1&Digits=%001",
            "CallSid=CA1&CallStatus=completed%0Aringing",
        ] {
            assert!(matches!(read(body), Err(Rejected::Malformed(_))), "{body}");
        }
        assert!(read(&format!("CallSid={}", "a".repeat(129))).is_err());
    }
}
