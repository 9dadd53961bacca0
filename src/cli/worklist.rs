//! `worklist list`, `claim`, `resolve`.

use super::output::words;
use super::{Desk, Done};
use crate::core::ids::WorkItemId;
use crate::views::WorkItemView;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum WorklistCommand {
    /// What is open, oldest first.
    List {
        /// Closed items too.
        #[arg(long)]
        all: bool,
    },
    /// Takes an open item.
    Claim {
        /// The item.
        id: String,
        /// Who takes it.
        #[arg(long)]
        owner: String,
    },
    /// Closes an item.
    Resolve {
        /// The item.
        id: String,
        /// What was done.
        #[arg(long)]
        note: String,
    },
}

pub async fn run(desk: &Desk, command: WorklistCommand) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let store = desk.store_to_read(&config).await?;
    match command {
        WorklistCommand::List { all } => {
            let rules = desk.rulings(&config)?.rules;
            let rows: Vec<_> = store.worklist(all, u32::MAX).await?.iter().map(|item| WorkItemView::of(item, &rules)).collect();
            let head = ["due", "what", "visit", "owner", "state", "known", "id"];
            desk.output.rows(&rows, &head, "Nothing waits for a person.", row)?;
            Ok(Done::Fine)
        }
        WorklistCommand::Claim { id, owner } => {
            let done = store.claim_work(&WorkItemId::new(&id), &owner).await?;
            told(done, &format!("{id} is {owner}'s now"), &format!("{id} is not open: see `worklist list --all`"))
        }
        WorklistCommand::Resolve { id, note } => {
            let done = store.resolve_work(&WorkItemId::new(&id), &note).await?;
            told(done, &format!("{id} is closed"), &format!("{id} is not there or closed already: see `worklist list --all`"))
        }
    }
}

fn told(done: bool, yes: &str, no: &str) -> anyhow::Result<Done> {
    eprintln!("{}", if done { yes } else { no });
    Ok(if done { Done::Fine } else { Done::Found })
}

pub fn row(item: &WorkItemView) -> Vec<String> {
    vec![
        item.due_at.clone().unwrap_or_default(),
        words(item.kind),
        item.visit.clone().unwrap_or_default(),
        item.owner.clone().unwrap_or_else(|| "nobody yet".to_string()),
        item.state.to_string(),
        // A single word is one of the interfaces; a sentence may name keys of the configuration.
        item.resolution
            .as_deref()
            .map(|known| if known.contains(' ') { known.to_string() } else { words(known) })
            .unwrap_or_default(),
        item.id.clone(),
    ]
}
