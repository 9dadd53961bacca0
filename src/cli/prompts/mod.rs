//! `prompts`: what patients hear, checked, recorded, taken in and listened to.

mod import;
mod lengths;
mod message;
mod part;
mod play;
mod render;
mod sheet;

use super::check::warn;
use super::{Desk, Done};
use crate::app::check_prompts;
use crate::config::Config;
use crate::core::ids::SiteKey;
use crate::fault::nearest;
use crate::prompt::{Findings, Pack, Packs};
use anyhow::bail;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum PromptsCommand {
    /// Whether every phrase that can be needed is recorded and sounds as it must.
    Check {
        /// How long every message can become, with its words, in place of what is wrong.
        #[arg(long)]
        lengths: bool,
    },
    /// What a voice talent records: every phrase in its sentence, as CSV or as a page to print.
    Sheet(sheet::SheetArguments),
    /// Takes a hospital's own recordings into a language pack.
    Import(import::ImportArguments),
    /// Writes one message as a patient would hear it: 8 kHz mono WAV.
    Render(render::RenderArguments),
    /// Plays one message on this computer.
    Play(message::MessageArguments),
}

pub fn run(desk: &Desk, command: PromptsCommand) -> anyhow::Result<Done> {
    let config = desk.config()?;
    match command {
        PromptsCommand::Check { lengths: true } => lengths::run(desk, &config),
        PromptsCommand::Check { lengths: false } => {
            let Findings { faults, warnings } = check_prompts(&config);
            warn(&warnings);
            desk.output.value(&faults, || {
                let listed: Vec<_> = faults.iter().map(ToString::to_string).collect();
                if listed.is_empty() { "Every pack is complete.".to_string() } else { listed.join("\n") }
            })?;
            Ok(if faults.is_empty() { Done::Fine } else { Done::Found })
        }
        PromptsCommand::Sheet(args) => sheet::run(desk, &config, &args),
        PromptsCommand::Import(args) => import::run(desk, &config, &args),
        PromptsCommand::Render(args) => render::run(desk, &config, &args),
        PromptsCommand::Play(args) => play::run(desk, &config, &args),
    }
}

/// The pack that a language tag means.
fn pack_of<'a>(packs: &'a Packs, language: &str) -> anyhow::Result<&'a Pack> {
    let Some(pack) = packs.find(language) else {
        let known: Vec<_> = packs.languages().map(|l| l.as_str()).collect();
        bail!("--language {language}: no such pack; there are: {}", known.join(", "));
    };
    Ok(pack)
}

/// A site of the configuration.
fn site_of(config: &Config, key: &str) -> anyhow::Result<SiteKey> {
    let site = SiteKey::new(key);
    if !config.sites.contains_key(&site) {
        let known: Vec<_> = config.sites.keys().map(|s| s.as_str()).collect();
        let meant = nearest(key, known.iter().copied()).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        bail!("--site {key}: no such site; there are: {}{meant}", known.join(", "));
    }
    Ok(site)
}

/// Where the phrases are that one site says otherwise.
fn site_folder(config: &Config, site: &SiteKey, pack: &Pack) -> PathBuf {
    config.prompts.join("sites").join(site.as_str()).join(pack.language.as_str())
}
