//! Every reason against a call in a scheduler's words: one sentence each.

use crate::core::plan::{Review, Skip};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// Why a visit is skipped.
pub fn skip_in_words(skip: Skip) -> &'static str {
    match skip {
        Skip::NoJob => "There is no reminder job: put one into the schedules folder.",
        Skip::JobDisabled => "The job is switched off (enabled = false).",
        Skip::SiteOrDepartmentExcluded => "The job is for other sites or departments.",
        Skip::NotBooked => "Nothing is booked any more: cancelled, pending, or over.",
        Skip::NotEligibleService => "Only services that the job does not call about, as infusion.",
        Skip::Deceased => "The patient has died.",
        Skip::NoCallFlag => "The patient's record says: do not call.",
        Skip::OptedOut => "The patient, or every number, is on the suppression list.",
        Skip::FirstVisit => "The patient's first visit; the job is for established ones.",
        Skip::AlreadyConfirmed => "Every appointment of the visit is confirmed already.",
        Skip::AlreadyReached => "The patient has heard this message, or a machine has it.",
        Skip::NoCallablePhone => "The patient has no telephone that the job may call.",
        Skip::TooShortNotice => "It was booked too shortly before its start to be reminded.",
        Skip::Capped => "Other calls fill what the limits allow: `explain` says which.",
        Skip::AttemptsExhausted => "Every attempt was made; nobody was reached.",
        Skip::TooLate => "No calling hours are left before the visit.",
    }
}

/// Why a person must look at a visit.
pub fn review_in_words(review: Review) -> &'static str {
    match review {
        Review::UnknownService => "No rule knows this visit type: see `services unknown`.",
        Review::BadPhone => "No number that was given can be dialled: correct one.",
        Review::UnknownLanguage => "No language pack speaks the patient's language.",
        Review::ConflictingTimes => "Booked at two sites at the same time: move one.",
        Review::NoCommonHours => "The hours of site and telephone never meet: a person calls.",
    }
}

/// The sentence for a reason by the word that stands in outputs; none for a word that is no reason.
pub fn reason_in_words(word: &str) -> Option<&'static str> {
    let read = || -> StrDeserializer<'_, Error> { word.into_deserializer() };
    let skip = Skip::deserialize(read()).ok().map(skip_in_words);
    skip.or_else(|| Review::deserialize(read()).ok().map(review_in_words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_outputs_finds_its_sentence() {
        for skip in [Skip::NoJob, Skip::SiteOrDepartmentExcluded, Skip::TooLate] {
            assert_eq!(reason_in_words(skip.as_str()), Some(skip_in_words(skip)));
        }
        for review in [Review::UnknownService, Review::NoCommonHours] {
            assert_eq!(reason_in_words(review.as_str()), Some(review_in_words(review)));
        }
        assert_eq!(reason_in_words("visit_gone"), None);
    }
}
