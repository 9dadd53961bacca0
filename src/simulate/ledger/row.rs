//! A line of the feed, read by its places as `day::rows` writes them: by the published format, and not by intake.

use crate::core::domain::PhoneNumber;
use chrono::{DateTime, Utc};

const APPOINTMENT: usize = 0;
const PATIENT: usize = 1;
const PHONES: [usize; 2] = [5, 6];
const START: usize = 8;
const SERVICE: usize = 10;
const SITE: usize = 12;
const STATUS: usize = 13;
const ESTABLISHED: usize = 14;
const OPT_OUT: usize = 16;
const UPDATED: usize = 18;

/// One line of a native CSV.
#[derive(Debug)]
pub(in crate::simulate) struct FeedLine<'a>(Vec<&'a str>);

impl<'a> FeedLine<'a> {
    /// Takes a line apart. No field of a simulated day holds a comma.
    pub fn read(line: &'a str) -> FeedLine<'a> {
        FeedLine(line.trim().split(',').collect())
    }

    fn field(&self, place: usize) -> &'a str {
        self.0.get(place).copied().unwrap_or_default()
    }

    /// The booking.
    pub fn appointment(&self) -> &'a str {
        self.field(APPOINTMENT)
    }

    /// Whose.
    pub fn patient(&self) -> &'a str {
        self.field(PATIENT)
    }

    /// The patient's telephones, as far as they can be read.
    pub fn phones(&self) -> impl Iterator<Item = PhoneNumber> {
        PHONES.into_iter().filter_map(|place| PhoneNumber::parse(self.field(place)).ok())
    }

    /// When the patient must be there, as it is written.
    pub fn start_text(&self) -> &'a str {
        self.field(START)
    }

    /// The same, as a moment.
    pub fn start(&self) -> Option<DateTime<Utc>> {
        self.field(START).parse().ok()
    }

    /// The class of service; empty where nobody knows.
    pub fn service(&self) -> &'a str {
        self.field(SERVICE)
    }

    /// Where.
    pub fn site(&self) -> &'a str {
        self.field(SITE)
    }

    /// Where it stands.
    pub fn status(&self) -> &'a str {
        self.field(STATUS)
    }

    /// Whether the patient was here before.
    pub fn is_established(&self) -> bool {
        self.field(ESTABLISHED) == "yes"
    }

    /// Whether the patient opts out.
    pub fn opts_out(&self) -> bool {
        self.field(OPT_OUT) == "yes"
    }

    /// Its last edit.
    pub fn updated(&self) -> Option<DateTime<Utc>> {
        self.field(UPDATED).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Day, DaySettings, Happening, Updated};

    #[test]
    fn every_row_that_a_day_writes_is_read_as_it_was_meant() {
        let day = Day::drawn(3, &DaySettings::default());
        let batches =
            day.happenings.iter().filter_map(|(_, it)| if let Happening::Feed(batch) = it { Some(batch) } else { None });
        let mut rows = 0;
        for batch in batches {
            let csv = day.csv(batch, day.start);
            for (line, row) in csv.lines().skip(1).zip(&batch.rows) {
                let read = FeedLine::read(line);
                assert_eq!((read.appointment(), read.patient(), read.site()), (&*row.appointment, &*row.patient, row.site));
                assert_eq!((read.service(), read.status(), read.opts_out()), (row.service, row.status, row.opt_out));
                assert_eq!((read.start(), read.is_established()), (Some(row.start), row.established));
                if let Updated::At(updated) = row.updated {
                    assert_eq!(read.updated().map(|at| at.timestamp()), Some(updated.timestamp()));
                }
                let person = day.person(&row.patient).expect("a patient of the day");
                assert_eq!(read.phones().next().as_ref(), person.phone());
                rows += 1;
            }
        }
        assert!(rows > 40);
    }
}
