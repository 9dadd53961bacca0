//! How long the prompts folder keeps `serve` from starting: every pack and script read and checked, as it does.

use super::{Bench, Figure, median_of, milliseconds};
use crate::app::check_prompts;
use crate::config::Config;
use crate::prompt::Packs;
use anyhow::bail;
use std::fs;
use std::hint::black_box;
use std::path::Path;

pub fn measure(bench: Bench<'_>) -> anyhow::Result<Figure> {
    let config = Config::defaults();
    let found = check_prompts(&config);
    if !found.passes() {
        bail!("the prompts folder has {} faults: see `callahead check`", found.faults.len());
    }
    let mut files = 0;
    let bytes = read_all(&config.prompts, &mut files)?;
    let times = bench.either(5, 21);
    let packs = milliseconds(median_of(times, || drop(black_box(Packs::load(&config.prompts)))));
    bench.tell(&format!("packs_cold_start: {files} files, {:.1} MB; {packs:.1} ms to load the packs alone", bytes as f64 / 1e6));
    let value = median_of(times, || drop(black_box(check_prompts(&config))));
    let reference = median_of(times, || {
        black_box(read_all(&config.prompts, &mut 0).ok());
    });
    Ok(Figure::new(
        "packs_cold_start",
        "ms",
        milliseconds(value),
        milliseconds(reference),
        "a plain read of the same files, one after the other",
    ))
}

/// Reads every file below a folder; how many bytes they have.
fn read_all(dir: &Path, files: &mut usize) -> std::io::Result<usize> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            bytes += read_all(&path, files)?;
        } else {
            *files += 1;
            bytes += black_box(fs::read(&path)?).len();
        }
    }
    Ok(bytes)
}
