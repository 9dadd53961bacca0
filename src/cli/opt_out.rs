//! `opt-out list`, `add`.

use super::{Desk, Done};
use crate::clock::Clock;
use crate::core::domain::PhoneNumber;
use crate::core::ids::PatientId;
use crate::store::OptOut;
use crate::views::{moment, shown};
use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

#[derive(Debug, Subcommand)]
pub enum OptOutCommand {
    /// Who is not to be called, newest first.
    List,
    /// Adds a patient, a number, or both.
    Add {
        /// The patient, on all numbers.
        #[arg(long)]
        patient: Option<String>,
        /// The number, for everybody.
        #[arg(long)]
        phone: Option<String>,
        /// By whom or how it was asked.
        #[arg(long, default_value = "staff")]
        how: String,
    },
}

pub async fn run(desk: &Desk, command: OptOutCommand) -> anyhow::Result<Done> {
    let config = desk.config()?;
    let store = match &command {
        OptOutCommand::List => desk.store_to_read(&config).await?,
        OptOutCommand::Add { .. } => desk.store(&config).await?,
    };
    match command {
        OptOutCommand::List => {
            let rows: Vec<_> = store
                .opt_outs(u32::MAX)
                .await?
                .iter()
                .map(|o| {
                    json!({"patient": o.patient.as_ref().map(|p| p.as_str()), "phone": o.phone.as_ref().map(|p| shown(p, desk.output.reveal)),
                           "at": moment(o.at, chrono_tz::UTC), "how": o.how})
                })
                .collect();
            let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_string();
            desk.output.rows(&rows, &["since", "patient", "phone", "how"], "Nobody has opted out.", |row| {
                ["at", "patient", "phone", "how"].map(|key| text(row, key)).to_vec()
            })?;
        }
        OptOutCommand::Add { patient, phone, how } => {
            if patient.is_none() && phone.is_none() {
                bail!("say who: --patient ID, --phone NUMBER, or both");
            }
            let phone = match phone.as_deref().map(PhoneNumber::parse) {
                Some(Err(fault)) => bail!("--phone: {fault}"),
                Some(Ok(number)) => Some(number),
                None => None,
            };
            store.add_opt_out(&OptOut { patient: patient.map(PatientId::new), phone, at: Clock::system().now(), how }).await?;
            eprintln!(
                "Added. Planned calls are withdrawn at the planner's next look, and every call is checked again when it is dialled."
            );
        }
    }
    Ok(Done::Fine)
}
