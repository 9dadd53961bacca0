//! As much of a configuration as can be read: one fault in it must not hide those of the files that it names.

use super::secret::Secrets;
use super::{Config, all_of, layers, read_text};
use crate::core::plan::Clock24;
use crate::fault::Fault;
use crate::toml_file::{Faults, Node, Section, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What could be read.
pub struct Outline {
    /// The configuration, what cannot be read being taken from the defaults; not for use where there are faults. Without
    /// any site or carrier where those cannot be read. None where the file itself cannot.
    pub config: Option<Config>,
    /// Whether it says who calls, so that recordings of names can be compared with it.
    pub names: bool,
    /// Whether it says where the other files are; else their folders are those of the defaults, and may not be there.
    pub folders: bool,
    /// Every fault.
    pub faults: Vec<Fault>,
}

impl Outline {
    /// Reads what [`Config::load`] reads, and goes on where that gives up.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Outline {
        let usual = Path::new("callahead.toml");
        let file = file.or_else(|| usual.exists().then_some(usual));
        let spare = loose(file);
        match file.map(|file| (file, read_text(file))) {
            Some((file, Ok(text))) => Outline::read(Some((file, &text)), env, Some(&spare)),
            Some((_, Err(fault))) => Outline { config: None, names: false, folders: false, faults: vec![fault] },
            None => Outline::read(None, env, Some(&spare)),
        }
    }

    pub(super) fn read(
        file: Option<(&Path, &str)>,
        env: impl IntoIterator<Item = (String, String)>,
        spare: Option<&Config>,
    ) -> Outline {
        let variables: BTreeMap<String, String> = env.into_iter().collect();
        let dir = dir_of(file.map(|(file, _)| file));
        let (tree, found) = match layers::lay(file, &variables) {
            Ok(laid) => laid,
            // Broken syntax: nothing of it is to be trusted.
            Err(faults) => return Outline { config: spare.cloned(), names: false, folders: false, faults },
        };
        let faults = Faults::default();
        faults.extend(found);
        let root = Section::root(&tree, &faults);
        let secrets = Secrets { variables: &variables, dir: &dir };
        let mut config = all_of(&root, file.map(|(file, _)| file), &secrets, spare);
        root.end();
        let carriers = carriers_named(&tree);
        if let Some(config) = config.as_mut().filter(|config| config.carriers.len() != carriers) {
            config.carriers.clear();
        }
        let faults = faults.into_sorted();
        let hides_a_name = |fault: &Fault| {
            let about = |word: &str| fault.message.starts_with(word);
            about("organization: ") || about("organization.name") || (about("sites.") && fault.message.contains(".name"))
        };
        let names = !faults.iter().any(hides_a_name);
        Outline { config, names, folders: true, faults }
    }
}

fn carriers_named(tree: &Node) -> usize {
    let Value::Table(root) = &tree.value else { return 0 };
    match root.get("carriers").map(|entry| &entry.node.value) {
        Some(Value::Table(carriers)) => carriers.len(),
        _ => 0,
    }
}

fn dir_of(file: Option<&Path>) -> PathBuf {
    file.and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default()
}

/// The defaults in the folder of `file`, with nothing in them that would make another file wrong.
fn loose(file: Option<&Path>) -> Config {
    let mut config = Config::defaults();
    config.dir = dir_of(file);
    config.file = file.map(Path::to_path_buf);
    config.schedules = config.dir.join(&config.schedules);
    config.prompts = config.dir.join(&config.prompts);
    config.sites.clear();
    config.carriers.clear();
    (config.limits.earliest, config.limits.latest, config.limits.notice_reserve) = (Clock24::START, Clock24::END, 0);
    config
}
