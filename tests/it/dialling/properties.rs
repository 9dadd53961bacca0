//! Whatever a carrier answers, and whenever a dialler dies: no attempt is ever two calls.

use super::*;
use std::collections::BTreeMap;

/// A carrier with moods, and what it really did.
struct Moody {
    name: CarrierName,
    chance: Chance,
    clock: Clock,
    /// The calls that exist: whose, to whom, since when.
    calls: Mutex<Vec<(PlaceCall, DateTime<Utc>)>>,
    /// Requests whose dialler died: they are never answered.
    dead: Mutex<usize>,
}

impl Moody {
    fn place(&self, call: &PlaceCall) -> Placed {
        let mut calls = self.calls.lock().expect("no panic");
        calls.push((call.clone(), self.clock.now()));
        Placed { carrier_call_id: self.chance.below(2).eq(&0).then(|| format!("CA{}", calls.len())) }
    }

    async fn die<T>(&self) -> T {
        *self.dead.lock().expect("no panic") += 1;
        std::future::pending().await
    }
}

#[async_trait]
impl Carrier for Moody {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    async fn place_call(&self, call: &PlaceCall) -> Result<Placed, CarrierError> {
        match self.chance.below(12) {
            0..=2 => Ok(self.place(call)),
            3 => {
                self.place(call);
                Err(CarrierError::Unknown("reset".into()))
            }
            4 => Err(CarrierError::Unknown("status 503".into())),
            5 => {
                self.place(call);
                self.die().await
            }
            6 => self.die().await,
            7 => Err(refused(Refusal::SlowDown { retry_after_s: None }, 429)),
            8 => Err(refused(Refusal::Lines, 400)),
            9 => Err(refused(Refusal::Other, 400)),
            _ => Err(CarrierError::Unreachable("nobody listens".to_string())),
        }
    }

    async fn turn_call(&self, _: &str, _: &AttemptToken, _: u32) -> Result<(), CarrierError> {
        Err(refused(Refusal::NotLive, 404))
    }

    async fn end_call(&self, _: &str) -> Result<(), CarrierError> {
        Err(refused(Refusal::NotLive, 404))
    }

    async fn find_calls(&self, to: &PhoneNumber, _: DateTime<Utc>) -> Result<Vec<CarrierCall>, CarrierError> {
        if self.chance.below(4) == 0 {
            return Err(CarrierError::Unknown("status 502".into()));
        }
        let calls = self.calls.lock().expect("no panic");
        let known = calls.iter().enumerate().filter(|(_, (call, _))| call.to == *to);
        // Those of the day, without their time.
        Ok(known.map(|(n, (_, at))| self.call(n, *at)).collect())
    }

    async fn fetch_call(&self, id: &str) -> Result<Option<CarrierCall>, CarrierError> {
        let n: usize = id.trim_start_matches("CA").parse().expect("one of ours");
        let at = self.calls.lock().expect("no panic")[n - 1].1;
        Ok(Some(self.call(n - 1, at)))
    }

    fn receive(&self, _: &WebhookRequest<'_>) -> Result<Webhook, Rejected> {
        Err(Rejected::NotFound)
    }

    fn answer_incoming(&self, _: &IncomingReply<'_>) -> Document {
        Document { content_type: "text/plain", body: String::new() }
    }

    fn document(&self, _: &AttemptToken, _: &Page) -> Document {
        Document { content_type: "text/plain", body: String::new() }
    }

    fn ask_again(&self, _: &AttemptToken, _: &Ask, _: PutOff, _: &[String]) -> Document {
        Document { content_type: "text/plain", body: String::new() }
    }
}

impl Moody {
    /// Calls ring for a minute.
    fn call(&self, n: usize, at: DateTime<Utc>) -> CarrierCall {
        let over = self.clock.now() >= at + Duration::minutes(1);
        CarrierCall {
            id: format!("CA{}", n + 1),
            ended: over.then_some(FinalStatus::NoAnswer),
            started_at: None,
            talk_seconds: None,
        }
    }
}

#[tokio::test]
async fn no_attempt_is_ever_two_calls() {
    let mut placed = 0;
    for seed in 0..12 {
        let desk = Desk::with_patients(200.0, 5).await;
        let chance = Chance::seeded(seed);
        let carrier = Arc::new(Moody {
            name: "main".into(),
            chance: chance.clone(),
            clock: desk.clock.clone(),
            calls: Mutex::default(),
            dead: Mutex::default(),
        });
        let mut replica = dialer(&desk.rooms, carrier.clone(), 200.0, 20, &[("main", 1)]);
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        for _ in 0..60 {
            if chance.below(4) == 0 {
                replica = dialer(&desk.rooms, carrier.clone(), 200.0, 20, &[("main", 1)]);
            }
            match chance.below(3) {
                0 => {
                    replica.dial_due(&tracker, &stop).await.expect("a round");
                    // To the end of every request but of those whose dialler died.
                    while tracker.len() > *carrier.dead.lock().expect("no panic") {
                        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    }
                }
                1 => replica.rescue().await.expect("a round"),
                _ => desk.plan().await,
            }
            desk.pass(Duration::seconds(chance.below(40) as i64));
        }
        let mut of_attempts: BTreeMap<_, usize> = BTreeMap::new();
        for (call, _) in carrier.calls.lock().expect("no panic").iter() {
            *of_attempts.entry(call.attempt.clone()).or_default() += 1;
        }
        assert!(of_attempts.values().all(|calls| *calls == 1), "seed {seed}: {of_attempts:?}");
        placed += of_attempts.len();
    }
    assert!(placed > 12, "{placed} calls are no test");
}
