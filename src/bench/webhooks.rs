//! How fast webhooks are answered, over HTTP and durably: at 200 a second, and how many a second at most. The calls stand
//! in the store as they do after the carrier was asked; then come the carrier's signed posts of whole calls.

use super::bare::Bare;
use super::load::{self, Post};
use super::seed::{self, Person};
use super::world::{ACCOUNT, Lines, TOKEN, World, client, listen};
use super::{Bench, Figure, milliseconds, quantile};
use crate::app::{Engine, Listeners, Rooms};
use crate::carrier::family::signature;
use crate::chance::Chance;
use crate::core::call::Brief;
use crate::core::domain::{LocalMoment, Purpose, VoicemailPolicy};
use crate::core::ids::AttemptToken;
use crate::store::{LeaseRequest, RequestOrder, RequestVerdict};
use anyhow::{Context, ensure};
use chrono::Duration;
use secrecy::SecretString;
use std::collections::HashMap;
use tokio::task::JoinSet;

const RATE: u32 = 200;
const CONNECTIONS: usize = 32;
/// So many calls talk at the same time: one call's posts come a quarter of a second apart.
const AT_ONCE: usize = 50;
const AGAINST: &str = "a bare server: one indexed read, one insert, as durable";

pub async fn measure(bench: Bench<'_>) -> anyhow::Result<[Figure; 2]> {
    let seconds = bench.either(2, 10);
    let span = std::time::Duration::from_secs(bench.either(1, 4));
    let people = seed::people(bench.either(400, 5_000), &[1])?;
    bench.tell(&format!("webhook_p99, webhook_max_rate: {} calls are made ready", people.len()));
    let (web, nobody) = (listen().await?, listen().await?);
    let lines = Lines { calls_per_second: 1, max_calls: 1 };
    let world = World::write(web.local_addr()?, nobody.local_addr()?, lines)?;
    let base = format!("http://{}", web.local_addr()?);
    let rooms = world.rooms().await?;
    let calls = request_calls(&world, &rooms, &people).await?;
    let mut series: Vec<Vec<Post>> = calls.iter().enumerate().map(|(n, call)| call.posts(n, &base)).collect();
    let paced = interleaved(&mut series, RATE as usize * seconds);
    let client = client()?;

    let engine = Engine::start(rooms, Listeners { web, console: None })?;
    let bare = Bare::start(listen().await?, &world.file("bare.db")).await?;
    load::warm_up(&client, &format!("{base}/healthz")).await?;
    load::warm_up(&client, &bare.hello()).await?;
    bench.tell(&format!("webhook_p99: {RATE} a second for {seconds} s, second by second in turn with a bare server"));
    // In turn, so that whatever else the machine does meets both.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for second in paced.chunks(RATE as usize) {
        ours.extend(load::paced(&client, second, RATE).await?);
        theirs.extend(load::paced(&client, &bare.posts(second), RATE).await?);
    }
    bench.tell(&format!(
        "webhook_max_rate: {CONNECTIONS} connections for {} s, then the same for the bare server",
        span.as_secs()
    ));
    let rate = load::flat_out(&client, series.clone(), CONNECTIONS, span).await?;
    engine.stop().await?;
    let series = series.iter().map(|posts| bare.posts(posts)).collect();
    let bare_rate = load::flat_out(&client, series, CONNECTIONS, span).await?;
    let half = |took: &[std::time::Duration]| milliseconds(quantile(took, 0.5));
    bench.tell(&format!("webhook_p99: half within {:.2} ms, of the bare server's {:.2} ms", half(&ours), half(&theirs)));
    let p99 = |took: &[std::time::Duration]| milliseconds(quantile(took, 0.99));
    Ok([
        Figure::new("webhook_p99", "ms", p99(&ours), p99(&theirs), AGAINST),
        Figure::new("webhook_max_rate", "/s", rate, bare_rate, AGAINST),
    ])
}

/// A call that the carrier was asked for.
struct Call {
    token: AttemptToken,
    number: String,
}

/// Promises, leases and requests a call to everybody, as the dialler does before it asks the carrier.
async fn request_calls(world: &World, rooms: &Rooms, people: &[Person]) -> anyhow::Result<Vec<Call>> {
    let (store, now) = (rooms.store.clone(), rooms.clock.now());
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
                brief: brief(world, rooms),
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

fn brief(world: &World, rooms: &Rooms) -> Brief {
    let organization = &rooms.config.organization;
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
    fn posts(&self, n: usize, base: &str) -> Vec<Post> {
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

/// The first so many posts of calls that talk at the same time; the series of those calls are taken away.
fn interleaved(series: &mut Vec<Vec<Post>>, count: usize) -> Vec<Post> {
    let mut posts = Vec::with_capacity(count);
    while posts.len() < count && !series.is_empty() {
        let talking: Vec<_> = series.drain(..AT_ONCE.min(series.len())).collect();
        let longest = talking.iter().map(Vec::len).max().unwrap_or_default();
        for place in 0..longest {
            posts.extend(talking.iter().filter_map(|call| call.get(place).cloned()));
        }
    }
    posts.truncate(count);
    posts
}
