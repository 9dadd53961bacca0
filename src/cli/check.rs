//! `check`: every fault of configuration, schedules, services, prompts and scripts.

use super::{Desk, Done};
use crate::app::check_files;
use crate::config::Config;
use crate::fault::Fault;

pub fn run(desk: &Desk) -> anyhow::Result<Done> {
    let (faults, config) = match Config::load(desk.config_file(), std::env::vars()) {
        Ok(config) => (check_files(&config), Some(config)),
        Err(faults) => (faults, None),
    };
    desk.output.value(&faults, || told(&faults, config.as_ref()))?;
    Ok(if faults.is_empty() { Done::Fine } else { Done::Found })
}

fn told(faults: &[Fault], config: Option<&Config>) -> String {
    if !faults.is_empty() {
        let listed: Vec<_> = faults.iter().map(ToString::to_string).collect();
        return format!("{}\n\n{} faults", listed.join("\n\n"), faults.len());
    }
    let read = |config: &Config| {
        let file = config.file.as_ref().map_or("the built-in defaults".to_string(), |f| f.display().to_string());
        format!("No faults in {file}, {}, {}.", config.schedules.display(), config.prompts.display())
    };
    config.map(read).unwrap_or_default()
}
