//! `prompts sheet`: what a voice talent records.

use super::{pack_of, site_folder, site_of};
use crate::cli::{Desk, Done};
use crate::config::Config;
use crate::core::ids::PhraseId;
use crate::prompt::Packs;
use crate::prompt::sheet::{Named, Sheet, lines_of, to_csv, to_html, with_names};
use anyhow::{Context, bail};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct SheetArguments {
    /// The language to record.
    #[arg(long, value_name = "L")]
    language: String,
    /// For one site, which says some phrases otherwise.
    #[arg(long, value_name = "KEY")]
    site: Option<String>,
    /// Only what has no recording yet, or is recorded with other words.
    #[arg(long)]
    missing: bool,
    /// A file that ends in .csv or .html; CSV on standard output when absent.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Excel takes CSV for UTF-8 only when it begins so.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub fn run(desk: &Desk, config: &Config, args: &SheetArguments) -> anyhow::Result<Done> {
    let (packs, _) = Packs::load(&config.prompts);
    let pack = pack_of(&packs, &args.language)?;
    let site = args.site.as_deref().map(|key| site_of(config, key)).transpose()?;
    let folder = site.as_ref().map(|site| site_folder(config, site, pack));
    let lines =
        lines_of(&pack.folder, folder.as_deref()).with_context(|| format!("the phrases of {} cannot be read", pack.language))?;
    let sites = config.sites.iter().filter(|(key, _)| site.as_ref().is_none_or(|only| only == *key));
    let sites = sites.map(|(key, site)| Named {
        name_id: PhraseId::new(format!("site/{key}")),
        with_name: vec![PhraseId::new(format!("at-site/{key}"))],
        name: site.name.clone(),
    });
    let organization = Named { name_id: "org/name".into(), with_name: Vec::new(), name: config.organization.name.clone() };
    let named: Vec<_> = std::iter::once(organization).chain(sites).collect();
    let spoken = packs.pack_for(&pack.language, site.as_ref())?;
    let sheet = Sheet::of(spoken, site.as_ref().zip(folder.as_deref()), with_names(lines, &named), args.missing);
    let Some(out) = &args.out else {
        std::io::stdout().lock().write_all(&to_csv(&sheet))?;
        return Ok(Done::Fine);
    };
    let bytes = match out.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => [BYTE_ORDER_MARK, &to_csv(&sheet)].concat(),
        Some("html" | "htm") => to_html(&sheet)?.into_bytes(),
        _ => bail!("--out {}: want a name that ends in .csv or .html", out.display()),
    };
    std::fs::write(out, bytes).with_context(|| format!("cannot write {}", out.display()))?;
    let count = sheet.entries.len();
    let written = serde_json::json!({ "phrases": count, "file": out.display().to_string() });
    desk.output.value(&written, || format!("{count} phrases written to {}", out.display()))?;
    Ok(Done::Fine)
}
