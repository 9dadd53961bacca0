//! Wiring: configuration becomes rooms, rooms become a running engine, and a running engine stops in order.
//!
//! Start reading at [`Rooms::open`] and [`Engine::start`].

use crate::carrier::Carrier;
use crate::carrier::twilio::{Detection, TwilioCarrier, TwilioSettings};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{AnsweringMachine, CarrierConfig, CarrierKind, Config};
use crate::core::call::Brief;
use crate::core::domain::{LocalMoment, Purpose, VoicemailPolicy};
use crate::core::ids::{CarrierName, LanguageTag, SiteKey};
use crate::core::plan::Rules;
use crate::dialer::{Dialer, DialerSettings, Pace, Questions};
use crate::fault::Fault;
use crate::live_call::{Carriers, LiveCalls, Voice};
use crate::nudge::{Nudge, Stale};
use crate::planner::Planner;
use crate::prompt::script::{ScriptSet, load_scripts};
use crate::prompt::{Names, Packs, check_pack, says};
use crate::rulebook;
use crate::services::Classifier;
use crate::store::{self, SharedStore};
use crate::web::{Web, router};
use anyhow::{Context, bail};
use chrono::{NaiveDate, NaiveTime};
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Languages that count as known where there is no prompts folder to look into (`plan`, `import`).
const SHIPPED_LANGUAGES: [&str; 2] = ["en-US", "es-US"];

/// What is said where the prompts folder is missing.
const NO_PROMPTS: &str = "there is no prompts folder here: set `prompts` in the configuration, or copy the shipped folder";

/// What the files of a hospital say, read and checked.
pub struct Rulings {
    /// The rules.
    pub rules: Arc<Rules>,
    /// The classification of services.
    pub classifier: Classifier,
}

/// Reads jobs and services for a command that needs no sound: every fault is reported.
///
/// # Errors
/// All faults, one below the other.
pub fn read_rulings(config: &Config) -> Result<Rulings, Vec<Fault>> {
    let (scripts, _) = script_names(config);
    let (jobs, mut faults) = rulebook::load_jobs(&config.schedules, config, &scripts);
    let classifier = match Classifier::beside(config) {
        Ok(classifier) => classifier,
        Err(more) => {
            faults.extend(more);
            Classifier::shipped()
        }
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Rulings { rules: Arc::new(rulebook::rules(config, jobs, languages(config))), classifier })
}

/// Every fault of the files that a configuration names: schedules, services, prompts, scripts.
pub fn check_files(config: &Config) -> Vec<Fault> {
    let mut faults = read_rulings(config).err().unwrap_or_default();
    faults.extend(check_prompts(config));
    faults
}

/// Every fault of packs and scripts, and every phrase that a call could need and a pack does not hold.
pub fn check_prompts(config: &Config) -> Vec<Fault> {
    read_prompts(config).err().unwrap_or_default()
}

/// Packs and scripts that can speak every call there can be.
fn read_prompts(config: &Config) -> Result<(Packs, ScriptSet), Vec<Fault>> {
    if !config.prompts.is_dir() {
        return Err(vec![Fault::of_file(&config.prompts, "no_prompts", NO_PROMPTS)]);
    }
    let (packs, mut faults) = Packs::load(&config.prompts);
    let scripts = match load_scripts(&config.prompts.join("scripts")) {
        Ok(scripts) => scripts,
        Err(more) => {
            faults.extend(more);
            return Err(faults);
        }
    };
    if packs.find(config.organization.language.as_str()).is_none() {
        let message = format!("there is no pack of [organization] language {}", config.organization.language);
        faults.push(Fault::of_file(&config.prompts, "no_pack", message));
    }
    let names = Names {
        organization: config.organization.name.clone(),
        sites: config.sites.iter().map(|(key, site)| (key.clone(), site.name.clone())).collect(),
    };
    for pack in packs.iter() {
        for key in config.sites.keys() {
            let brief = example(config, key, &pack.language);
            faults.extend(check_pack(pack, &says(&scripts, &brief), &names));
        }
    }
    faults.dedup();
    if faults.is_empty() { Ok((packs, scripts)) } else { Err(faults) }
}

/// A call that could be: its facts fill the places of a script.
fn example(config: &Config, site: &SiteKey, language: &LanguageTag) -> Brief {
    let start = LocalMoment { date: NaiveDate::MIN, time: NaiveTime::MIN };
    Brief {
        purpose: Purpose::Reminder,
        script: String::new(),
        language: language.clone(),
        start,
        old_start: Some(start),
        site: site.clone(),
        appointments: 2,
        callback_number: config.organization.callback_number.clone(),
        opt_out_number: config.organization.opt_out_number.clone(),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 0,
        long_timeouts: false,
    }
}

/// The languages of the prompts folder, by the names of its packs; the shipped ones where there is no folder.
pub fn languages(config: &Config) -> Vec<LanguageTag> {
    let Ok(entries) = std::fs::read_dir(&config.prompts) else { return SHIPPED_LANGUAGES.map(LanguageTag::from).to_vec() };
    let mut tags: Vec<_> = entries
        .flatten()
        .filter(|e| e.path().join("pack.toml").is_file())
        .filter_map(|e| e.file_name().into_string().ok())
        .map(LanguageTag::new)
        .collect();
    tags.sort();
    tags
}

/// The names of the call scripts, and their faults; no names where there is no folder (then any name is accepted).
pub fn script_names(config: &Config) -> (Vec<String>, Vec<Fault>) {
    let dir = config.prompts.join("scripts");
    if !dir.is_dir() {
        return (Vec::new(), Vec::new());
    }
    match load_scripts(&dir) {
        Ok(set) => (set.calls.into_keys().collect(), Vec::new()),
        Err(faults) => (Vec::new(), faults),
    }
}

/// Opens the store that the configuration names.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(config: &Config) -> anyhow::Result<SharedStore> {
    store::open(config.store.url.expose_secret()).await.context("the store cannot be opened (store.url)")
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
}

impl Rooms {
    /// Reads everything, brings the schema up to date, and joins the rooms.
    ///
    /// # Errors
    /// Faults in files, a store that cannot be opened, a pack that cannot speak.
    pub async fn open(config: Config, store: SharedStore, clock: Clock, chance: Chance) -> anyhow::Result<Rooms> {
        let rulings = read_rulings(&config).map_err(|faults| anyhow::anyhow!(listed(&faults)))?;
        let (packs, scripts) = read_prompts(&config).map_err(|faults| anyhow::anyhow!(listed(&faults)))?;
        let scripts = Arc::new(scripts);
        refuse_unreviewed(&config, &packs)?;
        store.migrate().await.context("the store's schema cannot be brought up to date")?;
        let secret = store.secret("audio", chance.bytes(32)).await?;
        let organization = &config.organization;
        let apology = scripts.apology.words(&organization.callback_number);
        let voice = Voice::new(packs, secret, &config.server.public_url, &organization.language, &apology)?;
        let (nudge, stale) = Nudge::new();
        let live = LiveCalls {
            store: store.clone(),
            carriers: carriers(&config)?,
            scripts,
            voice: Arc::new(voice),
            rules: rulings.rules.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            nudge,
        };
        Ok(Rooms { config: Arc::new(config), store, rulings, live: Arc::new(live), clock, chance, stale })
    }
}

/// Faults, one below the other.
pub fn listed(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A real carrier does not speak with a pack that nobody signed off, unless the configuration accepts it.
fn refuse_unreviewed(config: &Config, packs: &Packs) -> anyhow::Result<()> {
    let real = config.carriers.iter().find(|(_, carrier)| carrier.kind.is_real());
    let Some((name, _)) = real else { return Ok(()) };
    let unreviewed: Vec<_> = packs.iter().filter(|pack| !pack.reviewed()).map(|pack| pack.language.to_string()).collect();
    if unreviewed.is_empty() {
        return Ok(());
    }
    let which = unreviewed.join(", ");
    if config.accept_unreviewed {
        tracing::warn!(packs = which, "accept_unreviewed: patients hear packs that nobody has signed off");
        return Ok(());
    }
    bail!(
        "carrier {name} is real and these packs are not reviewed: {which}. Fill `reviewed = true`, reviewer and date in their pack.toml, or set accept_unreviewed = true"
    )
}

fn carriers(config: &Config) -> anyhow::Result<Carriers> {
    config.carriers.iter().map(|(name, settings)| Ok((name.clone(), carrier(config, name, settings)?))).collect()
}

/// The one line a carrier takes outside its folder.
fn carrier(config: &Config, name: &CarrierName, settings: &CarrierConfig) -> anyhow::Result<Arc<dyn Carrier>> {
    match settings.kind {
        CarrierKind::Simulator | CarrierKind::Twilio => Ok(Arc::new(TwilioCarrier::new(twilio(config, name, settings))?)),
        other => bail!("carrier {name}: kind {other:?} is not built yet; use simulator or twilio"),
    }
}

fn twilio(config: &Config, name: &CarrierName, settings: &CarrierConfig) -> TwilioSettings {
    TwilioSettings {
        name: name.clone(),
        api_url: settings.api_url.clone(),
        account: settings.account.clone(),
        auth_tokens: settings.auth_tokens.clone(),
        from: settings.from.clone(),
        public_url: config.server.public_url.clone(),
        answering_machine: match settings.answering_machine {
            AnsweringMachine::Async => Detection::Async,
            AnsweringMachine::Sync => Detection::Sync,
            AnsweringMachine::Off => Detection::Off,
        },
        request_timeout: std::time::Duration::from_secs(15),
    }
}

/// A running engine: web server, planner, diallers.
pub struct Engine {
    /// Where it listens.
    pub address: SocketAddr,
    /// Calls in progress.
    pub live: Arc<LiveCalls>,
    /// The planner, to be asked directly.
    pub planner: Arc<Planner>,
    /// Rings when the plan changed.
    pub planned: Arc<Notify>,
    stop_work: CancellationToken,
    stop_web: CancellationToken,
    work: TaskTracker,
    web: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Engine {
    /// Starts everything on a listener that is bound already.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(rooms: Rooms, listener: TcpListener) -> anyhow::Result<Engine> {
        let address = listener.local_addr()?;
        let (stop_work, stop_web, work) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let web = Web {
            live: rooms.live.clone(),
            store: rooms.store.clone(),
            rules: rooms.rulings.rules.clone(),
            clock: rooms.clock.clone(),
        };
        let app = router(web).into_make_service_with_connect_info::<SocketAddr>();
        let web_stopped = stop_web.clone();
        let web = tokio::spawn(async move {
            axum::serve(listener, app).with_graceful_shutdown(async move { web_stopped.cancelled().await }).await
        });
        let planned = Arc::new(Notify::new());
        let planner = Arc::new(Planner {
            store: rooms.store.clone(),
            rules: rooms.rulings.rules.clone(),
            clock: rooms.clock.clone(),
            chance: rooms.chance.clone(),
        });
        rooms.live.nudge.all();
        work.spawn(planner.clone().run(rooms.stale, planned.clone(), stop_work.clone()));
        for carrier in rooms.live.carriers.values() {
            let dialer = Arc::new(dialer(&rooms.config, &rooms.live, carrier.clone(), &rooms.chance, &planned));
            work.spawn(dialer.run(stop_work.clone(), work.clone()));
        }
        Ok(Engine { address, live: rooms.live, planner, planned, stop_work, stop_web, work, web })
    }

    /// Stops in order: no new calls; requests under way are finished; then the web server closes.
    ///
    /// # Errors
    /// When the web server failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop_work.cancel();
        self.work.close();
        self.work.wait().await;
        self.stop_web.cancel();
        self.web.await??;
        Ok(())
    }
}

fn dialer(config: &Config, live: &Arc<LiveCalls>, carrier: Arc<dyn Carrier>, chance: &Chance, planned: &Arc<Notify>) -> Dialer {
    // `carriers` made one carrier of each configured name: it is there.
    let settings = &config.carriers[carrier.name()];
    Dialer {
        settings: DialerSettings {
            calls_per_second: settings.calls_per_second,
            max_calls: settings.max_calls,
            ring_timeout: settings.ring_timeout,
            organization: config.organization.clone(),
            callback_numbers: config
                .sites
                .iter()
                .filter_map(|(key, site)| site.callback_number.clone().map(|number| (key.clone(), number)))
                .collect(),
        },
        pace: Pace::new(settings.calls_per_second),
        carrier,
        live: live.clone(),
        chance: chance.clone(),
        planned: planned.clone(),
        holder: format!("dialler-{}", chance.hex(4)),
        paused: AtomicBool::new(false),
        questions: Questions::default(),
    }
}
