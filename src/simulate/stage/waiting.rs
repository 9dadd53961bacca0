//! What waits for a call of a patient to get somewhere: the first one that does, or the second.

use crate::core::ids::{AttemptId, PatientId};
use crate::simulate::day::{Day, Moment, When};
use std::collections::BTreeMap;

/// What waits, by whose call and where it must get.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Waiting(BTreeMap<(String, Moment), Place>);

#[derive(Debug, Default)]
struct Place {
    /// Which calls have been here.
    calls: Vec<AttemptId>,
    /// What happens when so many have, by its place in the day.
    due: Vec<(u32, usize)>,
}

impl Waiting {
    /// What waits on a day.
    pub fn of(day: &Day) -> Waiting {
        let mut waiting = Waiting::default();
        for (place, (when, _)) in day.happenings.iter().enumerate() {
            if let When::On { patient, moment, nth } = when {
                waiting.add(patient, *moment, *nth, place);
            }
        }
        waiting
    }

    /// Lets a happening wait for the `nth` call of a patient that gets there.
    fn add(&mut self, patient: &str, moment: Moment, nth: u32, happening: usize) {
        self.0.entry((patient.to_string(), moment)).or_default().due.push((nth, happening));
    }

    /// A call is there: what waited for it. A call that is there again, as one that was given back and is leased anew or in
    /// which a second key is pressed, counts once.
    pub fn reached(&mut self, patient: &PatientId, attempt: &AttemptId, moment: Moment) -> Vec<usize> {
        let Some(place) = self.0.get_mut(&(patient.as_str().to_string(), moment)) else { return Vec::new() };
        if place.calls.contains(attempt) {
            return Vec::new();
        }
        place.calls.push(attempt.clone());
        let is_due = |nth: u32| nth as usize == place.calls.len();
        place.due.iter().filter(|(nth, _)| is_due(*nth)).map(|(_, happening)| *happening).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_call_is_another_one() {
        let (patient, first, second) = (PatientId::new("MRN1"), AttemptId::from("a"), AttemptId::from("b"));
        let mut waiting = Waiting::default();
        waiting.add("MRN1", Moment::Leased, 1, 10);
        waiting.add("MRN1", Moment::Leased, 2, 20);
        waiting.add("MRN1", Moment::Keyed, 1, 30);
        let mut reached = |attempt: &AttemptId| waiting.reached(&patient, attempt, Moment::Leased);
        assert_eq!(reached(&first), [10]);
        assert!(reached(&first).is_empty(), "leased anew, it is the same call");
        assert_eq!(reached(&second), [20]);
        assert!(reached(&AttemptId::from("c")).is_empty());
        assert!(waiting.reached(&PatientId::new("MRN2"), &first, Moment::Keyed).is_empty(), "somebody else's call");
        assert_eq!(waiting.reached(&patient, &second, Moment::Keyed), [30], "the first that gets so far");
    }
}
