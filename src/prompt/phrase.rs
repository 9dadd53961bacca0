//! What a step says, as phrases of a language: the longest recordings first, the falling form at the end of a sentence.

use super::{Missing, Pack};
use crate::core::call::Utterance;
use crate::core::ids::PhraseId;

impl Pack {
    /// The phrases of what is said, in order. The same words always give the same phrases.
    ///
    /// # Errors
    /// Names every phrase that is not recorded, each once.
    pub fn phrases(&self, say: &[Utterance]) -> Result<Vec<PhraseId>, Missing> {
        let parts: Vec<Vec<PhraseId>> = say.iter().map(|utterance| self.part(utterance)).collect();
        let mut missing: Vec<PhraseId> = Vec::new();
        for id in parts.iter().flatten() {
            if self.phrase(id).is_none() && !missing.contains(id) {
                missing.push(id.clone());
            }
        }
        if !missing.is_empty() {
            return Err(Missing { language: self.language.clone(), phrases: missing });
        }
        let mut phrases = Vec::with_capacity(parts.iter().map(Vec::len).sum());
        for (n, part) in parts.iter().enumerate() {
            phrases.extend_from_slice(part);
            let next = parts.get(n + 1).and_then(|next| next.first()).and_then(|id| self.phrase(id));
            if next.is_none_or(|next| next.opens_sentence)
                && let Some(last) = phrases.last_mut()
            {
                let falling = PhraseId::new(format!("{last}.end"));
                if self.phrase(&falling).is_some() {
                    *last = falling;
                }
            }
        }
        Ok(phrases)
    }

    /// The phrases of one utterance; at least one, recorded or not.
    fn part(&self, utterance: &Utterance) -> Vec<PhraseId> {
        match utterance {
            Utterance::Phrase(id) => vec![id.clone()],
            Utterance::Organization => vec![PhraseId::from("org/name")],
            Utterance::Site(site) => vec![PhraseId::new(format!("site/{site}"))],
            Utterance::AtSite(site) => vec![PhraseId::new(format!("at-site/{site}"))],
            Utterance::Number(number) => self.grammar.number(number),
            Utterance::Day(day) => self.recorded_way(self.grammar.date(*day)),
            Utterance::Time(time) => self.recorded_way(self.grammar.time(*time)),
            Utterance::Count(count) => self.recorded_way(self.grammar.count(*count)),
        }
    }

    /// The first way that is recorded in full; else the last, whose phrases are the smallest set to record.
    fn recorded_way(&self, mut ways: Vec<Vec<PhraseId>>) -> Vec<PhraseId> {
        let whole = ways.iter().position(|way| way.iter().all(|id| self.phrase(id).is_some()));
        let chosen = whole.or(ways.len().checked_sub(1));
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
            let phrases = pack.phrases(&words).unwrap_or_else(|missing| panic!("{name}: {missing}"));
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
            pack.phrases(say).expect("recorded").iter().map(PhraseId::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(&[day("2027-03-23"), time("14:30")]), "weekday/tue date/03-23 time/02-30-pm.end");
        assert_eq!(found(&[day("2027-03-24"), time("14:31")]), "weekday/wed month/03 day/24 hour/02 minute/31 ampm/pm.end");
    }

    #[test]
    fn what_is_missing_is_named_once_with_its_language() {
        let pack = TestPack::english().without("month/12").without("digit/0.end").load();
        let number = Utterance::Number(PhoneNumber::parse("+16175550100").expect("a number"));
        let words = [day("2026-12-01"), day("2026-12-02"), say("say/nothing"), Utterance::AtSite("mars".into()), number];
        let missing = pack.phrases(&words).expect_err("four phrases are missing");
        let want = "en-US has no recording of `month/12`, `say/nothing`, `at-site/mars`, `digit/0.end`";
        assert_eq!(missing.to_string(), want);
        let many = pack.phrases(&[Utterance::Count(12)]).expect_err("no phrase for many");
        assert_eq!(many.phrases, [PhraseId::from("count/many")]);
    }
}
