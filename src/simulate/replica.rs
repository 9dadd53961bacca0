//! One life of a replica: the real engine with its real web routes, without listeners. When it is killed nothing of it has
//! any effect any more: its store, its requests and its answers all pass through its [`Life`].

use super::guarded::GuardedStore;
use super::memo::Memo;
use super::stage::{Life, Scene};
use crate::app::{Beats, Files, Rooms, Works};
use crate::board::Board;
use crate::chance::Chance;
use crate::config::Config;
use crate::core::plan::Rules;
use crate::planner::NextLook;
use crate::store::SharedStore;
use crate::wire::Passage;
use std::sync::Arc;
use tokio::runtime::Handle;

/// What every replica is made of.
#[derive(Clone)]
pub(super) struct Makings {
    pub config: Arc<Config>,
    pub files: Files,
    pub store: SharedStore,
    /// The runtime that the store lives in.
    pub home: Handle,
    pub scene: Arc<Scene>,
    pub memo: Arc<Memo>,
    pub beats: Beats,
    /// Changes the rules as a planted fault wants it.
    pub rules: Option<fn(&mut Rules)>,
    /// The same for the diallers alone.
    pub dial_rules: Option<fn(&mut Rules)>,
}

/// A replica at work.
pub(super) struct Replica {
    pub life: Arc<Life>,
    pub works: Works,
    /// When its planner has something to do by itself.
    pub next: NextLook,
}

impl Replica {
    /// Starts one. `to_carrier` is its own way there.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn start(
        makings: Makings,
        life: Arc<Life>,
        to_carrier: Arc<dyn Passage>,
        chance: Chance,
    ) -> anyhow::Result<Replica> {
        let Makings { config, mut files, store, home, scene, memo, mut beats, rules, dial_rules } = makings;
        if let Some(change) = rules {
            change(Arc::make_mut(&mut files.rulings.rules));
        }
        let store: SharedStore = Arc::new(GuardedStore::new(store, home, scene.clone(), life.clone(), memo));
        let rooms = Rooms::of_files(config, files, Some(to_carrier), store, scene.wall.clone(), chance).await?;
        beats.planner.next = NextLook::default();
        let next = beats.planner.next.clone();
        let board = Board::new(rooms.live.board.rules());
        if let Some(change) = dial_rules {
            let mut rules = (*board.rules()).clone();
            change(&mut rules);
            rooms.live.board.replace(Arc::new(rules));
        }
        Ok(Replica { life, works: Works::start_by(rooms, beats, board), next })
    }
}
