//! What of a configuration is said in calls.

use crate::core::domain::PhoneNumber;
use crate::core::ids::SiteKey;

/// The names and numbers of a configuration.
#[derive(Debug, Clone)]
pub struct Hospital {
    /// The organization's name.
    pub organization: String,
    /// Every site with its name.
    pub sites: Vec<(SiteKey, String)>,
    /// Every number that somebody may be asked to call back: the organization's, of sites, of departments.
    pub callback_numbers: Vec<PhoneNumber>,
    /// The toll-free number of voicemails.
    pub opt_out_number: PhoneNumber,
}
