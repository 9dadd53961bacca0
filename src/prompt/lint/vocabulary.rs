//! What a grammar makes of every date, every time of day and every count there can be: once for a language, whatever is
//! recorded of it.

use crate::core::ids::PhraseId;
use crate::prompt::Grammar;
use chrono::{Datelike, NaiveDate, NaiveTime};
use std::collections::HashMap;

/// The ways to say one value, the longest recordings first; phrases by their place in [`Vocabulary::ids`].
pub(super) type Ways = Vec<Vec<usize>>;

/// No day holds more appointments of one patient.
const MOST_APPOINTMENTS: u32 = 30;

/// Every value that a call can hold, in phrases.
pub(super) struct Vocabulary {
    pub ids: Vec<PhraseId>,
    /// 366 days, each on every weekday.
    pub days: Vec<Ways>,
    /// 1,440 minutes.
    pub times: Vec<Ways>,
    /// One appointment, which only a script without words for several counts.
    pub one: Vec<Ways>,
    /// Two appointments and more.
    pub several: Vec<Ways>,
}

impl Vocabulary {
    pub fn of(grammar: &Grammar) -> Vocabulary {
        let times = (0..1_440).filter_map(|n| NaiveTime::from_hms_opt(n / 60, n % 60, 0));
        Vocabulary::with(grammar, every_day(), times, 2..=MOST_APPOINTMENTS)
    }

    /// Of these values alone.
    pub fn with(
        grammar: &Grammar,
        days: impl IntoIterator<Item = NaiveDate>,
        times: impl IntoIterator<Item = NaiveTime>,
        counts: impl IntoIterator<Item = u32>,
    ) -> Vocabulary {
        let mut known = Known::default();
        let days = days.into_iter().map(|day| known.ways(grammar.date(day))).collect();
        let times = times.into_iter().map(|time| known.ways(grammar.time(time))).collect();
        let one = vec![known.ways(grammar.count(1))];
        let several = counts.into_iter().map(|count| known.ways(grammar.count(count))).collect();
        Vocabulary { ids: known.ids, days, times, one, several }
    }
}

/// Phrases by number.
#[derive(Default)]
struct Known {
    ids: Vec<PhraseId>,
    numbers: HashMap<PhraseId, usize>,
}

impl Known {
    fn ways(&mut self, ways: Vec<Vec<PhraseId>>) -> Ways {
        ways.into_iter().map(|way| way.into_iter().map(|id| self.number(id)).collect()).collect()
    }

    fn number(&mut self, id: PhraseId) -> usize {
        if let Some(number) = self.numbers.get(&id) {
            return *number;
        }
        self.ids.push(id.clone());
        self.numbers.insert(id, self.ids.len() - 1);
        self.ids.len() - 1
    }
}

/// A day for every date of a leap year on every weekday: the calendar repeats after 28 years.
fn every_day() -> Vec<NaiveDate> {
    let mut met = [false; 12 * 31 * 7];
    let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    let mut new = |day: &NaiveDate| {
        let at = (day.month0() * 31 + day.day0()) * 7 + day.weekday().num_days_from_monday();
        !std::mem::replace(&mut met[at as usize], true)
    };
    first.iter_days().take_while(|day| day.year() < 2028).filter(|day| new(day)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::TestPack;

    #[test]
    fn every_date_stands_there_on_every_weekday() {
        assert_eq!(every_day().len(), 366 * 7);
        let vocabulary = Vocabulary::of(&TestPack::english().load().grammar);
        assert_eq!((vocabulary.days.len(), vocabulary.times.len(), vocabulary.several.len()), (366 * 7, 1_440, 29));
        let said = |way: &Vec<usize>| way.iter().map(|n| vocabulary.ids[*n].as_str()).collect::<Vec<_>>().join(" ");
        assert_eq!(said(&vocabulary.days[0][1]), "weekday/sat month/01 day/01");
        assert_eq!(said(&vocabulary.times[0][0]), "time/12-00-am");
        assert_eq!(said(&vocabulary.several[28][0]), "count/many");
    }
}
