//! What a step says, as phrases of a language: the longest recordings first, in the form that suits listener, pace and
//! place in the sentence.

use super::Manner;
use super::form::FormId;
use super::manner::forms;
use crate::core::call::Utterance;
use crate::core::ids::PhraseId;
use crate::prompt::{Missing, Pack};

impl Pack {
    /// The phrases of what is said, in order. The same words said in the same manner always give the same phrases.
    ///
    /// # Errors
    /// Names every phrase that is not recorded, each once.
    pub fn phrases(&self, say: &[Utterance], manner: Manner) -> Result<Vec<PhraseId>, Missing> {
        let mut phrases: Vec<(PhraseId, Manner)> = Vec::with_capacity(say.len() * 2);
        // The last phrase of every utterance may end a sentence.
        let mut lasts = Vec::with_capacity(say.len());
        let mut missing: Vec<PhraseId> = Vec::new();
        for utterance in say {
            let part = self.part(utterance, manner);
            let manner = Manner { slow: manner.slow && self.slowly(&part), ..manner };
            for id in part {
                if !self.is_recorded(&id) && !missing.contains(&id) {
                    missing.push(id.clone());
                }
                phrases.push((id, manner));
            }
            lasts.push(phrases.len().saturating_sub(1));
        }
        if !missing.is_empty() {
            return Err(Missing { language: self.language.clone(), phrases: missing });
        }
        let going_on: Vec<PhraseId> = phrases.iter().map(|(id, manner)| self.form(id, *manner, false)).collect();
        let opens = |id: &PhraseId| self.phrase(id).is_none_or(|phrase| phrase.opens_sentence);
        let chosen = phrases.iter().enumerate().map(|(n, (id, manner))| {
            let ends = lasts.contains(&n) && going_on.get(n + 1).is_none_or(opens);
            if ends { self.form(id, *manner, true) } else { going_on[n].clone() }
        });
        Ok(chosen.collect())
    }

    /// Whether phrases that belong together can be said slowly: all of them, or a date would change its pace half-way.
    pub(in crate::prompt) fn slowly(&self, ids: &[PhraseId]) -> bool {
        ids.iter().all(|id| self.phrase(&FormId { slow: true, ..FormId::of(id) }.to_id()).is_some())
    }

    /// Whether a phrase can be said at any place of a sentence, in the plain manner at least.
    pub(in crate::prompt) fn is_recorded(&self, id: &PhraseId) -> bool {
        [true, false].into_iter().all(|ends| self.recorded_form(id, Manner::default(), ends).is_some())
    }

    /// The recording that is played for a phrase at the end of a sentence, or inside one.
    pub(in crate::prompt) fn recorded_form(&self, id: &PhraseId, manner: Manner, ends: bool) -> Option<PhraseId> {
        forms(id, manner, ends).find(|form| self.phrase(form).is_some())
    }

    fn form(&self, id: &PhraseId, manner: Manner, ends: bool) -> PhraseId {
        self.recorded_form(id, manner, ends).unwrap_or_else(|| id.clone())
    }

    /// The phrases of one utterance; at least one, recorded or not.
    fn part(&self, utterance: &Utterance, manner: Manner) -> Vec<PhraseId> {
        match utterance {
            Utterance::Phrase(id) => vec![id.clone()],
            Utterance::Organization => vec![PhraseId::from("org/name")],
            Utterance::Site(site) => vec![PhraseId::new(format!("site/{site}"))],
            Utterance::AtSite(site) => vec![PhraseId::new(format!("at-site/{site}"))],
            Utterance::Number(number) => self.grammar.number(number),
            Utterance::Day(day) => self.recorded_way(self.grammar.date(*day), manner),
            Utterance::Time(time) => self.recorded_way(self.grammar.time(*time), manner),
            Utterance::Count(count) => self.recorded_way(self.grammar.count(*count), manner),
        }
    }

    /// The first way that is recorded in full, for a slow step preferably in slow recordings; else the last way, whose
    /// phrases are the smallest set to record.
    fn recorded_way(&self, mut ways: Vec<Vec<PhraseId>>, manner: Manner) -> Vec<PhraseId> {
        let recorded = |way: &Vec<PhraseId>| way.iter().all(|id| self.is_recorded(id));
        let all_slow = ways.iter().position(|way| manner.slow && recorded(way) && self.slowly(way));
        let whole = || ways.iter().position(recorded);
        let chosen = all_slow.or_else(whole).or(ways.len().checked_sub(1));
        chosen.map(|n| ways.swap_remove(n)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::domain::PhoneNumber;
    use crate::prompt::testpack::TestPack;
    use chrono::{NaiveDate, NaiveTime};

    fn day(text: &str) -> Utterance {
        Utterance::Day(text.parse::<NaiveDate>().expect("a day"))
    }

    fn time(text: &str) -> Utterance {
        Utterance::Time(NaiveTime::parse_from_str(text, "%H:%M").expect("a time"))
    }

    fn say(id: &str) -> Utterance {
        Utterance::Phrase(id.into())
    }

    #[test]
    fn words_to_phrases() {
        let pack = TestPack::english().load();
        let number = Utterance::Number(PhoneNumber::parse("+16175550100").expect("a number"));
        let (tuesday, half_past) = (day("2026-12-01"), time("14:30"));
        for (name, words, want) in [
            (
                "who calls",
                vec![say("say/hello"), Utterance::Organization, say("say/at-number"), number],
                "say/hello org/name say/at-number digit/6 digit/1 digit/7.group digit/5 digit/5 digit/5.group digit/0 digit/1 \
                 digit/0 digit/0.end",
            ),
            (
                "the sentence goes on after the time",
                vec![say("say/appointment"), tuesday.clone(), half_past.clone(), Utterance::AtSite("boston".into())],
                "say/appointment weekday/tue month/12 day/01 hour/02 minute/30 ampm/pm at-site/boston",
            ),
            (
                "the time ends its sentence",
                vec![say("say/appointment"), tuesday.clone(), half_past.clone(), say("say/thank-you")],
                "say/appointment weekday/tue month/12 day/01 hour/02 minute/30 ampm/pm.end say/thank-you",
            ),
            ("the time ends everything", vec![say("say/first-is"), time("09:00")], "say/first-is hour/09 ampm/am.end"),
            (
                "a read-back goes on",
                vec![say("say/your-appointment"), tuesday, half_past, say("say/is-confirmed")],
                "say/your-appointment weekday/tue month/12 day/01 hour/02 minute/30 ampm/pm say/is-confirmed",
            ),
            (
                "several appointments at a closed site",
                vec![Utterance::Count(3), Utterance::Site("denver".into()), say("say/is-closed")],
                "count/3 site/denver say/is-closed",
            ),
        ] {
            let phrases = pack.phrases(&words, Manner::default()).unwrap_or_else(|missing| panic!("{name}: {missing}"));
            let found: Vec<_> = phrases.iter().map(PhraseId::as_str).collect();
            assert_eq!(found.join(" "), want, "{name}");
        }
    }

    #[test]
    fn the_longest_recording_is_taken_where_it_exists() {
        let pack = TestPack::english()
            .with("date/03-23", "March twenty third,")
            .with("time/02-30-pm", "at two thirty P M,")
            .with("time/02-30-pm.end", "at two thirty P M.")
            .load();
        let found = |say: &[Utterance]| {
            pack.phrases(say, Manner::default()).expect("recorded").iter().map(PhraseId::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(&[day("2027-03-23"), time("14:30")]), "weekday/tue date/03-23 time/02-30-pm.end");
        assert_eq!(found(&[day("2027-03-24"), time("14:31")]), "weekday/wed month/03 day/24 hour/02 minute/31 ampm/pm.end");
    }

    #[test]
    fn what_is_missing_is_named_once_with_its_language() {
        let pack = TestPack::english().without("month/12").without("digit/0.end").load();
        let number = Utterance::Number(PhoneNumber::parse("+16175550100").expect("a number"));
        let words = [day("2026-12-01"), day("2026-12-02"), say("say/nothing"), Utterance::AtSite("mars".into()), number];
        let missing = pack.phrases(&words, Manner::default()).expect_err("four phrases are missing");
        let want = "en-US has no recording of `month/12`, `say/nothing`, `at-site/mars`, `digit/0.end`";
        assert_eq!(missing.to_string(), want);
        let many = pack.phrases(&[Utterance::Count(12)], Manner::default()).expect_err("no phrase for many");
        assert_eq!(many.phrases, [PhraseId::from("count/many")]);
    }

    #[test]
    fn the_form_follows_listener_pace_and_place() {
        let pack = TestPack::english()
            .with("say/appointment.guardian", "A patient in your care has an appointment")
            .with("slow/day/01", "first,")
            .with("slow/day/01.end", "first.")
            .with("slow/month/12", "December")
            .with("slow/weekday/tue", "on Tuesday,")
            .with("slow/say/appointment", "You have an appointment")
            .with("day/02.mid", "second,")
            .with("day/02.end", "second.")
            .without("day/02")
            .load();
        let found = |words: &[Utterance], guardian: bool, slow: bool| {
            let phrases = pack.phrases(words, Manner { guardian, slow }).expect("recorded");
            phrases.iter().map(PhraseId::to_string).collect::<Vec<_>>().join(" ")
        };
        let words = [say("say/appointment"), day("2026-12-01")];
        for (guardian, slow, want) in [
            (false, false, "say/appointment weekday/tue month/12 day/01"),
            (true, false, "say/appointment.guardian weekday/tue month/12 day/01"),
            (false, true, "slow/say/appointment slow/weekday/tue slow/month/12 slow/day/01.end"),
            (true, true, "say/appointment.guardian slow/weekday/tue slow/month/12 slow/day/01.end"),
        ] {
            assert_eq!(found(&words, guardian, slow), want, "guardian {guardian}, slow {slow}");
        }
        assert_eq!(found(&[day("2026-12-02")], false, false), "weekday/wed month/12 day/02.end");
        let other = "weekday/wed month/12 day/02.end";
        assert_eq!(found(&[day("2026-12-02")], false, true), other, "a date does not change its pace half-way");
        assert_eq!(
            found(&[day("2026-12-02"), time("09:00")], false, false),
            "weekday/wed month/12 day/02.mid hour/09 ampm/am.end"
        );
    }
}
