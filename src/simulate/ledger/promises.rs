//! What was promised to patients, by what was committed: when, which calls were made for it, and which items of the worklist
//! stood for it. What ends a promise is written here once more, from the table of outcomes (interfaces, section 5).

use crate::core::domain::{Outcome, Outreach, Purpose, VisitKey, WorkItem, WorkKind};
use crate::core::ids::{AttemptId, OutreachId};
use crate::simulate::history::Opened;
use crate::store::{Join, Leased};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// What makes a promise one: visit, version, purpose and touch.
pub(super) type Key = (VisitKey, u32, &'static str, u32);

/// The promise's name for itself.
pub(super) fn key(of: &Outreach) -> Key {
    (of.visit.clone(), of.version, of.purpose.as_str(), of.touch)
}

/// A promise, and since when it stands, by the machine's clock.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    pub outreach: Outreach,
    pub made_at: DateTime<Utc>,
}

/// A call about a promise that is over, and when it was made.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub about: &'a Outreach,
    pub outcome: Outcome,
    pub at: DateTime<Utc>,
}

impl Said<'_> {
    /// Whether a call about one promise says what another one promised: it is the same one, or a later one about the same
    /// visit and start whose purpose tells it as well. What was heard before a change tells nothing of it; a reminder says
    /// what an earlier one said.
    fn tells(&self, of: &Promise) -> bool {
        if key(self.about) == key(&of.outreach) {
            return true;
        }
        let (wanted, says) = (of.outreach.purpose, self.about.purpose);
        // Of several bookings that were called off the first one is named.
        let first_named = wanted == Purpose::Cancelled && self.about.start <= of.outreach.start;
        let same = self.about.visit == of.outreach.visit && (self.about.start == of.outreach.start || first_named);
        let fits = match wanted {
            Purpose::Reminder => matches!(says, Purpose::Reminder | Purpose::Moved),
            // The new time is what either of them says, but not that another visit comes there.
            Purpose::Moved => matches!(says, Purpose::Moved | Purpose::Reminder) && !self.is_of_another(of),
            // That it does not take place.
            Purpose::Cancelled | Purpose::Closure => matches!(says, Purpose::Cancelled | Purpose::Closure),
        };
        // Where the day is another one, that it does not take place then.
        let from_there = wanted == Purpose::Cancelled && self.is_from(of);
        (same && fits || from_there) && (wanted == Purpose::Reminder || self.at >= of.made_at)
    }

    /// Whether it tells that the visit of a promise is on another day now.
    fn is_from(&self, of: &Promise) -> bool {
        self.about.moved_from.as_ref() == Some(&of.outreach.visit)
    }

    /// Whether it tells that yet another visit comes to where the one of a promise went.
    fn is_of_another(&self, of: &Promise) -> bool {
        let from_elsewhere = |o: &Outreach| o.moved_from.clone().filter(|old| *old != o.visit);
        from_elsewhere(self.about).is_some_and(|old| from_elsewhere(&of.outreach).is_some_and(|promised| promised != old))
    }

    /// Whether a person heard it, or answered.
    fn is_heard(&self) -> bool {
        self.outcome == Outcome::Heard || self.outcome.settles_visit()
    }
}

/// Whether an item of this kind is a person's word about a promise: whoever has it will speak with the patient about the visit
/// as it stands, and when it begins. Nobody tells so that it was called off by trying what a reminder did not reach, unless the
/// message of that was left on a machine.
fn stands_for(kind: WorkKind, promise: &Promise, is_on_tape: bool) -> bool {
    match kind {
        WorkKind::ChangeUnannounced => true,
        WorkKind::Unreached => is_on_tape || matches!(promise.outreach.purpose, Purpose::Reminder | Purpose::Moved),
        WorkKind::WrongNumber => matches!(promise.outreach.purpose, Purpose::Reminder | Purpose::Moved),
        WorkKind::RescheduleRequest
        | WorkKind::DeskRequest
        | WorkKind::AnswerLost
        | WorkKind::Review
        | WorkKind::CappedNotice => promise.outreach.purpose == Purpose::Reminder,
        WorkKind::CarrierFault | WorkKind::WritebackFailed => false,
    }
}

/// Whether a promise has come to its end, by the calls about its patient and the items that stand about its visit. A message
/// on a machine alone is a person's to follow. `stands` is asked for a kind, and whether one about where the visit went counts too.
pub(super) fn has_ended<'a>(
    promise: &Promise,
    calls: impl IntoIterator<Item = Said<'a>>,
    stands: impl Fn(WorkKind, bool) -> bool,
) -> bool {
    let all: Vec<Said<'_>> = calls.into_iter().collect();
    let said = || all.iter().filter(|said| said.tells(promise));
    let on_tape = said().filter(|said| said.outcome == Outcome::VoicemailLeft).map(|said| said.at).min();
    let is_on_tape = on_tape.is_some();
    // Whoever has the message and heard of the visit since knows how it stands.
    let about_it = |said: &&Said<'_>| said.about.visit == promise.outreach.visit && on_tape.is_some_and(|at| said.at > at);
    // Whoever tells that it was moved to another day says that nothing takes place on this one; also where that is on a tape.
    let is_moved_on_tape = said().any(|said| said.outcome == Outcome::VoicemailLeft && said.is_from(promise));
    let counts_there = |kind| match kind {
        WorkKind::ChangeUnannounced => promise.outreach.purpose == Purpose::Cancelled,
        WorkKind::Unreached => promise.outreach.purpose == Purpose::Cancelled && is_moved_on_tape,
        _ => false,
    };
    said().chain(all.iter().filter(about_it)).any(Said::is_heard)
        || WorkKind::ALL.into_iter().any(|kind| stands_for(kind, promise, is_on_tape) && stands(kind, counts_there(kind)))
}

/// The items of a kind that are about a promise: about its visit, and where the visit went too if that counts.
pub(super) fn items_about<'a>(
    promise: &'a Promise,
    moved_to: &'a [VisitKey],
    kind: WorkKind,
    counts_there: bool,
) -> impl Iterator<Item = (WorkKind, VisitKey)> + 'a {
    let there = moved_to.iter().filter(move |_| counts_there);
    [&promise.outreach.visit].into_iter().chain(there).map(move |visit| (kind, visit.clone()))
}

/// An item of the worklist, from when until when it was open.
#[derive(Debug, Clone, Copy)]
struct Span {
    closed_at: Option<DateTime<Utc>>,
}

/// A call that was leased or joined: for which promise, when it was committed to be made, until when it lasts at most, and
/// what came of it.
#[derive(Debug)]
struct Call {
    promise: Key,
    asked: Option<(DateTime<Utc>, DateTime<Utc>)>,
    outcome: Option<Outcome>,
}

/// Every promise of a day.
#[derive(Debug, Default)]
pub(super) struct Promises {
    made: BTreeMap<Key, Promise>,
    /// Those of which nothing was left to tell by their last moment.
    lapsed: BTreeSet<Key>,
    names: BTreeMap<OutreachId, Key>,
    calls: BTreeMap<AttemptId, Call>,
    work: BTreeMap<(WorkKind, VisitKey), Span>,
}

impl Promises {
    /// A promise stands, from now on if it is new.
    pub fn stands(&mut self, outreach: &Outreach, now: DateTime<Utc>) {
        let key = key(outreach);
        self.names.entry(outreach.id.clone()).or_insert_with(|| key.clone());
        self.made.entry(key).or_insert_with(|| Promise { outreach: outreach.clone(), made_at: now });
    }

    /// The planner promised these.
    pub fn opened(&mut self, all: &[Opened], now: DateTime<Utc>) {
        all.iter().for_each(|opened| self.stands(&opened.promise, now));
    }

    /// A dialler has taken an attempt.
    pub fn leased(&mut self, leased: &Leased, now: DateTime<Utc>) {
        self.stands(&leased.outreach, now);
        let call = Call { promise: key(&leased.outreach), asked: None, outcome: None };
        self.calls.insert(leased.attempt.id.clone(), call);
    }

    /// It was committed to be asked for, and is over by `deadline`.
    pub fn requested(&mut self, attempt: &AttemptId, now: DateTime<Utc>, deadline: DateTime<Utc>) {
        if let Some(call) = self.calls.get_mut(attempt) {
            call.asked = Some((now, deadline));
        }
    }

    /// It goes back undialled.
    pub fn given_back(&mut self, attempt: &AttemptId) {
        if let Some(call) = self.calls.get_mut(attempt) {
            call.asked = None;
        }
    }

    /// A call to our number has become a call of a promise that is on record.
    pub fn joined(&mut self, join: &Join, now: DateTime<Utc>) {
        if let Some(promise) = self.names.get(&join.attempt.outreach).cloned() {
            self.calls.insert(join.attempt.id.clone(), Call { promise, asked: Some((now, join.deadline)), outcome: None });
        }
    }

    /// What came of a call, as far as is committed.
    pub fn came_of(&mut self, attempt: &AttemptId, outcome: Option<Outcome>) {
        if let Some(call) = self.calls.get_mut(attempt) {
            call.outcome = outcome;
        }
    }

    /// Until when a call lasts at most that has not come to its end.
    pub fn under_way(&self, attempt: &AttemptId) -> Option<DateTime<Utc>> {
        self.calls.get(attempt).filter(|call| call.outcome.is_none())?.asked.map(|(_, deadline)| deadline)
    }

    /// The same of all calls to a patient.
    pub fn patient_is_called(&self, visit: &VisitKey) -> Option<DateTime<Utc>> {
        let theirs = self.calls.values().filter(|call| call.promise.0.patient == visit.patient && call.outcome.is_none());
        theirs.filter_map(|call| call.asked.map(|(_, deadline)| deadline)).max()
    }

    /// By its last moment nothing was left to tell of a promise: what the feed says after it changes nothing.
    pub fn lapse(&mut self, key: Key) {
        self.lapsed.insert(key);
    }

    /// Whether it has lapsed.
    pub fn has_lapsed(&self, outreach: &Outreach) -> bool {
        self.lapsed.contains(&key(outreach))
    }

    /// The promise of this name.
    pub fn named(&self, key: &Key) -> Option<&Promise> {
        self.made.get(key)
    }

    /// What was promised by that name.
    pub fn promised_as(&self, name: &OutreachId) -> Option<&Outreach> {
        self.made.get(self.names.get(name)?).map(|promise| &promise.outreach)
    }

    /// Whether it was promised to tell that a visit went to another one, which begins then.
    pub fn is_promised(&self, from: &VisitKey, to: &VisitKey, begins: Option<DateTime<Utc>>) -> bool {
        let mut all = self.made.values().map(|promise| &promise.outreach);
        all.any(|o| (o.moved_from.as_ref(), &o.visit, Some(o.start)) == (Some(from), to, begins))
    }

    /// What a person heard about the same visit, by calls of another purpose, since a promise was made.
    pub fn heard_since<'a>(&'a self, promise: &Outreach, purpose: Purpose) -> impl Iterator<Item = &'a Outreach> {
        let Promise { outreach, made_at } = self.of(promise);
        let heard = self.said().filter(|said| said.is_heard());
        let since = heard.filter(move |said| said.about.visit == outreach.visit && said.at >= made_at);
        since.map(|said| said.about).filter(move |about| about.purpose == purpose)
    }

    /// The calls that are over.
    fn said(&self) -> impl Iterator<Item = Said<'_>> {
        self.calls.values().filter_map(|call| {
            let about = &self.made.get(&call.promise)?.outreach;
            Some(Said { about, outcome: call.outcome?, at: call.asked.map_or(DateTime::<Utc>::MIN_UTC, |(at, _)| at) })
        })
    }

    /// Whether it has come to its end by what is committed. `moved_to`: where what was booked for the visit belongs by now.
    pub fn has_ended(&self, promise: &Promise, moved_to: &[VisitKey]) -> bool {
        let is_open = |item: (WorkKind, VisitKey)| self.work.get(&item).is_some_and(|span| span.closed_at.is_none());
        has_ended(promise, self.said(), |kind, there| items_about(promise, moved_to, kind, there).any(is_open))
    }

    /// Items of the worklist were opened, unless one of the kind was open about the visit.
    pub fn work_opened(&mut self, items: &[WorkItem]) {
        for item in items {
            let Some(visit) = &item.visit else { continue };
            let span = self.work.entry((item.kind, visit.clone())).or_insert(Span { closed_at: None });
            span.closed_at = None;
        }
    }

    /// Items were closed by what the schedule shows.
    pub fn work_closed(&mut self, items: &[(WorkKind, VisitKey)], now: DateTime<Utc>) {
        for item in items {
            if let Some(span) = self.work.get_mut(item) {
                span.closed_at = span.closed_at.or(Some(now));
            }
        }
    }

    /// The promise of an outreach on record; one that was never seen to be made stands from ever.
    pub fn of(&self, outreach: &Outreach) -> Promise {
        let of_ever = || Promise { outreach: outreach.clone(), made_at: DateTime::<Utc>::MIN_UTC };
        self.made.get(&key(outreach)).cloned().unwrap_or_else(of_ever)
    }

    /// Whether an item was seen to be closed before a moment, and not opened again.
    pub fn was_closed_before(&self, item: &(WorkKind, VisitKey), moment: DateTime<Utc>) -> bool {
        self.work.get(item).and_then(|span| span.closed_at).is_some_and(|at| at < moment)
    }
}
