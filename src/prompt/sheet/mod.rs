//! The recording sheet: what a voice talent reads. Every phrase of a language with its words in the sentence around them,
//! how it ends, and the name under which its take is saved; as CSV and as a page to print. `prompts import --sheet` knows
//! the takes by their numbers again.

mod csv;
mod lines;
mod page;

pub use csv::{SheetFault, read_sheet, to_csv};
pub use lines::{Carrier, Line, carrier, read_lines};
pub use page::to_html;

use crate::core::ids::{PhraseId, SiteKey};
use crate::prompt::Pack;
use crate::prompt::plain_file::read_text;
use crate::prompt::say::FormId;
use std::collections::HashMap;
use std::path::Path;

/// What is to be recorded.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The language in words.
    pub title: String,
    /// Its tag.
    pub language: String,
    /// The one site that it is for.
    pub site: Option<SiteKey>,
    /// The phrases, in the order of `phrases.tsv`.
    pub entries: Vec<Entry>,
}

/// One phrase to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub number: u32,
    /// The name of the take, without what says its format.
    pub file: String,
    /// The phrase.
    pub id: PhraseId,
    /// What kind of phrase it is.
    pub heading: String,
    /// The sentence; `[brackets]` hold the part that is kept.
    pub text: String,
    /// How the recording that there is, is long.
    pub now_ms: Option<u32>,
}

impl Entry {
    /// How the voice ends.
    pub fn ending(&self) -> &'static str {
        let kept = carrier(&self.text).kept;
        if kept.ends_with('?') {
            "asks"
        } else if kept.ends_with(['.', '!', ':']) {
            "falls"
        } else {
            "goes on"
        }
    }
}

/// The name of an organization or a site of the configuration, and the phrases that must speak it.
#[derive(Debug, Clone)]
pub struct Named {
    /// The phrase that is the name.
    pub name_id: PhraseId,
    /// Phrases that hold the name among other words (`at-site/boston`).
    pub with_name: Vec<PhraseId>,
    /// The name.
    pub name: String,
}

/// What a pack's (or a site's) `phrases.tsv` lists, with the sentences of both files; the site's own come last.
///
/// # Errors
/// When a file that exists cannot be read.
pub fn lines_of(pack: &Path, site: Option<&Path>) -> std::io::Result<Vec<Line>> {
    let read = |folder: &Path| -> std::io::Result<Vec<Line>> {
        let file = folder.join("phrases.tsv");
        if file.exists() { Ok(read_lines(&read_text(&file)?)) } else { Ok(Vec::new()) }
    };
    let mut lines = read(pack)?;
    for own in site.map(read).transpose()?.unwrap_or_default() {
        match lines.iter_mut().find(|line| line.id == own.id) {
            Some(line) => line.text = own.text,
            None => lines.push(own),
        }
    }
    Ok(lines)
}

/// The lines with the names of the configuration in them: whatever must speak another name than it does is worded anew, and
/// what no line words yet is worded after a line that does the same for another name ("at Longwood." becomes "at Riverside.").
/// Where some names have other forms (`slow/site/boston`), each name gets them.
pub fn with_names(mut lines: Vec<Line>, named: &[Named]) -> Vec<Line> {
    let before = lines.clone();
    for Named { name_id, with_name, name } in named {
        for id in std::iter::once(name_id).chain(with_name).flat_map(|id| forms_like(id, &before)) {
            let own = before.iter().find(|line| line.id == id);
            if own.is_some_and(|line| says(carrier(&line.text).kept, name)) {
                continue;
            }
            let like = before.iter().filter(|line| is_like(&line.id, &id));
            let Some((model, spoken)) = own.into_iter().chain(like).find_map(|line| Some((line, name_in(line, &before)?))) else {
                continue;
            };
            let kept = carrier(&model.text).kept;
            let text = model.text.replace(kept, &kept.replace(spoken, name));
            match lines.iter_mut().find(|line| line.id == id) {
                Some(line) => line.text = text,
                None => {
                    let at = lines.iter().rposition(|other| other.heading == model.heading).map_or(lines.len(), |at| at + 1);
                    lines.insert(at, Line { id, heading: model.heading.clone(), text });
                }
            }
        }
    }
    lines
}

/// The same form of another phrase of the group.
fn is_like(a: &PhraseId, b: &PhraseId) -> bool {
    let (a, b) = (FormId::of(a), FormId::of(b));
    a.group() == b.group() && FormId { base: b.base, ..a } == b
}

/// A phrase, and every form of it that there is of some phrase of its group.
fn forms_like(id: &PhraseId, lines: &[Line]) -> Vec<PhraseId> {
    let plain = FormId::of(id);
    let mut forms = vec![id.clone()];
    for form in lines.iter().map(|line| FormId::of(&line.id)).filter(|form| form.group() == plain.group()) {
        let form = FormId { base: plain.base, ..form }.to_id();
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// The name that a line speaks: all of its words where it is a name itself, else what `site/boston` says in it.
fn name_in<'l>(line: &'l Line, lines: &'l [Line]) -> Option<&'l str> {
    let form = FormId::of(&line.id);
    if matches!(form.group(), "org" | "site") {
        return Some(plain(&line.text));
    }
    let key = form.base.split_once('/').map(|(_, key)| key)?;
    let name = PhraseId::new(format!("site/{key}"));
    let spoken = lines.iter().filter(|line| FormId::of(&line.id).base == name.as_str()).map(|line| plain(&line.text));
    let kept = carrier(&line.text).kept;
    spoken.into_iter().find(|spoken| kept.contains(spoken))
}

/// The kept words without the punctuation at their end.
fn plain(text: &str) -> &str {
    carrier(text).kept.trim_end_matches([',', '.', ';', ':', '!', '?'])
}

fn says(words: &str, name: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    letters(words).contains(&letters(name))
}

impl Sheet {
    /// The sheet of these lines. `missing`: only what has no recording in the folder that will hold it, and what is recorded
    /// with other words.
    pub fn of(pack: &Pack, site: Option<(&SiteKey, &Path)>, lines: Vec<Line>, missing: bool) -> Sheet {
        let folder = site.map_or(pack.folder.as_path(), |(_, folder)| folder);
        let known: HashMap<&PhraseId, u32> =
            pack.phrases.iter().map(|(id, phrase)| (id, crate::prompt::sound::ms_of(phrase.samples.len()))).collect();
        let recorded = |line: &Line| {
            let words = pack.phrases.get(&line.id).map(|phrase| phrase.text.as_str());
            let there = folder.join(format!("{}.wav", line.id)).exists() || pack.folder.join(format!("{}.wav", line.id)).exists();
            there && words.is_none_or(|words| words == carrier(&line.text).kept)
        };
        let wanted: Vec<Line> = lines.into_iter().filter(|line| !missing || !recorded(line)).collect();
        let width = wanted.len().to_string().len().max(3);
        let entries = (1..).zip(wanted).map(|(number, line)| Entry {
            number,
            file: format!("{number:0width$}"),
            now_ms: known.get(&line.id).copied(),
            heading: line.heading,
            id: line.id,
            text: line.text,
        });
        Sheet {
            title: pack.name.clone(),
            language: pack.language.to_string(),
            site: site.map(|(key, _)| key.clone()),
            entries: entries.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::testpack::TestPack;

    fn line(id: &str, text: &str) -> Line {
        Line { heading: "sites".into(), id: id.into(), text: text.into() }
    }

    fn site(key: &str, name: &str) -> Named {
        Named {
            name_id: PhraseId::new(format!("site/{key}")),
            with_name: vec![PhraseId::new(format!("at-site/{key}"))],
            name: name.into(),
        }
    }

    #[test]
    fn names_of_the_configuration_are_worded_after_those_that_there_are() {
        let lines = vec![
            line("org/name", "This is, [Example Cancer Center,] at six."),
            line("site/boston", "[Longwood], is closed."),
            line("at-site/boston", "It is at nine, [at Longwood.]"),
            line("say/bye", "Goodbye."),
        ];
        let organization = Named { name_id: "org/name".into(), with_name: Vec::new(), name: "St. Mary's".into() };
        let found = with_names(lines.clone(), &[organization, site("boston", "longwood"), site("west", "Riverside & West")]);
        let found: Vec<_> = found.iter().map(|line| (line.id.as_str(), line.text.as_str())).collect();
        let want = [
            ("org/name", "This is, [St. Mary's,] at six."),
            ("site/boston", "[Longwood], is closed."),
            ("at-site/boston", "It is at nine, [at Longwood.]"),
            ("say/bye", "Goodbye."),
            ("site/west", "[Riverside & West], is closed."),
            ("at-site/west", "It is at nine, [at Riverside & West.]"),
        ];
        assert_eq!(found, want);
        let renamed = with_names(lines, &[site("boston", "Harbor")]);
        assert_eq!(renamed[2].text, "It is at nine, [at Harbor.]");
    }

    #[test]
    fn a_name_gets_the_forms_that_other_names_have() {
        let lines = vec![
            line("site/boston", "[Harbor], is closed."),
            line("at-site/boston", "It is at nine, [at Longwood.]"),
            line("site/denver", "[Front Range], is closed."),
            line("at-site/denver", "It is at nine, [at Front Range.]"),
            line("slow/site/boston", "[Longwood], is closed."),
            line("slow/at-site/denver", "It is at nine, [at Front Range.]"),
        ];
        let found = with_names(lines, &[site("boston", "Harbor"), site("west", "Riverside")]);
        let found: Vec<_> = found.iter().map(|line| (line.id.as_str(), line.text.as_str())).collect();
        let want = [
            ("site/boston", "[Harbor], is closed."),
            ("at-site/boston", "It is at nine, [at Harbor.]"),
            ("site/denver", "[Front Range], is closed."),
            ("at-site/denver", "It is at nine, [at Front Range.]"),
            ("slow/site/boston", "[Harbor], is closed."),
            ("slow/at-site/denver", "It is at nine, [at Front Range.]"),
            ("slow/at-site/boston", "It is at nine, [at Harbor.]"),
            ("site/west", "[Riverside], is closed."),
            ("slow/site/west", "[Riverside], is closed."),
            ("at-site/west", "It is at nine, [at Riverside.]"),
            ("slow/at-site/west", "It is at nine, [at Riverside.]"),
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn only_what_is_missing_or_worded_anew() {
        let dir = TestPack::english();
        std::fs::remove_file(dir.path().join("en-US/day/03.wav")).expect("removed");
        let (packs, _) = crate::prompt::Packs::load(dir.path());
        let pack = packs.find("en").expect("the pack");
        let lines = || {
            let mut lines = lines_of(&pack.folder, None).expect("read");
            lines.iter_mut().find(|line| line.id.as_str() == "org/name").expect("there").text = "[St. Mary's,] at six.".into();
            lines
        };
        let all = Sheet::of(pack, None, lines(), false);
        assert_eq!((all.entries[0].file.as_str(), all.entries.len()), ("001", lines().len()));
        let missing = Sheet::of(pack, None, lines(), true);
        let found: Vec<_> = missing.entries.iter().map(|e| (e.number, e.id.as_str(), e.ending(), e.now_ms.is_some())).collect();
        assert_eq!(found, [(1, "day/03", "goes on", false), (2, "org/name", "goes on", true)]);
    }
}
