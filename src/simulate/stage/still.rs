//! Hours in which nothing happens are skipped: when nobody is on the line, nothing is leased and nothing was written for a
//! while, time goes on at the next moment that anybody waits for. All processes see the same: a night that passed at once.

use super::{CARRIER, Stage, Todo};
use crate::app::Beats;
use crate::core::ids::CarrierName;
use crate::core::link::{Standing, Why};
use crate::dialer::DialerBeat;
use crate::planner::{NextLook, PlannerBeat};
use crate::simulate::guarded::here_and_now;
use chrono::{DateTime, Duration, Utc};
use std::sync::PoisonError;

/// How often the loops of a replica look for what nobody told them of. An engine in service looks more often, at the same
/// things: here what is due begins a few seconds later, and a day has fewer looks that find nothing.
pub(super) fn beats() -> Beats {
    Beats {
        planner: PlannerBeat {
            look: Duration::seconds(2),
            everybody: Duration::hours(24),
            lease: Duration::seconds(20),
            next: NextLook::default(),
        },
        dialer: DialerBeat { look: Duration::seconds(5), rescue: Duration::seconds(10) },
    }
}

/// How often the stage looks whether all is still.
pub(super) const STRIDE: Duration = Duration::seconds(5);
/// The longest time that is skipped where something is due and nobody does it.
const LONGEST: Duration = Duration::minutes(10);
/// How long a carrier's fault waits until somebody looks at it.
const NOTICED: Duration = Duration::minutes(12);

/// Whether anything moves.
#[derive(Default)]
pub(super) struct Still {
    moves: u64,
    /// So many looks in a row found nothing that moved.
    looks: u32,
    resolving: Option<DateTime<Utc>>,
}

impl Stage<'_> {
    /// Skips the time until something happens; `next` is the stage's own next moment.
    pub(super) async fn skip(&mut self, next: DateTime<Utc>) -> anyhow::Result<()> {
        let moves = self.scene.moves();
        if moves != self.still.moves || !self.network.is_still() {
            (self.still.moves, self.still.looks) = (moves, 0);
            return Ok(());
        }
        self.still.looks += 1;
        if self.still.looks < 2 {
            return Ok(());
        }
        // Before a replica has made the tables there is nothing to look at.
        if self.replicas.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Ok(());
        }
        let carrier = CarrierName::from(CARRIER);
        let now = self.now();
        let wall = self.scene.wall.now();
        let home = self.makings.home.clone();
        let (lines, live, due, rows) = here_and_now(&home, async {
            let store = &self.store;
            Ok::<_, crate::store::StoreError>((
                store.lines_in_use(&carrier).await?,
                store.live_calls().await?,
                store.next_due(&carrier, wall).await?,
                store.carriers().await?,
            ))
        })?;
        if rows.iter().any(|row| matches!(row.state.standing(wall), Standing::Paused(Why::Account, _)))
            && self.still.resolving.is_none_or(|at| at + NOTICED < now)
        {
            self.still.resolving = Some(now);
            self.plan(now + NOTICED, Todo::Resolve);
        }
        // A call to our number takes no line, and is asked about as any other where it fell silent.
        if lines > 0 || !live.is_empty() {
            return Ok(());
        }
        let mut until = next;
        // What a replica's clock shows, by true time.
        let truly = |at: DateTime<Utc>| now + (at - wall);
        match due {
            Some(due) if due > wall => until = until.min(truly(due)),
            Some(_) => until = until.min(now + self.patience()),
            None => {}
        }
        let looks = self.next_looks();
        match looks.into_iter().max().filter(|at| *at > DateTime::UNIX_EPOCH) {
            Some(at) if at > wall => until = until.min(truly(at)),
            // Nobody sweeps yet, or somebody is about to.
            _ => until = until.min(now + self.patience()),
        }
        let span = (until - now).min(Duration::days(2));
        if let Ok(span) = span.to_std() {
            tokio::time::advance(span).await;
        }
        Ok(())
    }

    /// When the planners that live look again.
    fn next_looks(&self) -> Vec<DateTime<Utc>> {
        let replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        replicas.iter().filter(|it| !it.life.dead.is_cancelled()).map(|it| it.next.at()).collect()
    }

    /// Longer and longer where nothing moves although something is due.
    fn patience(&self) -> Duration {
        (STRIDE * 2_i32.pow(self.still.looks.min(7))).min(LONGEST)
    }
}
