//! `prompts import`: a hospital's own recordings into a pack.

use super::{pack_of, site_folder, site_of};
use crate::cli::output::table;
use crate::cli::{Desk, Done};
use crate::config::Config;
use crate::core::ids::PhraseId;
use crate::fault::harmless;
use crate::prompt::Packs;
use crate::prompt::import::{FileNames, Import, Report, import};
use crate::prompt::sheet::{Entry, read_sheet};
use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Takes WAV (any rate, bits and channels, mu-law and A-law too), FLAC, MP3, and Asterisk's .sln, .ulaw and .alaw. Each
/// becomes 8 kHz mono, is trimmed, and gets the level of the pack. The recording that a phrase had before is kept beside it
/// as ID.wav.bak (the last one only). What is good is taken though other files are refused; then the exit status is 1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ImportArguments {
    /// The language of the recordings.
    #[arg(long, value_name = "L")]
    language: String,
    /// Into the phrases of this site alone, which says them otherwise.
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
    /// How the files are named: by their phrases (day/01.wav, day-01.mp3) and the numbers of --sheet, or as in Asterisk's
    /// sound sets (digits/h-3.wav).
    #[arg(long, value_enum, default_value_t = Names::Ours)]
    names: Names,
    /// The recording sheet that was read from, as CSV: 017.wav is its number 17, and its words are what was spoken.
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    sheet: Option<PathBuf>,
    /// The phrase of the one file that is given.
    #[arg(long, value_name = "ID", conflicts_with_all = ["sheet", "names"])]
    id: Option<String>,
    /// The words of that phrase, if it is new or says something else than before; with a comma at the end where the
    /// sentence goes on and a full stop where it is over.
    #[arg(long, value_name = "WORDS", requires = "id")]
    text: Option<String>,
    /// Say what would be done, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Files, and folders with everything below them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Names {
    Ours,
    Asterisk,
}

pub fn run(desk: &Desk, config: &Config, args: &ImportArguments) -> anyhow::Result<Done> {
    let (packs, _) = Packs::load(&config.prompts);
    let pack = pack_of(&packs, &args.language)?;
    let site = args.site.as_deref().map(|key| site_of(config, key)).transpose()?;
    let site = site.map(|site| site_folder(config, &site, pack));
    let sheet = read(args.sheet.as_ref())?;
    let names = match (&args.id, args.names) {
        (Some(id), _) => FileNames::One(PhraseId::new(id), args.text.clone()),
        (None, Names::Asterisk) => FileNames::Asterisk,
        (None, Names::Ours) => FileNames::Ours(&sheet),
    };
    let job = Import { pack, site: site.as_deref(), paths: &args.paths, names, dry_run: args.dry_run };
    let report = import(&job)?;
    // Names of files may hold anything.
    desk.output.value(&report, || harmless(&shown(&report, args.dry_run)))?;
    Ok(if report.refused.is_empty() { Done::Fine } else { Done::Found })
}

fn read(sheet: Option<&PathBuf>) -> anyhow::Result<Vec<Entry>> {
    let Some(file) = sheet else { return Ok(Vec::new()) };
    let bytes = std::fs::read(file).with_context(|| format!("--sheet {}: cannot be read", file.display()))?;
    read_sheet(file, &bytes).map_err(|fault| anyhow!("--sheet {fault}"))
}

/// How many names of a long list are shown.
const SHOWN: usize = 12;

fn shown(report: &Report, dry_run: bool) -> String {
    let Report { taken, refused, unused, without, warnings } = report;
    let mut parts = Vec::new();
    if !taken.is_empty() {
        let head = ["file", "phrase", "length", "dBov before", "now", "done"];
        let rows = taken.iter().map(|taken| {
            let length = format!("{:.2} s", f64::from(taken.ms) / 1_000.0);
            let (before, after) = (format!("{:.1}", taken.level_before_dbov), format!("{:.1}", taken.level_after_dbov));
            vec![short(&taken.file), taken.id.to_string(), length, before, after, taken.done.join(", ")]
        });
        parts.push(table(&head, rows));
    }
    let notes = taken.iter().flat_map(|taken| taken.notes.iter().map(move |note| format!("Note: {}: {note}", taken.id)));
    parts.extend(listed(notes));
    parts.extend(listed(refused.iter().map(|refused| format!("Refused: {}: {}", refused.file, refused.reason))));
    if !unused.is_empty() {
        parts.push(format!(
            "No phrase needs {} of the sounds: {}",
            unused.len(),
            some(&unused.iter().map(|file| short(file)).collect::<Vec<_>>())
        ));
    }
    if !without.is_empty() {
        parts.push(format!("The set has nothing for {} phrases: {}", without.len(), some(without)));
    }
    parts.extend(listed(warnings.iter().map(|warning| format!("Warning: {warning}"))));
    let verb = if dry_run { "would be taken" } else { "taken" };
    let next = if dry_run || taken.is_empty() { "" } else { " Next: `prompts check`, and listen to `prompts render`." };
    parts.push(format!("{} {verb}, {} refused.{next}", taken.len(), refused.len()));
    parts.join("\n\n")
}

/// Files with their folder: the whole paths of a large set would fill the page.
fn short(files: &str) -> String {
    let last_two = |file: &str| {
        let at = file.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
        file[at..].to_string()
    };
    files.split(" + ").map(last_two).collect::<Vec<_>>().join(" + ")
}

fn listed(lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn some<T: ToString>(all: &[T]) -> String {
    let more = if all.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", all.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
