//! What was committed just now, told live to whoever waits for it in any process: a word that there is something to look
//! for, never what. Nobody may depend on it: who waits for a notice looks by itself, too, now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What there is to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// Somebody's facts changed: they stand in the queue ([`super::Store::touched`]).
    Touched,
    /// Attempts were planned, or got another time.
    Planned,
    /// The webhook log grew.
    Logged,
}

impl Notice {
    /// Every one, in order.
    pub const ALL: [Notice; 3] = [Notice::Touched, Notice::Planned, Notice::Logged];

    /// Its word between processes.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Notice::Touched => "touched",
            Notice::Planned => "planned",
            Notice::Logged => "logged",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Notice> {
        Notice::ALL.into_iter().find(|notice| notice.as_str() == word)
    }
}

/// Waits for notices of one kind. Several that came meanwhile are one.
#[derive(Debug, Clone)]
pub struct Notices {
    rung: watch::Receiver<()>,
    from_others: Arc<AtomicBool>,
}

impl Notices {
    /// From a store that tells nothing.
    pub fn never() -> Notices {
        Bell::default().hear(Notice::Touched)
    }

    /// Waits until something was committed since the last time, or since these were asked for.
    pub async fn next(&mut self) {
        if self.rung.changed().await.is_err() {
            // Nobody rings any more.
            std::future::pending().await
        }
    }

    /// Whether the commits of other processes are told now: then who waits need hardly look by itself.
    pub fn hears_others(&self) -> bool {
        self.from_others.load(Ordering::Relaxed)
    }
}

/// Rings for those who wait in this process.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: [watch::Sender<()>; 3],
    from_others: Arc<AtomicBool>,
}

impl Bell {
    pub fn hear(&self, notice: Notice) -> Notices {
        Notices { rung: self.rung[notice as usize].subscribe(), from_others: self.from_others.clone() }
    }

    pub fn ring(&self, notice: Notice) {
        self.rung[notice as usize].send_replace(());
    }

    /// From now on the commits of other processes are told, or are not. Whoever waits looks in both cases: something may
    /// have been missed.
    pub fn hears_others(&self, hears: bool) {
        self.from_others.store(hears, Ordering::Relaxed);
        Notice::ALL.into_iter().for_each(|notice| self.ring(notice));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_notices_are_one_and_none_is_lost_while_nobody_waits() {
        let bell = Bell::default();
        let (mut touched, mut planned) = (bell.hear(Notice::Touched), bell.hear(Notice::Planned));
        bell.ring(Notice::Touched);
        bell.ring(Notice::Touched);
        touched.next().await;
        let more = tokio::time::timeout(std::time::Duration::ZERO, touched.next()).await;
        assert!(more.is_err(), "both were heard");
        let other = tokio::time::timeout(std::time::Duration::ZERO, planned.next()).await;
        assert!(other.is_err(), "another kind");
        bell.hears_others(true);
        planned.next().await;
        assert!(planned.hears_others());
    }

    #[test]
    fn every_notice_has_a_word_of_its_own() {
        for notice in Notice::ALL {
            assert_eq!(Notice::parse(notice.as_str()), Some(notice));
        }
        assert_eq!(Notice::parse("MRN1001"), None);
    }
}
