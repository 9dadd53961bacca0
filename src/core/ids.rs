//! Names of things. Each is a string with a type of its own; those that identify a patient print redacted.

use crate::phi::REDACTED;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $print:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                $name(text.into())
            }

            /// The text, for stores and outputs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let print: fn(&str) -> &str = $print;
                f.write_str(print(&self.0))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.to_string())
            }
        }
    };
}

macro_rules! display {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

id!(/// The feed's own id of one booking.
    AppointmentId, |text| text);
id!(/// The hospital's number of a patient (medical record number). Prints redacted; it has no `Display`.
    PatientId, |_| REDACTED);
id!(/// Key of a site under `[sites]` of the configuration.
    SiteKey, |text| text);
id!(/// Name of a reminder job (`schedules/*.toml`).
    JobName, |text| text);
id!(/// Name of a feed under `[feeds]`; appointments taken in by hand come from `import`.
    FeedName, |text| text);
id!(/// Name of a carrier under `[carriers]`.
    CarrierName, |text| text);
id!(/// One promise to reach one patient about one visit.
    OutreachId, |text| text);
id!(/// One telephone call: what logs and outputs call it.
    AttemptId, |text| text);
id!(/// The secret of one attempt: at least 128 random bits in hexadecimal, only ever in that attempt's callback URLs.
    AttemptToken, |_| REDACTED);
id!(/// One item of the worklist.
    WorkItemId, |text| text);
id!(/// One declared closure of a site.
    ClosureId, |text| text);
id!(/// One recorded phrase of a language pack, such as `weekday/mon`.
    PhraseId, |text| text);
id!(/// A BCP 47 language tag, such as `en-US`.
    LanguageTag, |text| text);

display!(
    AppointmentId,
    SiteKey,
    JobName,
    FeedName,
    CarrierName,
    OutreachId,
    AttemptId,
    WorkItemId,
    ClosureId,
    PhraseId,
    LanguageTag
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_and_tokens_print_redacted() {
        assert_eq!(format!("{:?}", PatientId::from("MRN1")), REDACTED);
        assert_eq!(format!("{:?}", AttemptToken::from("abc")), REDACTED);
        assert_eq!(format!("{:?}", SiteKey::from("boston")), "boston");
    }
}
