//! `prompts check --lengths`: the longest case of every message.

use crate::app::{listed, prompt_lengths};
use crate::cli::{Desk, Done, output};
use crate::config::Config;
use anyhow::anyhow;

pub fn run(desk: &Desk, config: &Config) -> anyhow::Result<Done> {
    let lengths = prompt_lengths(config).map_err(|faults| anyhow!(listed(&faults)))?;
    let head = ["script", "language", "part", "seconds", "at most", "words"];
    desk.output.rows(&lengths, &head, "There is no message.", |length| {
        let site = length.site.as_ref().map(|site| format!(" ({site})")).unwrap_or_default();
        vec![
            length.script.clone(),
            format!("{}{site}", length.language),
            output::words(length.part),
            format!("{:.1}", length.seconds),
            length.limit_s.to_string(),
            length.text.clone(),
        ]
    })?;
    Ok(Done::Fine)
}
