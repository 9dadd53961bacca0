//! Is a pack complete for what the scripts say and where the hospital is? Found by `check`, not in a call.

use crate::core::call::Utterance;
use crate::core::ids::{PhraseId, SiteKey};
use crate::fault::Fault;
use crate::prompt::{Manner, Pack};
use chrono::{NaiveDate, NaiveTime};
use std::collections::{BTreeMap, BTreeSet};

/// What one script can say: sequences of utterances, each a piece that is said in one go.
#[derive(Debug, Clone)]
pub struct ScriptWords {
    /// The script's name.
    pub script: String,
    /// Its pieces, with any day, time, count and number in their places: every other one is tried as well.
    pub says: Vec<Vec<Utterance>>,
}

/// The names of the configuration that a pack must speak.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The organization's name.
    pub organization: String,
    /// Every site with its name.
    pub sites: Vec<(SiteKey, String)>,
}

/// Who needs a missing phrase, in the words of the message.
type Needs = BTreeMap<PhraseId, BTreeSet<String>>;

/// Names every phrase to record: what the scripts say on any date, at any time, with any count and number, and the names of
/// organization and sites; and every name whose recorded words differ from the configuration.
pub fn check_pack(pack: &Pack, scripts: &[ScriptWords], names: &Names) -> Vec<Fault> {
    let mut needs = Needs::new();
    for ScriptWords { script, says } in scripts {
        let wanted = format!("the script {script}");
        let mut utterances: Vec<&Utterance> = says.iter().flatten().collect();
        utterances.sort_by_key(|utterance| kind(utterance));
        utterances.dedup_by_key(|utterance| kind(utterance));
        let spoken = says.iter().filter_map(|say| pack.phrases(say, Manner::default()).err()).flat_map(|missing| missing.phrases);
        let ever = utterances.into_iter().flat_map(|utterance| missing_of_kind(pack, utterance));
        for id in spoken.chain(ever) {
            needs.entry(id).or_default().insert(wanted.clone());
        }
    }
    let mut faults = Vec::new();
    let organization =
        [(PhraseId::from("org/name"), names.organization.as_str(), Match::Whole, "[organization] name".to_string())];
    let sites = names.sites.iter().flat_map(|(key, name)| {
        let place = format!("[sites.{key}] name");
        [("site", Match::Whole), ("at-site", Match::End)]
            .map(|(group, matching)| (PhraseId::new(format!("{group}/{key}")), name.as_str(), matching, place.clone()))
    });
    for (id, name, matching, place) in organization.into_iter().chain(sites) {
        match pack.phrase(&id) {
            None => drop(needs.entry(id).or_default().insert(format!("the configuration ({place} = \"{name}\")"))),
            Some(phrase) if matching.holds(&phrase.text, name) => {}
            Some(phrase) => faults.push(text_differs(pack, &id, &phrase.text, name, &place)),
        }
    }
    faults.splice(0..0, needs.into_iter().map(|(id, wanted)| missing_phrase(pack, &id, &wanted)));
    faults
}

/// Every missing phrase that an utterance of this kind can need, whatever its date, time, count or number.
fn missing_of_kind(pack: &Pack, utterance: &Utterance) -> Vec<PhraseId> {
    let missing =
        |say: Utterance| pack.phrases(&[say], Manner::default()).err().map(|missing| missing.phrases).unwrap_or_default();
    match utterance {
        // A leap year has every day of every month, and each weekday.
        Utterance::Day(_) => {
            (1..=366).filter_map(|n| NaiveDate::from_yo_opt(2028, n)).flat_map(|day| missing(Utterance::Day(day))).collect()
        }
        Utterance::Time(_) => (0..1_440)
            .filter_map(|n| NaiveTime::from_hms_opt(n / 60, n % 60, 0))
            .flat_map(|time| missing(Utterance::Time(time)))
            .collect(),
        Utterance::Count(_) => (2..=10).flat_map(|count| missing(Utterance::Count(count))).collect(),
        Utterance::Number(_) => pack.grammar.digits().filter(|id| pack.phrase(id).is_none()).collect(),
        Utterance::Phrase(_) | Utterance::Organization | Utterance::Site(_) | Utterance::AtSite(_) => Vec::new(),
    }
}

/// Utterances of one kind need the same phrases over all dates, times, counts and numbers.
fn kind(utterance: &Utterance) -> u8 {
    match utterance {
        Utterance::Day(_) => 1,
        Utterance::Time(_) => 2,
        Utterance::Count(_) => 3,
        Utterance::Number(_) => 4,
        Utterance::Phrase(_) | Utterance::Organization | Utterance::Site(_) | Utterance::AtSite(_) => 0,
    }
}

fn missing_phrase(pack: &Pack, id: &PhraseId, wanted: &BTreeSet<String>) -> Fault {
    let who = wanted.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (language, verb) = (&pack.language, if wanted.len() == 1 { "needs" } else { "need" });
    let message =
        format!("{language} {id}: not recorded, and {who} {verb} it; record {id}.wav and give it a line in phrases.tsv");
    Fault::of_file(&pack.folder.join("phrases.tsv"), "missing_phrase", message)
}

fn text_differs(pack: &Pack, id: &PhraseId, text: &str, name: &str, place: &str) -> Fault {
    let language = &pack.language;
    let message =
        format!("{language} {id}: the recording says \"{text}\", {place} is \"{name}\"; record it again, or correct the name");
    Fault::of_file(&pack.folder.join("phrases.tsv"), "text_differs", message)
}

/// How recorded words are compared with a name.
#[derive(Clone, Copy)]
enum Match {
    /// The words are the name.
    Whole,
    /// The words end with the name ("at Longwood.").
    End,
}

impl Match {
    fn holds(self, text: &str, name: &str) -> bool {
        let (text, name) = (plain_words(text), plain_words(name));
        match self {
            Match::Whole => text == name,
            Match::End => text.ends_with(&name),
        }
    }
}

/// Words without case and punctuation; `&` is "and".
fn plain_words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace('&', " and ").replace(['\'', '\u{2019}'], "");
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::domain::PhoneNumber;
    use crate::prompt::testpack::TestPack;

    fn names() -> Names {
        let sites = vec![("boston".into(), "Longwood".to_string()), ("denver".into(), "Front Range".to_string())];
        Names { organization: "Example Cancer Center".into(), sites }
    }

    /// One piece with everything that a call can hold.
    fn script(name: &str) -> ScriptWords {
        let say = vec![
            Utterance::Phrase("say/hello".into()),
            Utterance::Number(PhoneNumber::parse("+12223334444").expect("a number")),
            Utterance::Count(2),
            Utterance::Day(NaiveDate::from_ymd_opt(2026, 12, 1).expect("a day")),
            Utterance::Time(NaiveTime::from_hms_opt(9, 0, 0).expect("a time")),
        ];
        ScriptWords { script: name.into(), says: vec![say] }
    }

    fn found(faults: &[Fault]) -> Vec<(&'static str, &str)> {
        faults.iter().map(|f| (f.code, f.message.split(':').next().unwrap_or_default())).collect()
    }

    #[test]
    fn a_complete_pack_has_no_fault() {
        let pack = TestPack::english().with("count/many", "You have several appointments").load();
        assert_eq!(check_pack(&pack, &[script("reminder")], &names()), []);
    }

    #[test]
    fn phrases_of_other_days_times_counts_and_numbers_are_missed_too() {
        let pack = TestPack::english()
            .without("month/02")
            .without("weekday/sun")
            .without("minute/59")
            .without("ampm/pm")
            .without("count/7")
            .without("digit/9.group")
            .load();
        let faults = check_pack(&pack, &[script("reminder"), script("moved")], &names());
        let want = ["ampm/pm", "count/7", "count/many", "digit/9.group", "minute/59", "month/02", "weekday/sun"]
            .map(|id| ("missing_phrase", format!("en-US {id}")));
        assert_eq!(found(&faults), want.iter().map(|(code, id)| (*code, id.as_str())).collect::<Vec<_>>());
        assert!(faults[0].message.contains("the script moved, the script reminder need it"), "{}", faults[0].message);
        assert!(faults[0].file.ends_with("en-US/phrases.tsv"));
    }

    #[test]
    fn a_script_that_never_speaks_of_a_day_needs_no_months() {
        let pack = TestPack::english().without("month/02").without("minute/59").load();
        let minimal = ScriptWords { script: "voicemail-minimal".into(), says: vec![vec![Utterance::Phrase("say/hello".into())]] };
        assert_eq!(check_pack(&pack, &[minimal], &names()), []);
    }

    #[test]
    fn names_must_be_recorded_and_be_those_of_the_configuration() {
        let pack = TestPack::english().without("at-site/denver").load();
        let names = Names {
            organization: "St. Mary's Hospital".into(),
            sites: vec![
                ("boston".into(), "longwood".into()),
                ("denver".into(), "Front & Range".into()),
                ("austin".into(), "Hill Country".into()),
            ],
        };
        let want = [
            ("missing_phrase", "en-US at-site/austin"),
            ("missing_phrase", "en-US at-site/denver"),
            ("missing_phrase", "en-US site/austin"),
            ("text_differs", "en-US org/name"),
            ("text_differs", "en-US site/denver"),
        ];
        let faults = check_pack(&pack, &[], &names);
        assert_eq!(found(&faults), want);
        let text = "en-US org/name: the recording says \"Example Cancer Center,\", [organization] name is \"St. Mary's Hospital\"; \
                    record it again, or correct the name";
        assert_eq!(faults[3].message, text);
    }
}
