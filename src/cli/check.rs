//! `check`: every fault of configuration, schedules, services, prompts and scripts.

use super::{Desk, Done};
use crate::app::check_all;
use crate::config::{Config, Outline};
use crate::fault::Fault;
use crate::prompt::Findings;

pub fn run(desk: &Desk) -> anyhow::Result<Done> {
    let outline = Outline::load(desk.config_file(), std::env::vars());
    let Findings { faults, warnings } = check_all(&outline);
    warn(&warnings);
    desk.output.value(&faults, || told(&faults, outline.config.as_ref()))?;
    Ok(if faults.is_empty() { Done::Fine } else { Done::Found })
}

fn told(faults: &[Fault], config: Option<&Config>) -> String {
    if !faults.is_empty() {
        return with_carets(faults);
    }
    let read = |config: &Config| {
        let file = config.file.as_ref().map_or("the built-in defaults".to_string(), |f| f.display().to_string());
        format!("No faults in {file}, {}, {}.", config.schedules.display(), config.prompts.display())
    };
    config.map(read).unwrap_or_default()
}

/// What is no fault, on standard error, each in one line.
pub fn warn(warnings: &[Fault]) {
    for warning in warnings {
        eprintln!("Warning: {}", Fault { excerpt: None, ..warning.clone() });
    }
}

/// Faults one below the other, each with its line, and how many they are.
pub fn with_carets(faults: &[Fault]) -> String {
    let listed: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let count = if faults.len() == 1 { "1 fault".to_string() } else { format!("{} faults", faults.len()) };
    format!("{}\n\n{count}", listed.join("\n\n"))
}
