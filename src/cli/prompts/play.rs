//! `prompts play`: one message on this computer.

use super::message::MessageArguments;
use crate::cli::{Desk, Done};
use crate::config::Config;

/// Prints the words and plays them; Ctrl-C stops.
#[cfg(feature = "speaker")]
pub fn run(desk: &Desk, config: &Config, args: &MessageArguments) -> anyhow::Result<Done> {
    let message = super::message::compose(config, args)?;
    desk.output.value(&message, || message.text.clone())?;
    crate::prompt::play(&message.samples)?;
    Ok(Done::Fine)
}

/// Says how to build it.
#[cfg(not(feature = "speaker"))]
pub fn run(_: &Desk, _: &Config, _: &MessageArguments) -> anyhow::Result<Done> {
    anyhow::bail!(
        "this program was built without sound: build it with `cargo build --release --features speaker` (Debian: after \
         `apt-get install libasound2-dev pkg-config`), or write a file with `prompts render`"
    )
}
