//! Weeks in the life of a patient: plans, calls that end one way or another, edits of the schedule; and what must be true of
//! every moment.

use super::apply::apply;
use super::testing::*;
use super::worlds::{Edit, happen};
use crate::domain::*;
use crate::ids::*;
use crate::plan::*;
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

/// Fails unless a call placed at `moment` keeps every hour of rules and limits.
fn keeps_the_hours(world: &World, decision: &Decision, job: &Job, number: &PhoneNumber, moment: DateTime<Utc>) {
    let limits = &world.rules.limits;
    let minutes = |time: NaiveTime| u16::try_from(time.signed_duration_since(NaiveTime::MIN).num_minutes()).expect("a day");
    let site = moment.with_timezone(&decision.zone).naive_local();
    assert!(job.when.weekdays.contains(&site.weekday()), "weekday");
    assert!(!job.when.holidays.contains(site.date()), "holiday");
    assert!((job.when.from.minutes()..job.when.until.minutes()).contains(&minutes(site.time())), "job's hours");
    assert!(moment < decision.due_at() - job.when.no_later_than, "no later than");
    for zone in (world.rules.zones_of_number)(number).iter().chain([&decision.zone]) {
        let time = moment.with_timezone(zone).time();
        assert!((limits.earliest.minutes()..limits.latest.minutes()).contains(&minutes(time)), "hard hours in {zone}");
    }
}

fn job_of<'a>(world: &'a World, decision: &Decision) -> &'a Job {
    world.rules.jobs.iter().find(|j| Some(&j.name) == decision.job.as_ref()).expect("a job")
}

/// Calls made, counted without the planner's help.
fn rang(world: &World) -> Vec<DateTime<Utc>> {
    let own = attempts(world).filter(|a| a.outcome.is_some_and(|o| o.rang(a.end_reason))).filter_map(|a| a.placed_at);
    own.chain(world.facts.other_calls.iter().map(|c| c.placed_at)).collect()
}

fn caps_leave_room(world: &World, purpose: Purpose, zone: Tz, moment: DateTime<Utc>) {
    let (calls, limits) = (rang(world), &world.rules.limits);
    let day = |call: &DateTime<Utc>| call.with_timezone(&zone).date_naive();
    let today = calls.iter().filter(|call| day(call) == day(&moment)).count();
    assert!(today < limits.per_day as usize, "{today} calls on the day");
    let week = calls.iter().filter(|call| moment - **call < Duration::hours(168)).count();
    let reserve = if purpose == Purpose::Reminder { limits.notice_reserve } else { 0 };
    assert!(week < limits.per_week.saturating_sub(reserve) as usize, "{week} calls in the week");
}

/// What must be true of the decisions about any facts.
pub(super) fn check_decisions(world: &World) {
    let decisions = world.decide();
    assert_eq!(decisions, world.decide(), "the same facts give the same decisions");
    let (reminders, about_notices): (Vec<&Decision>, Vec<&Decision>) =
        decisions.iter().partition(|d| d.purpose == Purpose::Reminder);

    let visits = group_visits(&world.facts.appointments, |site| world.rules.zone(site));
    let listed: Vec<_> = visits
        .iter()
        .filter(|v| v.start() > world.now)
        .flat_map(|v| world.rules.jobs_for(Purpose::Reminder).map(|j| (v.key.clone(), v.start(), Some(j.name.clone()))))
        .collect();
    let told: Vec<_> = reminders.iter().map(|d| (d.visit.clone(), d.start, d.job.clone())).collect();
    assert_eq!(told, listed, "every visit, every reminder job, once");

    let notices = notices(&world.rules, &world.facts, world.now);
    for (i, notice) in notices.iter().enumerate() {
        let same = |other: &Notice| (&other.visit, other.purpose) == (&notice.visit, notice.purpose);
        assert!(!notices[..i].iter().any(same), "one notice for a visit and purpose");
        assert!(notice.start > world.now, "it is to come");
        says_the_truth(world, notice.purpose, &notice.visit, notice.start);
    }
    for decision in about_notices {
        let told = |n: &&Notice| (n.purpose, n.version, n.start) == (decision.purpose, decision.version, decision.start);
        assert!(notices.iter().filter(told).any(|n| n.visit == decision.visit), "a job lists only what is to be told");
    }

    for decision in &decisions {
        let Verdict::Call(call) = &decision.verdict else { continue };
        let job = job_of(world, decision);
        assert!(world.now <= call.call_after && call.call_after < call.call_before, "{call:?}");
        assert!(call.touch as usize <= job.when.days_before.len().max(1));
        for moment in [call.call_after, call.call_before - Duration::seconds(1)] {
            keeps_the_hours(world, decision, job, &call.number, moment);
        }
        caps_leave_room(world, decision.purpose, decision.zone, call.call_after);
    }
}

/// Fails unless what a call says about a visit is so, by the schedule alone.
fn says_the_truth(world: &World, purpose: Purpose, visit: &VisitKey, start: DateTime<Utc>) {
    let visits = group_visits(&world.facts.appointments, |site| world.rules.zone(site));
    let booked: Vec<DateTime<Utc>> =
        visits.iter().filter(|v| v.key == *visit).flat_map(|v| v.booked().map(|a| a.start).collect::<Vec<_>>()).collect();
    match purpose {
        Purpose::Reminder | Purpose::Moved => assert_eq!(booked.first(), Some(&start), "it begins then"),
        Purpose::Cancelled => assert!(!booked.contains(&start), "nothing is booked then"),
        Purpose::Closure => {
            let falls = |c: &Closure| booked.iter().any(|at| c.covers(&visit.site, *at));
            let says = |c: &Closure| c.delay_to.map_or(booked.contains(&start), |to| to == start);
            assert!(world.facts.closures.iter().any(|c| falls(&c.closure) && says(&c.closure)), "it is closed then");
        }
    }
}

/// Plans, carries out, and plans again: nothing more must come. What was to be told `before`, and has come by now, was given
/// to a person.
pub(super) fn plan_and_settle(world: &mut World, before: &[Notice]) {
    world.plan();
    for notice in before.iter().filter(|n| n.start <= world.now) {
        let item = |w: &WorkFacts| w.kind == WorkKind::ChangeUnannounced && w.visit == notice.visit;
        assert!(world.facts.work.iter().any(item), "a silent skip: {notice:?}");
    }
}

/// Lives through the weeks in steps of a quarter of an hour: takes edits in, plans, dials what is due, and lets each call
/// end at once with the next outcome.
pub(super) fn live(world: &mut World, edits: &[(i64, Edit)], outcomes: &[Outcome]) {
    let mut outcomes = outcomes.iter().cycle();
    let mut edits = edits.iter().peekable();
    let beginning = world.now;
    let last = |world: &World| world.facts.appointments.iter().map(|a| a.start).max().expect("bookings");
    while world.now < last(world) {
        let notices_before = notices(&world.rules, &world.facts, world.now - Duration::minutes(15));
        while let Some((_, edit)) = edits.next_if(|(minute, _)| beginning + Duration::minutes(*minute) <= world.now) {
            happen(world, beginning, edit);
        }
        plan_and_settle(world, &notices_before);
        check_decisions(world);
        let due: Vec<AttemptId> = attempts(world).filter(|a| is_due(a, world.now)).map(|a| a.id.clone()).collect();
        for id in due {
            dial(world, &id, *outcomes.next().expect("it cycles"));
            plan_and_settle(world, &[]);
        }
        world.now += Duration::minutes(15);
    }
}

pub(super) fn attempts(world: &World) -> impl Iterator<Item = &Attempt> {
    world.facts.outreaches.iter().flat_map(|o| &o.attempts)
}

fn is_due(attempt: &Attempt, now: DateTime<Utc>) -> bool {
    attempt.status == AttemptStatus::Planned && attempt.due_at <= now && now < attempt.not_after
}

/// What the dialler does: leases what is due, asks whether it is still wanted, and calls. One that is not goes back.
pub(super) fn dial(world: &mut World, id: &AttemptId, outcome: Outcome) -> bool {
    let now = world.now;
    let status_of = |world: &mut World, status| {
        let attempt = world.facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts).find(|a| a.id == *id).expect("it stands");
        attempt.status = status;
    };
    if !attempts(world).any(|a| a.id == *id && is_due(a, now)) {
        return false;
    }
    status_of(world, AttemptStatus::Leased);
    let o = world.facts.outreaches.iter().find(|o| o.attempts.iter().any(|a| a.id == *id)).expect("it stands").clone();
    let attempt = o.attempts.iter().find(|a| a.id == *id).expect("it stands");
    if may_dial(&world.rules, &world.facts, &o.outreach, attempt, now).is_err() {
        status_of(world, AttemptStatus::Planned);
        return false;
    }
    let zone = world.rules.zone(&o.outreach.visit.site).expect("a known site");
    caps_leave_room(world, o.outreach.purpose, zone, now);
    says_the_truth(world, o.outreach.purpose, &o.outreach.visit, o.outreach.start);
    let attempt = world.facts.outreaches.iter_mut().flat_map(|o| &mut o.attempts).find(|a| a.id == *id).expect("it stands");
    let silent = matches!(outcome, Outcome::Busy | Outcome::Failed);
    attempt.status = if silent { AttemptStatus::Failed } else { AttemptStatus::Completed };
    (attempt.placed_at, attempt.ended_at, attempt.outcome) = (Some(now), Some(now), Some(outcome));
    attempt.answered_at = Some(now).filter(|_| !silent && outcome != Outcome::NoAnswer);
    true
}

/// What must be true of every promise when it is all over.
pub(super) fn check_history(world: &World) {
    for o in &world.facts.outreaches {
        let job = world.rules.jobs.iter().find(|j| j.name == o.outreach.job).expect("a job");
        let zone = world.rules.zone(&o.outreach.visit.site).expect("a known site");
        let day = |a: &Attempt| a.placed_at.expect("it was placed").with_timezone(&zone).date_naive();
        // One that was superseded is planned anew.
        let counts = |a: &&Attempt| a.placed_at.is_some() && a.outcome != Some(Outcome::Superseded);
        let made: Vec<&Attempt> = o.attempts.iter().filter(counts).collect();
        let (rang, silent): (Vec<&Attempt>, Vec<&Attempt>) = made.iter().partition(|a| a.counts_as_called());
        assert!(rang.len() <= job.attempts.max as usize, "{} attempts rang", rang.len());
        let mut silent_days: Vec<NaiveDate> = silent.iter().map(|a| day(a)).collect();
        for chunk in silent_days.chunk_by(|a, b| a == b) {
            assert!(chunk.len() <= job.attempts.same_day_redials as usize + 1, "{} dials on a day", chunk.len());
        }
        silent_days.dedup();
        assert!(silent_days.len() <= 3, "{} days of redials", silent_days.len());
        let last = made
            .iter()
            .position(|a| a.outcome.is_some_and(|o| o.settles_visit() || matches!(o, Outcome::Heard | Outcome::VoicemailLeft)));
        assert!(last.is_none_or(|last| last + 1 == made.len()), "called again after it was over");
    }
}

/// What is planned, without its times.
pub(super) fn planned(world: &World) -> Vec<(VisitKey, u32, Purpose, u32)> {
    let waits = |o: &&OutreachFacts| o.attempts.iter().any(|a| a.status == AttemptStatus::Planned);
    let open = world.facts.outreaches.iter().filter(waits).map(|o| &o.outreach);
    let mut open: Vec<_> = open.map(|o| (o.visit.clone(), o.version, o.purpose, o.touch)).collect();
    open.sort();
    open
}

/// Plans without asking whether more would come.
pub(super) fn plan_once(world: &mut World) {
    let actions = world.reconcile();
    apply(&mut world.facts, &actions, world.now);
}

/// One day by the minute: plans at first and whenever `plans` says so, given the next moment at which a decision or an
/// attempt asks for it; dials what is due, and plans after each call. What was called: when, about what.
pub(super) fn a_day(
    mut world: World,
    outcomes: &[Outcome],
    plans: impl Fn(DateTime<Utc>, Option<DateTime<Utc>>) -> bool,
) -> Vec<(DateTime<Utc>, VisitKey, u32, Purpose, u32)> {
    let mut outcomes = outcomes.iter().cycle();
    let mut again = Some(world.now);
    for _ in 0..24 * 60 {
        if plans(world.now, again) {
            plan_once(&mut world);
            again = world.decide().iter().filter_map(|d| d.again_at).min();
        }
        let due: Vec<AttemptId> = attempts(&world).filter(|a| is_due(a, world.now)).map(|a| a.id.clone()).collect();
        for id in due {
            if dial(&mut world, &id, *outcomes.next().expect("it cycles")) {
                plan_once(&mut world);
                again = world.decide().iter().filter_map(|d| d.again_at).min();
            }
        }
        world.now += Duration::minutes(1);
    }
    let mut calls: Vec<_> = world
        .facts
        .outreaches
        .iter()
        .flat_map(|o| o.attempts.iter().filter_map(|a| Some((a.placed_at?, &o.outreach))))
        .map(|(at, o)| (at, o.visit.clone(), o.version, o.purpose, o.touch))
        .collect();
    calls.sort();
    calls
}
