//! How several carriers share the calls. Every attempt has a place in `0..SHARES`, by chance and for good; each carrier owns
//! a range of places as long as its weight. What a carrier cannot place goes to the others, in proportion, and comes back to
//! it: nobody else's calls move.

use crate::ids::{AttemptId, CarrierName};

/// The number of places.
pub const SHARES: u32 = 10_000;

/// A carrier among those that may take each other's calls: all of them reach real telephones, or none does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub carrier: CarrierName,
    /// Its share of the work; 0 takes none but the calls of jobs that name it.
    pub weight: u32,
}

/// Some of the attempts of one route, which is the carrier that the job names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The job's carrier.
    pub route: CarrierName,
    /// From this place on.
    pub from: u32,
    /// Up to, but not including, this one.
    pub below: u32,
}

impl Take {
    /// All attempts of a route.
    pub fn whole(route: &CarrierName) -> Take {
        Take { route: route.clone(), from: 0, below: SHARES }
    }
}

/// The place of an attempt: the same for ever and everywhere.
pub fn share_of(attempt: &AttemptId) -> u32 {
    // FNV-1a, whose upper bits are folded into the lower ones.
    let hash = attempt
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    ((hash ^ (hash >> 32)) % u64::from(SHARES)) as u32
}

/// What `me` takes now, when the carriers for which `able` holds can place calls. The calls of jobs that name a carrier of
/// weight 0 stay with it; those of all others are shared by weight. Where nobody of weight can place, everything stays
/// where it belongs.
pub fn takes(me: &CarrierName, members: &[Member], able: impl Fn(&CarrierName) -> bool) -> Vec<Take> {
    let sharing: Vec<&Member> = members.iter().filter(|m| m.weight > 0).collect();
    let placing: Vec<&Member> = sharing.iter().copied().filter(|m| able(&m.carrier)).collect();
    let shared = shared(&sharing, &placing);
    let mut takes = Vec::new();
    for route in members {
        let owners = if route.weight > 0 {
            shared.clone()
        } else if able(&route.carrier) || placing.is_empty() {
            vec![(&route.carrier, 0, SHARES)]
        } else {
            split(0, SHARES, &placing)
        };
        let mine = owners.into_iter().filter(|(owner, from, below)| *owner == me && from < below);
        takes.extend(mine.map(|(_, from, below)| Take { route: route.carrier.clone(), from, below }));
    }
    takes
}

type Owned<'a> = (&'a CarrierName, u32, u32);

/// Who has which places of the routes that are shared.
fn shared<'a>(sharing: &[&'a Member], placing: &[&'a Member]) -> Vec<Owned<'a>> {
    let own = split(0, SHARES, sharing);
    if placing.is_empty() {
        return own;
    }
    let can = |carrier: &CarrierName| placing.iter().any(|m| m.carrier == *carrier);
    own.into_iter()
        .flat_map(|(owner, from, below)| if can(owner) { vec![(owner, from, below)] } else { split(from, below, placing) })
        .collect()
}

/// Cuts a range into one piece for each, as long as its weight.
fn split<'a>(from: u32, below: u32, among: &[&'a Member]) -> Vec<Owned<'a>> {
    let total: u64 = among.iter().map(|m| u64::from(m.weight)).sum();
    let length = u64::from(below - from);
    let mut before = 0;
    among
        .iter()
        .map(|member| {
            let begin = from + (length * before / total) as u32;
            before += u64::from(member.weight);
            (&member.carrier, begin, from + (length * before / total) as u32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(weights: &[u32]) -> Vec<Member> {
        weights.iter().enumerate().map(|(n, weight)| Member { carrier: name(n), weight: *weight }).collect()
    }

    fn name(n: usize) -> CarrierName {
        CarrierName::new(format!("c{n}"))
    }

    fn taken(weights: &[u32], able: &[bool], me: usize, route: usize) -> Vec<(u32, u32)> {
        let is_able = |carrier: &CarrierName| (0..able.len()).any(|n| able[n] && name(n) == *carrier);
        let takes = takes(&name(me), &members(weights), is_able);
        takes.into_iter().filter(|t| t.route == name(route)).map(|t| (t.from, t.below)).collect()
    }

    #[test]
    fn who_takes_what() {
        let all = vec![(0, SHARES)];
        assert_eq!(taken(&[1], &[true], 0, 0), all, "a carrier alone");
        assert_eq!(taken(&[1], &[false], 0, 0), all, "its calls wait for it");
        for route in [0, 1] {
            assert_eq!(taken(&[3, 1], &[true, true], 0, route), [(0, 7_500)], "whichever of the two the job names");
            assert_eq!(taken(&[3, 1], &[true, true], 1, route), [(7_500, SHARES)]);
            assert_eq!(taken(&[3, 1], &[false, true], 1, route), [(0, 7_500), (7_500, SHARES)], "the other is down");
            assert_eq!(taken(&[3, 1], &[false, true], 0, route), []);
        }
        assert_eq!(taken(&[0, 1], &[true, true], 0, 0), all, "a job that names a carrier of weight 0 stays with it");
        assert_eq!((taken(&[0, 1], &[true, true], 0, 1), taken(&[0, 1], &[true, true], 1, 0)), (vec![], vec![]));
        assert_eq!(taken(&[0, 1], &[false, true], 1, 0), all, "until it is down");
        assert_eq!(taken(&[0, 0], &[false, true], 0, 0), all, "nobody has weight");
        assert_eq!(taken(&[0, 1], &[false, false], 0, 0), all, "nobody can place");
        assert_eq!(taken(&[2, 1, 1], &[false, true, true], 2, 0), [(2_500, 5_000), (7_500, SHARES)]);
    }

    #[test]
    fn attempts_have_their_places_by_chance_and_for_good() {
        assert_eq!(share_of(&"a1".into()), share_of(&"a1".into()));
        let mut tenths = [0u32; 10];
        for n in 0..10_000 {
            tenths[(share_of(&AttemptId::new(format!("t-{n:012x}"))) / 1_000) as usize] += 1;
        }
        assert!(tenths.iter().all(|n| (850..1150).contains(n)), "{tenths:?}");
    }

    proptest! {
        #[test]
        fn every_place_has_one_owner_by_weight_and_nobody_loses_his_own(
            weights in prop::collection::vec(0u32..20, 1..6),
            able in prop::collection::vec(any::<bool>(), 6),
        ) {
            let count = weights.len();
            let able = &able[..count];
            let (all, everybody) = (0..count, vec![true; count]);
            for route in 0..count {
                let mut pieces: Vec<_> = all.clone().flat_map(|me| taken(&weights, able, me, route)).collect();
                pieces.sort_unstable();
                prop_assert_eq!(pieces.first().map(|p| p.0), Some(0));
                prop_assert!(pieces.windows(2).all(|two| two[0].1 == two[1].0), "{:?}", pieces);
                prop_assert_eq!(pieces.last().map(|p| p.1), Some(SHARES));

                let placing: u32 = all.clone().filter(|n| able[*n]).map(|n| weights[n]).sum();
                let stays = weights[route] == 0 && able[route];
                for me in all.clone() {
                    let mine: u32 = taken(&weights, able, me, route).iter().map(|(from, below)| below - from).sum();
                    if placing > 0 && !stays {
                        let due = if able[me] { f64::from(SHARES * weights[me]) / f64::from(placing) } else { 0.0 };
                        prop_assert!((f64::from(mine) - due).abs() <= 2.0 * count as f64, "{mine} and not {due}");
                    }
                    if able[me] {
                        // What is mine when everybody can place stays mine whoever cannot.
                        let now = taken(&weights, able, me, route);
                        for (from, below) in taken(&weights, &everybody, me, route) {
                            prop_assert!(now.contains(&(from, below)));
                        }
                    }
                }
            }
        }
    }
}
