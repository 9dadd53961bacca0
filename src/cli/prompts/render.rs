//! `prompts render`: one message to a file.

use super::message::{MessageArguments, compose};
use crate::cli::{Desk, Done};
use crate::config::Config;
use crate::prompt::{mu_law_wav_bytes, wav_bytes};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct RenderArguments {
    #[command(flatten)]
    message: MessageArguments,
    /// 16-bit PCM, or G.711 mu-law as telephone networks of North America carry it.
    #[arg(long, value_enum, default_value_t = Encoding::Pcm)]
    encoding: Encoding,
    /// The WAV to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Encoding {
    Pcm,
    Ulaw,
}

pub fn run(desk: &Desk, config: &Config, args: &RenderArguments) -> anyhow::Result<Done> {
    let message = compose(config, &args.message)?;
    let bytes = match args.encoding {
        Encoding::Pcm => wav_bytes(&message.samples),
        Encoding::Ulaw => mu_law_wav_bytes(&message.samples),
    };
    std::fs::write(&args.out, bytes).with_context(|| format!("cannot write {}", args.out.display()))?;
    let told = || format!("{}\n\n{:.1} s written to {}", message.text, message.seconds, args.out.display());
    desk.output.value(&message, told)?;
    Ok(Done::Fine)
}
