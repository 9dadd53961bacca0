//! A failing day with everything taken out of it that it fails without: fewer patients, fewer happenings, fewer faults.

use super::day::{Day, Happening, Rates, When};
use crate::carrier::simulator::{Fault, FaultList};
use std::collections::BTreeSet;

/// After so many tries what is left is small enough.
const MOST_TRIES: usize = 400;

/// Takes out of a day what it fails without. `fails` plays a day and says whether it still fails the same way.
pub fn shrink(day: &Day, fails: impl FnMut(&Day) -> bool) -> Day {
    let mut shrinking = Shrinking { day: day.clone(), fails, tries: 0 };
    loop {
        let before = shrinking.day.clone();
        shrinking.patients();
        shrinking.happenings();
        shrinking.rates();
        shrinking.replicas();
        if shrinking.day == before || shrinking.tries >= MOST_TRIES {
            return shrinking.day;
        }
    }
}

struct Shrinking<F> {
    day: Day,
    fails: F,
    tries: usize,
}

impl<F: FnMut(&Day) -> bool> Shrinking<F> {
    /// Keeps a smaller day if it fails, too.
    fn offer(&mut self, smaller: Day) -> bool {
        if smaller == self.day || self.tries >= MOST_TRIES {
            return false;
        }
        self.tries += 1;
        let fails = (self.fails)(&smaller);
        if fails {
            self.day = smaller;
        }
        fails
    }

    /// Takes pieces out, large ones first: each leaves the rest as it is.
    fn pieces(&mut self, count: impl Fn(&Day) -> usize, without: impl Fn(&Day, std::ops::Range<usize>) -> Day) {
        let mut size = count(&self.day).div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < count(&self.day) {
                let piece = from..(from + size).min(count(&self.day));
                let smaller = without(&self.day, piece);
                if !self.offer(smaller) {
                    from += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }

    fn patients(&mut self) {
        self.pieces(
            |day| day.people.len(),
            |day, out| {
                let out: BTreeSet<String> = day.people[out].iter().map(|person| person.id.clone()).collect();
                without_patients(day, &out)
            },
        );
    }

    fn happenings(&mut self) {
        self.pieces(
            |day| day.happenings.len(),
            |day, out| {
                let mut smaller = day.clone();
                smaller.happenings.drain(out);
                smaller
            },
        );
    }

    fn rates(&mut self) {
        self.offer(Day { rates: Rates::default(), ..self.day.clone() });
        self.offer(Day { rates: Rates { network: FaultList::default(), ..self.day.rates.clone() }, ..self.day.clone() });
        for (fault, ..) in Fault::TABLE {
            let mut smaller = self.day.clone();
            smaller.rates.network = smaller.rates.network.with(*fault, 0.0);
            self.offer(smaller);
        }
        let ours: [fn(&mut Rates) -> &mut f64; 5] = [
            |rates| &mut rates.store_slow,
            |rates| &mut rates.commit_fails,
            |rates| &mut rates.commit_unheard,
            |rates| &mut rates.killed_at_commit,
            |rates| &mut rates.killed_at_send,
        ];
        for rate in ours {
            let mut smaller = self.day.clone();
            *rate(&mut smaller.rates) = 0.0;
            self.offer(smaller);
        }
    }

    fn replicas(&mut self) {
        self.offer(Day { replicas: 1, ..self.day.clone() });
    }
}

/// The same day, at which these patients never were.
fn without_patients(day: &Day, out: &BTreeSet<String>) -> Day {
    let mut smaller = day.clone();
    smaller.people.retain(|person| !out.contains(&person.id));
    smaller.happenings.retain_mut(|(when, happening)| {
        let waits = matches!(when, When::On { patient, .. } if out.contains(patient));
        let is_theirs = match happening {
            Happening::Feed(batch) => {
                batch.rows.retain(|row| !out.contains(&row.patient));
                batch.rows.is_empty()
            }
            Happening::OptOut(patient) | Happening::CallsIn { patient, .. } => out.contains(patient),
            _ => false,
        };
        !waits && !is_theirs
    });
    smaller
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::day::DaySettings;

    #[test]
    fn what_a_failure_needs_is_what_is_left() {
        let day = Day::drawn(4, &DaySettings::default());
        let wanted = day.people[17].id.clone();
        let fails = |day: &Day| {
            let is_fed = day.rows().any(|row| row.patient == wanted);
            is_fed && day.rates.network.to_string().contains("webhook") | day.rates.network.to_string().contains("status")
        };
        assert!(fails(&day), "the day fails to begin with");
        let small = shrink(&day, fails);
        assert_eq!(small.people.iter().map(|person| &person.id).collect::<Vec<_>>(), [&wanted]);
        assert_eq!(small.happenings.len(), 1, "{:?}", small.happenings);
        assert_eq!(small.rates.network.to_string().split(',').count(), 1);
        assert_eq!((small.rates.store_slow, small.rates.killed_at_send, small.replicas), (0.0, 0.0, 1));
    }

    #[test]
    fn a_day_that_needs_everything_stays_as_it_is() {
        let day = Day::drawn(4, &DaySettings::default());
        assert_eq!(shrink(&day, |smaller| *smaller == day), day);
    }
}
