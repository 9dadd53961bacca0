//! The carrier's own account of a run, and what it says of limits and waits. Arithmetic alone.

use crate::bench::quantile;
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use std::collections::HashMap;

/// What the carrier has seen (`GET /tally`), as far as it is needed here.
#[derive(Debug, Deserialize)]
pub struct Tally {
    /// Every call it took.
    pub calls: Vec<Call>,
    /// Calls that it refused, such as those above its lines.
    pub refused: u64,
}

/// One call.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// Whom.
    pub to: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was over; none while it is not.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A call that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// When it falls due.
    pub due: DateTime<Utc>,
    /// The place of its site.
    pub site: usize,
    /// The stretch of the run that it belongs to.
    pub stretch: Stretch,
}

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stretch {
    /// Calls fall due one after the other, fewer than are allowed.
    Steady,
    /// One site has far more due than are allowed; others go on.
    Flood,
    /// Long calls: the lines are all in use.
    Lines,
}

impl Tally {
    /// How long after its moment each call of a stretch, and of the sites that are wanted, was asked for.
    pub fn waits(
        &self,
        expected: &HashMap<String, Expected>,
        stretch: Stretch,
        site: impl Fn(usize) -> bool,
    ) -> Vec<std::time::Duration> {
        let wanted = |call: &Call| expected.get(&call.to).copied().filter(|e| e.stretch == stretch && site(e.site));
        let wait = |call: &Call, e: Expected| (call.created_at - e.due).to_std().unwrap_or_default();
        self.calls.iter().filter_map(|call| wanted(call).map(|e| wait(call, e))).collect()
    }

    /// How many of the expected calls were made, and how many of the numbers were called more than once.
    pub fn made(&self, expected: &HashMap<String, Expected>) -> (usize, usize) {
        let mut times: HashMap<&str, usize> = HashMap::new();
        for call in self.calls.iter().filter(|call| expected.contains_key(&call.to)) {
            *times.entry(&call.to).or_default() += 1;
        }
        (times.len(), times.values().filter(|times| **times > 1).count())
    }

    /// The most calls that there were at one time.
    pub fn most_at_once(&self) -> usize {
        // An end counts before a beginning of the same moment.
        let begun = self.calls.iter().map(|call| (call.created_at, 1));
        let ended = self.calls.iter().filter_map(|call| call.ended_at.map(|at| (at, -1)));
        let mut steps: Vec<(DateTime<Utc>, i64)> = begun.chain(ended).collect();
        steps.sort_unstable();
        let mut now = 0;
        let at_once = steps.into_iter().map(|(_, step)| {
            now += step;
            now
        });
        usize::try_from(at_once.max().unwrap_or(0)).unwrap_or(0)
    }
}

/// The most moments that fall into any span of this length, its end left out.
pub fn most_within(moments: &mut [DateTime<Utc>], span: Duration) -> usize {
    moments.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for (last, at) in moments.iter().enumerate() {
        while *at - moments[first] >= span {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// How many calls may be begun in any span of this length: `ceil(rate * span) + 1`.
pub fn allowed_within(rate: u32, span: Duration) -> usize {
    (f64::from(rate) * span.as_seconds_f64()).ceil() as usize + 1
}

/// Windows in which the pace must hold, in milliseconds.
pub const WINDOWS: [i64; 5] = [100, 500, 1_000, 10_000, 60_000];

/// Which limit was not kept, if one was not: `rate` calls begun a second and `lines` at once.
///
/// `asked` is when our requests began, which no window may hold too many of. By the carrier's account a window may hold as many
/// more as may begin while a request is on its way, for which the machine took so long: the most that the n-th arrived after the
/// n-th had begun.
pub fn broken_limit(tally: &Tally, asked: &[DateTime<Utc>], rate: u32, lines: usize) -> Option<String> {
    let mut asked = asked.to_vec();
    let mut arrived: Vec<_> = tally.calls.iter().map(|call| call.created_at).collect();
    asked.sort_unstable();
    arrived.sort_unstable();
    if arrived.len() > asked.len() {
        return Some(format!("the carrier was asked for {} calls, of which {} are on record", arrived.len(), asked.len()));
    }
    let way =
        arrived.iter().zip(&asked).map(|(arrived, asked)| *arrived - *asked).max().unwrap_or_default().max(Duration::zero());
    for window in WINDOWS.map(Duration::milliseconds) {
        let (begun, allowed) = (most_within(&mut asked, window), allowed_within(rate, window));
        let (came, may_come) = (most_within(&mut arrived, window), allowed_within(rate, window + way));
        if begun > allowed || came > may_come {
            return Some(format!(
                "the pace was not kept: in {window} {begun} requests began where {allowed} may, and {came} arrived where {may_come} may"
            ));
        }
    }
    let most = tally.most_at_once();
    if most > lines {
        return Some(format!("the lines were not kept: {most} calls were up at once, {lines} are allowed"));
    }
    (tally.refused > 0).then(|| format!("the carrier refused {} calls, which was to be avoided", tally.refused))
}

/// Half, 99 of 100 and all of the waits, in milliseconds.
pub fn spread(waits: &[std::time::Duration]) -> [f64; 3] {
    [0.5, 0.99, 1.0].map(|share| crate::bench::milliseconds(quantile(waits, share)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + ms).expect("a moment")
    }

    fn call(to: &str, created: i64, ended: Option<i64>) -> Call {
        Call { to: to.to_string(), created_at: at(created), ended_at: ended.map(at) }
    }

    #[test]
    fn any_span_is_looked_at_and_its_end_is_left_out() {
        let mut moments = [400, 0, 1_000, 999, 1_399, 1_400].map(at);
        let most = |moments: &mut [_], ms| most_within(moments, Duration::milliseconds(ms));
        assert_eq!([1, 2, 400, 401, 1_000, 5_000].map(|ms| most(&mut moments, ms)), [1, 2, 2, 3, 4, 6]);
        assert_eq!(most(&mut [], 1_000), 0);
        assert_eq!([100, 1_000, 1_001].map(|ms| allowed_within(150, Duration::milliseconds(ms))), [16, 151, 152]);
    }

    #[test]
    fn a_limit_that_was_not_kept_is_named() {
        // Ten a second: one each 100 ms, so that 100 ms hold two at most.
        let on_time: Vec<i64> = (0..30).map(|n| n * 100).collect();
        let mut burst = on_time.clone();
        burst[11..13].fill(1_050);
        let late =
            |from: usize, by: i64| on_time.iter().enumerate().map(move |(n, ms)| ms + if n >= from { by } else { 3 }).collect();
        for (name, asked, arrived, lines, refused, broken) in [
            ("as it should be", on_time.clone(), late(99, 0), 2, 0, None),
            ("three begun at once", burst.clone(), burst, 99, 0, Some("the pace")),
            ("one that was never asked for", on_time[1..].to_vec(), on_time.clone(), 2, 0, Some("are on record")),
            ("one that is slow on its way", on_time.clone(), late(29, 90), 2, 0, None),
            ("a line too many", on_time.clone(), on_time.clone(), 1, 0, Some("the lines")),
            ("one refused", on_time.clone(), on_time.clone(), 2, 1, Some("refused")),
        ] {
            let calls: Vec<_> = arrived.iter().map(|ms: &i64| call("a", *ms, Some(ms + 150))).collect();
            let asked: Vec<_> = asked.into_iter().map(at).collect();
            let said = broken_limit(&Tally { calls, refused }, &asked, 10, lines);
            assert_eq!(said.is_some(), broken.is_some(), "{name}: {said:?}");
            assert!(said.unwrap_or_default().contains(broken.unwrap_or_default()), "{name}");
        }
    }

    #[test]
    fn the_account_tells_waits_lines_and_who_was_called_twice() {
        let tally = Tally {
            calls: vec![
                call("a", 10, Some(50)),
                call("b", 20, Some(60)),
                call("c", 50, None),
                call("b", 70, Some(80)),
                call("stranger", 75, Some(76)),
            ],
            refused: 0,
        };
        let e = |due, site, stretch| Expected { due: at(due), site, stretch };
        let expected: HashMap<String, Expected> = [
            ("a", e(0, 0, Stretch::Steady)),
            ("b", e(0, 1, Stretch::Steady)),
            ("c", e(60, 0, Stretch::Flood)),
            ("d", e(0, 0, Stretch::Flood)),
        ]
        .map(|(to, e)| (to.to_string(), e))
        .into();
        let ms = |waits: Vec<std::time::Duration>| waits.iter().map(std::time::Duration::as_millis).collect::<Vec<_>>();
        assert_eq!(ms(tally.waits(&expected, Stretch::Steady, |_| true)), [10, 20, 70]);
        assert_eq!(ms(tally.waits(&expected, Stretch::Steady, |site| site == 1)), [20, 70]);
        assert_eq!(ms(tally.waits(&expected, Stretch::Flood, |_| true)), [0], "before its moment by the other clock");
        assert_eq!((tally.made(&expected), tally.most_at_once()), ((3, 1), 3));
    }
}
