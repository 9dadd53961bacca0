//! What one pack makes of a vocabulary in one manner: each value in the recordings that would be played, reduced to those
//! that can be the longest.

use super::vocabulary::{Vocabulary, Ways};
use crate::core::ids::PhraseId;
use crate::prompt::say::base;
use crate::prompt::{Manner, Pack, Phrase};
use std::collections::BTreeSet;

/// A recording, and what it means for the silence before and behind it.
#[derive(Clone)]
pub(super) struct Form {
    pub id: PhraseId,
    pub samples: usize,
    pub opens: bool,
    gap_before: Option<usize>,
    /// The silence behind it where the next words go on, and where they open a sentence.
    gaps: [usize; 2],
}

/// A phrase that is recorded, in the form for the middle of a sentence and in the form for its end.
#[derive(Clone)]
struct Piece([Form; 2]);

/// The forms of a [`Piece`] and the lengths of an [`Alternative`]: at the end of a sentence, or not.
pub(super) const PLACES: [usize; 2] = [GOES_ON, ENDS];
const GOES_ON: usize = 0;
pub(super) const ENDS: usize = 1;

/// One way to fill a place of a sentence.
#[derive(Clone)]
pub(super) struct Alternative {
    pieces: Vec<Piece>,
    joins: Joins,
    /// Samples with the silence between its phrases; at the end of a sentence, or not.
    pub samples: [usize; 2],
}

/// All that decides which forms its neighbours take, and the silence between them and it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Joins {
    opens: bool,
    before: [(bool, Option<usize>); 2],
    behind: [[usize; 2]; 2],
}

/// A vocabulary as a pack speaks it in one manner.
pub(super) struct Spoken<'p> {
    pack: &'p Pack,
    pub manner: Manner,
    /// Phrases to measure silence with: what goes on, and what opens a sentence.
    probes: Option<[Phrase; 2]>,
    /// At the plain pace, and at the slow one.
    pieces: [Vec<Option<Piece>>; 2],
    /// Which of them have a slow recording.
    slow: Vec<bool>,
}

impl Form {
    /// The silence between this recording and the next one.
    pub fn gap(&self, next: &Form) -> usize {
        gap(self.gaps, (next.opens, next.gap_before))
    }
}

fn gap(behind: [usize; 2], (opens, gap_before): (bool, Option<usize>)) -> usize {
    gap_before.unwrap_or(behind[usize::from(opens)])
}

impl Alternative {
    /// Of phrases that follow each other within one place.
    fn of(pieces: Vec<&Piece>) -> Option<Alternative> {
        let joins = Joins::of(&pieces)?;
        let samples = lengths(&pieces);
        Some(Alternative { pieces: pieces.into_iter().cloned().collect(), joins, samples })
    }

    /// Whether a sentence begins here: what stands before it is said as the end of one.
    pub fn opens(&self) -> bool {
        self.joins.opens
    }

    /// The silence to another place behind it.
    pub fn gap(&self, place: usize, next: &Alternative, next_place: usize) -> usize {
        gap(self.joins.behind[place], next.joins.before[next_place])
    }

    /// The recordings that are played.
    pub fn phrases(&self, place: usize) -> impl Iterator<Item = &PhraseId> {
        let last = self.pieces.len() - 1;
        self.pieces.iter().enumerate().map(move |(n, piece)| &piece.0[if n == last { place } else { GOES_ON }].id)
    }
}

impl Joins {
    fn of(pieces: &[&Piece]) -> Option<Joins> {
        let (first, last) = (pieces.first()?, pieces.last()?);
        // A single phrase is its own last one.
        let first_in = |place: usize| &first.0[if pieces.len() == 1 { place } else { GOES_ON }];
        Some(Joins {
            opens: first.0[GOES_ON].opens,
            before: PLACES.map(|place| (first_in(place).opens, first_in(place).gap_before)),
            behind: PLACES.map(|place| last.0[place].gaps),
        })
    }
}

fn lengths(pieces: &[&Piece]) -> [usize; 2] {
    PLACES.map(|place| {
        let last = pieces.len() - 1;
        let form = |n: usize| &pieces[n].0[if n == last { place } else { GOES_ON }];
        let gaps: usize = (0..last).map(|n| form(n).gap(form(n + 1))).sum();
        gaps + (0..=last).map(|n| form(n).samples).sum::<usize>()
    })
}

impl<'p> Spoken<'p> {
    pub fn of(pack: &'p Pack, manner: Manner, vocabulary: &Vocabulary) -> Spoken<'p> {
        let any = pack.phrases.values().next();
        let probe = |opens| any.map(|any| Phrase { opens_sentence: opens, gap_before: None, ..any.clone() });
        let probes = probe(false).zip(probe(true)).map(<[Phrase; 2]>::from);
        let mut spoken = Spoken { pack, manner, probes, pieces: [Vec::new(), Vec::new()], slow: Vec::new() };
        let recorded: BTreeSet<&str> = pack.phrases.keys().map(|id| base(id.as_str())).collect();
        let piece = |id: &PhraseId, slow| recorded.contains(base(id.as_str())).then(|| spoken.piece(id, slow)).flatten();
        let slowly = |id: &PhraseId| manner.slow && pack.slowly(std::slice::from_ref(id));
        let slow: Vec<bool> = vocabulary.ids.iter().map(slowly).collect();
        let plainly = vocabulary.ids.iter().map(|id| piece(id, false)).collect();
        let slowly = vocabulary.ids.iter().zip(&slow).map(|(id, slow)| slow.then(|| piece(id, true)).flatten()).collect();
        (spoken.pieces, spoken.slow) = ([plainly, slowly], slow);
        spoken
    }

    /// A phrase in both forms; `None` where it is not recorded for every place.
    fn piece(&self, id: &PhraseId, slow: bool) -> Option<Piece> {
        let probes = self.probes.as_ref().filter(|_| self.pack.is_recorded(id))?;
        let manner = Manner { slow, ..self.manner };
        let form = |ends: bool| {
            let id = self.pack.recorded_form(id, manner, ends)?;
            let phrase = self.pack.phrase(&id)?;
            let gaps = probes.each_ref().map(|next| self.pack.gap(phrase, next));
            let Phrase { opens_sentence, gap_before, ref samples, .. } = *phrase;
            Some(Form { id, samples: samples.len(), opens: opens_sentence, gap_before, gaps })
        };
        Some(Piece([form(false)?, form(true)?]))
    }

    pub fn pack(&self) -> &'p Pack {
        self.pack
    }

    /// Phrases one after the other, as one place of a sentence. `None` where one is not recorded.
    pub fn phrases(&self, ids: &[PhraseId]) -> Option<Alternative> {
        let slow = self.manner.slow && self.pack.slowly(ids);
        let pieces: Vec<_> = ids.iter().map(|id| self.piece(id, slow)).collect::<Option<_>>()?;
        Alternative::of(pieces.iter().collect())
    }

    /// The way that would be said: [`Pack::phrases`] decides alike.
    pub fn chosen<'w>(&self, ways: &'w Ways) -> Option<&'w Vec<usize>> {
        let whole = |way: &&Vec<usize>| way.iter().all(|n| self.pieces[0][*n].is_some());
        let slow = |way: &&Vec<usize>| self.is_slow(way) && whole(way);
        ways.iter().find(slow).or_else(|| ways.iter().find(whole)).or(ways.last())
    }

    fn is_slow(&self, way: &[usize]) -> bool {
        self.manner.slow && way.iter().all(|n| self.slow[*n])
    }

    /// Of the values those that can be the longest somewhere: no other one with the same joins is at least as long both at
    /// the end of a sentence and inside it. What is not recorded is left out.
    pub fn longest_of(&self, values: &[Ways]) -> Vec<Alternative> {
        let mut kept: Vec<(Joins, [usize; 2], Vec<&Piece>)> = Vec::new();
        for ways in values {
            let Some(way) = self.chosen(ways) else { continue };
            let pieces = &self.pieces[usize::from(self.is_slow(way))];
            let Some(pieces) = way.iter().map(|n| pieces[*n].as_ref()).collect::<Option<Vec<_>>>() else { continue };
            let Some(joins) = Joins::of(&pieces) else { continue };
            let samples = lengths(&pieces);
            add(&mut kept, joins, samples, pieces);
        }
        kept.into_iter().filter_map(|(_, _, pieces)| Alternative::of(pieces)).collect()
    }
}

/// Of alternatives those that can be the longest somewhere.
pub(super) fn longest_of(alternatives: &[Alternative]) -> Vec<Alternative> {
    let mut kept = Vec::new();
    for alternative in alternatives {
        add(&mut kept, alternative.joins, alternative.samples, alternative);
    }
    kept.into_iter().map(|(_, _, alternative)| alternative.clone()).collect()
}

fn add<T>(kept: &mut Vec<(Joins, [usize; 2], T)>, joins: Joins, samples: [usize; 2], what: T) {
    let covers = |a: [usize; 2], b: [usize; 2]| a[GOES_ON] >= b[GOES_ON] && a[ENDS] >= b[ENDS];
    if kept.iter().any(|(others, length, _)| *others == joins && covers(*length, samples)) {
        return;
    }
    kept.retain(|(others, length, _)| *others != joins || !covers(samples, *length));
    kept.push((joins, samples, what));
}
