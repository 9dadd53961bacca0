//! `opt-out list`, `add`, `remove`.

use super::{Desk, Done};
use crate::clock::Clock;
use crate::core::domain::PhoneNumber;
use crate::core::ids::PatientId;
use crate::store::{OptIn, OptOut};
use crate::views::OptOutView;
use anyhow::bail;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum OptOutCommand {
    /// Who is not to be called, newest first.
    List {
        /// Entries that were taken back too.
        #[arg(long)]
        all: bool,
    },
    /// Adds a patient, a number, or both.
    Add {
        #[command(flatten)]
        who: Who,
        /// How it was asked: by telephone, in a letter, at the desk.
        #[arg(long, default_value = "staff")]
        how: String,
        /// Who writes it down.
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Takes the entries of a patient or a number back: they may be called again. The entries stay on record.
    Remove {
        #[command(flatten)]
        who: Who,
        /// Who takes it back, and how it was asked.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// Whom an entry is about.
#[derive(Debug, Args)]
pub struct Who {
    /// The patient, on all numbers.
    #[arg(long)]
    patient: Option<String>,
    /// The number, for everybody.
    #[arg(long)]
    phone: Option<String>,
}

impl Who {
    fn read(self) -> anyhow::Result<(Option<PatientId>, Option<PhoneNumber>)> {
        if self.patient.is_none() && self.phone.is_none() {
            bail!("say who: --patient ID, --phone NUMBER, or both");
        }
        let phone = match self.phone.as_deref().map(PhoneNumber::parse) {
            Some(Err(fault)) => bail!("--phone: {fault}"),
            Some(Ok(number)) => Some(number),
            None => None,
        };
        Ok((self.patient.map(PatientId::new), phone))
    }
}

pub async fn run(desk: &Desk, command: OptOutCommand) -> anyhow::Result<Done> {
    let config = desk.config()?;
    match command {
        OptOutCommand::List { all } => {
            let records = desk.store_to_read(&config).await?.opt_out_records(u32::MAX).await?;
            let standing = records.iter().filter(|record| all || record.removed.is_none());
            let rows: Vec<_> = standing.map(|record| OptOutView::of(record, desk.output.reveal)).collect();
            let head = ["since", "patient", "phone", "how", "taken back", "by"];
            let cells = |row: &OptOutView| {
                let given = |cell: &Option<String>| cell.clone().unwrap_or_default();
                vec![
                    row.at.clone(),
                    given(&row.patient),
                    given(&row.phone),
                    row.how.clone(),
                    given(&row.removed_at),
                    given(&row.removed_by),
                ]
            };
            let columns = if all { 6 } else { 4 };
            let cells = |row: &OptOutView| cells(row).into_iter().take(columns).collect();
            desk.output.rows(&rows, &head[..columns], "Nobody has opted out.", cells)?;
            Ok(Done::Fine)
        }
        OptOutCommand::Add { who, how, by } => {
            let (patient, phone) = who.read()?;
            let how = by.map_or(how.clone(), |by| format!("{how}: {by}"));
            let opt_out = OptOut { patient, phone, at: Clock::system().now(), how };
            let store = desk.store(&config).await?;
            store.add_opt_out(&opt_out).await?;
            eprintln!(
                "Added. Planned calls are withdrawn at the planner's next look, and every call is checked again when it is dialled."
            );
            // A slip of the pen would leave the patient on the list of calls. It may also be somebody who comes later.
            let asked: Vec<_> = opt_out.patient.into_iter().collect();
            if store.load_known(&[], &asked).await?.patients.len() < asked.len() {
                eprintln!("No patient with that id is in the schedule yet: is it written as the feed writes it?");
            }
            Ok(Done::Fine)
        }
        OptOutCommand::Remove { who, by } => {
            let (patient, phone) = who.read()?;
            let opt_in = OptIn { patient, phone, at: Clock::system().now(), by };
            let taken_back = desk.store(&config).await?.remove_opt_outs(&opt_in).await?;
            if taken_back == 0 {
                eprintln!("Nothing was taken back: no such entry stands. `opt-out list` shows those that do.");
                return Ok(Done::Found);
            }
            eprintln!(
                "{taken_back} taken back; they stay on record (`opt-out list --all`). Calls are planned at the planner's next look."
            );
            Ok(Done::Fine)
        }
    }
}
