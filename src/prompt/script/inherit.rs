//! Where a script takes from: the chain of files from the one that is played to the one that takes from nobody.

use super::draft::{Draft, Parsed};
use super::folder::Folder;
use crate::fault::{Fault, nearest};

/// The scripts as they are for one site, or where no site says otherwise: a name means the site's own script where there is
/// one, so that a site's `call` serves all its scripts. Only a script that takes from its own name means the general one.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub general: &'a Folder,
    pub site: Option<&'a Folder>,
}

/// What a name leads to.
enum Found<'a> {
    Draft(&'a Draft),
    /// A file that cannot be read: that was told.
    Broken,
    OtherKind(&'static str),
    Nothing,
}

impl<'a> View<'a> {
    /// The files that make up a script, the nearest first; `None` where a fault keeps them apart. Faults that belong to
    /// several chains are the same fault each time.
    pub fn chain(&self, name: &str, faults: &mut Vec<Fault>) -> Option<Vec<&'a Draft>> {
        let mut chain: Vec<&Draft> = Vec::new();
        let mut next = self.find(name);
        loop {
            let Found::Draft(draft) = next else { return None };
            if let Some(first) = chain.iter().position(|known| std::ptr::eq(*known, draft)) {
                faults.push(circle(&chain[first..]));
                return None;
            }
            chain.push(draft);
            let Some((wanted, byte)) = &draft.extends else { return Some(chain) };
            let own =
                |folder: &Folder| folder.parsed.get(wanted).and_then(Parsed::draft).is_some_and(|of| std::ptr::eq(of, draft));
            let means_general = self.site.is_some_and(own);
            next = if means_general { find_in(self.general, wanted) } else { self.find(wanted) };
            match next {
                Found::Draft(_) | Found::Broken => {}
                Found::OtherKind(kind) => {
                    let message = format!(
                        "extends: `{wanted}` is of kind {kind}, which has no keys and no replies to take: want a script of \
                         kind call or base"
                    );
                    faults.push(draft.source.fault(*byte, "wrong_kind", message));
                }
                Found::Nothing => faults.push(draft.source.fault(*byte, "unknown_script", self.unknown(wanted, means_general))),
            }
        }
    }

    fn find(&self, name: &str) -> Found<'a> {
        match self.site.map(|site| find_in(site, name)) {
            None | Some(Found::Nothing) => find_in(self.general, name),
            Some(found) => found,
        }
    }

    fn unknown(&self, wanted: &str, means_general: bool) -> String {
        let folders = self.site.filter(|_| !means_general).into_iter().chain([self.general]);
        let names = folders.flat_map(|folder| &folder.parsed).filter(|(_, parsed)| parsed.draft().is_some());
        let general = if means_general { "general " } else { "" };
        let hint = match nearest(wanted, names.map(|(name, _)| name.as_str())) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => String::new(),
        };
        format!("extends: there is no {general}script `{wanted}`{hint}")
    }
}

fn find_in<'a>(folder: &'a Folder, name: &str) -> Found<'a> {
    match folder.parsed.get(name) {
        Some(Parsed::Call(draft)) => Found::Draft(draft),
        Some(other) => Found::OtherKind(other.kind()),
        None if folder.broken.contains(name) => Found::Broken,
        None => Found::Nothing,
    }
}

/// The fault of scripts that take from each other, told from the first of them by name, so that it is one fault wherever a
/// chain comes upon it.
fn circle(scripts: &[&Draft]) -> Fault {
    let names = scripts.iter().map(|draft| &draft.source.name);
    let first = names.enumerate().min_by_key(|(_, name)| *name).map_or(0, |(n, _)| n);
    let around: Vec<_> = scripts[first..].iter().chain(&scripts[..=first]).map(|draft| draft.source.name.as_str()).collect();
    let message = format!("extends goes round in a circle: {}; one of them must say its own words", around.join(" -> "));
    let begins = scripts[first];
    begins.source.fault(begins.extends.as_ref().map_or(0, |(_, byte)| *byte), "cyclic_script", message)
}
