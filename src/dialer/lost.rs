//! Calls of a lost time. A store that was restored from a back-up does not know what was dialled after the back-up was made:
//! before a number is dialled for the first time since, the carriers are asked. What they know is not dialled once more; the
//! attempt stands for that call.

use super::rescue::SKEW;
use super::{Dialer, asked};
use crate::carrier::{CarrierCall, CarrierError};
use crate::core::call::CallEvent;
use crate::core::domain::{Outreach, PhoneNumber, WorkKind};
use crate::core::ids::{AttemptId, AttemptToken, CarrierName};
use crate::live_call::LiveCallError;
use crate::store::{Leased, LostTime, StoreError};
use crate::worklist::item;
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

/// The lost times of the store, as they were when this dialler first looked: nothing dials while a back-up is restored.
#[derive(Debug, Default)]
pub struct LostTimes(OnceCell<Vec<LostTime>>);

/// A call that was made in a lost time.
pub(super) struct LostCall {
    carrier: CarrierName,
    call: CarrierCall,
    began: DateTime<Utc>,
}

/// What the carriers say of a number.
pub(super) enum Lost {
    /// Every call to it is known.
    Nothing,
    /// A call that no attempt stands for.
    Call(LostCall),
    /// A carrier gives no answer now.
    NotKnown(CarrierError),
}

impl Dialer {
    /// Whether this number was called in a time that the store knows nothing of.
    pub(super) async fn call_of_lost_time(&self, leased: &Leased) -> Result<Lost, StoreError> {
        let store = &self.live.store;
        let (id, phone) = (&leased.attempt.id, &leased.attempt.phone);
        for lost in self.lost_times.0.get_or_try_init(|| store.lost_times()).await? {
            if store.is_asked(lost, phone).await? {
                continue;
            }
            match asked::about(id, self.first_unknown(lost, id, phone)).await? {
                Lost::Nothing => store.note_asked(lost, phone).await?,
                found => return Ok(found),
            }
        }
        Ok(Lost::Nothing)
    }

    /// The first call to a number in a lost time that no other attempt stands for, of whatever carrier.
    async fn first_unknown(&self, lost: &LostTime, id: &AttemptId, phone: &PhoneNumber) -> Result<Lost, StoreError> {
        let since = lost.from - SKEW;
        let mut first: Option<LostCall> = None;
        for (name, carrier) in &self.live.carriers {
            let found = match carrier.find_calls(phone, since).await {
                Ok(found) => found,
                Err(error) => return Ok(Lost::NotKnown(error)),
            };
            let ids: Vec<String> = found.iter().map(|call| call.id.clone()).collect();
            let others = self.live.store.calls_of_others(id, phone, &ids).await?;
            for call in found {
                // One without a moment may be of that time. Nothing is dialled before this is asked, so that no later call of ours
                // is among them, whatever the carrier's clock says.
                let began = call.started_at.unwrap_or(lost.from);
                let is_free = !others.contains(&call.id) && began >= since;
                if is_free && first.as_ref().is_none_or(|first| began < first.began) {
                    first = Some(LostCall { carrier: name.clone(), call, began });
                }
            }
        }
        Ok(first.map_or(Lost::Nothing, Lost::Call))
    }

    /// The attempt, which is requesting, stands for that call; somebody was asked to find out what was said in it
    /// ([`Dialer::ask_what_was_said`]).
    pub(super) async fn take_lost_call_over(
        &self,
        id: &AttemptId,
        token: &AttemptToken,
        lost: LostCall,
    ) -> Result<(), LiveCallError> {
        tracing::warn!(
            "not dialled: the number was called in a time that was lost with the store; a person must ask what was said"
        );
        self.live.store.take_over(id, &lost.carrier, lost.began).await?;
        self.live.report(token, &CallEvent::Accepted, Some(lost.call.id.clone())).await?;
        self.settle_if_over(token, &lost.call).await
    }

    /// What was said in a call of a lost time nobody knows any more: a person must ask. The item is opened before the attempt is
    /// `requesting`: from then on others look for its call at the carrier, and settle it without a word about what was said. That
    /// it is opened again where the attempt goes back undialled does nothing.
    pub(super) async fn ask_what_was_said(&self, outreach: &Outreach) -> Result<(), StoreError> {
        let note = "called after the back-up from which the store was restored: an answer or an opt-out given in that call is lost; \
                    ask the patient";
        let now = self.clock().now();
        let (due, note) = (Some(outreach.start), Some(note.to_string()));
        let new = item(&self.chance, WorkKind::AnswerLost, Some(&outreach.visit), now, due, note);
        self.live.store.open_work(&new).await.map(drop)
    }
}
