//! The longest that a sequence of words can become, over every date, time, count, site and number: exactly, and without
//! trying them all. Each place of the sequence is reduced to the values that can be the longest there; then one walk
//! along the sequence finds the best of them with the silence between.

use super::Hospital;
use super::spoken::{Alternative, ENDS, PLACES, Spoken, longest_of};
use super::vocabulary::Vocabulary;
use crate::core::call::{Segment, Slot};
use crate::core::ids::{PhraseId, SiteKey};
use crate::prompt::RATE;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The longest case of what is said in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Longest {
    /// Samples at 8 kHz.
    pub samples: usize,
    /// The recordings that are played, in order.
    pub phrases: Vec<PhraseId>,
}

impl Longest {
    /// In milliseconds, begun ones counted.
    pub fn ms(&self) -> u32 {
        u32::try_from((self.samples * 1_000).div_ceil(RATE as usize)).unwrap_or(u32::MAX)
    }
}

/// How many appointments a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Appointments {
    One,
    Several,
}

/// What every slot can hold, in one pack and one manner.
pub(super) struct Fillings<'p> {
    spoken: Spoken<'p>,
    days: Vec<Alternative>,
    times: Vec<Alternative>,
    counts: BTreeMap<Appointments, Vec<Alternative>>,
    organization: Option<Alternative>,
    callback_numbers: Vec<Alternative>,
    opt_out_number: Option<Alternative>,
    /// Each site by its name, and by its name with a preposition.
    sites: [Vec<Alternative>; 2],
    longest_sites: [Vec<Alternative>; 2],
}

/// Which part of a sequence is measured: all of it, up to the beginning of one place, or from the end of one to the beginning
/// of another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    All,
    Before(usize),
    Between(usize, usize),
}

impl<'p> Fillings<'p> {
    /// `sites`: those whose names are said.
    pub fn of(spoken: Spoken<'p>, sites: &[SiteKey], vocabulary: &Vocabulary, hospital: &Hospital) -> Fillings<'p> {
        let both = |key: &SiteKey| {
            let said = |group: &str| spoken.phrases(&[PhraseId::new(format!("{group}/{key}"))]);
            Some([said("site")?, said("at-site")?])
        };
        let sites: Vec<[Alternative; 2]> = sites.iter().filter_map(both).collect();
        let number = |number| spoken.phrases(&spoken.pack().grammar.number(number));
        let callback_numbers: Vec<_> = hospital.callback_numbers.iter().filter_map(number).collect();
        let sites = [0, 1].map(|n| sites.iter().map(|both| both[n].clone()).collect::<Vec<_>>());
        let counts = [(Appointments::One, &vocabulary.one), (Appointments::Several, &vocabulary.several)];
        Fillings {
            days: spoken.longest_of(&vocabulary.days),
            times: spoken.longest_of(&vocabulary.times),
            counts: counts.into_iter().map(|(which, values)| (which, spoken.longest_of(values))).collect(),
            organization: spoken.phrases(&["org/name".into()]),
            callback_numbers: longest_of(&callback_numbers),
            opt_out_number: number(&hospital.opt_out_number),
            longest_sites: sites.each_ref().map(|sites| longest_of(sites)),
            sites,
            spoken,
        }
    }

    /// In which manner.
    pub fn spoken(&self) -> &Spoken<'p> {
        &self.spoken
    }

    /// The longest that the words can become. `None` where something in them is not recorded at all.
    pub fn longest(&self, words: &[Segment], appointments: Appointments, part: Part) -> Option<Longest> {
        // Values that stand at several places are the same at all of them: each is tried in turn.
        let mut places: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for (at, segment) in words.iter().enumerate() {
            if let Segment::Slot(slot) = segment {
                places.entry(Fact::of(*slot)).or_default().push(at);
            }
        }
        let tied: Vec<Vec<usize>> = places.into_values().filter(|places| places.len() > 1).collect();
        let is_tied = |at: usize| tied.iter().flatten().any(|place| *place == at);
        let filled: Vec<_> =
            words.iter().enumerate().map(|(at, segment)| self.fill(segment, appointments, is_tied(at))).collect();
        let mut options: Vec<Vec<&Alternative>> = filled.iter().map(|place| place.iter().collect()).collect();
        best_tied(&mut options, &filled, &tied, part)
    }

    /// Tied: one by one as they stand, because the same value stands at another place.
    fn fill(&self, segment: &Segment, appointments: Appointments, tied: bool) -> Cow<'_, [Alternative]> {
        let slot = match segment {
            Segment::Phrase(id) => return Cow::Owned(self.spoken.phrases(std::slice::from_ref(id)).into_iter().collect()),
            Segment::Slot(slot) => *slot,
        };
        let sites = if tied { &self.sites } else { &self.longest_sites };
        Cow::Borrowed(match slot {
            Slot::Organization => self.organization.as_slice(),
            Slot::CallbackNumber => &self.callback_numbers,
            Slot::OptOutNumber => self.opt_out_number.as_slice(),
            Slot::Day | Slot::OldDay | Slot::DeskDay => &self.days,
            Slot::Time | Slot::OldTime | Slot::DeskTime => &self.times,
            Slot::Site => &sites[0],
            Slot::AtSite => &sites[1],
            Slot::Count => self.counts.get(&appointments).map_or(&[], Vec::as_slice),
        })
    }
}

/// What a call knows, and its slots say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Site,
    Of(Slot),
}

impl Fact {
    fn of(slot: Slot) -> Fact {
        match slot {
            Slot::Site | Slot::AtSite => Fact::Site,
            other => Fact::Of(other),
        }
    }
}

/// The best over every value of the facts that stand at several places.
fn best_tied<'a>(
    options: &mut Vec<Vec<&'a Alternative>>,
    filled: &'a [Cow<'_, [Alternative]>],
    tied: &[Vec<usize>],
    part: Part,
) -> Option<Longest> {
    let Some((places, rest)) = tied.split_first() else { return walk(options, part) };
    let values = filled[places[0]].len();
    let each = (0..values).filter_map(|value| {
        for place in places {
            options[*place] = vec![&filled[*place][value]];
        }
        best_tied(options, filled, rest, part)
    });
    each.max_by_key(|longest| longest.samples)
}

/// The best way to one alternative at one place: its samples so far, and where it came from.
#[derive(Clone, Copy)]
struct Step {
    samples: usize,
    from: (usize, usize),
}

/// The longest sequence with one alternative for each place. The end of a sentence is said as such: where nothing follows,
/// or what follows opens another one.
fn walk(places: &[Vec<&Alternative>], part: Part) -> Option<Longest> {
    let counts = |at: usize| match part {
        Part::All => true,
        Part::Before(last) => at < last,
        Part::Between(first, last) => first < at && at < last,
    };
    let counts_gap_before = |at: usize| match part {
        Part::All => true,
        Part::Before(last) => at <= last,
        Part::Between(first, last) => first < at && at <= last,
    };
    // Of every place, every alternative in both forms.
    let mut steps: Vec<Vec<[Option<Step>; 2]>> = Vec::with_capacity(places.len());
    for (at, alternatives) in places.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| (&places[before], &steps[before]));
        let here = alternatives.iter().map(|next| {
            PLACES.map(|place| {
                let own = if counts(at) { next.samples[place] } else { 0 };
                let Some((others, steps)) = before else { return Some(Step { samples: own, from: (0, 0) }) };
                let form = usize::from(next.opens());
                let best = others.iter().zip(steps).enumerate().filter_map(|(n, (other, step))| {
                    let gap = if counts_gap_before(at) { other.gap(form, next, place) } else { 0 };
                    Some(Step { samples: step[form]?.samples + gap + own, from: (n, form) })
                });
                best.max_by_key(|step| step.samples)
            })
        });
        let here = here.collect();
        steps.push(here);
    }
    let last = steps.last()?;
    let (mut at, best) =
        last.iter().enumerate().filter_map(|(n, step)| Some((n, step[ENDS]?))).max_by_key(|(_, step)| step.samples)?;
    let mut place = ENDS;
    let mut played: Vec<Vec<PhraseId>> = Vec::with_capacity(places.len());
    for (alternatives, steps) in places.iter().zip(&steps).rev() {
        played.push(alternatives[at].phrases(place).cloned().collect());
        (at, place) = steps[at][place].map(|step| step.from)?;
    }
    Some(Longest { samples: best.samples, phrases: played.into_iter().rev().flatten().collect() })
}
