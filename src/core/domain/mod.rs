//! The nouns: appointments, visits, patients, telephone numbers, outreaches, attempts, outcomes, and the rules that
//! hold for them alone. No I/O, no clock.

mod appointment;
mod attempt;
mod birthday;
mod change;
mod desk;
mod outcome;
mod outreach;
mod patient;
mod pending;
mod phone;
mod time;
mod visit;
mod work;

pub use appointment::{Appointment, AppointmentStatus, Service};
pub use attempt::{Attempt, AttemptStatus, Dial};
pub use birthday::Birthday;
pub use change::{Applied, AppointmentChange, PatientChange};
pub use desk::{Desk, DeskHours};
pub use outcome::{AnsweredBy, EndReason, Outcome};
pub use outreach::{Outreach, Purpose};
pub use patient::{Patient, PatientFlags, VoicemailPolicy};
pub use pending::{Closure, LastKnown, PendingChange};
pub use phone::{Phone, PhoneFault, PhoneKind, PhoneNumber};
pub use time::{LocalMoment, resolve_local};
pub use visit::{Visit, VisitKey, group_visits};
pub use work::{WorkItem, WorkKind, WorkState};
