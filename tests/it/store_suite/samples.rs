//! Small things to store.

use callahead::core::call::{Brief, CallEvent};
use callahead::core::domain::{
    Appointment, AppointmentStatus, Attempt, AttemptStatus, Dial, LocalMoment, Outreach, Patient, PatientFlags, Phone, PhoneKind,
    PhoneNumber, Purpose, Service, VisitKey, VoicemailPolicy, WorkItem, WorkKind, WorkState,
};
use callahead::core::ids::{AttemptId, AttemptToken, OutreachId, PatientId};
use callahead::store::{
    CallCommit, Direction, IntakeBatch, LeaseRequest, Leased, PlanCommit, RequestOrder, RequestVerdict, Revised, Store,
    StoredEvent, StoredStanding, WebhookEntry,
};
use chrono::{DateTime, Duration, Utc};

/// Friday, 27 November 2026, 15:00 UTC, and so many minutes.
pub fn at(minutes: i64) -> DateTime<Utc> {
    let three: DateTime<Utc> = "2026-11-27T15:00:00Z".parse().expect("a time");
    three + Duration::minutes(minutes)
}

/// So many days after [`at`] 0.
pub fn day(days: i64) -> DateTime<Utc> {
    at(days * 24 * 60)
}

pub fn number(last: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1617{last:07}")).expect("a number")
}

pub fn visit(patient: &str) -> VisitKey {
    VisitKey { patient: patient.into(), site: "boston".into(), day: day(3).date_naive() }
}

/// The visit of a patient three days ahead.
pub fn outreach(patient: &str) -> Outreach {
    Outreach {
        id: OutreachId::new(format!("out-{patient}")),
        visit: visit(patient),
        version: 1,
        purpose: Purpose::Reminder,
        touch: 1,
        job: "exam-and-radiology".into(),
        start: day(3),
        moved_from: None,
    }
}

/// A first attempt for it, due now until four hours later.
pub fn attempt(patient: &str, phone: PhoneNumber) -> Attempt {
    Attempt::planned(
        AttemptId::new(format!("att-{patient}")),
        OutreachId::new(format!("out-{patient}")),
        1,
        Dial {
            due_at: at(0),
            not_after: at(240),
            phone_kind: PhoneKind::Home,
            phone,
            language: "en-US".into(),
            carrier: "main".into(),
        },
    )
}

pub fn planned(patient: &str, phone: PhoneNumber) -> (Outreach, Attempt) {
    (outreach(patient), attempt(patient, phone))
}

pub fn plan(open: Vec<(Outreach, Attempt)>) -> PlanCommit {
    PlanCommit { at: Some(at(0)), open, ..PlanCommit::default() }
}

pub fn patient(id: &str, phone: PhoneNumber) -> Patient {
    Patient {
        id: id.into(),
        first_name: None,
        last_name: None,
        birth_date: None,
        phones: vec![Phone::read(PhoneKind::Home, phone.as_str())],
        language: None,
        flags: PatientFlags::default(),
        updated_at: None,
    }
}

pub fn appointment(id: &str, patient: &str, start: DateTime<Utc>) -> Appointment {
    Appointment {
        id: id.into(),
        patient: patient.into(),
        site: "boston".into(),
        department: None,
        start,
        duration_minutes: None,
        service: Service::Exam,
        service_by_rule: false,
        visit_type: None,
        status: AppointmentStatus::Booked,
        established: None,
        booked_at: day(-30),
        updated_at: None,
        feed: "epic".into(),
    }
}

pub fn new<T>(value: T) -> Revised<T> {
    Revised { value, revision: 0 }
}

pub fn batch(appointments: Vec<Revised<Appointment>>, patients: Vec<Revised<Patient>>) -> IntakeBatch {
    IntakeBatch {
        feed: "epic".into(),
        at: at(0),
        raw: Vec::new(),
        appointments,
        patients,
        withdraw: Vec::new(),
        opt_outs: Vec::new(),
        changes: Vec::new(),
        consents: Vec::new(),
        heard: None,
    }
}

pub fn lease(holder: &str, limit: u32) -> LeaseRequest {
    LeaseRequest {
        carrier: "main".into(),
        now: at(1),
        until: at(2),
        holder: holder.to_string(),
        limit,
        max_lines: 10_000,
        skip_sites: Vec::new(),
    }
}

pub fn brief() -> Brief {
    let local = "2026-11-30T10:00:00".parse::<chrono::NaiveDateTime>().expect("a local time");
    Brief {
        purpose: Purpose::Reminder,
        script: "reminder".to_string(),
        language: "en-US".into(),
        start: LocalMoment { date: local.date(), time: local.time() },
        old_start: None,
        site: "boston".into(),
        appointments: 1,
        callback_number: number(5_550_100),
        opt_out_number: number(5_550_101),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 21_000,
        before_ms: 0,
        long_timeouts: false,
        guardian: false,
        desk: None,
    }
}

pub fn order(patient: &str, holder: &str) -> RequestOrder {
    RequestOrder {
        attempt: AttemptId::new(format!("att-{patient}")),
        holder: holder.to_string(),
        now: at(1),
        lease_until: at(3),
        deadline: at(8),
        token: AttemptToken::new(format!("token-{patient}")),
        brief: brief(),
        caps: Vec::new(),
        respect_opt_outs: true,
        stamp: None,
    }
}

/// Plans and leases one attempt for each patient, also where several have one number.
pub async fn leased(store: &dyn Store, patients: &[(&str, PhoneNumber)], holder: &str) -> Vec<Leased> {
    let open = patients.iter().map(|(id, phone)| planned(id, phone.clone())).collect();
    store.commit_plan(&plan(open)).await.expect("the plan is written");
    let mut all = Vec::new();
    loop {
        let some = store.lease_due(&lease(holder, 1000)).await.expect("the attempts are leased");
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

/// Plans, leases and begins to request the call to a patient.
pub async fn requesting(store: &dyn Store, patient: &str, phone: PhoneNumber) {
    leased(store, &[(patient, phone)], "dialler-1").await;
    let verdict = store.begin_request(&order(patient, "dialler-1")).await.expect("a verdict");
    assert_eq!(verdict, RequestVerdict::Granted);
}

pub fn event(minutes: i64, event: CallEvent) -> StoredEvent {
    StoredEvent { at: at(minutes), event, key: None, reply: None }
}

pub fn standing(status: AttemptStatus) -> StoredStanding {
    StoredStanding {
        status,
        answered_at: None,
        ended_at: None,
        answered_by: None,
        heard_seconds: None,
        keys: String::new(),
        outcome: None,
        end_reason: None,
    }
}

pub fn call_commit(patient: &str, after_events: usize, events: Vec<StoredEvent>, standing: StoredStanding) -> CallCommit {
    CallCommit {
        attempt: AttemptId::new(format!("att-{patient}")),
        after_events,
        events,
        standing,
        carrier_call_id: None,
        opt_out: None,
        open_work: Vec::new(),
        close_work: Vec::new(),
        audio: Vec::new(),
        log: None,
    }
}

pub fn work(id: &str, kind: WorkKind, about: Option<&str>, minutes: i64) -> WorkItem {
    WorkItem {
        id: id.into(),
        kind,
        visit: about.map(visit),
        patient: about.map(PatientId::from),
        opened_at: at(minutes),
        due_at: None,
        owner: None,
        state: WorkState::Open,
        resolution: None,
    }
}

pub fn entry(minutes: i64, attempt: Option<&str>) -> WebhookEntry {
    WebhookEntry {
        at: at(minutes),
        direction: Direction::In,
        carrier: "main".to_string(),
        attempt: attempt.map(AttemptId::from),
        method: "POST".to_string(),
        path: "/carriers/main/[token]/key".to_string(),
        status: 200,
        verdict: "ok".to_string(),
        duration_us: 1500,
        body: "Digits=1".to_string(),
    }
}
