//! Which file becomes which phrase with which words, before anything is decoded.

use super::decode::Kind;
use super::gather::{Source, gather};
use super::naming::Naming;
use super::{FileNames, Import, ImportError, Refused, Report, asterisk};
use crate::core::ids::PhraseId;
use crate::prompt::pack::{LONGEST_WORDS, is_id, is_unseen};
use crate::prompt::plain_file::read_text;
use crate::prompt::say::{FormId, Words as Spoken};
use crate::prompt::sheet::{Carrier, Entry, carrier, lines_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A phrase to make of one file, or of several that are joined.
#[derive(Debug)]
pub(super) struct Planned {
    pub id: PhraseId,
    pub parts: Vec<Part>,
    /// The words that are kept of its sentence.
    pub words: String,
    /// The line to write into `phrases.tsv`, where it does not say so yet.
    pub new_line: Option<String>,
    /// The words are kept of a sentence that has others, too.
    pub of_sentence: bool,
    /// What a person should know of its words.
    pub notes: Vec<String>,
}

/// A file of it.
#[derive(Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    pub kind: Kind,
}

impl Planned {
    /// Its files, as reports name them.
    pub fn files(&self) -> String {
        self.parts.iter().map(|part| part.path.display().to_string()).collect::<Vec<_>>().join(" + ")
    }
}

/// The words that there are: of the folder that takes the recordings, and of the pack behind a site's.
struct Words {
    own: BTreeMap<PhraseId, String>,
    all: BTreeMap<PhraseId, String>,
}

pub(super) fn plan(job: &Import<'_>) -> Result<(Vec<Planned>, Report), ImportError> {
    let words = read_words(job)?;
    let (sources, refused) = gather(job.paths);
    let mut report = Report { refused, ..Report::default() };
    let planned = match &job.names {
        FileNames::Asterisk => by_asterisk(job, &words, &sources, &mut report),
        FileNames::One(id, text) => match sources.as_slice() {
            [source] => with_kind(source).and_then(|part| planned(&words, id.clone(), vec![part], text.clone())).map_or_else(
                |refused| {
                    report.refused.push(refused);
                    Vec::new()
                },
                |planned| vec![planned],
            ),
            _ => {
                let names = sources.iter().map(|source| Refused::new(source.shown(), "--id is for one file alone"));
                report.refused.extend(names);
                Vec::new()
            }
        },
        FileNames::Ours(sheet) => by_our_names(&words, &sources, sheet, &mut report),
    };
    let mut planned = each_phrase_once(planned, &mut report);
    note_other_forms(job, &words, &mut planned);
    Ok((planned, report))
}

fn read_words(job: &Import<'_>) -> Result<Words, ImportError> {
    let folder = job.site.unwrap_or(&job.pack.folder);
    let read = |site| {
        lines_of(&job.pack.folder, site)
            .map_err(|error| ImportError::Read { file: folder.join("phrases.tsv").display().to_string(), error })
    };
    let of = |lines: Vec<crate::prompt::sheet::Line>| lines.into_iter().map(|line| (line.id, line.text)).collect();
    let all = of(read(job.site)?);
    let own = match job.site {
        None => BTreeMap::clone(&all),
        Some(site) => {
            let file = site.join("phrases.tsv");
            let text = if file.exists() { read_text(&file) } else { Ok(String::new()) };
            let text = text.map_err(|error| ImportError::Read { file: file.display().to_string(), error })?;
            of(crate::prompt::sheet::read_lines(&text))
        }
    };
    Ok(Words { own, all })
}

fn by_our_names(words: &Words, sources: &[Source], sheet: &[Entry], report: &mut Report) -> Vec<Planned> {
    let naming = Naming::new(words.all.keys(), sheet);
    let mut found = Vec::new();
    for source in sources {
        let of_source = || {
            let part = with_kind(source)?;
            let id = naming.phrase_of(&source.name).map_err(|reason| Refused::new(source.shown(), reason))?;
            let text = sheet.iter().find(|entry| entry.id == id).map(|entry| entry.text.clone()).filter(|text| !text.is_empty());
            planned(words, id, vec![part], text)
        };
        match of_source() {
            Ok(planned) => found.push(planned),
            Err(refused) => report.refused.push(refused),
        }
    }
    found
}

fn by_asterisk(job: &Import<'_>, words: &Words, sources: &[Source], report: &mut Report) -> Vec<Planned> {
    let mut rows = asterisk::rows(&job.pack.language);
    rows.retain(|row| words.all.contains_key(&row.id));
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for row in rows {
        // The same sound may be there in several formats: one that can be read is taken.
        let named = |sound: &&str| {
            let mut same = sources.iter().filter(|source| is_sound(&source.path, sound));
            same.clone().find(|source| source.kind.is_ok()).or_else(|| same.next())
        };
        let Some(sounds) = row.sounds.iter().map(named).collect::<Option<Vec<_>>>() else { continue };
        used.extend(sounds.iter().map(|source| &source.path));
        let parts: Result<Vec<_>, _> = sounds.into_iter().map(with_kind).collect();
        match parts.and_then(|parts| planned(words, row.id, parts, None)) {
            Ok(mut planned) => {
                if Spoken::of(&planned.words) != Spoken::of(row.says) {
                    let note = format!("it says \"{}\", phrases.tsv \"{}\": make them the same", row.says, planned.words);
                    planned.notes.push(note);
                }
                found.push(planned);
            }
            Err(refused) => {
                if !report.refused.contains(&refused) {
                    report.refused.push(refused);
                }
            }
        }
    }
    let ids: BTreeSet<_> = found.iter().map(|planned| &planned.id).collect();
    report.without = words.all.keys().filter(|id| !ids.contains(id)).cloned().collect();
    let formats_of_used: BTreeSet<_> = used.iter().map(|path| path.with_extension("")).collect();
    let unused = sources.iter().filter(|source| !formats_of_used.contains(&source.path.with_extension("")));
    report.unused = unused.map(Source::shown).collect();
    found
}

/// Whether a file is the sound of that name (`digits/h-3`), in whatever folder the set lies.
fn is_sound(path: &std::path::Path, sound: &str) -> bool {
    path.with_extension("").ends_with(sound)
}

/// Notes what the other forms of a wording say, where that is no longer the same.
fn note_other_forms(job: &Import<'_>, words: &Words, planned: &mut [Planned]) {
    let taken: BTreeMap<PhraseId, String> = planned.iter().map(|planned| (planned.id.clone(), planned.words.clone())).collect();
    for planned in planned {
        let form = FormId::of(&planned.id);
        // Of the language's forms none comes in beside a site's own wording.
        let known = if job.site.is_some() && form == form.wording() { &words.own } else { &words.all };
        let others = known.iter().filter(|(id, _)| **id != planned.id && FormId::of(id).wording() == form.wording());
        for (id, text) in others {
            let says = taken.get(id).map_or(carrier(text).kept, String::as_str);
            if Spoken::of(says) != Spoken::of(&planned.words) {
                let note = format!("{id} says \"{says}\", which are other words: record it with these, too, or leave it out");
                planned.notes.push(note);
            }
        }
    }
}

fn with_kind(source: &Source) -> Result<Part, Refused> {
    let kind = source.kind.map_err(|reason| Refused::new(source.shown(), reason))?;
    Ok(Part { path: source.path.clone(), kind })
}

/// A phrase with its words: those that were given with the recording, for that is what was spoken; else those of its line.
fn planned(words: &Words, id: PhraseId, parts: Vec<Part>, given: Option<String>) -> Result<Planned, Refused> {
    let mut planned = Planned { id, parts, words: String::new(), new_line: None, of_sentence: false, notes: Vec::new() };
    let refuse = |planned: &Planned, reason: String| Err(Refused::new(planned.files(), reason));
    if !is_id(planned.id.as_str()) {
        let reason = format!(
            "`{}` is no phrase id: want letters, digits, dot, dash and slash, as in say/hello, and 5 parts at most",
            planned.id
        );
        return refuse(&planned, reason);
    }
    let (own, known) = (words.own.get(&planned.id), words.all.get(&planned.id));
    let Some(text) = given.as_ref().or(known) else {
        let reason = format!("{} is a new phrase: give its words with --text, or in a recording sheet", planned.id);
        return refuse(&planned, reason);
    };
    let text = text.trim();
    let brackets = text.matches(['[', ']']).collect::<String>();
    if text.contains('\t') || text.chars().any(is_unseen) || !matches!(brackets.as_str(), "" | "[]") {
        let reason =
            format!("the words of {} hold a tab, a line break, an unseen sign, or more than one pair of [brackets]", planned.id);
        return refuse(&planned, reason);
    }
    let Carrier { before, kept, after } = carrier(text);
    if kept.is_empty() || kept.chars().count() > LONGEST_WORDS {
        let reason = format!("the words of {} are empty, or longer than {LONGEST_WORDS} characters", planned.id);
        return refuse(&planned, reason);
    }
    planned.words = kept.to_string();
    planned.of_sentence = [before, after].iter().any(|other| other.contains(char::is_alphanumeric));
    if own.map(|own| carrier(own).kept) != Some(kept) {
        planned.new_line = Some(text.to_string());
        let before = own.map(|own| carrier(own).kept);
        let changed = before.map(|before| format!("its words in phrases.tsv were \"{before}\", they are \"{kept}\" now"));
        planned.notes.extend(changed);
    }
    Ok(planned)
}

/// Refuses every file of a phrase for which there are several: which one is meant cannot be known.
fn each_phrase_once(planned: Vec<Planned>, report: &mut Report) -> Vec<Planned> {
    let mut by_id: BTreeMap<PhraseId, usize> = BTreeMap::new();
    for planned in &planned {
        *by_id.entry(planned.id.clone()).or_default() += 1;
    }
    let (once, several): (Vec<_>, Vec<_>) = planned.into_iter().partition(|planned| by_id[&planned.id] == 1);
    let reason = |planned: &Planned| format!("{} files are {}: keep the one that is meant", by_id[&planned.id], planned.id);
    report.refused.extend(several.iter().map(|planned| Refused::new(planned.files(), reason(planned))));
    once
}
