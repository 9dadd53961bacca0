//! Feeds that have been silent too long: nobody is called about a visit whose schedule may have changed unheard.

use crate::chance::Chance;
use crate::clock::Clock;
use crate::core::domain::WorkKind;
use crate::core::ids::{FeedName, SiteKey};
use crate::store::{SharedStore, StoreError};
use crate::worklist::item;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::Mutex;

/// How long an answer holds: a feed is silent for hours before it counts.
const LOOK: Duration = Duration::seconds(5);

/// Watches the age of the live feeds (`limits.feed_max_age`). A site whose appointments come by hand has none.
pub struct Silence {
    store: SharedStore,
    clock: Clock,
    chance: Chance,
    max_age: Duration,
    /// The feeds that are configured: what once was one need not be heard any more.
    feeds: BTreeSet<FeedName>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    at: Option<DateTime<Utc>>,
    silent: BTreeMap<FeedName, Vec<SiteKey>>,
}

impl Silence {
    /// A watch over these feeds.
    pub fn new(store: SharedStore, clock: Clock, chance: Chance, max_age: Duration, feeds: BTreeSet<FeedName>) -> Silence {
        Silence { store, clock, chance, max_age, feeds, seen: Mutex::default() }
    }

    /// The sites that nobody is called about now. Whenever that changes, it is logged, and a worklist item opens or closes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sites(&self) -> Result<Vec<SiteKey>, StoreError> {
        let now = self.clock.now();
        let mut seen = self.seen.lock().await;
        if seen.at.is_none_or(|at| now >= at + LOOK) {
            let found = self.store.silent_feeds(now - self.max_age).await?;
            let silent = found.into_iter().filter(|(feed, _)| self.feeds.contains(feed)).collect();
            self.tell(&seen, &silent, now).await?;
            *seen = Seen { at: Some(now), silent };
        }
        let sites: BTreeSet<_> = seen.silent.values().flatten().cloned().collect();
        Ok(sites.into_iter().collect())
    }

    async fn tell(&self, seen: &Seen, silent: &BTreeMap<FeedName, Vec<SiteKey>>, now: DateTime<Utc>) -> Result<(), StoreError> {
        for (feed, sites) in silent.iter().filter(|(feed, _)| !seen.silent.contains_key(*feed)) {
            let names = sites.iter().map(SiteKey::as_str).collect::<Vec<_>>().join(", ");
            tracing::error!(%feed, sites = names, "the feed is silent: nobody is called about visits at its sites");
            self.store.open_work(&item(&self.chance, WorkKind::Review, None, now, None, Some(note(feed)))).await?;
        }
        // At the first look also what another process, or an earlier start, had opened.
        let heard = self.feeds.iter().filter(|feed| !silent.contains_key(*feed));
        let heard: BTreeSet<String> =
            heard.filter(|feed| seen.at.is_none() || seen.silent.contains_key(*feed)).map(note).collect();
        if heard.is_empty() {
            return Ok(());
        }
        for open in self.store.worklist(false, u32::MAX).await? {
            if open.visit.is_none()
                && open.kind == WorkKind::Review
                && open.resolution.as_ref().is_some_and(|n| heard.contains(n))
            {
                self.store.resolve_work(&open.id, "the feed is heard again").await?;
                tracing::info!("a feed is heard again: its sites are called about");
            }
        }
        Ok(())
    }
}

/// What the item says. The same for as long as the silence lasts, so that there is one.
fn note(feed: &FeedName) -> String {
    format!("feed {feed} is silent for longer than limits.feed_max_age: its sites are not called about until it is heard")
}
