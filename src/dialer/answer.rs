//! What a carrier answered to a request, for the call and for those after it.

use super::Dialer;
use super::place::LATER;
use crate::carrier::{CarrierError, Placed, Refusal};
use crate::core::call::{CallEvent, FinalStatus};
use crate::core::domain::{AttemptStatus, EndReason, PhoneNumber, WorkKind};
use crate::core::ids::{AttemptId, AttemptToken, WorkItemId};
use crate::core::link::News;
use crate::live_call::LiveCallError;
use crate::store::{GiveBack, StoreError};
use crate::worklist::item;
use chrono::{DateTime, Utc};

impl Dialer {
    /// Takes in the answer to a request.
    pub(super) async fn after_request(
        &self,
        (id, to): (&AttemptId, &PhoneNumber),
        holder: &str,
        token: &AttemptToken,
        placed: Result<Placed, CarrierError>,
    ) -> Result<(), LiveCallError> {
        let error = match placed {
            Ok(placed) => {
                self.link.taken();
                // The call first: somebody may be on the line already.
                let reported = self.live.report(token, &CallEvent::Accepted, placed.carrier_call_id).await;
                self.hear(&News::Answered).await?;
                return reported;
            }
            Err(CarrierError::Refused { why, status, code }) => {
                CarrierError::Refused { why: self.link.weigh(why, id, to), status, code }
            }
            Err(error) => error,
        };
        let heard = self.learn_from(&error).await;
        let now = self.clock().now();
        let back = match &error {
            CarrierError::Unknown(what) => {
                tracing::warn!(%what, "nobody knows whether the call exists; the carrier is asked before anything else");
                return Ok(heard?);
            }
            CarrierError::Unreachable(what) => {
                tracing::warn!(what, "the carrier cannot be reached; the attempt is tried again");
                self.again_after(now)
            }
            CarrierError::Refused { why, .. } => match why {
                // The lines free themselves; until then others ask for the same.
                Refusal::Lines => GiveBack::Later(now + LATER),
                // Nobody could be told: the next refusal tries to.
                Refusal::Account if heard.is_err() => GiveBack::Later(now + LATER),
                Refusal::Account | Refusal::SlowDown { .. } | Refusal::QueueFull { .. } => self.again_after(now),
                Refusal::BadNumber => return self.end_refused(token, EndReason::BadNumber, heard).await,
                Refusal::NotReached => return self.end_refused(token, EndReason::Unreachable, heard).await,
                // None of these is the number's fault: it settles nothing, and is tried again as what never rang.
                Refusal::Blocked | Refusal::OurFault | Refusal::NotLive | Refusal::Other => {
                    return self.end_refused(token, EndReason::Refused, heard).await;
                }
            },
        };
        self.live.store.give_back(id, holder, &back).await?;
        Ok(heard?)
    }

    async fn end_refused(
        &self,
        token: &AttemptToken,
        reason: EndReason,
        heard: Result<(), StoreError>,
    ) -> Result<(), LiveCallError> {
        let event = CallEvent::Ended { status: FinalStatus::Failed, talk_seconds: None, reason: Some(reason) };
        self.live.report(token, &event, None).await?;
        Ok(heard?)
    }

    /// What a refusal or a missing answer says about the carrier.
    async fn learn_from(&self, error: &CarrierError) -> Result<(), StoreError> {
        let carrier = self.carrier.name();
        let CarrierError::Refused { why, .. } = error else { return self.hear(&News::NoAnswer).await };
        match why {
            Refusal::SlowDown { retry_after_s } => {
                let chance = self.chance.below(1_000) as f64 / 1_000.0;
                self.hear(&News::SlowDown { retry_after_s: *retry_after_s, chance }).await
            }
            Refusal::QueueFull { retry_after_s } => {
                let what = format!(
                    "carrier {carrier}: its queue of calls is full, so nothing is sent for ten minutes: \
                                    calls_per_second under [carriers.{carrier}] is more than the account allows"
                );
                self.alarm(what).await?;
                self.hear(&News::QueueFull { retry_after_s: *retry_after_s }).await
            }
            Refusal::Lines => {
                let live = self.live.store.live_calls().await?;
                let is_up = |status| (AttemptStatus::Accepted..=AttemptStatus::InProgress).contains(&status);
                // A call to our number takes no line of those that we may have.
                let ours = live.iter().filter(|call| call.attempt.carrier == *carrier && !call.attempt.inbound);
                let in_use = ours.filter(|call| is_up(call.attempt.status)).count();
                self.hear(&News::LinesFull { in_use: u32::try_from(in_use).unwrap_or(u32::MAX) }).await
            }
            // It pauses once the item stands that somebody acts upon: were that lost, nobody would ever know.
            Refusal::Account => {
                let what = format!(
                    "carrier {carrier}: {error}; check account, auth_token and from under [carriers.{carrier}], \
                                    what it has paid for, and which numbers it may call; \
                                    when this item is resolved, one call is tried"
                );
                let item = self.alarm(what).await?;
                tracing::error!(%carrier, %error, "the carrier refuses our account: nothing is placed through it");
                self.hear(&News::Account { item }).await
            }
            Refusal::Blocked => {
                let what = format!(
                    "carrier {carrier}: {error}; the account may not call some numbers: see to its countries, \
                                    its business profile or its trial"
                );
                self.alarm(what).await?;
                self.hear(&News::Answered).await
            }
            Refusal::OurFault => {
                self.alarm(format!("carrier {carrier}: {error}; what callahead sends is wrong: report it")).await?;
                self.hear(&News::Answered).await
            }
            Refusal::Other | Refusal::NotLive => {
                let what = format!(
                    "carrier {carrier}: {error}; callahead does not know why: look the code up in the carrier's list of errors"
                );
                self.alarm(what).await?;
                self.hear(&News::Answered).await
            }
            Refusal::BadNumber | Refusal::NotReached => self.hear(&News::Answered).await,
        }
    }

    async fn hear(&self, news: &News) -> Result<(), StoreError> {
        self.link.hear(&*self.live.store, news, self.clock().now()).await
    }

    /// Opens one item for whoever must act, in these words, and says it in the log; which item that is, where it was open
    /// before.
    async fn alarm(&self, what: String) -> Result<WorkItemId, StoreError> {
        let store = &self.live.store;
        let new = item(&self.chance, WorkKind::CarrierFault, None, self.now(), None, Some(what.clone()));
        if store.open_work(&new).await? {
            tracing::error!("{what}");
            return Ok(new.id);
        }
        let open = store.worklist(false, u32::MAX).await?;
        let same = open.into_iter().find(|open| open.kind == WorkKind::CarrierFault && open.resolution.as_ref() == Some(&what));
        // It was closed just now: the next refusal opens it again.
        same.map(|open| open.id).ok_or(StoreError::Conflict)
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }
}
