//! The room's tests: `shipped` words, `faults` of single files, what a script takes from another (`inherit`), what one site
//! says otherwise (`sites`), the words about a desk (`desk`), and that every call comes to its end (`paths`).

mod desk;
mod faults;
mod inherit;
mod paths;
mod readme;
mod shipped;
mod sites;

use super::*;
use crate::core::call::{Segment, Slot};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

static SHIPPED: LazyLock<ScriptSet> = LazyLock::new(|| Prompts::shipped().load());

/// A folder of prompts with the shipped scripts, to be edited.
struct Prompts(tempfile::TempDir);

impl Prompts {
    fn shipped() -> Prompts {
        let prompts = Prompts(tempfile::tempdir().expect("a folder"));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/scripts");
        for file in fs::read_dir(shipped).expect("the shipped scripts").flatten() {
            let text = fs::read_to_string(file.path()).expect("a shipped script");
            prompts.write(&format!("scripts/{}", file.file_name().to_string_lossy()), &text);
        }
        prompts
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Writes a file such as `scripts/reminder.toml`.
    fn write(&self, file: &str, text: &str) -> &Prompts {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
        self
    }

    /// Edits a general script.
    fn edit(&self, name: &str, edit: impl Fn(String) -> String) -> &Prompts {
        let file = format!("scripts/{name}.toml");
        let before = fs::read_to_string(self.path(&file)).expect("a script");
        let after = edit(before.clone());
        assert_ne!(before, after, "the edit found nothing");
        self.write(&file, &after)
    }

    fn replace(&self, name: &str, from: &str, to: &str) -> &Prompts {
        self.edit(name, |text| text.replacen(from, to, 1))
    }

    #[track_caller]
    fn load(&self) -> ScriptSet {
        ScriptSet::load(self.0.path()).unwrap_or_else(|faults| panic!("{}", listed(&faults)))
    }

    /// The faults, with files as `scripts/reminder.toml`.
    #[track_caller]
    fn faults(&self) -> Vec<ScriptFault> {
        let mut faults = ScriptSet::load(self.0.path()).expect_err("a fault");
        let root = format!("{}/", self.0.path().display());
        for fault in &mut faults {
            fault.file = fault.file.replacen(&root, "", 1);
        }
        faults
    }

    /// The only fault: place, code and message.
    #[track_caller]
    fn fault(&self) -> (String, &'static str, String) {
        let faults = self.faults();
        let [fault] = &faults[..] else { panic!("one fault: {}", listed(&faults)) };
        (format!("{}:{}:{}", fault.file, fault.line, fault.column), fault.code, fault.message.clone())
    }
}

/// Segments in short: `hello {organization} opt-out`.
fn words(segments: &[Segment]) -> String {
    let word = |segment: &Segment| match segment {
        Segment::Phrase(id) => id.as_str().trim_start_matches("say/").to_string(),
        Segment::Slot(slot) => format!("{{{}}}", Slot::NAMES.iter().find(|(s, _)| s == slot).map_or("", |(_, name)| name)),
    };
    segments.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn listed(faults: &[ScriptFault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}
