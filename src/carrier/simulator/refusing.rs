//! Refusals by the network's settings of the day: numbers that cannot be called, an account that may do nothing, and codes that
//! no list explains (carriers.md, section 1).

use super::dialect::ApiFault;
use super::faults::Fault;
use super::network::Network;
use crate::core::domain::PhoneNumber;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Why a number cannot be called: it is none, cannot be reached, or the account may not call it.
const OF_NUMBERS: [(u32, &str); 5] = [
    (21211, "Invalid 'To' phone number"),
    (21214, "'To' phone number cannot be reached"),
    (21215, "Account not authorized to call this number: enable the country in its geographic permissions"),
    (21216, "Account not allowed to call this number"),
    (21217, "Phone number does not appear to be valid"),
];

/// Why an account is refused: its credentials, or what it may do.
const OF_ACCOUNTS: [(u16, u32, &str); 3] =
    [(401, 20003, "Authenticate"), (403, 20005, "Account not active"), (403, 20403, "Forbidden")];

/// A code of calls that stands in no list.
const STRANGE: u32 = 21998;

/// The numbers that were asked for while some cannot be called, and why not where one cannot.
#[derive(Default)]
pub struct Refused(Mutex<BTreeMap<PhoneNumber, Option<usize>>>);

impl Network {
    /// Why no call to a number is taken, where none is. It is drawn once for a number, so that whoever asks again hears the same.
    pub fn refuses(&self, to: &PhoneNumber) -> Option<ApiFault> {
        if self.strikes(Fault::StrangeRefusal) {
            return Some(ApiFault::new(400, STRANGE, "Call refused"));
        }
        if !self.faults().lists(Fault::NumberRefused) {
            return None;
        }
        let known = self.refused.0.lock().unwrap_or_else(PoisonError::into_inner).get(to).copied();
        let why = match known {
            Some(why) => why.inspect(|_| self.struck_by(Fault::NumberRefused)),
            None => {
                let strikes = self.strikes(Fault::NumberRefused);
                let why = strikes.then(|| self.chance.below(OF_NUMBERS.len() as u64) as usize);
                self.refused.0.lock().unwrap_or_else(PoisonError::into_inner).insert(to.clone(), why);
                why
            }
        };
        why.map(|why| ApiFault::new(400, OF_NUMBERS[why].0, OF_NUMBERS[why].1))
    }

    /// Why the account may do nothing at all, where it may not.
    pub fn refuses_account(&self) -> Option<ApiFault> {
        let (status, code, what) = OF_ACCOUNTS[self.strikes(Fault::AccountRefused).then(|| self.chance.below(3) as usize)?];
        Some(ApiFault::new(status, code, what))
    }
}
