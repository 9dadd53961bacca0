//! Tales that are told to the ledger, and what a store may hold at their end.

use super::super::*;
use crate::app::read_rulings;
use crate::audit::Replayed;
use crate::carrier::simulator::{CallChange, CallNews, CallTally, Direction, Pressed, Status, Tally};
use crate::config::Config;
use crate::core::call::{Brief, IncomingStage, IncomingTalk};
use crate::core::domain::{
    Attempt, AttemptStatus, Dial, LocalMoment, Outcome, Patient, PatientFlags, PhoneKind, Purpose, VisitKey, VoicemailPolicy,
    WorkItem, WorkKind, WorkState,
};
use crate::core::ids::{AttemptToken, PatientId};
use crate::core::plan::{OutreachFacts, PatientFacts};
use crate::simulate::history::{Intake, Opened, Plan, Reply, Says};
use crate::store::{self, CallCommit, IncomingCommit, Join, RequestOrder, StoredEvent, StoredStanding, WebhookEntry};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let read = read_rulings(&Config::defaults());
    read.unwrap_or_else(|faults| panic!("the shipped rules are read: {faults:?}")).rules
});

/// A Wednesday, eleven in Boston.
pub(super) const NOON: &str = "2026-11-18T16:00:00Z";
/// The Saturday after it, ten in the morning.
pub(super) const VISIT: &str = "2026-11-21T15:00:00Z";

pub(super) fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// A day that is told to the ledger, and what it says to it.
pub(super) struct Tale {
    pub(super) ledger: Ledger,
    pub(super) at: DateTime<Utc>,
    pub(super) found: Vec<Violation>,
    /// What the feed says that is booked, from now on.
    pub(super) service: &'static str,
    /// The keys of each call, as they were answered.
    keys: BTreeMap<String, String>,
}

impl Tale {
    pub(super) fn new() -> Tale {
        let terms = Terms { rules: RULES.clone(), lines: 2, calls_per_second: 1.0 };
        let (ledger, at) = (Ledger::new(terms), moment(NOON));
        let mut tale = Tale { ledger, at, found: Vec::new(), service: "exam", keys: BTreeMap::new() };
        tale.see(Seen::Started(Actor::Replica(0, 1)));
        (1..5).for_each(|n| tale.fed(n, VISIT, "booked", ""));
        tale
    }

    pub(super) fn see(&mut self, seen: Seen) {
        self.found.extend(self.ledger.see(self.at, &seen));
    }

    pub(super) fn later(&mut self, seconds: i64) {
        self.at += Duration::seconds(seconds);
    }

    pub(super) fn act(&mut self, act: Act) {
        let seen = StoreSeen { actor: Actor::Replica(0, 1), op: "it", done: Done::Yes, what: Some(Box::new(act)) };
        self.see(Seen::Store(seen));
    }

    /// The feed says how the booking of patient `n` stands.
    pub(super) fn fed(&mut self, n: u32, start: &str, status: &str, opt_out: &str) {
        self.fed_as(&format!("A{n}"), n, start, status, opt_out);
    }

    /// The same of another booking of theirs.
    pub(super) fn fed_as(&mut self, booking: &str, n: u32, start: &str, status: &str, opt_out: &str) {
        let (updated, service) = (self.at.to_rfc3339(), self.service);
        let line = format!(
            "{booking},P{n},Ada,Overcoat,1960-01-01,,,,{start},30,{service},X,boston,{status},yes,,{opt_out},{updated},{updated}"
        );
        self.act(Act::TakenIn(Intake {
            raw: vec![line],
            appointments: Vec::new(),
            withdraw: Vec::new(),
            opt_outs: Vec::new(),
            heard: false,
        }));
    }

    pub(super) fn leased(&mut self, id: &str, n: u32, number: &str) {
        let (outreach, attempt) = attempt(id, n, number);
        self.act(Act::Leased(vec![Leased { attempt, outreach }]));
    }

    /// The planner promises patient 1 a call.
    pub(super) fn promised(&mut self, id: &str, purpose: Purpose) {
        self.promised_as(id, Outreach { purpose, ..attempt(id, 1, "01").0 });
    }

    pub(super) fn promised_as(&mut self, id: &str, promise: Outreach) {
        let (_, attempt) = attempt(id, 1, "01");
        let opened = Opened {
            outreach: promise.id.clone(),
            visit: promise.visit.clone(),
            promise,
            attempt: attempt.id,
            due_at: attempt.due_at,
            not_after: attempt.not_after,
        };
        self.act(Act::Planned(Plan { open: vec![opened], ..plan() }));
    }

    /// The planner opens and closes items of the worklist.
    pub(super) fn planned(&mut self, opens: Vec<WorkItem>, closes: Vec<WorkItem>) {
        let close_work = closes.into_iter().filter_map(|item| Some((item.kind, item.visit?))).collect();
        self.act(Act::Planned(Plan { open_work: opens, close_work, ..plan() }));
    }

    /// Time passes, and something happens that concerns nobody.
    pub(super) fn passes(&mut self, until: &str) {
        self.at = moment(until);
        self.see(Seen::FeedTaken { name: "it".into() });
    }

    /// A call is committed to be asked for, and is over by `deadline`.
    pub(super) fn requested_until(&mut self, id: &str, deadline: &str) {
        let order = RequestOrder { deadline: moment(deadline), ..order(id) };
        self.act(Act::Requested(order, RequestVerdict::Granted));
    }

    /// A call to our number becomes one of the promise to patient 1.
    pub(super) fn joined(&mut self, id: &str) {
        let (_, attempt) = attempt(id, 1, "01");
        let join = Join {
            attempt: Attempt { inbound: true, status: AttemptStatus::InProgress, ..attempt },
            patient: "P1".into(),
            token: id.into(),
            brief: order(id).brief,
            deadline: moment(VISIT),
        };
        let commit = IncomingCommit {
            token: id.into(),
            step: 1,
            talk: IncomingTalk { stage: IncomingStage::Over, step: 1, said: 0, wrong: 0 },
            reply: String::new(),
            guess: None,
            join: Some(Box::new(join)),
            opt_out: None,
            open_work: Vec::new(),
            audio: Vec::new(),
            log: None,
        };
        self.act(Act::Incoming(commit, IncomingVerdict::Done));
    }

    pub(super) fn requested(&mut self, id: &str) {
        self.act(Act::Requested(order(id), RequestVerdict::Granted));
    }

    /// The carrier is asked, and makes the call.
    pub(super) fn made(&mut self, id: &str, call: &str, number: &str) {
        let (attempt, number) = (Some(AttemptId::from(id)), phone(number));
        let asked = Seen::Asked {
            actor: Actor::Replica(0, 1),
            what: "POST Calls".into(),
            attempt: attempt.clone(),
            to: Some(number.clone()),
        };
        self.see(asked);
        let what = CallChange::Taken { direction: Direction::Outbound, to: number.clone(), voice: None };
        self.see(Seen::Call { news: CallNews { sid: call.into(), what }, attempt, number });
    }

    pub(super) fn stands(&mut self, call: &str, status: Status) {
        let news = CallNews { sid: call.into(), what: CallChange::Status(status) };
        self.see(Seen::Call { news, attempt: None, number: phone("01") });
    }

    /// A whole call of a patient to a number of theirs, up to its being up.
    pub(super) fn called(&mut self, id: &str, n: u32, number: &str) {
        self.leased(id, n, number);
        self.requested(id);
        self.made(id, &format!("C{id}"), number);
        self.later(5);
    }

    /// Something happens to a call of an attempt at the carrier.
    pub(super) fn at_carrier(&mut self, id: &str, number: &str, what: CallChange) {
        let news = CallNews { sid: format!("C{id}"), what };
        self.see(Seen::Call { news, attempt: Some(id.into()), number: phone(number) });
    }

    /// What follows from events of a call is committed.
    pub(super) fn committed(&mut self, id: &str, keys: &str, outcome: Option<Outcome>, events: Vec<StoredEvent>) {
        self.committed_with(id, keys, outcome, events, None);
    }

    /// The same with the entry of the webhook log that belongs to it.
    pub(super) fn committed_with(
        &mut self,
        id: &str,
        keys: &str,
        outcome: Option<Outcome>,
        events: Vec<StoredEvent>,
        log: Option<WebhookEntry>,
    ) {
        let mut standing = StoredStanding { keys: keys.into(), outcome, ..standing() };
        if outcome.is_some() {
            standing.status = AttemptStatus::Completed;
        }
        let opt_out = keys.contains('9').then(|| OptOut {
            patient: Some("P1".into()),
            phone: Some(phone("01")),
            at: self.at,
            how: "key 9".into(),
        });
        self.act(Act::Call(CallCommit {
            attempt: id.into(),
            after_events: 0,
            events,
            standing,
            carrier_call_id: None,
            opt_out,
            open_work: Vec::new(),
            close_work: Vec::new(),
            audio: Vec::new(),
            log,
        }));
    }

    /// A key is pressed and committed before it is answered.
    pub(super) fn pressed(&mut self, id: &str, key: char) {
        self.at_carrier(id, "01", CallChange::Pressed(Pressed { at_ms: 1, key, taken: true }));
        let keys = self.keys.entry(id.to_string()).or_default();
        keys.push(key);
        let keys = keys.clone();
        self.committed(id, &keys, None, Vec::new());
    }

    pub(super) fn told(&mut self, id: &str, hook: &str, form: &str, reply: Option<Reply>) {
        let key = form.strip_prefix("Digits=").or_else(|| hook.split_once("&key=%3").map(|(_, key)| key));
        if let Some(key) = key.and_then(|key| key.chars().next()).filter(|_| reply.is_some_and(|it| it.says == Says::Words)) {
            self.pressed(id, key);
        }
        self.answered(id, hook, form, reply);
    }

    /// A webhook is answered, whatever is committed.
    pub(super) fn answered(&mut self, id: &str, hook: &str, form: &str, reply: Option<Reply>) {
        self.see(Seen::Webhook {
            actor: Some(Actor::Replica(0, 1)),
            what: format!("POST /carriers/main/{}", hook.replace("{token}", id)),
            attempt: Some(AttemptId::from(id)),
            body: form.to_string(),
            status: Ok(if reply.is_some() { 200 } else { 204 }),
            reply,
        });
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.found.iter().map(|violation| violation.invariant).collect()
    }
}

fn standing() -> StoredStanding {
    StoredStanding {
        status: AttemptStatus::InProgress,
        answered_at: None,
        ended_at: None,
        answered_by: None,
        heard_seconds: None,
        keys: String::new(),
        outcome: None,
        end_reason: None,
    }
}

fn plan() -> Plan {
    Plan {
        at: None,
        patients: Vec::new(),
        open: Vec::new(),
        shift: Vec::new(),
        withdraw: Vec::new(),
        open_work: Vec::new(),
        close_work: Vec::new(),
    }
}

pub(super) fn words(text: u64) -> Option<Reply> {
    Some(Reply { says: Says::Words, text })
}

pub(super) fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(&if digits.len() > 2 { digits.to_string() } else { format!("+161755501{digits}") }).expect("a number")
}

pub(super) fn attempt(id: &str, n: u32, number: &str) -> (Outreach, Attempt) {
    let patient = PatientId::new(format!("P{n}"));
    let visit = VisitKey { patient, site: "boston".into(), day: moment(VISIT).date_naive() };
    let outreach = Outreach {
        id: format!("O{n}").as_str().into(),
        visit,
        version: 1,
        purpose: Purpose::Reminder,
        touch: 1,
        job: "exam-and-radiology".into(),
        start: moment(VISIT),
        moved_from: None,
    };
    let dial = Dial {
        due_at: moment(NOON),
        not_after: moment(VISIT),
        phone_kind: PhoneKind::Home,
        phone: phone(number),
        language: "en-US".into(),
        carrier: "main".into(),
    };
    (outreach.clone(), Attempt::planned(id.into(), outreach.id, 1, dial))
}

pub(super) fn order(id: &str) -> RequestOrder {
    let start = LocalMoment { date: moment(VISIT).date_naive(), time: chrono::NaiveTime::MIN };
    let brief = Brief {
        purpose: Purpose::Reminder,
        script: "reminder".into(),
        language: "en-US".into(),
        start,
        old_start: None,
        site: "boston".into(),
        appointments: 1,
        callback_number: phone("00"),
        opt_out_number: phone("00"),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 0,
        before_ms: 0,
        long_timeouts: false,
        guardian: false,
        desk: None,
    };
    RequestOrder {
        attempt: id.into(),
        holder: "d".into(),
        now: moment(NOON),
        lease_until: moment(NOON),
        deadline: moment(VISIT),
        token: AttemptToken::from("t"),
        brief,
        caps: Vec::new(),
        respect_opt_outs: true,
        stamp: None,
    }
}

/// What the store holds of one call of patient 1.
pub(super) fn held(outcome: Option<Outcome>, keys: &str) -> Held {
    let (outreach, attempt) = attempt("a", 1, "01");
    let attempt = Attempt {
        status: if outcome.is_some() { AttemptStatus::Completed } else { AttemptStatus::InProgress },
        placed_at: Some(moment(NOON)),
        carrier_call_id: Some("Ca".into()),
        keys: keys.into(),
        outcome,
        ..attempt
    };
    let patient = Patient {
        id: outreach.visit.patient.clone(),
        first_name: None,
        last_name: None,
        birth_date: None,
        phones: Vec::new(),
        language: None,
        flags: PatientFlags::default(),
        updated_at: None,
    };
    let facts = PatientFacts {
        patient,
        appointments: Vec::new(),
        outreaches: vec![OutreachFacts { outreach, attempts: vec![attempt] }],
        opted_out: false,
        opted_out_numbers: BTreeSet::new(),
        other_calls: Vec::new(),
        work: Vec::new(),
        changes: Vec::new(),
        closures: Vec::new(),
        stamp: 0,
    };
    let tally = Tally { calls: vec![call(keys)], ..Tally::default() };
    Held { facts: vec![facts], worklist: Vec::new(), log: Vec::new(), replayed: Replayed::default(), tally }
}

pub(super) fn call(keys: &str) -> CallTally {
    CallTally {
        sid: "Ca".into(),
        direction: Direction::Outbound,
        attempt: "x".into(),
        to: phone("01"),
        from: String::new().into(),
        queue_ms: 0,
        status: Status::Completed,
        sip: None,
        error_code: None,
        error: None,
        created_at: moment(NOON),
        answered_at: None,
        ended_at: None,
        talk_ms: 0,
        answered_by: None,
        keys: keys.chars().map(|key| Pressed { at_ms: 1, key, taken: true }).collect(),
        acknowledged: String::new(),
        heard: Vec::new(),
        recorded: Vec::new(),
        dialled: Vec::new(),
        documents: 1,
        differing_repeats: 0,
        callbacks_failed: 0,
        forged: 0,
        forged_believed: 0,
        warnings: Vec::new(),
    }
}

pub(super) fn item(kind: WorkKind) -> WorkItem {
    item_about(kind, attempt("a", 1, "01").0.visit)
}

pub(super) fn item_about(kind: WorkKind, visit: VisitKey) -> WorkItem {
    WorkItem {
        id: "w".into(),
        kind,
        patient: Some(visit.patient.clone()),
        visit: Some(visit),
        opened_at: moment(NOON),
        due_at: None,
        owner: None,
        state: WorkState::Closed,
        resolution: None,
    }
}

pub(super) fn entry(path: &str) -> WebhookEntry {
    WebhookEntry {
        at: moment(NOON),
        direction: store::Direction::In,
        carrier: "main".into(),
        attempt: Some("a".into()),
        method: "POST".into(),
        path: path.into(),
        status: 200,
        verdict: "ok".into(),
        duration_us: 1,
        body: String::new(),
    }
}
