//! This program as processes of its own, which end with whoever started them.

use super::world::World;
use anyhow::{Context, ensure};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A process of ours; it is killed, by its own handle, when this goes.
pub struct Program {
    child: Child,
    log: PathBuf,
}

fn command(world: &World, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program cannot find itself")?);
    command.args(arguments).arg("--config").arg(&world.config).current_dir(world.folder());
    // What is configured for the hospital of this machine has no business here.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CALLAHEAD_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

impl Program {
    /// Starts a program that runs until it is killed.
    pub fn start(world: &World, arguments: &[&str]) -> anyhow::Result<Program> {
        Program::start_with(world, arguments, &[])
    }

    /// The same, with values of the configuration that only this one has.
    pub fn start_with(world: &World, arguments: &[&str], own: &[(&str, &str)]) -> anyhow::Result<Program> {
        let log = world.file("children.log");
        let file = File::options().create(true).append(true).open(&log)?;
        let child = command(world, arguments)?.envs(own.iter().copied()).stderr(file).spawn();
        Ok(Program { child: child.with_context(|| format!("{} cannot be started", arguments[0]))?, log })
    }

    /// Runs a command to its end.
    pub fn run(world: &World, arguments: &[&str]) -> anyhow::Result<()> {
        let done = command(world, arguments)?.stderr(Stdio::piped()).output()?;
        ensure!(done.status.success(), "{} failed: {}", arguments[0], String::from_utf8_lossy(&done.stderr).trim());
        Ok(())
    }

    /// What was said last, by it or another one of its world.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(3)..].join("\n")
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended well.
    pub fn succeeded(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some_and(|status| status.success())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be over already: then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
