//! What is left on an answering machine.

use super::{Job, LeaveVoicemail};
use crate::domain::{Attempt, Patient, VoicemailPolicy};

/// What one attempt may leave on a machine: the stricter of the job's and the patient's wish, and only on the first or
/// the last attempt of its touch, as the job says. For a sensitive service nothing is left unless the patient's row says
/// that something may be, and then the least (calling-rules L-39).
///
/// `attempt_number` and `is_last` as from [`place_in_touch`].
pub fn voicemail_for(job: &Job, patient: &Patient, attempt_number: u32, is_last: bool) -> VoicemailPolicy {
    let its_turn = match job.call.leave_voicemail {
        LeaveVoicemail::First => attempt_number == 1,
        LeaveVoicemail::Last => is_last,
    };
    if !its_turn {
        return VoicemailPolicy::None;
    }
    let wish = match (patient.flags.voicemail, patient.flags.sensitive) {
        (wish, false) => wish.unwrap_or(VoicemailPolicy::Standard),
        (Some(wish), true) => wish.stricter(VoicemailPolicy::Minimal),
        (None, true) => VoicemailPolicy::None,
    };
    job.call.voicemail.stricter(wish)
}

/// The place of the next call among those of its touch that rang, from 1, and whether it is the last that may ring.
/// Calls that never rang do not take the voicemail's turn.
pub fn place_in_touch(job: &Job, earlier: &[Attempt]) -> (u32, bool) {
    let rang = super::version::tries(earlier).filter(|a| a.counts_as_called()).count();
    let number = u32::try_from(rang).unwrap_or(u32::MAX).saturating_add(1);
    (number, number >= job.attempts.max)
}
