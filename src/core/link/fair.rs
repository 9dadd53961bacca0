//! Whose turn it is among the sites that have calls waiting. The next line goes to the site that has the fewest of them, so
//! that one which floods holds nobody else up, and lines that others do not want are still its own. Notices go first,
//! whosever they are.

use crate::ids::SiteKey;
use std::collections::HashMap;

/// A call that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub site: SiteKey,
    /// Notices go before reminders.
    pub is_notice: bool,
}

/// The places of `waiting` in the order of their turns. They stand in the order of turns that each site has for itself;
/// `in_use` says how many lines the sites have already.
pub fn fair_order(waiting: &[Candidate], in_use: &HashMap<SiteKey, u32>) -> Vec<usize> {
    let mut lines = in_use.clone();
    let mut turns: Vec<(bool, u32, usize)> = waiting
        .iter()
        .enumerate()
        .map(|(place, call)| {
            let line = lines.entry(call.site.clone()).or_default();
            *line += 1;
            (!call.is_notice, *line, place)
        })
        .collect();
    turns.sort_unstable();
    turns.into_iter().map(|(_, _, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(waiting: &str, in_use: &[(&str, u32)]) -> String {
        // A letter is a call of that site, a capital one a notice.
        let candidates: Vec<_> = waiting
            .chars()
            .map(|c| Candidate { site: SiteKey::new(c.to_ascii_lowercase().to_string()), is_notice: c.is_ascii_uppercase() })
            .collect();
        let in_use = in_use.iter().map(|(site, lines)| (SiteKey::new(*site), *lines)).collect();
        fair_order(&candidates, &in_use).into_iter().map(|place| waiting.as_bytes()[place] as char).collect()
    }

    #[test]
    fn a_line_goes_to_the_site_that_has_the_fewest() {
        for (name, waiting, in_use, want) in [
            ("one site: as they stand", "aaa", &[("a", 7)][..], "aaa"),
            ("nobody has any", "aaaabbc", &[], "abcabaa"),
            ("one has many", "aaaabb", &[("a", 3)], "bbaaaa"),
            ("one catches up", "aaaabbb", &[("a", 2)], "bbabaaa"),
            ("notices first, and fair among themselves", "AAaBbbc", &[], "ABAcbab"),
            ("nobody waits", "", &[("a", 2)], ""),
        ] {
            assert_eq!(order(waiting, in_use), want, "{name}");
        }
    }
}
