//! The kinds of carriers there are, as data: what a configuration says about each, and how one is made. Whoever adds a kind
//! adds its folder and its line in [`KINDS`]; nobody else knows the kinds apart.

use super::{Carrier, Settings, SettingsError, signalwire, telnyx, twilio};
use std::fmt;
use std::sync::Arc;

/// All kinds, in the order in which people read them.
pub static KINDS: &[&Kind] = &[&twilio::SIMULATED, &twilio::KIND, &signalwire::KIND, &telnyx::KIND, &ASTERISK];

/// How a carrier of a kind is made.
pub type Make = fn(Settings) -> Result<Arc<dyn Carrier>, SettingsError>;

/// A kind of carrier.
pub struct Kind {
    /// The word used in files and outputs.
    pub word: &'static str,
    /// Whether its calls reach real telephones.
    pub is_real: bool,
    /// The keys by which we reach it.
    pub access: Access,
    /// The keys it has beside those of every kind.
    pub keys: &'static [OwnKey],
    /// How one is made; `None` where this version does not speak its words yet.
    pub make: Option<Make>,
}

/// The keys by which we reach a carrier, and what stands for them where they are left out.
pub struct Access {
    /// The key of its address.
    pub url: &'static str,
    /// The carrier's own address, where it has one for everybody.
    pub own_url: Option<&'static str>,
    /// The key of the account.
    pub account: &'static str,
    /// The key of its token or password.
    pub token: &'static str,
    /// Account and token where none are given: the simulator's alone, which needs no secret.
    pub stand_in: Option<(&'static str, &'static str)>,
}

/// A key that a kind has for itself.
pub struct OwnKey {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// Whether the carrier cannot work without it.
    pub required: bool,
}

/// What a key holds.
pub enum Holds {
    /// A text.
    Text,
    /// A text that is checked, or a list of such while it is changed for another. The check says what would be right.
    Checked(fn(&str) -> Result<(), &'static str>),
    /// A secret, or a list of secrets while one is rotated.
    Secrets,
    /// Secrets that have names.
    NamedSecrets,
}

impl Kind {
    /// Whether this version speaks its words.
    pub fn is_built(&self) -> bool {
        self.make.is_some()
    }

    /// The names of all keys that are its own or reach it.
    pub fn key_names(&self) -> impl Iterator<Item = &'static str> {
        [self.access.url, self.access.account, self.access.token].into_iter().chain(self.keys.iter().map(|key| key.name))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        self.word == other.word
    }
}

impl Eq for Kind {}

/// An Asterisk of the hospital's own: known to the configuration, so that a file can be prepared, and not built yet.
static ASTERISK: Kind = Kind {
    word: "asterisk",
    is_real: true,
    access: Access { url: "url", own_url: None, account: "user", token: "password", stand_in: None },
    keys: &[
        OwnKey { name: "app", holds: Holds::Text, required: false },
        OwnKey { name: "trunk", holds: Holds::Text, required: true },
    ],
    make: None,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own_and_no_key_twice() {
        let words: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.word).collect();
        assert_eq!(words.len(), KINDS.len());
        for kind in KINDS {
            let names: Vec<_> = kind.key_names().collect();
            let once: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(names.len(), once.len(), "{}", kind.word);
            assert_eq!(kind.access.stand_in.is_some(), !kind.is_real, "{}: only a simulator needs no secret", kind.word);
        }
    }
}
