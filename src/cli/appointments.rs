//! `appointments list`.

use super::{Desk, Done};
use crate::core::ids::FeedName;
use crate::views::AppointmentView;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum AppointmentsCommand {
    /// Stored appointments in order of time.
    List {
        /// Only of this feed.
        #[arg(long)]
        feed: Option<String>,
        /// Only how many.
        #[arg(long)]
        count: bool,
    },
}

pub async fn run(desk: &Desk, command: AppointmentsCommand) -> anyhow::Result<Done> {
    let AppointmentsCommand::List { feed, count } = command;
    let config = desk.config()?;
    let store = desk.store_to_read(&config).await?;
    let feed = feed.map(FeedName::new);
    if count {
        let count = store.count_appointments(feed.as_ref()).await?;
        desk.output.value(&serde_json::json!({"count": count}), || count.to_string())?;
        return Ok(Done::Fine);
    }
    let rules = desk.rulings(&config)?.rules;
    let stored = store.appointments(feed.as_ref(), u32::MAX).await?;
    let rows: Vec<_> = stored.iter().map(|a| AppointmentView::of(a, &rules)).collect();
    let head = ["start", "site", "service", "status", "appointment", "patient", "feed"];
    desk.output.rows(&rows, &head, "No appointments are stored.", |a| {
        [&a.start, &a.site, a.service, a.status, &a.appointment_id, &a.patient_id, &a.feed].map(ToString::to_string).to_vec()
    })?;
    Ok(Done::Fine)
}
