//! The files of a running service, read again and again: right ones come into force at once, wrong ones change nothing.
//!
//! Read anew: reminder jobs with their files of holidays, `services.toml`, of the configuration `[limits]` and the sites'
//! time zones, and the prompts folder with its packs and call scripts (`prompts.rs`). Sites that are new, carriers and
//! everything else hold after a restart.

mod prompts;
mod seen;

pub(super) use seen::Seen;

use super::Rooms;
use super::files::{Rulings, read_rulings_of};
use crate::board::Board;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::plan::{Job, Rules};
use crate::fault::Fault;
use crate::live_call::LiveCalls;
use crate::nudge::Nudge;
use chrono::Duration;
use prompts::Prompts;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const EVERY: Duration = Duration::seconds(2);

/// What is said where every job is gone at once.
const NO_JOB: &str = "there is no reminder job in this folder any more: put them back; to call nobody, write enabled = false \
                      in each, or restart";

/// What a look at the files found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// They say what is in force.
    Same,
    /// A job is gone, or prompts are just changing. Somebody may be about to write more: it counts when the next look finds
    /// the same.
    Waiting,
    /// They are in force now: what is different, in words.
    Replaced(Vec<String>),
    /// They are wrong: what is in force stays.
    Refused(Vec<Fault>),
}

/// Reads the files again.
pub struct Reload {
    board: Board,
    nudge: Nudge,
    clock: Clock,
    /// What the service was started with.
    config: Arc<Config>,
    prompts: Prompts,
    live: Arc<LiveCalls>,
    /// The faults that were told already.
    told: Vec<Fault>,
    /// Whether the last look missed a job.
    missed: bool,
}

impl Reload {
    /// Of the files that these rooms were opened with.
    pub fn of(rooms: &Rooms) -> Reload {
        Reload {
            board: rooms.live.board.clone(),
            nudge: rooms.live.nudge.clone(),
            clock: rooms.clock.clone(),
            config: rooms.config.clone(),
            prompts: Prompts::of(rooms),
            live: rooms.live.clone(),
            told: Vec::new(),
            missed: false,
        }
    }

    /// Looks every two seconds until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let clock = self.clock.clone();
        let live = self.live.clone();
        let (mut prompts_waited, mut kept) = (false, true);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock.sleep(EVERY) => {}
            }
            // A folder may lie on a slow network.
            let looked = tokio::task::spawn_blocking(move || {
                let prompts = self.look_at_prompts();
                let waiting = prompts == Looked::Waiting;
                // A job and its script may have been saved together: the script comes first.
                if !waiting || prompts_waited {
                    self.look();
                }
                (self, waiting, matches!(prompts, Looked::Replaced(_)))
            });
            match looked.await {
                Ok((reload, waiting, replaced)) => {
                    (self, prompts_waited) = (reload, waiting);
                    if replaced || !kept {
                        kept = live.keep_announcements().await;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the files are not read again any more: restart to put changes in force");
                    return;
                }
            }
        }
    }

    /// Looks at the prompts folder, reads it anew when it has changed and come to rest, and puts it in force for calls that
    /// are placed from now on where all of it is right. Every fault is logged once.
    pub fn look_at_prompts(&mut self) -> Looked {
        self.prompts.look(&self.board, &self.nudge, self.clock.now())
    }

    /// Reads the rules anew, and puts them in force where they are right and different. Every fault is logged once.
    pub fn look(&mut self) -> Looked {
        let rules = match self.read() {
            // What lies on a share that is not there for a moment is an empty folder: every call would be withdrawn.
            Ok(rules) if rules.jobs.is_empty() && !self.board.rules().jobs.is_empty() => {
                return self.refuse(vec![Fault::of_file(&self.config.schedules, "no_job", NO_JOB)]);
            }
            Ok(rules) => rules,
            Err(faults) => return self.refuse(faults),
        };
        self.board.set_faults(0);
        if !std::mem::take(&mut self.told).is_empty() {
            tracing::info!("the files of rules are right again");
        }
        let before = self.board.rules();
        let changes = changes(&before, &rules);
        let gone = changes.iter().any(|change| matches!(change, Change::Removed(_)));
        if gone && !std::mem::replace(&mut self.missed, true) {
            return Looked::Waiting;
        }
        self.missed = false;
        if changes.is_empty() {
            return Looked::Same;
        }
        let changes: Vec<String> = changes.iter().map(Change::in_words).collect();
        self.board.replace(rules.clone());
        self.nudge.all();
        tracing::info!(changes = changes.join("; "), "changed files of rules are in force");
        Looked::Replaced(changes)
    }

    fn read(&self) -> Result<Arc<Rules>, Vec<Fault>> {
        let (config, mut faults) = self.config_now();
        let languages = self.board.rules().languages.clone();
        match read_rulings_of(&config, &self.prompts.scripts(), languages) {
            Ok(Rulings { rules, .. }) if faults.is_empty() => Ok(rules),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        }
    }

    /// The configuration that the service was started with, with the limits and the time zones of its file as it is now.
    fn config_now(&self) -> (Config, Vec<Fault>) {
        let mut config = (*self.config).clone();
        let Some(file) = &self.config.file else { return (config, Vec::new()) };
        match Config::load(Some(file), std::env::vars()) {
            Ok(fresh) => {
                config.limits = fresh.limits;
                for (key, site) in &mut config.sites {
                    if let Some(fresh) = fresh.sites.get(key) {
                        site.timezone = fresh.timezone;
                    }
                }
                (config, Vec::new())
            }
            Err(faults) => (config, faults),
        }
    }

    fn refuse(&mut self, faults: Vec<Fault>) -> Looked {
        for fault in faults.iter().filter(|fault| !self.told.contains(fault)) {
            let place = format!("{}:{}", fault.file, fault.line);
            tracing::error!(place, code = fault.code, "{}; the rules in force stay as they are", fault.message);
        }
        self.board.set_faults(faults.len());
        self.told.clone_from(&faults);
        Looked::Refused(faults)
    }
}

/// One difference between two sets of rules.
enum Change<'a> {
    Added(&'a Job),
    Removed(&'a Job),
    Changed(&'a Job),
    Limits,
    Sites,
}

impl Change<'_> {
    fn in_words(&self) -> String {
        match self {
            Change::Added(job) => format!("job {} is new", job.name),
            Change::Removed(job) => format!("job {} is gone", job.name),
            Change::Changed(job) => format!("job {} changed", job.name),
            Change::Limits => "[limits] changed".to_string(),
            Change::Sites => "a site's time zone changed".to_string(),
        }
    }
}

fn changes<'a>(old: &'a Rules, new: &'a Rules) -> Vec<Change<'a>> {
    let find = |jobs: &'a [Job], job: &Job| jobs.iter().find(|other| other.name == job.name);
    let removed = old.jobs.iter().filter(|job| find(&new.jobs, job).is_none()).map(Change::Removed);
    let rest = new.jobs.iter().filter_map(|job| match find(&old.jobs, job) {
        None => Some(Change::Added(job)),
        Some(before) => (before != job).then_some(Change::Changed(job)),
    });
    let limits = (old.limits != new.limits).then_some(Change::Limits);
    let sites = (old.sites != new.sites).then_some(Change::Sites);
    removed.chain(rest).chain(limits).chain(sites).collect()
}
