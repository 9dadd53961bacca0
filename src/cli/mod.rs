//! The command line (interfaces, section 1). JSON goes to standard output alone; logs and progress to standard error.
//!
//! Never here: logic. Start reading at [`main`]; each command is a file.
#![allow(clippy::print_stdout, reason = "a command line prints")]

mod appointments;
mod audit;
mod backup;
mod bench;
mod calls;
mod carrier_simulator;
mod check;
mod closure;
mod demo;
mod explain;
mod health;
mod import;
mod opt_out;
mod output;
mod plan;
mod prompts;
mod schedules;
mod serve;
mod services;
mod simulate;
mod webhooks;
mod worklist;

use crate::app::{Rulings, listed, open_store, read_rulings};
use crate::backup::{Serving, serving};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{self, SharedStore, file_of};
use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand, ValueEnum};
use output::Output;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Telephones a hospital's patients a few days before an exam or radiology appointment.
#[derive(Debug, Parser)]
#[command(name = "callahead", version, about, propagate_version = true)]
struct Arguments {
    /// Configuration file; else CALLAHEAD_CONFIG, else ./callahead.toml, else built-in defaults.
    #[arg(long, global = true, env = "CALLAHEAD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// How log lines are printed, on standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log: LogFormat,
    /// Show whole telephone numbers.
    #[arg(long, global = true)]
    reveal: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole engine on a throw-away store with a sample hospital and simulated telephones, in fast time.
    Demo(demo::DemoArguments),
    /// The service: planner, dialler, webhooks, console.
    Serve,
    /// Whether the service that runs here is ready: exit status 0, else 1.
    Health(health::HealthArguments),
    /// Reads configuration, schedules, prompts and scripts, and prints every fault.
    Check,
    /// Takes files of appointments in by hand.
    Import(import::ImportArguments),
    /// What the planner decides at a moment; writes nothing.
    Plan(plan::PlanArguments),
    /// Why one visit is or is not called.
    Explain(explain::ExplainArguments),
    /// Attempts with their outcome.
    Calls(calls::CallsArguments),
    /// What came in from carriers and went out to them.
    Webhooks(webhooks::WebhooksArguments),
    /// What is stored of the schedule.
    #[command(subcommand)]
    Appointments(appointments::AppointmentsCommand),
    /// What a person must do.
    #[command(subcommand)]
    Worklist(worklist::WorklistCommand),
    /// The suppression list.
    #[command(subcommand, name = "opt-out")]
    OptOut(opt_out::OptOutCommand),
    /// Reminder jobs: their faults, and what they will do.
    #[command(subcommand)]
    Schedules(schedules::SchedulesCommand),
    /// Tells everybody with a visit there and then that a site is closed, or opens late.
    Closure(closure::ClosureArguments),
    /// The list that says which service a visit type is.
    #[command(subcommand)]
    Services(services::ServicesCommand),
    /// What was decided, held against what it was decided from.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Language packs and call scripts.
    #[command(subcommand)]
    Prompts(prompts::PromptsCommand),
    /// Copies a SQLite store into a file, while it is in use.
    Backup(backup::BackupArguments),
    /// Puts a back-up in the place of a store that is lost, so that nobody is called a second time.
    Restore(backup::RestoreArguments),
    /// Brings the store's schema up to date.
    Migrate,
    /// The simulated telephone network as a program of its own.
    #[command(name = "carrier-simulator")]
    CarrierSimulator(carrier_simulator::SimulatorArguments),
    /// Whole hospital days in virtual time, each from a seed, with everything that can go wrong, and what must be true of them.
    Simulate(simulate::SimulateArguments),
    /// The figures of the README's performance table on this machine, each beside a reference of the same run.
    Bench(bench::BenchArguments),
}

/// How a command ended when it did not fail.
enum Done {
    /// Everything is fine: exit status 0.
    Fine,
    /// The check found something, or part of the work was refused: exit status 1.
    Found,
}

/// What every command has at hand.
struct Desk {
    config: Option<PathBuf>,
    output: Output,
    chance: Chance,
    /// The store that the command opened.
    opened: OnceLock<SharedStore>,
    /// Held until the command ends: nobody puts another file in the store's place meanwhile.
    working: OnceLock<Serving>,
}

impl Desk {
    fn config_file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    fn config(&self) -> anyhow::Result<Config> {
        Config::load(self.config_file(), std::env::vars()).map_err(|faults| anyhow::anyhow!(listed(&faults)))
    }

    fn rulings(&self, config: &Config) -> anyhow::Result<Rulings> {
        read_rulings(config).map_err(|faults| anyhow::anyhow!(listed(&faults)))
    }

    /// The store as it is. It is closed when the command ends.
    async fn open_store(&self, config: &Config) -> anyhow::Result<SharedStore> {
        // Where the folder is not there, opening the store says so best.
        let file = file_of(config.store.url.expose_secret())
            .filter(|file| file.parent().is_none_or(|f| f.as_os_str().is_empty() || f.is_dir()));
        if let Some(file) = file {
            let working = serving(&file)?;
            self.working.get_or_init(|| working);
        }
        let store = open_store(config).await?;
        Ok(self.opened.get_or_init(|| store).clone())
    }

    /// The store with its schema up to date.
    async fn store(&self, config: &Config) -> anyhow::Result<SharedStore> {
        let store = self.open_store(config).await?;
        store.migrate().await.context("the store's schema cannot be brought up to date")?;
        Ok(store)
    }

    /// As [`Desk::store`] for a command that only reads: it makes no file where there is none, and finds nothing then.
    async fn store_to_read(&self, config: &Config) -> anyhow::Result<SharedStore> {
        let Some(missing) = store::missing_file(config.store.url.expose_secret()) else { return self.store(config).await };
        eprintln!("There is no store yet ({} is made by `import`, `migrate` and `serve`): nothing is known.", missing.display());
        let nothing = store::open("sqlite::memory:").await?;
        nothing.migrate().await?;
        Ok(self.opened.get_or_init(|| nothing).clone())
    }

    async fn close(&self) {
        if let Some(store) = self.opened.get() {
            store.close().await;
        }
    }
}

/// A moment on the command line.
fn moment_given(text: &str) -> Result<DateTime<Utc>, String> {
    let want = "want a day, a time and an offset, such as 2026-11-25T08:00:00-05:00 or 2026-11-25T13:00:00Z";
    text.parse().map_err(|_| want.to_string())
}

fn clock_at(at: Option<DateTime<Utc>>) -> Clock {
    at.map_or_else(Clock::system, Clock::fixed)
}

/// Reads the arguments, runs the command, and says how it ended: 0 fine, 1 something was found or refused, 2 wrong usage
/// or configuration, or trouble.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log(arguments.log, &arguments.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("the runtime cannot start")),
    };
    match runtime.block_on(run(arguments)) {
        Ok(Done::Fine) => ExitCode::SUCCESS,
        Ok(Done::Found) => ExitCode::from(1),
        // Whoever reads our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("callahead: {error:#}");
    ExitCode::from(2)
}

async fn run(arguments: Arguments) -> anyhow::Result<Done> {
    let desk = Desk {
        config: arguments.config,
        output: Output { json: arguments.format == Format::Json, reveal: arguments.reveal },
        chance: Chance::from_system().context("the operating system gives no randomness")?,
        opened: OnceLock::new(),
        working: OnceLock::new(),
    };
    let done = obey(&desk, arguments.command).await;
    desk.close().await;
    done
}

async fn obey(desk: &Desk, command: Command) -> anyhow::Result<Done> {
    match command {
        Command::Demo(args) => demo::run(desk, args).await,
        Command::Serve => serve::run(desk).await,
        Command::Health(args) => health::run(desk, args).await,
        Command::Check => check::run(desk),
        Command::Import(args) => import::run(desk, args).await,
        Command::Plan(args) => plan::run(desk, args).await,
        Command::Explain(args) => explain::run(desk, args).await,
        Command::Calls(args) => calls::run(desk, args).await,
        Command::Webhooks(args) => webhooks::run(desk, args).await,
        Command::Appointments(command) => appointments::run(desk, command).await,
        Command::Worklist(command) => worklist::run(desk, command).await,
        Command::OptOut(command) => opt_out::run(desk, command).await,
        Command::Schedules(command) => schedules::run(desk, command).await,
        Command::Closure(args) => closure::run(desk, args).await,
        Command::Services(command) => services::run(desk, command).await,
        Command::Audit(command) => audit::run(desk, command).await,
        Command::Prompts(command) => prompts::run(desk, command),
        Command::Backup(args) => backup::backup(desk, args).await,
        Command::Restore(args) => backup::restore(desk, args).await,
        Command::Migrate => {
            let ran = desk.open_store(&desk.config()?).await?.migrate().await?;
            desk.output
                .value(&serde_json::json!({"migrations": ran}), || format!("{ran} migrations ran; the schema is up to date"))?;
            Ok(Done::Fine)
        }
        Command::CarrierSimulator(args) => carrier_simulator::run(desk, args).await,
        Command::Simulate(args) => simulate::run(desk, args).await,
        Command::Bench(args) => bench::run(desk, args).await,
    }
}

/// Logs go to standard error; `RUST_LOG` chooses what is logged. What a service notes would only
/// disturb the demo's table and the progress of benchmark and simulation.
fn start_log(format: LogFormat, command: &Command) {
    use tracing_subscriber::EnvFilter;
    let usual = match command {
        Command::Demo(_) | Command::Bench(_) => "warn",
        // Trouble is what its days are made of.
        Command::Simulate(_) => "off",
        _ => "warn,callahead=info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
