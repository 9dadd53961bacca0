//! Whose turn it is among the sites that have calls waiting. The next line goes to the site that has the fewest of them, so
//! that one which floods holds nobody else up, and lines that others do not want are still its own. That holds for notices,
//! too: a site that is closed has thousands of them at once. Between sites with equally many lines a notice goes first.

use crate::ids::SiteKey;
use std::collections::HashMap;

/// A call that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub site: SiteKey,
    /// A notice goes before a reminder of its own site, and of a site that has as many lines.
    pub is_notice: bool,
}

/// The places of `waiting` in the order of their turns. They stand in the order of turns that each site has for itself, its
/// notices before its reminders; `in_use` says how many lines the sites have already.
pub fn fair_order(waiting: &[Candidate], in_use: &HashMap<SiteKey, u32>) -> Vec<usize> {
    let mut lines = in_use.clone();
    let mut turns: Vec<(u32, bool, usize)> = waiting
        .iter()
        .enumerate()
        .map(|(place, call)| {
            let line = lines.entry(call.site.clone()).or_default();
            *line += 1;
            (*line, !call.is_notice, place)
        })
        .collect();
    turns.sort_unstable();
    turns.into_iter().map(|(_, _, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order(waiting: &str, in_use: &[(&str, u32)]) -> String {
        // A letter is a call of that site, a capital one a notice.
        let candidates: Vec<_> = waiting
            .chars()
            .map(|c| Candidate { site: SiteKey::new(c.to_ascii_lowercase().to_string()), is_notice: c.is_ascii_uppercase() })
            .collect();
        let in_use = in_use.iter().map(|(site, lines)| (SiteKey::new(*site), *lines)).collect();
        fair_order(&candidates, &in_use).into_iter().map(|place| waiting.as_bytes()[place] as char).collect()
    }

    proptest! {
        /// Line by line: nobody who has fewer waits behind it, no notice behind a reminder of an equal, and each site's own
        /// order stands.
        #[test]
        fn nobody_with_fewer_lines_waits_behind(
            waits in proptest::collection::vec((0usize..4, any::<bool>()), 0..40),
            has in proptest::collection::vec(0u32..6, 4),
        ) {
            let mut waits = waits;
            waits.sort_by_key(|(site, is_notice)| (*site, !is_notice));
            let site = |n: usize| SiteKey::new(n.to_string());
            let waiting: Vec<_> = waits.iter().map(|(n, is_notice)| Candidate { site: site(*n), is_notice: *is_notice }).collect();
            let in_use = has.iter().enumerate().map(|(n, lines)| (site(n), *lines)).collect();
            let order = fair_order(&waiting, &in_use);
            let mut lines = has;
            for (turn, place) in order.iter().enumerate() {
                let (mine, is_notice) = waits[*place];
                for later in &order[turn + 1..] {
                    let (other, other_is_notice) = waits[*later];
                    prop_assert!(lines[mine] <= lines[other], "it has more lines than one that waits");
                    prop_assert!(other != mine || later > place, "a site's own order");
                    // Behind its own reminders no notice stands: whoever has one is first with it.
                    prop_assert!(lines[mine] < lines[other] || is_notice || !other_is_notice, "an equal has a notice");
                }
                lines[mine] += 1;
            }
            prop_assert_eq!(order.len(), waiting.len());
        }
    }

    #[test]
    fn a_line_goes_to_the_site_that_has_the_fewest() {
        for (name, waiting, in_use, want) in [
            ("one site: as they stand", "aaa", &[("a", 7)][..], "aaa"),
            ("nobody has any", "aaaabbc", &[], "abcabaa"),
            ("one has many", "aaaabb", &[("a", 3)], "bbaaaa"),
            ("one catches up", "aaaabbb", &[("a", 2)], "bbabaaa"),
            ("a site's notices first", "AAa", &[("a", 2)], "AAa"),
            ("a notice first among equals", "aabbC", &[], "Cabab"),
            ("the fewest lines before a notice", "Ab", &[("a", 1)], "bA"),
            ("notices that flood", "AAAAbbc", &[], "AbcAbAA"),
            ("nobody waits", "", &[("a", 2)], ""),
        ] {
            assert_eq!(order(waiting, in_use), want, "{name}");
        }
    }
}
