//! Which service a visit type is, by ordered rules that are data: `services.toml` beside the configuration, else the
//! shipped list. What no rule knows is [`Service::Unknown`]: nobody is called, and a person looks.
//!
//! Start reading at [`Classifier::classify`].

mod code;
mod words;

use crate::config::{Config, read_text};
use crate::core::domain::Service;
use crate::fault::Fault;
use crate::toml_file::{Faults, Node, Read, Section, Source, one_of, one_or_several, parse, plain_text};
use code::CodePattern;
use std::path::{Path, PathBuf};
use words::{WordPattern, split};

const SHIPPED: &str = include_str!("../services.default.toml");

/// Ordered rules; the first that matches wins.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    rules: Vec<Rule>,
}

/// Where a rule stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulePlace {
    /// Counts from 1.
    pub number: usize,
    /// The line at which its class stands.
    pub line: usize,
}

/// Each key that is given must match; a key matches when one of its list does. An empty list is a key not given.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    place: RulePlace,
    class: Service,
    code: Vec<CodePattern>,
    text: Vec<WordPattern>,
    department: Vec<WordPattern>,
    modality: Vec<String>,
    feed: Vec<String>,
}

const CLASSES: [(&str, Service); 7] = [
    ("exam", Service::Exam),
    ("radiology", Service::Radiology),
    ("infusion", Service::Infusion),
    ("radiation_therapy", Service::RadiationTherapy),
    ("lab", Service::Lab),
    ("other", Service::Other),
    ("unknown", Service::Unknown),
];

impl Classifier {
    /// The shipped list.
    pub fn shipped() -> Classifier {
        let source = Source::BuiltIn { name: "services.default.toml", text: SHIPPED };
        Classifier::read(source).expect("the shipped list is sound: a test reads it")
    }

    /// A hospital's own list.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn load(path: &Path) -> Result<Classifier, Vec<Fault>> {
        let text = read_text(path).map_err(|fault| vec![fault])?;
        Classifier::read(Source::File { name: path.to_path_buf(), text })
    }

    /// The list beside the configuration, else the shipped one.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn beside(config: &Config) -> Result<Classifier, Vec<Fault>> {
        let path: PathBuf = config.dir.join("services.toml");
        if path.exists() { Classifier::load(&path) } else { Ok(Classifier::shipped()) }
    }

    /// The service of what a feed says about a visit type: its code (FHIR's service types as `service-type:214`), its
    /// words, its department, its DICOM modality. Where there is no code, words that are a single one count as one.
    pub fn classify(
        &self,
        code: Option<&str>,
        text: &str,
        department: Option<&str>,
        modality: Option<&str>,
        feed: &str,
    ) -> Service {
        self.judge(code, text, department, modality, feed).0
    }

    /// As [`Classifier::classify`], with the rule that said so; none where no rule knows it.
    pub fn judge(
        &self,
        code: Option<&str>,
        text: &str,
        department: Option<&str>,
        modality: Option<&str>,
        feed: &str,
    ) -> (Service, Option<RulePlace>) {
        let single_word = Some(text.trim()).filter(|text| !text.is_empty() && !text.contains(char::is_whitespace));
        let code = code.map(str::trim).filter(|code| !code.is_empty()).or(single_word);
        let text = split(text);
        let department = split(department.unwrap_or_default());
        let modality = modality.map(str::trim);
        let matches = |rule: &&Rule| {
            let code_fits = rule.code.is_empty() || code.is_some_and(|code| rule.code.iter().any(|p| p.matches(code)));
            let modality_fits = |word: &String| modality.is_some_and(|given| given.eq_ignore_ascii_case(word));
            code_fits
                && (rule.text.is_empty() || rule.text.iter().any(|pattern| pattern.is_in(&text)))
                && (rule.department.is_empty() || rule.department.iter().any(|pattern| pattern.is_in(&department)))
                && (rule.modality.is_empty() || rule.modality.iter().any(modality_fits))
                && (rule.feed.is_empty() || rule.feed.iter().any(|name| name == feed))
        };
        self.rules.iter().find(matches).map_or((Service::Unknown, None), |rule| (rule.class, Some(rule.place)))
    }

    fn read(source: Source) -> Result<Classifier, Vec<Fault>> {
        let tree = parse(source)?;
        let faults = Faults::default();
        let root = Section::root(&tree, &faults);
        let rules = root.repeated("rule").iter().zip(1..).filter_map(|(section, number)| rule(section, number)).collect();
        root.end();
        let faults = faults.into_sorted();
        if faults.is_empty() { Ok(Classifier { rules }) } else { Err(faults) }
    }
}

fn rule(section: &Section<'_>, number: usize) -> Option<Rule> {
    let line = section.place_of(&["class"]).fault("", "").line;
    let class = section.required("class", one_of(&CLASSES));
    let code = section.optional("code", one_or_several(|node| Ok(CodePattern::read(&plain_text(node)?))));
    let text = section.optional("text", one_or_several(word_pattern));
    let department = section.optional("department", one_or_several(word_pattern));
    let modality = section.optional("modality", one_or_several(plain_text));
    let feed = section.optional("feed", one_or_several(plain_text));
    section.end();
    let keys = ["code", "text", "department", "modality", "feed"];
    if !keys.iter().any(|key| section.has(key)) {
        let message = format!("a rule without any of {} would match everything: give one of them", keys.join(", "));
        section.refuse(&["class"], "contradiction", message);
    }
    Some(Rule {
        place: RulePlace { number, line },
        class: class?,
        code: code.unwrap_or_default(),
        text: text.unwrap_or_default(),
        department: department.unwrap_or_default(),
        modality: modality.unwrap_or_default(),
        feed: feed.unwrap_or_default(),
    })
}

fn word_pattern(node: &Node) -> Read<WordPattern> {
    let text = plain_text(node)?;
    match WordPattern::read(&text) {
        Some(pattern) => Ok(pattern),
        None => node.wrong(format!("\"{text}\" has an empty part: want words, \"a|b\" for one of several, \"a + b\" for both")),
    }
}

#[cfg(test)]
mod tests;
