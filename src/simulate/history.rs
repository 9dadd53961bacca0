//! Everything that happened in a simulated day at the seams between its parts, in order: what the store did, what the carrier
//! was asked and what it told, what was killed. The same seed gives the same text to the byte.

mod text;

use super::day::StoreTrouble;
use crate::carrier::simulator::CallNews;
use crate::core::domain::{Appointment, Outreach, PhoneNumber, VisitKey, WorkItem, WorkKind};
use crate::core::ids::{AttemptId, OutreachId, PatientId, WorkItemId};
use crate::store::{
    CallCommit, GiveBack, IncomingCommit, IncomingVerdict, Leased, OptOut, RequestOrder, RequestVerdict, ShiftAttempt,
};
use chrono::{DateTime, Duration, Utc};

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The so many-th life of a replica.
    Replica(usize, u32),
    /// The import of feeds.
    Feed,
    /// A person at the hospital.
    Desk,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A replica begins to work.
    Started(Actor),
    /// A replica is dead, and where it died.
    Killed(Actor, &'static str),
    /// The machines' clock was set; how far it is ahead of true time now.
    ClockStepped {
        /// By so much.
        by: Duration,
        /// Altogether.
        ahead: Duration,
    },
    /// The store is in trouble, or not any more.
    StoreTrouble(Option<StoreTrouble>),
    /// The carrier answers no request, or answers again.
    CarrierDown(bool),
    /// The carrier refuses our account, or takes it again.
    AccountRefused(bool),
    /// A batch of the feed is handed in for the first time, so that what it says was true by now.
    FeedHandedIn {
        /// Its name.
        name: String,
    },
    /// It is taken in: all of it is committed.
    FeedTaken {
        /// Its name.
        name: String,
    },
    /// An operation of the store.
    Store(StoreSeen),
    /// A request to the carrier leaves a replica.
    Asked {
        /// Who asks.
        actor: Actor,
        /// Method and path, without credentials.
        what: String,
        /// The attempt that it is about, where a call is asked for.
        attempt: Option<AttemptId>,
        /// The number that is to be called.
        to: Option<PhoneNumber>,
    },
    /// Its answer comes back, or does not; why.
    Answered {
        /// Who asked.
        actor: Actor,
        /// Method and path, without credentials.
        what: String,
        /// The attempt that it was about, where a call was asked for.
        attempt: Option<AttemptId>,
        /// HTTP status.
        status: Result<u16, String>,
    },
    /// Something happened to a call in the network.
    Call {
        /// What.
        news: CallNews,
        /// Whose call it is, where it is one of ours.
        attempt: Option<AttemptId>,
        /// The number at its other end.
        number: PhoneNumber,
    },
    /// Something was told or asked by the network and answered, or not.
    Webhook {
        /// Who answered; none where nobody was there.
        actor: Option<Actor>,
        /// Method and path, with the attempt instead of its token.
        what: String,
        /// The attempt, where it is one of ours.
        attempt: Option<AttemptId>,
        /// The body as it was sent.
        body: String,
        /// HTTP status, or why there was no answer.
        status: Result<u16, String>,
        /// What was answered, where it was a document.
        reply: Option<Reply>,
    },
}

/// A document that answers a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub says: Says,
    /// Stands for its text: the same for the same.
    pub text: u64,
}

/// What a document says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// What follows.
    Words,
    /// "One moment, please": the same is asked again.
    OneMoment,
    /// The apology.
    Apology,
}

/// An operation of the store.
#[derive(Debug, Clone)]
pub struct StoreSeen {
    /// Whose.
    pub actor: Actor,
    /// Its name.
    pub op: &'static str,
    /// What became of it.
    pub done: Done,
    /// What it did, where it did something of note. It stands also where nobody learned of it.
    pub what: Option<Box<Act>>,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was done.
    Yes,
    /// Somebody else was faster: nothing was written.
    Conflict,
    /// It failed for a reason of the store's own, and whoever asked was told so.
    Failed,
    /// It was made to fail: nothing was written.
    Refused,
    /// It was done, and whoever asked was told that it failed.
    Unheard,
}

impl Done {
    /// Whether what it did is in the store.
    pub fn is_done(self) -> bool {
        matches!(self, Done::Yes | Done::Unheard)
    }
}

/// What an operation of the store did.
#[derive(Debug, Clone)]
pub enum Act {
    /// Attempts were taken for a dialler.
    Leased(Vec<Leased>),
    /// The carrier is about to be asked, or may not be.
    Requested(RequestOrder, RequestVerdict),
    /// An attempt was given back.
    GivenBack(AttemptId, GiveBack),
    /// The planner's decisions.
    Planned(Plan),
    /// A batch of a feed.
    TakenIn(Intake),
    /// What followed from events of a call.
    Call(CallCommit),
    /// A step of a call to our number.
    Incoming(IncomingCommit, IncomingVerdict),
    /// An entry of the suppression list.
    OptOut(OptOut),
    /// A worklist item; whether it is new.
    Work(WorkItem, bool),
    /// A worklist item was closed; whether it was open.
    WorkResolved(WorkItemId, bool),
    /// So many leases had ended.
    LeasesEnded(u64),
}

/// A new attempt.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The outreach that it serves.
    pub outreach: OutreachId,
    /// All of it.
    pub promise: Outreach,
    /// Its name.
    pub attempt: AttemptId,
    /// What it is about.
    pub visit: VisitKey,
    /// It is to be placed from this moment on.
    pub due_at: DateTime<Utc>,
    /// And before this one.
    pub not_after: DateTime<Utc>,
}

/// What the planner wrote.
#[derive(Debug, Clone)]
pub struct Plan {
    /// By the machine's clock.
    pub at: Option<DateTime<Utc>>,
    /// Whose plans were looked at.
    pub patients: Vec<PatientId>,
    /// New attempts with the outreach they serve.
    pub open: Vec<Opened>,
    /// Attempts with another time or number.
    pub shift: Vec<ShiftAttempt>,
    /// Attempts that are not to be made.
    pub withdraw: Vec<AttemptId>,
    /// Worklist items to open.
    pub open_work: Vec<WorkItem>,
    /// Worklist items that are settled.
    pub close_work: Vec<(WorkKind, VisitKey)>,
}

/// What a feed wrote.
#[derive(Debug, Clone)]
pub struct Intake {
    /// Its rows as they came.
    pub raw: Vec<String>,
    /// Bookings as they stand now.
    pub appointments: Vec<Appointment>,
    /// Visits whose planned attempts were withdrawn.
    pub withdraw: Vec<VisitKey>,
    /// Opt-outs.
    pub opt_outs: Vec<OptOut>,
    /// Whether a live feed was heard by it.
    pub heard: bool,
}

/// What happened, in order, by true time.
#[derive(Debug, Default)]
pub struct History(Vec<(DateTime<Utc>, Seen)>);

impl History {
    /// Adds what has just happened.
    pub fn push(&mut self, at: DateTime<Utc>, seen: Seen) {
        self.0.push((at, seen));
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(DateTime<Utc>, Seen)> {
        self.0.iter()
    }

    /// How much happened.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As text, a line for each thing that happened. It shows simulated patients and nobody else.
    pub fn to_text(&self) -> String {
        text::text(&self.0)
    }
}
