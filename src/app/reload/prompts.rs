//! The prompts folder of a running service: packs and call scripts come into force together, or not at all.

use super::{Looked, Rooms, Seen};
use crate::app::files::read_prompts;
use crate::app::{refuse_unreviewed, tell};
use crate::board::Board;
use crate::config::Config;
use crate::core::call::DELAY;
use crate::core::ids::LanguageTag;
use crate::core::plan::Rules;
use crate::fault::Fault;
use crate::live_call::Voice;
use crate::nudge::Nudge;
use crate::prompt::Packs;
use crate::prompt::script::ScriptSet;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much longer than the longest call the recordings that it began with are kept: for what carriers fetch and tell late.
const LATE: Duration = Duration::minutes(5);

/// So many changed files are named in the log; of the others only how many they are.
const NAMED: usize = 5;

/// Looks at the folder.
pub(super) struct Prompts {
    config: Arc<Config>,
    voice: Arc<Voice>,
    /// What was read last, whether or not it came into force.
    read: State,
    /// What the last look found, where that was something else.
    pending: Option<State>,
    /// What is in force looked like this.
    in_force: Seen,
    /// The faults that were told already.
    told: Vec<Fault>,
}

/// What a reading depends on.
#[derive(Clone, PartialEq)]
struct State {
    folder: Seen,
    /// The call scripts that jobs name, and the one that is said without.
    wanted: BTreeSet<String>,
}

impl Prompts {
    pub(super) fn of(rooms: &Rooms) -> Prompts {
        let folder = rooms.prompts_seen.clone();
        Prompts {
            config: rooms.config.clone(),
            voice: rooms.live.voice.clone(),
            in_force: folder.clone(),
            read: State { folder, wanted: wanted(&rooms.live.board.rules()) },
            pending: None,
            told: Vec::new(),
        }
    }

    /// The names of the call scripts in force.
    pub(super) fn scripts(&self) -> Vec<String> {
        self.voice.now().scripts.calls.keys().cloned().collect()
    }

    pub(super) fn look(&mut self, board: &Board, nudge: &Nudge, now: DateTime<Utc>) -> Looked {
        self.voice.forget_before(now);
        let rules = board.rules();
        let state = self.state(&rules);
        // What is wrong may be right by another list of jobs; what is right is read again only when its files change.
        let same = state.folder == self.read.folder && (self.told.is_empty() || state.wanted == self.read.wanted);
        if same {
            self.pending = None;
            return if self.told.is_empty() { Looked::Same } else { Looked::Refused(self.told.clone()) };
        }
        if self.pending.as_ref() != Some(&state) {
            self.pending = Some(state);
            return Looked::Waiting;
        }
        let read = self.read_all(&rules);
        let after = self.state(&rules);
        if after != state {
            // Somebody wrote while it was read: it may be half of the old and half of the new.
            self.pending = Some(after);
            return Looked::Waiting;
        }
        self.pending = None;
        self.read = state;
        let languages = match read {
            Ok((packs, scripts)) => {
                let languages: Vec<LanguageTag> = packs.languages().cloned().collect();
                if let Err(error) = self.voice.replace(packs, scripts, now, self.keep(&rules)) {
                    return self.refuse(vec![Fault::of_file(&self.config.prompts, "unspeakable", error.to_string())]);
                }
                languages
            }
            Err(faults) => return self.refuse(faults),
        };
        self.voice.set_faults(0);
        self.told.clear();
        let changes = self.read.folder.changes_since(&self.in_force);
        self.in_force.clone_from(&self.read.folder);
        let mut named = changes.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
        if changes.len() > NAMED {
            named += &format!("; and {} more", changes.len() - NAMED);
        }
        tracing::info!(changes = named, "changed prompts are in force for calls that begin now");
        if rules.languages != languages {
            // Patients who wait because nobody spoke their language can be called now.
            board.replace(Arc::new(Rules { languages, ..(*rules).clone() }));
            nudge.all();
        }
        Looked::Replaced(changes)
    }

    fn state(&self, rules: &Rules) -> State {
        State { folder: Seen::of(&self.config.prompts), wanted: wanted(rules) }
    }

    /// All of it, as at the start, and nothing that is relied upon is gone.
    fn read_all(&self, rules: &Rules) -> Result<(Packs, ScriptSet), Vec<Fault>> {
        let (packs, scripts, warnings) = read_prompts(&self.config).map_err(|found| found.faults)?;
        tell(&warnings);
        let mut faults = Vec::new();
        let dir = &self.config.prompts;
        for language in rules.languages.iter().filter(|language| packs.pack(language).is_err()) {
            let message = format!(
                "the language {language} is gone, and patients may be waiting for a call in it: put its folder back, or \
                 restart to do without it"
            );
            faults.push(Fault::of_file(&dir.join(language.as_str()), "language_gone", message));
        }
        for job in rules.jobs.iter().filter(|job| !scripts.calls.contains_key(&job.call.script)) {
            let file = dir.join("scripts").join(format!("{}.toml", job.call.script));
            let message = format!("job {} says this call script, and it is gone: put it back, or change the job first", job.name);
            faults.push(Fault::of_file(&file, "script_gone", message));
        }
        faults.extend(refuse_unreviewed(&self.config, &packs).err().map(|e| Fault::of_file(dir, "not_reviewed", e.to_string())));
        if faults.is_empty() { Ok((packs, scripts)) } else { Err(faults) }
    }

    /// As long as a call that was just placed can last, and what is told of it late.
    fn keep(&self, rules: &Rules) -> Duration {
        let ringing = self.config.carriers.values().map(|carrier| carrier.ring_timeout).max().unwrap_or_default();
        rules.limits.max_call + ringing + LATE
    }

    fn refuse(&mut self, faults: Vec<Fault>) -> Looked {
        for fault in faults.iter().filter(|fault| !self.told.contains(fault)) {
            let place = format!("{}:{}", fault.file, fault.line);
            tracing::error!(place, code = fault.code, "{}; the prompts in force stay as they are", fault.message);
        }
        self.voice.set_faults(faults.len());
        self.told.clone_from(&faults);
        Looked::Refused(faults)
    }
}

fn wanted(rules: &Rules) -> BTreeSet<String> {
    rules.jobs.iter().map(|job| job.call.script.clone()).chain([DELAY.to_string()]).collect()
}
