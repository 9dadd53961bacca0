//! What Twilio's error codes mean for us, which SignalWire uses as well (carriers.md, sections 1 and 7).

use super::resource::Fault;
use crate::carrier::Refusal;

/// Sorts a refusal by the carrier's code and, where that says nothing, by its HTTP status.
pub fn sort(fault: &Fault) -> Refusal {
    let retry_after_s = fault.retry_after_s;
    match fault.code {
        // Invalid.
        21211 | 21217 => Refusal::BadNumber,
        // Cannot be reached.
        21214 => Refusal::NotReached,
        // Credentials; an account or a sender that is not ours, is wrong or missing.
        20003 | 20404 | 21210 | 21212 | 21213 => Refusal::Account,
        // The account is suspended, not active or closed, or may not use the API.
        10001 | 10002 | 20005 | 20006 | 20403 => Refusal::Account,
        // The country is not allowed; a rule against fraud; a trial account.
        21215 | 21216 | 21219 => Refusal::Blocked,
        // No number to call, no address, an application that is none.
        21201 | 21205 | 21218 => Refusal::OurFault,
        20429 => Refusal::SlowDown { retry_after_s },
        22005 => Refusal::QueueFull { retry_after_s },
        10004 => Refusal::Lines,
        // Too late: the call is not in progress.
        21220 => Refusal::NotLive,
        _ => match fault.status {
            401 | 402 => Refusal::Account,
            // Access, or an account that is not there: below 21000 no code is about one call. (Live calls that are gone are told
            // apart before this.)
            403 | 404 if fault.code < 21_000 => Refusal::Account,
            429 => Refusal::SlowDown { retry_after_s },
            _ => Refusal::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes() {
        let slow = Refusal::SlowDown { retry_after_s: Some(3) };
        for (status, code, want) in [
            (400, 21211, Refusal::BadNumber),
            (400, 21214, Refusal::NotReached),
            (400, 21217, Refusal::BadNumber),
            (401, 20003, Refusal::Account),
            (404, 20404, Refusal::Account),
            (400, 21210, Refusal::Account),
            (400, 21212, Refusal::Account),
            (422, 21213, Refusal::Account),
            (429, 20429, slow),
            (400, 22005, Refusal::QueueFull { retry_after_s: Some(3) }),
            (400, 10004, Refusal::Lines),
            (400, 21220, Refusal::NotLive),
            (400, 21201, Refusal::OurFault),
            (400, 21205, Refusal::OurFault),
            (400, 21218, Refusal::OurFault),
            (403, 21215, Refusal::Blocked),
            (403, 21216, Refusal::Blocked),
            (400, 21219, Refusal::Blocked),
            // SignalWire's status for what it cannot validate.
            (422, 21211, Refusal::BadNumber),
            (422, 0, Refusal::Other),
            (401, 0, Refusal::Account),
            (429, 0, slow),
            (402, 0, Refusal::Account),
            (403, 0, Refusal::Account),
            (404, 0, Refusal::Account),
            (403, 20005, Refusal::Account),
            (400, 20005, Refusal::Account),
            (400, 10001, Refusal::Account),
            (403, 20_999, Refusal::Account),
            // A code of calls that nobody told us of: this call's alone, until more are refused.
            (403, 21_999, Refusal::Other),
            (400, 0, Refusal::Other),
        ] {
            let fault = Fault { status, code, retry_after_s: Some(3), ..Fault::default() };
            assert_eq!(sort(&fault), want, "{status} {code}");
        }
    }
}
