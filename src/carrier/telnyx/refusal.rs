//! What Telnyx' error codes mean for us (carriers.md, section 8): strings in `{"errors":[…]}`, of which the first counts.

use crate::carrier::Refusal;
use crate::carrier::family::resource::Fault;

/// Sorts a refusal by the carrier's code, by the field it is about, and by its HTTP status.
pub fn sort(fault: &Fault) -> Refusal {
    let about = fault.field.as_deref();
    let of_ours = matches!(about, Some("from" | "applicationsid" | "application_sid" | "connection_id" | "account_sid"));
    match fault.code {
        10011 => Refusal::SlowDown { retry_after_s: fault.retry_after_s },
        10015 | 10016 if of_ours => Refusal::Account,
        // No number of the plan.
        10016 => Refusal::BadNumber,
        // A bad number, or a bad connection: only where it says which is the patient's number blamed.
        10015 if about == Some("to") => Refusal::BadNumber,
        90015 => Refusal::NotLive,
        _ => match fault.status {
            // The key is wrong or may not do this, or the account is not paid for: no other call will fare better.
            401..=403 => Refusal::Account,
            // The account or its application is not there (calls that are not there are told apart before this).
            404 => Refusal::Account,
            429 => Refusal::SlowDown { retry_after_s: fault.retry_after_s },
            _ => Refusal::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes() {
        let slow = Refusal::SlowDown { retry_after_s: Some(2) };
        for (status, code, field, want) in [
            (429, 10011, None, slow),
            (429, 0, None, slow),
            (422, 10016, None, Refusal::BadNumber),
            (422, 10016, Some("to"), Refusal::BadNumber),
            (422, 10016, Some("from"), Refusal::Account),
            (422, 10015, Some("to"), Refusal::BadNumber),
            (422, 10015, Some("connection_id"), Refusal::Account),
            (422, 10015, Some("applicationsid"), Refusal::Account),
            (422, 10015, None, Refusal::Other),
            (422, 90015, None, Refusal::NotLive),
            (401, 10009, None, Refusal::Account),
            (402, 0, None, Refusal::Account),
            (403, 10010, None, Refusal::Account),
            (403, 0, None, Refusal::Account),
            (404, 10005, None, Refusal::Account),
            (422, 0, None, Refusal::Other),
            // Another carrier's code says nothing here.
            (400, 21211, None, Refusal::Other),
        ] {
            let fault = Fault { status, code, field: field.map(str::to_string), retry_after_s: Some(2) };
            assert_eq!(sort(&fault), want, "{status} {code} {field:?}");
        }
    }
}
