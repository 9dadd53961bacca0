//! One notice, judged by one job: whether, when and where a call gives it.

use super::caps::cap_at;
use super::decide::Judged;
use super::heard;
use super::notice::settled_at;
use super::phone::{self, PhoneChoice, is_fax};
use super::progress::{attempts_detail, deadline, no_common_hours, too_late};
use super::retry::{Again, Exhausted, Standing, standing};
use super::trail::{Refusal, Trail};
use super::version::{settles, tries};
use super::window::{Hours, Window};
use super::{
    AttemptRules, Decision, Job, Notice, OptOutScope, OutreachFacts, PatientFacts, PlannedCall, Rules, Skip, Told, Verdict,
};
use super::{eligibility as rule, select};
use crate::domain::{Attempt, Outcome, PhoneNumber, Purpose, WorkKind};
use chrono::{DateTime, SecondsFormat, Utc};

/// Everything that decides about one notice and one job of its purpose.
struct Case<'a> {
    rules: &'a Rules,
    facts: &'a PatientFacts,
    now: DateTime<Utc>,
    notice: &'a Notice,
    job: &'a Job,
}

/// One decision for every notice and every job of its purpose that looks so far ahead.
pub(crate) fn judge_notices(rules: &Rules, facts: &PatientFacts, now: DateTime<Utc>, notices: &[Notice]) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for notice in notices {
        for job in rules.jobs_for(notice.purpose).filter(|job| notice.is_within(&job.when)) {
            let mut trail = Trail::new();
            let judged = judge(&Case { rules, facts, now, notice, job }, &mut trail);
            decisions.push(decision(rules, facts, notice, job, trail, judged));
        }
    }
    decisions
}

fn decision(rules: &Rules, facts: &PatientFacts, notice: &Notice, job: &Job, trail: Trail, judged: Judged) -> Decision {
    let (verdict, opens, again_at) = match judged {
        Ok((call, again_at)) => (Verdict::Call(call), None, again_at),
        Err(refusal) => (refusal.verdict, refusal.opens, refusal.again_at),
    };
    Decision {
        visit: notice.visit.clone(),
        version: notice.version,
        appointments: notice.appointments.clone(),
        job: Some(job.name.clone()),
        purpose: notice.purpose,
        start: notice.start,
        zone: notice.zone,
        change: Some(Told { old: notice.old.clone(), since: notice.first_at }),
        language: rules.pack_for(facts.patient.language.as_ref()).cloned(),
        verdict,
        opens,
        again_at,
        rules: trail.rules,
    }
}

/// The reasons in their order (interfaces, section 4, notices): the first that applies decides. From `no_call_flag` on, a
/// person must tell what no call will; waiting for a cap is no such reason while a call comes in time.
fn judge(case: &Case, trail: &mut Trail) -> Judged {
    let (rules, facts, job) = (case.rules, case.facts, case.job);
    trail.pass("change", what_changed(case.notice));
    select::job_enabled(job, trail)?;
    select::site_and_department(rules, job, case.notice, trail)?;
    select::service(job, case.notice, false, trail)?;
    rule::deceased(facts, trail)?;
    rule::no_call(facts, trail).map_err(unannounced)?;
    let choice = phone::choose(job, &rules.limits, facts);
    match rules.limits.opt_out_scope == OptOutScope::Everything {
        true => rule::opted_out(facts, choice, None, trail).map_err(unannounced)?,
        false => trail.pass("opt_out", "an opt-out is one from reminders, and stops no notice"),
    }
    let settled = known_as_wrong(case, choice).then_some(Outcome::WrongNumber);
    let (kind, number) = rule::callable_phone(choice, settled, trail).map_err(unannounced)?;
    rule::language(rules, facts, trail).map_err(unannounced)?;
    let hours = hours(case, number);
    match has_common_hours(case, &hours) {
        true => trail.pass("common_hours", "the site's zone and the known zones of the number have common hours"),
        false => return Err(unannounced(no_common_hours(&hours, trail))),
    }
    let window = judge_window(case, &hours, number, trail)?;
    let call = PlannedCall {
        touch: 1,
        call_after: window.open,
        call_before: window.close,
        phone: kind,
        number: number.clone(),
        carrier: job.call.carrier.clone(),
    };
    Ok((call, Some(window.close)))
}

fn unannounced(refusal: Refusal) -> Refusal {
    refusal.opening(Some(WorkKind::ChangeUnannounced))
}

fn what_changed(notice: &Notice) -> String {
    let show = |at: DateTime<Utc>, zone: chrono_tz::Tz| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    let old = format!("{} at {}", show(notice.old.start, notice.old.zone), notice.old.site);
    let since = show(notice.first_at, notice.zone);
    match notice.purpose {
        Purpose::Cancelled | Purpose::Reminder => format!("{old} is cancelled, since {since}"),
        Purpose::Moved => format!("{old} is now {} at {}, since {since}", show(notice.start, notice.zone), notice.visit.site),
        Purpose::Closure if notice.delayed => format!("{old} begins at {}, since {since}", show(notice.start, notice.zone)),
        Purpose::Closure => format!("{old} falls into a closure, since {since}"),
    }
}

/// Whether a call about the visit, as it was or as it is, found that the number is not the patient's, and there is no other.
fn known_as_wrong(case: &Case, choice: PhoneChoice) -> bool {
    let mut tried = about_the_visit(case).flat_map(|o| tries(&o.attempts));
    let is_wrong = |attempt: &Attempt| settles(attempt) == Some(Outcome::WrongNumber);
    match choice {
        PhoneChoice::Found(_, number) => tried.any(|attempt| is_wrong(attempt) && attempt.phone == *number),
        PhoneChoice::NoneDialable => tried.any(|attempt| is_wrong(attempt) || is_fax(attempt)),
        PhoneChoice::NoneGiven | PhoneChoice::OptedOut => false,
    }
}

/// Calls about the visit as it was or as it is, whatever for.
fn about_the_visit<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a OutreachFacts> {
    let (notice, old) = (case.notice, &case.notice.old);
    let old_day = old.start.with_timezone(&old.zone).date_naive();
    case.facts.outreaches.iter().filter(move |o| {
        let visit = &o.outreach.visit;
        *visit == notice.visit || (visit.site == old.site && visit.day == old_day)
    })
}

/// A call under way about the visit, or to give a notice: it may be telling just this, or what it was before.
fn live_call<'a>(case: &Case<'a>) -> Option<&'a Attempt> {
    let notices = case.facts.outreaches.iter().filter(|o| o.outreach.purpose != Purpose::Reminder);
    about_the_visit(case).chain(notices).flat_map(|o| &o.attempts).find(|a| a.status.is_live())
}

fn hours<'a>(case: &Case<'a>, number: &PhoneNumber) -> Hours<'a> {
    Hours {
        zone: case.notice.zone,
        when: &case.job.when,
        limits: &case.rules.limits,
        number_zones: (case.rules.zones_of_number)(number),
        deadline: deadline(case.notice.earlier(), &case.job.when),
    }
}

/// Whether the hours have anything in common on a callable day from the first edit to the deadline. Where no day is
/// callable it is too late, whatever the hours.
fn has_common_hours(case: &Case, hours: &Hours) -> bool {
    let whole_days = Hours { deadline: DateTime::<Utc>::MAX_UTC, ..*hours };
    let last = hours.day_of(hours.deadline);
    let days = hours.day_of(case.notice.first_at).iter_days().take_while(|day| *day <= last);
    let mut callable = days.filter(|day| hours.is_callable(*day)).peekable();
    callable.peek().is_none() || callable.any(|day| whole_days.window(day).is_some())
}

/// The window of the next call: caps, attempts and time, judged at its opening.
fn judge_window(case: &Case, hours: &Hours, number: &PhoneNumber, trail: &mut Trail) -> Result<Window, Refusal> {
    if let Some(live) = live_call(case) {
        let looks = Some(live.not_after).filter(|at| *at > case.now);
        return Err(trail.skip("caps", format!("call {} is under way", live.id), Skip::Capped).until(looks));
    }
    let (standing, rules) = standing_of(case);
    let again = match standing {
        Standing::Open(again) => again,
        Standing::Exhausted(Exhausted::Rang(rang)) => {
            let detail = format!("{rang} of {} attempts rang", rules.max);
            return Err(unannounced(trail.skip("attempts", detail, Skip::AttemptsExhausted)));
        }
        Standing::Exhausted(Exhausted::Redials) | Standing::Reached(_) => return Err(redials_used_up(trail)),
    };
    let earliest = case.now.max(again.not_before.unwrap_or(case.now));
    let from = |moment: DateTime<Utc>| hours.next_window(moment, again.first_day, again.later_part);
    // Edits settle, but never past the last callable moment. A closure keeps to its turn: the pace is the hospital's.
    let (notice, when) = (case.notice, &case.job.when);
    let window = match notice.closure {
        Some(_) => hours.after(notice.first_at, notice.turn(when)).and_then(|turn| from(earliest.max(turn))),
        None => from(earliest.max(settled_at(notice.first_at, notice.last_at, when.settle))).or_else(|| from(earliest)),
    };
    if again.only_on.is_some_and(|day| window.is_none_or(|w| hours.day_of(w.open) != day)) {
        return Err(redials_used_up(trail));
    }
    let Some(window) = window else {
        trail.pass("attempts", attempts_detail(&again, rules.max));
        return Err(unannounced(too_late(hours, trail)));
    };
    let cap = |at| cap_at(&case.rules.limits, case.facts, number, case.notice.purpose, hours.zone, at);
    if let Some(reached) = cap(window.open) {
        let mut lifts = reached.lifts_at;
        while let Some(next) = lifts.and_then(&from)
            && let Some(still) = cap(next.open)
        {
            lifts = still.lifts_at;
        }
        let in_time = lifts.and_then(&from).is_some();
        // When this window is over, the next one is judged.
        let changes_at = reached.lifts_at.map_or(window.close, |lifts| lifts.min(window.close));
        let refusal = trail.skip("caps", reached.to_string(), Skip::Capped).until(Some(changes_at));
        return Err(if in_time { refusal } else { unannounced(refusal) });
    }
    trail.pass("caps", "free");
    trail.pass("attempts", attempts_detail(&again, rules.max));
    trail.pass("time", if window.open == case.now { "the window is open" } else { "the window opens before the visit" });
    Ok(window)
}

fn redials_used_up(trail: &mut Trail) -> Refusal {
    unannounced(trail.skip("attempts", "never rang, and the days for redials are used up", Skip::AttemptsExhausted))
}

/// Where the calls about this very notice stand, by the limits of the job that promised them.
fn standing_of<'a>(case: &Case<'a>) -> (Standing, &'a AttemptRules) {
    let of_purpose = heard::about(case.facts, &case.notice.visit, case.notice.purpose);
    let given = of_purpose.filter(|o| o.outreach.version == case.notice.version).min_by_key(|o| o.outreach.touch);
    let promised_by = given.and_then(|o| case.rules.jobs.iter().find(|job| job.name == o.outreach.job));
    let rules = &promised_by.unwrap_or(case.job).attempts;
    match given {
        Some(o) => (standing(tries(&o.attempts), rules, case.notice.zone), rules),
        None => (Standing::Open(Again::default()), rules),
    }
}
