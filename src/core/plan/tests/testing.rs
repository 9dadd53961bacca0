//! A small hospital for the tests of this room: two jobs' worth of rules, one patient, one visit.

use crate::domain::*;
use crate::ids::*;
use crate::phi::Phi;
use crate::plan::*;
use chrono::{DateTime, Duration, NaiveDateTime, Utc, Weekday};
use chrono_tz::Tz;
use std::collections::BTreeSet;

pub(crate) const BOSTON: Tz = chrono_tz::America::New_York;

/// What a story changes before it asks.
pub(crate) type Given = fn(&mut World);

/// A moment by Boston's clock, `2026-12-01 09:00`.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    in_zone(text, BOSTON)
}

pub(crate) fn in_zone(text: &str, zone: Tz) -> DateTime<Utc> {
    resolve_local(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a local time"), zone)
}

pub(crate) fn clock(text: &str) -> Clock24 {
    Clock24::parse(text).expect("a time of day")
}

pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).expect("a number")
}

/// Zones by area code, as the shipped table will give them.
pub(crate) fn zones(number: &PhoneNumber) -> &'static [Tz] {
    match number.area_code() {
        Some("617") => &[chrono_tz::America::New_York],
        Some("213") => &[chrono_tz::America::Los_Angeles],
        Some("808") => &[chrono_tz::Pacific::Honolulu],
        Some("907") => &[chrono_tz::America::Anchorage, chrono_tz::America::Adak],
        Some("671") => &[chrono_tz::Pacific::Guam],
        Some("850") => &[chrono_tz::America::New_York, chrono_tz::America::Chicago],
        _ => &[],
    }
}

/// The shipped job.
pub(crate) fn job() -> Job {
    use Weekday::*;
    Job {
        name: "exam-and-radiology".into(),
        purpose: Purpose::Reminder,
        enabled: true,
        select: Select {
            services: vec![Service::Exam, Service::Radiology],
            sites: vec![],
            departments: vec![],
            established_patients_only: true,
            minimum_notice: Duration::hours(24),
        },
        when: WhenRules {
            days_before: vec![3],
            count: Count::Calendar,
            weekdays: vec![Mon, Tue, Wed, Thu, Fri, Sat],
            from: clock("10:00"),
            until: clock("19:00"),
            holidays: Holidays::UsFederal,
            no_later_than: Duration::hours(12),
            horizon: Duration::days(14),
            settle: Duration::minutes(10),
            per_hour: 120,
        },
        attempts: AttemptRules {
            max: 2,
            no_answer: NoAnswer::NextDay,
            busy: Duration::minutes(15),
            failed: Duration::minutes(30),
            same_day_redials: 2,
        },
        call: CallRules {
            script: "reminder".to_string(),
            carrier: "main".into(),
            phones: vec![PhoneKind::Home, PhoneKind::Mobile, PhoneKind::Work],
            voicemail: VoicemailPolicy::Standard,
            leave_voicemail: LeaveVoicemail::First,
            transfer: false,
        },
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        per_day: 1,
        per_week: 3,
        notice_reserve: 1,
        earliest: clock("08:00"),
        latest: clock("21:00"),
        opt_out_scope: OptOutScope::Everything,
        countries: vec!["+1".to_string()],
        deny: vec![],
        max_call: Duration::minutes(5),
    }
}

pub(crate) fn rules() -> Rules {
    let sites = [("boston", BOSTON), ("denver", chrono_tz::America::Denver), ("honolulu", chrono_tz::Pacific::Honolulu)];
    Rules {
        jobs: vec![job()],
        limits: limits(),
        sites: sites.into_iter().map(|(key, zone)| (SiteKey::new(key), SiteRules { zone })).collect(),
        language: "en-US".into(),
        languages: vec!["en-US".into(), "es-US".into()],
        area_codes: "testing".to_string(),
        zones_of_number: zones,
    }
}

/// A booked exam at Boston of an established patient, booked months ago.
pub(crate) fn booking(id: &str, start: DateTime<Utc>) -> Appointment {
    Appointment {
        id: id.into(),
        patient: "MRN1001".into(),
        site: "boston".into(),
        department: None,
        start,
        duration_minutes: Some(30),
        service: Service::Exam,
        service_by_rule: false,
        visit_type: None,
        status: AppointmentStatus::Booked,
        established: Some(true),
        booked_at: start - Duration::days(90),
        updated_at: None,
        feed: "epic".into(),
    }
}

/// Rules, facts and a moment; what a story changes before it asks.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub rules: Rules,
    pub facts: PatientFacts,
    pub now: DateTime<Utc>,
}

impl World {
    /// Thursday 2026-11-19, noon: a visit is booked for Thursday 2026-12-10 at 09:00, so that the touch is on Monday
    /// 2026-12-07 from 10:00 to 19:00.
    pub fn new() -> World {
        let patient = Patient {
            id: "MRN1001".into(),
            first_name: None,
            last_name: None,
            birth_date: None,
            phones: vec![Phone::read(PhoneKind::Home, "617-555-0101")],
            language: None,
            flags: PatientFlags::default(),
            updated_at: None,
        };
        let facts = PatientFacts {
            patient,
            appointments: vec![booking("A1", at("2026-12-10 09:00"))],
            outreaches: vec![],
            opted_out: false,
            opted_out_numbers: BTreeSet::new(),
            other_calls: vec![],
            work: Vec::new(),
            changes: Vec::new(),
            closures: Vec::new(),
            stamp: 0,
        };
        World { rules: rules(), facts, now: at("2026-11-19 12:00") }
    }

    pub fn job(&mut self) -> &mut Job {
        &mut self.rules.jobs[0]
    }

    pub fn visit(&mut self) -> &mut Appointment {
        &mut self.facts.appointments[0]
    }

    pub fn flags(&mut self) -> &mut PatientFlags {
        &mut self.facts.patient.flags
    }

    pub fn phones(&mut self, phones: &[(PhoneKind, &str)]) {
        self.facts.patient.phones = phones.iter().map(|(kind, text)| Phone::read(*kind, text)).collect();
    }

    pub fn only_number(&mut self, text: &str) {
        self.flags().only_number = Some(Phi::new(number(text)));
    }

    pub fn decide(&self) -> Vec<Decision> {
        decide(&self.rules, &self.facts, self.now)
    }

    /// The decision about the visit of the story, the first one.
    pub fn first(&self) -> Decision {
        self.decide().into_iter().next().expect("a decision")
    }

    pub fn call(&self) -> PlannedCall {
        match self.first().verdict {
            Verdict::Call(call) => call,
            other => panic!("no call: {other:?}"),
        }
    }

    /// The call by Boston's clock: `touch, after, before`.
    pub fn call_in_words(&self) -> String {
        in_words(&self.first())
    }

    pub fn reconcile(&self) -> Vec<PlanAction> {
        reconcile(&self.rules, &self.decide(), &self.facts, self.now)
    }

    /// A call that was made about the visit as it stands: version 1, the given touch.
    pub fn tried(&mut self, touch: u32, placed: &str, outcome: Outcome) -> &mut Attempt {
        let attempt = self.attempt(touch, at(placed));
        attempt.status = match outcome {
            Outcome::Busy | Outcome::Failed => AttemptStatus::Failed,
            _ => AttemptStatus::Completed,
        };
        attempt.placed_at = Some(at(placed));
        attempt.ended_at = Some(at(placed));
        attempt.outcome = Some(outcome);
        attempt
    }

    /// A planned attempt about the visit as it stands: version 1, the given touch.
    pub fn attempt(&mut self, touch: u32, due_at: DateTime<Utc>) -> &mut Attempt {
        let visit = &self.facts.appointments[0];
        let zone = self.rules.zone(&visit.site).expect("a known site");
        let outreach = Outreach {
            id: OutreachId::new(format!("o{touch}")),
            visit: VisitKey {
                patient: visit.patient.clone(),
                site: visit.site.clone(),
                day: visit.start.with_timezone(&zone).date_naive(),
            },
            version: 1,
            purpose: Purpose::Reminder,
            touch,
            job: self.rules.jobs[0].name.clone(),
            start: visit.start,
            moved_from: None,
        };
        let found = self.facts.outreaches.iter().position(|o| o.outreach == outreach);
        let index = found.unwrap_or_else(|| {
            self.facts.outreaches.push(OutreachFacts { outreach: outreach.clone(), attempts: vec![] });
            self.facts.outreaches.len() - 1
        });
        let attempts = &mut self.facts.outreaches[index].attempts;
        let count = attempts.len() as u32 + 1;
        attempts.push(planned_attempt(&outreach.id, count, due_at));
        attempts.last_mut().expect("just pushed")
    }
}

/// The shipped job of a notice.
pub(crate) fn notice_job(purpose: Purpose) -> Job {
    use Weekday::*;
    let mut job = job();
    job.name = purpose.as_str().into();
    job.purpose = purpose;
    job.when.weekdays = vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun];
    (job.when.from, job.when.until) = (clock("08:00"), clock("21:00"));
    job.when.holidays = Holidays::None;
    job.when.no_later_than = Duration::hours(1);
    job.call.script = purpose.as_str().to_string();
    job
}

/// Stories about notices.
impl World {
    /// The shipped jobs, Monday 2026-12-07 at noon: the visit is on Thursday at 09:00.
    pub fn with_notices() -> World {
        let mut world = World::new();
        world.rules.jobs.extend([Purpose::Cancelled, Purpose::Moved, Purpose::Closure].map(notice_job));
        world.now = at("2026-12-07 12:00");
        world
    }

    pub fn notice_job(&mut self, purpose: Purpose) -> &mut Job {
        self.rules.jobs.iter_mut().find(|job| job.purpose == purpose).expect("a job")
    }

    /// Another booking of the patient, of an exam.
    pub fn also_booked(&mut self, id: &str, start: &str) -> &mut Appointment {
        self.facts.appointments.push(booking(id, at(start)));
        self.facts.appointments.last_mut().expect("just pushed")
    }

    /// Takes in an edit of a booking now, as the intake does: a booking that was booked and is different now is pending,
    /// until the planner closes it.
    pub fn edit(&mut self, id: &str, change: impl FnOnce(&mut Appointment)) {
        let now = self.now;
        let facts = &mut self.facts;
        let booking = facts.appointments.iter_mut().find(|a| a.id.as_str() == id).expect("a booking");
        let before = booking.clone();
        change(booking);
        let old = LastKnown { site: before.site, start: before.start, service: before.service, department: before.department };
        let is_as = |old: &LastKnown| (booking.status.is_booked(), &booking.site, booking.start) == (true, &old.site, old.start);
        match facts.changes.iter().position(|c| c.appointment == booking.id) {
            Some(i) => facts.changes[i].last_at = now,
            None if before.status.is_booked() && !is_as(&old) => {
                facts.changes.push(PendingChange { appointment: booking.id.clone(), old, first_at: now, last_at: now });
            }
            None => {}
        }
    }

    pub fn cancel(&mut self, id: &str) {
        self.edit(id, |a| a.status = AppointmentStatus::Cancelled);
    }

    pub fn move_to(&mut self, id: &str, start: &str) {
        self.edit(id, |a| a.start = at(start));
    }

    pub fn later(&mut self, minutes: i64) {
        self.now += Duration::minutes(minutes);
    }

    /// Plans, and does what the plan says; again there must be nothing to do.
    pub fn plan(&mut self) -> Vec<PlanAction> {
        let actions = self.reconcile();
        super::apply::apply(&mut self.facts, &actions, self.now);
        assert_eq!(self.reconcile(), [], "after its own actions there is nothing to do");
        actions
    }

    /// Plans, and gives the planned call of the purpose now, with this end.
    pub fn calls(&mut self, purpose: Purpose, outcome: Outcome) {
        self.plan();
        let now = self.now;
        let of_purpose = self.facts.outreaches.iter_mut().filter(|o| o.outreach.purpose == purpose);
        let planned = of_purpose.flat_map(|o| &mut o.attempts).find(|a| a.status == AttemptStatus::Planned);
        let attempt = planned.expect("a planned call");
        assert!((attempt.due_at..attempt.not_after).contains(&now), "due at {}, not at {now}", attempt.due_at);
        let silent = matches!(outcome, Outcome::Busy | Outcome::Failed);
        attempt.status = if silent { AttemptStatus::Failed } else { AttemptStatus::Completed };
        (attempt.placed_at, attempt.ended_at, attempt.outcome) = (Some(now), Some(now), Some(outcome));
        attempt.answered_at = Some(now).filter(|_| !silent && outcome != Outcome::NoAnswer);
    }

    /// Gives the planned call about the day now, with this end.
    pub fn hears(&mut self, day: &str, outcome: Outcome) {
        let now = self.now;
        let of_day = self.facts.outreaches.iter_mut().filter(|o| o.outreach.visit.day.to_string() == day);
        let planned = of_day.flat_map(|o| &mut o.attempts).find(|a| a.status == AttemptStatus::Planned);
        let attempt = planned.expect("a planned call");
        attempt.status = AttemptStatus::Completed;
        (attempt.placed_at, attempt.answered_at, attempt.ended_at) = (Some(now), Some(now), Some(now));
        attempt.outcome = Some(outcome);
    }

    /// The decisions about notices: `moved from Thu 12-10 09:00 to Thu 12-10 14:00: call 1: …`.
    pub fn notices_in_words(&self) -> Vec<String> {
        let show = |moment: DateTime<Utc>| moment.with_timezone(&BOSTON).format("%a %m-%d %H:%M").to_string();
        let about = |d: &Decision| {
            let old = &d.change.as_ref().expect("a change").old;
            let what = match d.purpose {
                Purpose::Moved => format!("from {} to {}", show(old.start), show(d.start)),
                _ => show(d.start),
            };
            format!("{} {what}: {}", d.purpose.as_str(), in_words(d))
        };
        self.decide().iter().filter(|d| d.purpose != Purpose::Reminder).map(about).collect()
    }

    /// Why changes are closed by the plan.
    pub fn closed(&self) -> Vec<&'static str> {
        let closing = |a: &PlanAction| if let PlanAction::CloseChanges { why, .. } = a { Some(*why) } else { None };
        self.reconcile().iter().filter_map(closing).collect()
    }
}

pub(crate) fn planned_attempt(outreach: &OutreachId, count: u32, due_at: DateTime<Utc>) -> Attempt {
    Attempt::planned(
        AttemptId::new(format!("{outreach}-{count}")),
        outreach.clone(),
        count,
        Dial {
            due_at,
            not_after: due_at + Duration::hours(9),
            phone_kind: PhoneKind::Home,
            phone: number("617-555-0101"),
            language: "en-US".into(),
            carrier: "main".into(),
        },
    )
}

/// `call 1: Mon 12-07 10:00 to Mon 12-07 19:00` by Boston's clock, or `skip too_late`.
pub(crate) fn in_words(decision: &Decision) -> String {
    let show = |moment: DateTime<Utc>| moment.with_timezone(&BOSTON).format("%a %m-%d %H:%M").to_string();
    match &decision.verdict {
        Verdict::Call(call) => format!("call {}: {} to {}", call.touch, show(call.call_after), show(call.call_before)),
        other => format!("{} {}", other.word(), other.reason().expect("a reason")),
    }
}
