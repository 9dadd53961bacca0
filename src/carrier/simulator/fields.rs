//! The form fields that every webhook of a call has.

use super::params::CallRequest;
use super::tally::Status;

/// Places as carriers report them: often empty, with blanks, ampersands and letters beyond ASCII.
const PLACES: [(&str, &str, &str, &str); 5] = [
    ("", "", "", ""),
    ("BOSTON", "MA", "02115", "US"),
    ("São Paulo", "SP", "", "BR"),
    ("Köln", "", "", "DE"),
    ("MARTHA'S & NANTUCKET", "MA", "02554", "US"),
];

/// Who calls whom, where, and how it stands.
pub fn common(account: &str, sid: &str, request: &CallRequest, status: &str) -> Vec<(String, String)> {
    let (to, from) = (request.to.as_str(), request.from.as_str());
    let mut fields: Vec<(String, String)> = [
        ("CallSid", sid),
        ("AccountSid", account),
        ("From", from),
        ("To", to),
        ("Called", to),
        ("Caller", from),
        ("CallStatus", status),
        ("ApiVersion", "2010-04-01"),
        ("Direction", "outbound-api"),
    ]
    .map(|(name, value)| (name.to_string(), value.to_string()))
    .to_vec();
    for (who, number) in [("To", to), ("Called", to), ("From", from), ("Caller", from)] {
        let (city, state, zip, country) = PLACES[usize::from(number.bytes().last().unwrap_or_default()) % PLACES.len()];
        for (what, value) in [("City", city), ("State", state), ("Zip", zip), ("Country", country)] {
            fields.push((format!("{who}{what}"), value.to_string()));
        }
    }
    fields
}

/// The fields of a question on a live call.
pub fn live(account: &str, sid: &str, request: &CallRequest) -> Vec<(String, String)> {
    common(account, sid, request, Status::InProgress.as_str())
}
