//! Wiring: configuration becomes rooms, rooms become a running engine, and a running engine stops in order.
//!
//! Start reading at [`Rooms::open`] and [`Engine::start`]; `files` reads what a hospital wrote.

mod engine;
mod files;
mod reload;

pub use engine::{Beats, Engine, Listeners, Works};
pub use files::{Rulings, check_all, check_prompts, check_schedules, languages, listed, prompt_lengths, read_rulings};
pub use reload::{Looked, Reload};

use crate::board::Board;
use crate::carrier::{Carrier, Settings};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{CarrierConfig, Config};
use crate::core::ids::CarrierName;
use crate::dialer::{BriefWriter, LoggedCarrier, REQUEST_TIMEOUT};
use crate::fault::Fault;
use crate::live_call::{Carriers, Kept, LiveCalls, Reception, Voice, VoiceSettings, Wordless};
use crate::nudge::{Nudge, Stale};
use crate::prompt::Packs;
use crate::prompt::script::ScriptSet;
use crate::store::{self, SharedStore};
use crate::wire::Passage;
use anyhow::{Context, bail};
use files::read_prompts;
use reload::Seen;
use secrecy::ExposeSecret;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Opens the store that the configuration names.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(config: &Config) -> anyhow::Result<SharedStore> {
    store::open(config.store.url.expose_secret()).await.context("the store cannot be opened (store.url)")
}

/// What the files of a hospital say, read once: several replicas in one process may go by one reading.
#[derive(Clone)]
pub struct Files {
    /// Rules.
    pub rulings: Rulings,
    packs: Arc<Packs>,
    scripts: Arc<ScriptSet>,
    /// What the prompts folder was when it was read.
    prompts_seen: Seen,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    /// Every fault, and what this version does not do.
    pub fn read(config: &Config) -> anyhow::Result<Files> {
        refuse_not_built(config)?;
        let rulings = read_rulings(config).map_err(|faults| anyhow::anyhow!(listed(&faults)))?;
        let prompts_seen = Seen::of(&config.prompts);
        let (packs, scripts, warnings) = read_prompts(config).map_err(|found| anyhow::anyhow!(listed(&found.faults)))?;
        tell(&warnings);
        refuse_unreviewed(config, &packs)?;
        Ok(Files { rulings, packs: Arc::new(packs), scripts: Arc::new(scripts), prompts_seen })
    }

    /// The same recordings and scripts with the rules that another configuration makes of the same jobs.
    ///
    /// # Errors
    /// Every fault.
    pub fn with_rules_of(&self, config: &Config) -> anyhow::Result<Files> {
        let rulings = read_rulings(config).map_err(|faults| anyhow::anyhow!(listed(&faults)))?;
        Ok(Files { rulings, ..self.clone() })
    }
}

/// Everything a running engine is made of.
pub struct Rooms {
    /// The configuration.
    pub config: Arc<Config>,
    /// What is remembered.
    pub store: SharedStore,
    /// What the files of the hospital say.
    pub rulings: Rulings,
    /// Calls in progress.
    pub live: Arc<LiveCalls>,
    /// The clock.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
    stale: mpsc::UnboundedReceiver<Stale>,
    /// What the prompts folder was when it was read.
    prompts_seen: Seen,
}

impl Rooms {
    /// Reads everything, brings the schema up to date, and joins the rooms.
    ///
    /// # Errors
    /// Faults in files, a store that cannot be opened, a pack that cannot speak.
    pub async fn open(config: Config, store: SharedStore, clock: Clock, chance: Chance) -> anyhow::Result<Rooms> {
        let files = Files::read(&config)?;
        Rooms::of_files(Arc::new(config), files, None, store, clock, chance).await
    }

    /// The same of files that were read already. Carriers are reached over HTTP, or `within` this process.
    ///
    /// # Errors
    /// As [`Rooms::open`].
    pub async fn of_files(
        config: Arc<Config>,
        files: Files,
        within: Option<Arc<dyn Passage>>,
        store: SharedStore,
        clock: Clock,
        chance: Chance,
    ) -> anyhow::Result<Rooms> {
        let Files { rulings, packs, scripts, prompts_seen } = files;
        store.migrate().await.context("the store's schema cannot be brought up to date")?;
        if let Some(made_at) = store.copied_at().await? {
            bail!(
                "this store is a back-up, made at {}: what was dialled since is not in it. `callahead restore FILE` puts it in place \
                 so that nobody is called a second time",
                made_at.to_rfc3339()
            );
        }
        let secret = store.secret("audio", chance.bytes(32)).await?;
        let settings = VoiceSettings {
            secret,
            public_url: config.server.public_url.clone(),
            language: config.organization.language.clone(),
            callback_number: config.organization.callback_number.clone(),
        };
        let voice = Voice::new(settings, packs, scripts, clock.now())?;
        let (nudge, stale) = Nudge::new();
        let live = LiveCalls {
            store: store.clone(),
            carriers: carriers(&config, within, &store, &clock)?,
            voice: Arc::new(voice),
            board: Board::new(rulings.rules.clone()),
            clock: clock.clone(),
            chance: chance.clone(),
            nudge,
            reception: Reception {
                office_number: config.organization.office_number().clone(),
                opt_out_number: config.organization.opt_out_number.clone(),
                briefs: Arc::new(BriefWriter::of(&config)),
            },
            kept: Kept::default(),
            wordless: Wordless::default(),
        };
        live.keep_announcements().await;
        Ok(Rooms { config, store, rulings, live: Arc::new(live), clock, chance, stale, prompts_seen })
    }
}

/// What somebody would rely on and this version does not do keeps the service from starting; the rest is said.
fn refuse_not_built(config: &Config) -> anyhow::Result<()> {
    let stops: Vec<_> =
        config.not_built.iter().filter(|missing| missing.stops_serve).map(|missing| missing.fault.clone()).collect();
    if !stops.is_empty() {
        bail!("{}", listed(&stops));
    }
    for missing in &config.not_built {
        tracing::warn!(place = format!("{}:{}", missing.fault.file, missing.fault.line), "{}", missing.fault.message);
    }
    Ok(())
}

/// Warnings of the prompts folder, to the log.
fn tell(warnings: &[Fault]) {
    for warning in warnings {
        tracing::warn!(place = format!("{}:{}", warning.file, warning.line), code = warning.code, "{}", warning.message);
    }
}

/// A real carrier does not speak with a pack that nobody signed off, unless the configuration accepts it.
fn refuse_unreviewed(config: &Config, packs: &Packs) -> Result<(), Unreviewed> {
    let real = config.carriers.iter().find(|(_, carrier)| carrier.kind.is_real);
    let Some((carrier, _)) = real else { return Ok(()) };
    let unreviewed: Vec<_> = packs.iter().filter(|pack| !pack.reviewed()).map(|pack| pack.language.to_string()).collect();
    let which = unreviewed.join(", ");
    if which.is_empty() {
        return Ok(());
    }
    if config.accept_unreviewed {
        tracing::warn!(packs = which, "accept_unreviewed: patients hear packs that nobody has signed off");
        return Ok(());
    }
    Err(Unreviewed { carrier: carrier.clone(), which })
}

/// Packs that a real carrier would speak and nobody has signed off.
#[derive(Debug, thiserror::Error)]
#[error(
    "carrier {carrier} is real and these packs are not reviewed: {which}. Fill `reviewed = true`, reviewer and date in their \
     pack.toml, or set accept_unreviewed = true"
)]
struct Unreviewed {
    carrier: CarrierName,
    which: String,
}

/// The configured carriers, each behind the log of what it is asked.
fn carriers(config: &Config, within: Option<Arc<dyn Passage>>, store: &SharedStore, clock: &Clock) -> anyhow::Result<Carriers> {
    let logged = |carrier| Arc::new(LoggedCarrier::new(carrier, store.clone(), clock.clone())) as Arc<dyn Carrier>;
    let made = |(name, settings)| Ok((CarrierName::clone(name), logged(carrier(config, within.clone(), name, settings)?)));
    config.carriers.iter().map(made).collect()
}

/// The carrier of its kind: which kinds there are, only the carrier room knows.
fn carrier(
    config: &Config,
    within: Option<Arc<dyn Passage>>,
    name: &CarrierName,
    settings: &CarrierConfig,
) -> anyhow::Result<Arc<dyn Carrier>> {
    let make = settings.kind.make.with_context(|| format!("carrier {name}: kind {:?} is not built yet", settings.kind))?;
    Ok(make(Settings {
        name: name.clone(),
        api_url: settings.api_url.clone(),
        account: settings.account.clone(),
        auth_tokens: settings.auth_tokens.clone(),
        from: settings.from.clone(),
        public_url: config.server.public_url.clone(),
        answering_machine: settings.answering_machine,
        request_timeout: REQUEST_TIMEOUT,
        within,
        own: settings.own.clone(),
    })?)
}
