//! This program as processes of its own, which end with whoever started them.

use super::world::World;
use anyhow::{Context, ensure};
use std::fs::File;
use std::process::{Child, Command, Stdio};

/// A process of ours; it is killed, by its own handle, when this goes.
pub struct Program(Child);

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
        let log = File::options().create(true).append(true).open(world.file("children.log"))?;
        let child = command(world, arguments)?.stderr(log).spawn();
        Ok(Program(child.with_context(|| format!("{} cannot be started", arguments[0]))?))
    }

    /// Runs a command to its end.
    pub fn run(world: &World, arguments: &[&str]) -> anyhow::Result<()> {
        let done = command(world, arguments)?.stderr(Stdio::piped()).output()?;
        ensure!(done.status.success(), "{} failed: {}", arguments[0], String::from_utf8_lossy(&done.stderr).trim());
        Ok(())
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended well.
    pub fn succeeded(&mut self) -> bool {
        self.0.try_wait().ok().flatten().is_some_and(|status| status.success())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be over already: then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
