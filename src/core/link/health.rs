//! Whether calls can be placed through a carrier: what its answers mean for the calls after them.

use crate::ids::{CarrierName, WorkItemId};
use chrono::{DateTime, Duration, Utc};

/// So many requests in a row without an answer, and the carrier counts as down.
pub const DOWN_AFTER: u32 = 3;
/// How long it is left alone then; each further time twice as long, up to [`DOWN_LONGEST`].
const DOWN: Duration = Duration::seconds(60);
const DOWN_LONGEST: Duration = Duration::minutes(10);
/// How long nobody else tries while one call is tried: its commit, its turn and the longest request.
pub const TRIAL: Duration = Duration::seconds(45);
/// The first wait after "too many requests"; each further one twice as long, up to [`SLOW_LONGEST`].
const SLOW: Duration = Duration::seconds(1);
const SLOW_LONGEST: Duration = Duration::seconds(60);
/// The longest wish of a carrier that is heeded.
const WISH_LONGEST: Duration = Duration::minutes(10);
/// How long nothing is sent into a full queue, at least: what stands in it rings late enough.
const QUEUE: Duration = Duration::minutes(10);
/// How long fewer calls at once are made after one was too many.
const FEWER: Duration = Duration::minutes(5);

/// Why nothing is sent, the lighter reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The carrier asked for patience.
    SlowDown,
    /// Its queue of calls is full.
    QueueFull,
    /// It does not answer.
    Down,
    /// It refuses our credentials, account or sender.
    Account,
}

impl Why {
    const ALL: [Why; 4] = [Why::SlowDown, Why::QueueFull, Why::Down, Why::Account];

    /// The word used in outputs and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::SlowDown => "slow_down",
            Why::QueueFull => "queue_full",
            Why::Down => "down",
            Why::Account => "account",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Why> {
        Why::ALL.into_iter().find(|why| why.as_str() == word)
    }

    /// Whether one call is tried alone when it is over.
    fn ends_with_a_trial(self) -> bool {
        matches!(self, Why::Down | Why::Account)
    }
}

/// Nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub why: Why,
    /// Until when; none: until somebody has acted, which is when the item is closed.
    pub until: Option<DateTime<Utc>>,
    /// The worklist item of whoever must act.
    pub item: Option<WorkItemId>,
    /// Whether that item still waits.
    pub item_open: bool,
    /// Whether one call is being tried meanwhile, by one dialler.
    pub trying: bool,
}

/// Fewer calls at once than configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinesLimit {
    /// At most so many.
    pub limit: u32,
    /// Until then.
    pub until: DateTime<Utc>,
}

/// How a carrier stands, for all replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierState {
    /// Which.
    pub carrier: CarrierName,
    /// Whether nothing is sent.
    pub pause: Option<Pause>,
    /// How often in a row it asked for patience.
    pub slow_downs: u32,
    /// How many requests in a row had no answer.
    pub failures: u32,
    /// How often in a row it was down.
    pub downs: u32,
    /// How many calls at once it takes, where that is fewer than configured.
    pub lines: Option<LinesLimit>,
}

/// What a request taught about the carrier.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It answered: it placed the call, or had something against this one alone.
    Answered,
    /// It asked for patience, for so many seconds or without saying how long; `chance` is drawn from 0 to 1, so that
    /// replicas do not come back at the same moment.
    SlowDown {
        /// The carrier's own wish.
        retry_after_s: Option<u32>,
        /// Drawn.
        chance: f64,
    },
    /// Its queue is full.
    QueueFull {
        /// The carrier's own wish, in seconds.
        retry_after_s: Option<u32>,
    },
    /// So many calls at once were one too many.
    LinesFull {
        /// The calls in use beside the one that was refused.
        in_use: u32,
    },
    /// It did not answer, or with trouble of its own.
    NoAnswer,
    /// It refuses our account: this item tells whoever must act.
    Account {
        /// The item.
        item: WorkItemId,
    },
}

/// Whether calls can be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They can.
    Free,
    /// One is to be tried.
    Trial,
    /// None: why, and until when, where time ends it.
    Paused(Why, Option<DateTime<Utc>>),
}

impl CarrierState {
    /// A carrier of which nothing is known.
    pub fn new(carrier: CarrierName) -> CarrierState {
        CarrierState { carrier, pause: None, slow_downs: 0, failures: 0, downs: 0, lines: None }
    }

    /// Whether calls can be placed at `now`.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        let Some(pause) = &self.pause else { return Standing::Free };
        let waits = match pause.until {
            Some(until) => now < until,
            None => pause.item_open,
        };
        match (waits, pause.why.ends_with_a_trial()) {
            (true, _) => Standing::Paused(pause.why, pause.until),
            (false, true) => Standing::Trial,
            (false, false) => Standing::Free,
        }
    }

    /// How many calls at once can be made at `now`, of so many that are configured.
    pub fn lines(&self, configured: u32, now: DateTime<Utc>) -> u32 {
        self.lines.filter(|lines| now < lines.until).map_or(configured, |lines| configured.min(lines.limit))
    }

    /// How it stands while one call is tried.
    pub fn trying(&self, now: DateTime<Utc>) -> CarrierState {
        let pause = self.pause.clone().map(|pause| Pause { until: Some(now + TRIAL), trying: true, ..pause });
        CarrierState { pause, ..self.clone() }
    }

    /// How it stands when a service starts: somebody may have acted, so one call is tried.
    pub fn at_start(&self, now: DateTime<Utc>) -> Option<CarrierState> {
        let pause = self.pause.clone().filter(|pause| pause.why == Why::Account && pause.until.is_none())?;
        Some(CarrierState { pause: Some(Pause { until: Some(now), ..pause }), ..self.clone() })
    }

    /// How it stands after `news`; none where that changes nothing.
    pub fn after(&self, news: &News, now: DateTime<Utc>) -> Option<CarrierState> {
        let mut next = self.clone();
        match news {
            News::Answered => next.answered(now),
            News::SlowDown { retry_after_s, chance } => next.slow_down(*retry_after_s, *chance, now),
            News::QueueFull { retry_after_s } => {
                next.answered(now);
                next.pause(Why::QueueFull, Some(now + wished(*retry_after_s).unwrap_or(QUEUE).max(QUEUE)), None);
            }
            News::LinesFull { in_use } => {
                next.answered(now);
                let standing = self.lines.filter(|lines| now < lines.until).map_or(u32::MAX, |lines| lines.limit);
                next.lines = Some(LinesLimit { limit: (*in_use).clamp(1, standing), until: now + FEWER });
            }
            News::NoAnswer => next.no_answer(now),
            News::Account { item } => next.pause(Why::Account, None, Some(item.clone())),
        }
        (next != *self).then_some(next)
    }

    fn answered(&mut self, now: DateTime<Utc>) {
        self.failures = 0;
        match &self.pause {
            // Calls that were asked for before somebody refused us, or asked for patience, may still be taken.
            Some(pause) if pause.why == Why::Account && !pause.trying => {}
            Some(pause) if !pause.why.ends_with_a_trial() && pause.until.is_some_and(|until| now < until) => {}
            _ => {
                self.pause = None;
                (self.slow_downs, self.downs) = (0, 0);
            }
        }
    }

    fn slow_down(&mut self, retry_after_s: Option<u32>, chance: f64, now: DateTime<Utc>) {
        self.failures = 0;
        if self.pause.as_ref().is_some_and(|pause| pause.why == Why::Down) {
            (self.pause, self.downs) = (None, 0);
        }
        // Several requests under way are told the same.
        if !matches!(self.standing(now), Standing::Paused(Why::SlowDown, _)) {
            self.slow_downs = self.slow_downs.saturating_add(1);
        }
        let wait = wished(retry_after_s).unwrap_or_else(|| {
            let wait = doubled(SLOW, self.slow_downs, SLOW_LONGEST);
            wait + Duration::milliseconds((wait.num_milliseconds() as f64 * chance.clamp(0.0, 1.0) / 4.0) as i64)
        });
        self.pause(Why::SlowDown, Some(now + wait), None);
    }

    fn no_answer(&mut self, now: DateTime<Utc>) {
        self.failures = self.failures.saturating_add(1);
        let trying = self.pause.as_ref().is_some_and(|pause| pause.trying);
        // Those that were under way when it went down say nothing new.
        let is_known = matches!(self.standing(now), Standing::Paused(Why::Down | Why::Account, _)) && !trying;
        if is_known || (self.failures < DOWN_AFTER && !trying) {
            return;
        }
        self.downs = self.downs.saturating_add(1);
        let until = Some(now + doubled(DOWN, self.downs, DOWN_LONGEST));
        match &mut self.pause {
            // Whether our account is taken again nobody knows yet.
            Some(pause) if pause.why == Why::Account => (pause.until, pause.trying) = (until, false),
            pause => *pause = Some(Pause { why: Why::Down, until, item: None, item_open: false, trying: false }),
        }
    }

    /// A lighter reason never shortens a heavier one.
    fn pause(&mut self, why: Why, until: Option<DateTime<Utc>>, item: Option<WorkItemId>) {
        match &self.pause {
            Some(standing) if standing.why > why => {}
            Some(standing) if standing.why == why && until.is_some() && standing.until > until => {}
            _ => self.pause = Some(Pause { why, until, item_open: item.is_some(), item, trying: false }),
        }
    }
}

fn wished(retry_after_s: Option<u32>) -> Option<Duration> {
    retry_after_s.map(|seconds| Duration::seconds(i64::from(seconds)).min(WISH_LONGEST))
}

/// `first`, twice that, four times that … for the first, second, third time.
fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.checked_mul(1 << times.saturating_sub(1).min(16)).unwrap_or(longest).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a moment")
    }

    fn new() -> CarrierState {
        CarrierState::new("main".into())
    }

    /// The state after all that was heard, each at its second.
    fn after(news: &[(i64, News)]) -> CarrierState {
        news.iter().fold(new(), |state, (second, news)| state.after(news, at(*second)).unwrap_or(state))
    }

    fn slow(retry_after_s: Option<u32>) -> News {
        News::SlowDown { retry_after_s, chance: 0.0 }
    }

    fn paused(why: Why, until: i64) -> Standing {
        Standing::Paused(why, Some(at(until)))
    }

    #[test]
    fn patience_doubles_up_to_a_minute_and_a_success_ends_it() {
        let mut state = new();
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            state = state.after(&slow(None), at(now)).expect("it pauses");
            assert_eq!(state.standing(at(now)), paused(Why::SlowDown, now + wait));
            assert_eq!(state.after(&slow(None), at(now)), None, "another request under way is told the same");
            assert_eq!(state.after(&News::Answered, at(now)), None, "one that was asked for before says nothing");
            now += wait;
            assert_eq!(state.standing(at(now)), Standing::Free);
        }
        let state = state.after(&News::Answered, at(now)).expect("it ends");
        assert_eq!(state, new());
        let longest = state.after(&News::SlowDown { retry_after_s: None, chance: 1.0 }, at(0)).expect("it pauses");
        assert_eq!(longest.pause.and_then(|p| p.until), Some(at(1) + Duration::milliseconds(250)), "not all at the same moment");
    }

    #[test]
    fn a_carriers_wish_is_heeded_up_to_ten_minutes() {
        for (wish, wait) in [(0, 0), (7, 7), (120, 120), (86_400, 600)] {
            let state = after(&[(0, slow(Some(wish)))]);
            assert_eq!(state.pause.and_then(|p| p.until), Some(at(wait)), "{wish}");
        }
        let state = after(&[(0, slow(Some(30))), (1, slow(Some(5)))]);
        assert_eq!(state.standing(at(2)), paused(Why::SlowDown, 30), "the longer wish holds");
        let full = after(&[(0, News::QueueFull { retry_after_s: Some(3) }), (1, slow(Some(5)))]);
        assert_eq!(full.standing(at(2)), paused(Why::QueueFull, 600));
        assert_eq!(full.standing(at(600)), Standing::Free);
    }

    #[test]
    fn three_requests_without_an_answer_and_it_is_down_until_one_is_answered() {
        let lost = |second| (second, News::NoAnswer);
        assert_eq!(after(&[lost(0), lost(1), (2, News::Answered), lost(3), lost(4)]).standing(at(4)), Standing::Free);
        let mut state = after(&[lost(0), lost(1), lost(2), lost(3), lost(4)]);
        assert_eq!(state.standing(at(4)), paused(Why::Down, 62), "those under way do not make it longer");
        let mut now = 62;
        for wait in [120, 240, 480, 600, 600] {
            assert_eq!(state.standing(at(now)), Standing::Trial);
            let trying = state.trying(at(now));
            assert_eq!(trying.standing(at(now)), paused(Why::Down, now + 45), "nobody else tries meanwhile");
            state = trying.after(&News::NoAnswer, at(now + 15)).expect("still down");
            now += 15 + wait;
            assert_eq!(state.standing(at(now - 1)), paused(Why::Down, now));
        }
        let up = state.trying(at(now)).after(&News::Answered, at(now)).expect("it is up");
        assert_eq!(up, new());
        let slowed = state.trying(at(now)).after(&slow(Some(9)), at(now)).expect("it is up, and slow");
        assert_eq!(slowed.standing(at(now)), paused(Why::SlowDown, now + 9));
    }

    #[test]
    fn a_refused_account_waits_for_somebody_and_then_for_one_call() {
        let refused = News::Account { item: "w1".into() };
        let state = after(&[(0, refused.clone()), (1, slow(None)), (1, News::NoAnswer), (2, News::Answered)]);
        assert_eq!(state.standing(at(100_000)), Standing::Paused(Why::Account, None));
        let mut resolved = state.clone();
        resolved.pause.as_mut().expect("it is paused").item_open = false;
        let restarted = state.at_start(at(50)).expect("somebody may have acted");
        assert_eq!(new().at_start(at(50)), None);
        for acted in [resolved, restarted] {
            assert_eq!(acted.standing(at(50)), Standing::Trial);
            let trying = acted.trying(at(50));
            assert!(matches!(trying.standing(at(51)), Standing::Paused(Why::Account, Some(_))));
            assert_eq!(trying.after(&News::Answered, at(51)), Some(new()));
            let again = trying.after(&refused, at(51)).expect("refused again");
            assert_eq!(again.standing(at(100_000)), Standing::Paused(Why::Account, None));
            let silent = trying.after(&News::NoAnswer, at(51)).expect("nobody knows");
            assert_eq!((silent.standing(at(110)), silent.standing(at(111))), (paused(Why::Account, 111), Standing::Trial));
        }
    }

    #[test]
    fn one_call_too_many_lowers_the_lines_for_five_minutes() {
        let full = |second, in_use| (second, News::LinesFull { in_use });
        let state = after(&[full(0, 7)]);
        assert_eq!((state.lines(20, at(1)), state.lines(5, at(1)), state.lines(20, at(300))), (7, 5, 20));
        assert_eq!(after(&[full(0, 7), full(1, 9)]).lines(20, at(2)), 7, "never more again before it is over");
        assert_eq!(after(&[full(0, 0)]).lines(20, at(2)), 1);
        assert_eq!(after(&[full(0, 7), full(400, 9)]).lines(20, at(401)), 9);
    }
}
