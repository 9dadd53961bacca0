//! What happens in a day, carried out.

use super::scene::Life;
use super::{CARRIER, Stage, Todo};
use crate::carrier::simulator::IncomingCall;
use crate::core::domain::WorkKind;
use crate::core::ids::{CarrierName, FeedName, PatientId};
use crate::feed::csv::CsvSettings;
use crate::simulate::day::{Batch, Day, Happening, StoreTrouble};
use crate::simulate::guarded::GuardedStore;
use crate::simulate::history::{Actor, Seen};
use crate::simulate::mischief::Mischief;
use crate::store::{OptOut, SharedStore};
use chrono::Duration;
use std::sync::{Arc, PoisonError};
use tokio::sync::oneshot;

/// How long until something is tried again that the store did not take.
const AGAIN: Duration = Duration::seconds(30);

/// The store as somebody sees it who is not a replica: in trouble like theirs.
fn desk(stage: &Stage<'_>, actor: Actor) -> SharedStore {
    let makings = &stage.makings;
    // The real store: planted faults are the engine's.
    let store = stage.store.clone();
    Arc::new(GuardedStore::new(store, makings.home.clone(), stage.scene.clone(), Life::new(actor), makings.memo.clone()))
}

/// Hands a batch in until the store has taken it.
pub(super) fn feed(stage: &mut Stage<'_>, day: &Day, batch: &Batch, tell: Option<oneshot::Sender<()>>) {
    let (scene, store) = (stage.scene.clone(), desk(stage, Actor::Feed));
    let (csv, name, rulings) = (day.csv(batch, scene.clock.now()), batch.name.clone(), stage.makings.files.rulings.clone());
    batch.mischief.into_iter().for_each(|mischief| scene.strike(mischief));
    scene.see(Seen::FeedHandedIn { name: name.clone() });
    tokio::spawn(async move {
        let (feed, layout) = (FeedName::from("daily"), CsvSettings::default());
        loop {
            let now = scene.wall.now();
            match rulings.take_csv_in(&*store, &feed, &layout, csv.as_bytes(), now).await {
                Ok(_) => break,
                Err(_) => scene.clock.sleep(AGAIN).await,
            }
        }
        scene.see(Seen::FeedTaken { name });
        tell.map(|tell| tell.send(()));
    });
}

/// Everything else.
pub(super) fn other(stage: &mut Stage<'_>, happening: &Happening) {
    let scene = stage.scene.clone();
    let now = scene.clock.now();
    match happening {
        Happening::Feed(_) => {}
        Happening::OptOut(patient) => {
            scene.strike(Mischief::OptOut);
            let (store, patient) = (desk(stage, Actor::Desk), PatientId::new(patient.clone()));
            tokio::spawn(async move {
                loop {
                    let out = OptOut { patient: Some(patient.clone()), phone: None, at: scene.wall.now(), how: "desk".into() };
                    match store.add_opt_out(&out).await {
                        Ok(()) => return,
                        Err(_) => scene.clock.sleep(AGAIN).await,
                    }
                }
            });
        }
        Happening::CallsIn { patient, script } => {
            let person = stage.day.person(patient).and_then(|person| person.phone());
            let carrier = stage.makings.config.carriers.get(&CarrierName::from(CARRIER));
            let (Some(phone), Some(carrier)) = (person, carrier) else { return };
            if let Ok(call) = IncomingCall::read(phone.as_str(), carrier.from.as_str(), script) {
                scene.strike(Mischief::CallsIn);
                // The network knows where to ask: nothing else can be wrong with it.
                let _ = stage.network.call_in(call);
            }
        }
        Happening::StepClock(by) => {
            scene.strike(Mischief::ClockStepped);
            scene.wall.step(*by);
            let ahead = scene.wall.now() - now;
            scene.see(Seen::ClockStepped { by: *by, ahead });
        }
        Happening::CarrierDown(span) => {
            stage.network.set_down(true);
            scene.see(Seen::CarrierDown(true));
            stage.plan(now + *span, Todo::CarrierUp);
        }
        Happening::AccountRefused(span) => {
            stage.network.set_account_refused(true);
            scene.see(Seen::AccountRefused(true));
            stage.plan(now + *span, Todo::AccountTaken);
        }
        Happening::Store(trouble, span) => {
            let mischief = match trouble {
                StoreTrouble::Slow => Mischief::StoreSlow,
                StoreTrouble::Full => Mischief::StoreFull,
                StoreTrouble::ReadOnly => Mischief::StoreReadOnly,
                StoreTrouble::Failing => Mischief::CommitFails,
            };
            scene.strike(mischief);
            scene.set_trouble(Some(*trouble));
            stage.plan(now + *span, Todo::StoreWell);
        }
        Happening::Kill { replica, away } => {
            let replicas = stage.replicas.lock().unwrap_or_else(PoisonError::into_inner);
            let which = replica % stage.lives.len();
            let is_it = |actor| matches!(actor, Actor::Replica(it, _) if it == which);
            let life = replicas.iter().find(|it| is_it(it.life.actor) && !it.life.dead.is_cancelled());
            let life = life.map(|it| it.life.clone());
            drop(replicas);
            if let Some(life) = life {
                scene.strike(Mischief::Killed);
                scene.kill_for(&life, "killed", *away);
            }
        }
    }
}

impl Stage<'_> {
    /// Somebody looks at what is wrong with the carrier, and says that it is mended.
    pub(super) fn resolve(&mut self) {
        let (scene, store) = (self.scene.clone(), desk(self, Actor::Desk));
        tokio::spawn(async move {
            let Ok(items) = store.worklist(false, u32::MAX).await else { return };
            for item in items.iter().filter(|item| item.kind == WorkKind::CarrierFault) {
                if store.resolve_work(&item.id, "looked into").await.is_err() {
                    scene.clock.sleep(AGAIN).await;
                }
            }
        });
    }
}
