//! The script of calls to our number: what is said until somebody has shown who they are.

use super::check;
use super::draft::Said;
use super::file::Reader;
use super::tables::{IncomingFile, LIMITS, Words};
use crate::core::call::{IncomingScript, Key, Segment, Slot, keys_told};
use crate::fault::Fault;
use toml::Spanned;

impl Reader {
    /// What the file says, and what the law and the machine ask of it.
    pub(super) fn incoming(&mut self, name: &str) -> Result<IncomingScript, Fault> {
        let file: IncomingFile = self.toml()?;
        if let Some(extends) = file.extends {
            let message = "extends: of kind incoming a script takes nothing from another: leave it out";
            self.fault_at(extends.span().start, "wrong_kind", message);
        }
        let welcome = self.part("welcome", file.welcome);
        let birthday = self.part("birthday", file.birthday);
        let wrong = self.part("wrong", file.wrong);
        let office = self.part("office", file.office);
        let office_withheld = self.part("office_withheld", file.office_withheld);
        let opted_out = self.part("opted_out", file.opted_out);
        let goodbye = self.part("goodbye", file.goodbye);
        let parts = [
            ("welcome", &welcome, false),
            ("birthday", &birthday, true),
            ("wrong", &wrong, false),
            ("office", &office, true),
            ("office_withheld", &office_withheld, false),
            ("opted_out", &opted_out, false),
            ("goodbye", &goodbye, false),
        ];
        for (key, said, offers_nine) in parts {
            self.faults.extend(check::where_no_call_is_known(key, said));
            self.faults.extend(keys(key, said, offers_nine));
        }
        self.faults.extend(who_answers_first(&welcome));
        for (key, said) in [("office", &office), ("office_withheld", &office_withheld)] {
            if !said.segments.is_empty() && !said.segments.contains(&Segment::Slot(Slot::CallbackNumber)) {
                let message = format!("{key}: whom to call is not said: want the place {{callback_number}}");
                self.faults.push(said.fault("no_number", message));
            }
        }
        let key_timeout_s = self.seconds("limits.key_timeout_s", file.limits.key_timeout_s);
        let long_timeout_s = self.seconds("limits.long_timeout_s", file.limits.long_timeout_s);
        Ok(IncomingScript {
            name: name.to_string(),
            welcome: welcome.segments,
            birthday: birthday.segments,
            wrong: wrong.segments,
            office: office.segments,
            office_withheld: office_withheld.segments,
            opted_out: opted_out.segments,
            goodbye: goodbye.segments,
            key_timeout_s,
            long_timeout_s,
        })
    }

    fn part(&mut self, key: &'static str, words: Words) -> Said {
        match words {
            Some(words) => self.said(key, words),
            None => self.missing(key),
        }
    }

    fn seconds(&mut self, key: &'static str, given: Option<Spanned<u32>>) -> u32 {
        let limit = LIMITS.into_iter().find(|(known, ..)| *known == key).unwrap_or((key, 2, 60));
        match given {
            Some(number) => self.number(limit, number),
            None => {
                let message = format!("`{key}` is missing: want a whole number from {} to {}", limit.1, limit.2);
                self.faults.push(self.source.fault_in("limits", "missing_key", message));
                limit.1
            }
        }
    }
}

/// The organization is said before anything else, after one phrase at most (L-04).
fn who_answers_first(welcome: &Said) -> Option<Fault> {
    let at = welcome.segments.iter().position(|segment| *segment == Segment::Slot(Slot::Organization));
    let message = "welcome: {organization} comes first (L-04): one phrase at most stands before";
    (!welcome.segments.is_empty() && at.is_none_or(|at| at > 1)).then(|| welcome.fault("who_calls_first", message))
}

/// Key 9 alone means something in these calls: it is told where it can be pressed, and no other is told of.
fn keys(key: &str, said: &Said, offers_nine: bool) -> Vec<Fault> {
    let nine = Key::new('9');
    let mut faults = Vec::new();
    let mut told_of_nine = false;
    for (phrase, place) in said.phrases() {
        for told in keys_told(phrase) {
            told_of_nine |= Some(told) == nine;
            if Some(told) != nine || !offers_nine {
                let message = format!("`{phrase}` tells of key {told}, which means nothing here: say another phrase");
                faults.push(place.fault("key_without_meaning", message));
            }
        }
    }
    if offers_nine && !told_of_nine && !said.segments.is_empty() {
        let message = format!("{key}: the way to stop our calls is not offered (L-17): want a phrase whose name ends in -9");
        faults.push(said.fault("opt_out_not_offered", message));
    }
    faults
}
