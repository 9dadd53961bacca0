//! Calls that stand in the store as they do after the carrier was asked for them, and every post that the carrier makes of
//! such a call.

use super::load::Post;
use super::seed::{self, Person};
use super::world::{ACCOUNT, TOKEN, World};
use crate::carrier::family::signature;
use crate::chance::Chance;
use crate::config::Config;
use crate::core::call::Brief;
use crate::core::domain::{LocalMoment, Purpose, VoicemailPolicy};
use crate::core::ids::AttemptToken;
use crate::store::{LeaseRequest, RequestOrder, RequestVerdict, SharedStore};
use anyhow::{Context, ensure};
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use std::collections::HashMap;
use tokio::task::JoinSet;

/// A call that the carrier was asked for.
pub struct Call {
    /// Its secret.
    pub token: AttemptToken,
    number: String,
}

/// Promises, leases and requests a call to everybody, as the dialler does before it asks the carrier.
pub async fn request(
    world: &World,
    store: &SharedStore,
    config: &Config,
    people: &[Person],
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<Call>> {
    seed::book(world, store.as_ref(), people, now).await?;
    seed::promise(world, store.as_ref(), people, now, |_| now - Duration::seconds(1)).await?;
    let chance = Chance::from_system()?;
    let mut calls = Vec::with_capacity(people.len());
    let mut left: HashMap<_, _> = people.iter().map(|p| (p.attempt(), p)).collect();
    while !left.is_empty() {
        let lease = LeaseRequest {
            carrier: "main".into(),
            now,
            until: now + Duration::hours(1),
            holder: "bench".into(),
            limit: 500,
            max_lines: u32::MAX,
            skip_sites: Vec::new(),
        };
        let leased = store.lease_due(&lease).await?;
        ensure!(!leased.is_empty(), "{} calls could not be leased", left.len());
        let mut asked = JoinSet::new();
        for one in leased {
            let person = left.remove(&one.attempt.id).context("somebody else's call was leased")?;
            let token = AttemptToken::new(chance.hex(24));
            calls.push(Call { token: token.clone(), number: person.number.as_str().to_string() });
            let order = RequestOrder {
                attempt: one.attempt.id,
                holder: "bench".into(),
                now,
                // So far ahead that nobody comes to rescue them.
                lease_until: now + Duration::hours(1),
                deadline: now + Duration::hours(2),
                token,
                brief: brief(world, config),
                caps: Vec::new(),
                respect_opt_outs: true,
                stamp: None,
            };
            let store = store.clone();
            asked.spawn(async move { store.begin_request(&order).await });
        }
        for verdict in asked.join_all().await {
            ensure!(verdict? == RequestVerdict::Granted, "a made-up call was not granted");
        }
    }
    Ok(calls)
}

fn brief(world: &World, config: &Config) -> Brief {
    let organization = &config.organization;
    Brief {
        purpose: Purpose::Reminder,
        script: "reminder".to_string(),
        language: "en-US".into(),
        start: LocalMoment { date: world.local_start.date(), time: world.local_start.time() },
        old_start: None,
        site: "boston".into(),
        appointments: 1,
        callback_number: organization.callback_number.clone(),
        opt_out_number: organization.opt_out_number.clone(),
        voicemail: VoicemailPolicy::Standard,
        message_ms: 21_000,
        before_ms: 0,
        long_timeouts: false,
        guardian: false,
        desk: None,
    }
}

/// What a webhook asks or tells: where below the carrier's address, and the fields that only it has. `T` is the token.
type Said = (&'static str, &'static [(&'static str, &'static str)]);

const INITIATED: Said = ("status/T", &[("CallStatus", "initiated")]);
const RINGING: Said = ("status/T", &[("CallStatus", "ringing")]);
const PICKED_UP: Said = ("status/T", &[("CallStatus", "in-progress")]);
const ANSWERED: Said = ("voice/T/answered", &[("CallStatus", "in-progress")]);
const A_PERSON: Said = ("amd/T", &[("AnsweredBy", "human"), ("MachineDetectionDuration", "2100")]);
const COMPLETED: Said = ("status/T", &[("CallStatus", "completed"), ("CallDuration", "31")]);
const BUSY: Said = ("status/T", &[("CallStatus", "busy"), ("SipResponseCode", "486"), ("CallDuration", "0")]);
const CONFIRMS: Said = ("voice/T/1/key", &[("Digits", "1"), ("FinishedOnKey", "")]);
const ASKS_FOR_ANOTHER_TIME: Said = ("voice/T/1/key", &[("Digits", "2"), ("FinishedOnKey", "")]);
const WRONG_KEY: Said = ("voice/T/1/key", &[("Digits", "7"), ("FinishedOnKey", "")]);
const THEN_CONFIRMS: Said = ("voice/T/2/key", &[("Digits", "1"), ("FinishedOnKey", "")]);
const SILENT: [Said; 4] =
    [("voice/T/1/silence", &[]), ("voice/T/2/silence", &[]), ("voice/T/3/silence", &[]), ("voice/T/4/silence", &[])];

impl Call {
    /// Every post of the call. Of ten calls, six are confirmed, and one each is put off, confirmed at the second try, left
    /// without an answer, and busy.
    pub fn posts(&self, n: usize, base: &str) -> Vec<Post> {
        let talk: &[Said] = match n % 10 {
            6 => &[ASKS_FOR_ANOTHER_TIME, SILENT[1]],
            7 => &[WRONG_KEY, THEN_CONFIRMS, SILENT[2]],
            8 => &SILENT,
            _ => &[CONFIRMS, SILENT[1]],
        };
        let before = [INITIATED, RINGING, PICKED_UP, ANSWERED, A_PERSON];
        let said: Vec<Said> = if n % 10 == 9 { vec![INITIATED, RINGING, BUSY] } else { [&before, talk, &[COMPLETED]].concat() };
        said.iter().map(|said| self.post(n, base, said)).collect()
    }

    fn post(&self, n: usize, base: &str, (path, own): &Said) -> Post {
        let url = format!("{base}/carriers/main/{}", path.replace('T', self.token.as_str()));
        let sid = format!("CA{n:032x}");
        let usual = [
            ("CallSid", sid.as_str()),
            ("AccountSid", ACCOUNT),
            ("From", "+16175550100"),
            ("To", &self.number),
            ("Called", &self.number),
            ("Caller", "+16175550100"),
            ("ApiVersion", "2010-04-01"),
            ("Direction", "outbound-api"),
            ("ToCity", "BOSTON"),
            ("ToState", "MA"),
            ("ToZip", "02115"),
            ("ToCountry", "US"),
            ("FromCity", "BOSTON"),
            ("FromState", "MA"),
        ];
        let fields: Vec<(String, String)> =
            usual.iter().chain(own.iter()).map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let mut body = reqwest::Url::parse("http://localhost").expect("a constant that is a URL");
        body.query_pairs_mut().extend_pairs(&fields);
        let signature = signature::sign(&SecretString::from(TOKEN), &url, &fields);
        Post { url, body: body.query().unwrap_or_default().to_string(), signature }
    }
}
