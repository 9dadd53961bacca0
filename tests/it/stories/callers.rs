//! What people do who call us: in the morning, before anybody is called, so that what they say decides who is.

use super::{Patient, Setting, Table, number, world};
use callahead::carrier::simulator::IncomingCall;
use callahead::core::domain::{Outcome, PhoneNumber};
use callahead::simulate::World;
use std::time::Duration;

/// Nobody is called at this hour.
const EARLY: &str = "2026-11-27T07:00:00-05:00";
const OURS: &str = "+16175550100";
const STRANGER: &str = "+16175559999";

/// What somebody does who calls: who, the place in the list of patients (none for a stranger), what they do, what the
/// call came to where it went on as an attempt, how often they are called afterwards, and their number in the suppression list.
type Call = (&'static str, Option<usize>, &'static str, Option<Outcome>, usize, bool);

/// Their birthday is the twelfth of April.
const CALLS: [Call; 5] = [
    ("in: confirms by birthday", Some(0), "+1500:0412 +2000:1 +2000:hangup", Some(Outcome::Confirmed), 0, false),
    ("in: asks for another time", Some(1), "+1500:0412 +2000:2 +2000:hangup", Some(Outcome::RescheduleRequested), 0, false),
    ("in: does not know the birthday", Some(2), "+1500:0413 +1500:0414 +1500:0415", None, 1, false),
    ("in: a patient presses 9", Some(3), "+1500:9", None, 0, true),
    ("in: a stranger presses 9", None, "+1500:9", None, 0, true),
];

/// All of them with one carrier.
pub(super) async fn stories(carrier: &str) -> Table {
    let mut table = Table::default();
    let patients: Vec<_> = (0..4).map(|n| (format!("p{n:02}"), Patient::at(1))).collect();
    let world = world(Setting { carrier, start: EARLY, ..Setting::default() }, &patients).await;
    world.engine.planner.plan_all().await.expect("planned");
    for (who, place, does, ..) in CALLS {
        let from = place.map_or(STRANGER.to_string(), |place| number(place, 1));
        let call = IncomingCall::read(&from, OURS, does).expect("a call");
        let sid = world.telephones().call_in(call).expect("it rings");
        let over = tokio::time::timeout(Duration::from_secs(60), world.telephones().wait_for_end(&sid));
        over.await.unwrap_or_else(|_| panic!("{carrier}, {who}: still on the line"));
    }
    world.play().await.expect("the week goes by");
    let came = came_of(&world).await;
    for ((who, place, _, outcome, dialled, opted_out), came) in CALLS.into_iter().zip(came) {
        let shown =
            format!("{} called ×{}{}", came.0.map_or("-", Outcome::as_str), came.1, if came.2 { ", opted out" } else { "" });
        if came != (outcome, dialled, opted_out) {
            table.wrong.push(format!("{carrier}, {who} ({place:?}): want {outcome:?} ×{dialled} {opted_out}, got {shown}"));
        }
        table.add(who, shown);
    }
    table.check(carrier, "violations", &world.violations().await.expect("checked"));
    world.stop().await.expect("stopped");
    table
}

/// Of each caller: what their call came to, how often they were called afterwards, and whether they are in the suppression list.
async fn came_of(world: &World) -> Vec<(Option<Outcome>, usize, bool)> {
    let lines = world.store.calls(None, u32::MAX).await.expect("calls");
    let opt_outs = world.store.opt_outs(u32::MAX).await.expect("the suppression list");
    let of = |place: Option<usize>| {
        let phone = PhoneNumber::parse(&place.map_or(STRANGER.to_string(), |place| number(place, 1))).expect("a number");
        let theirs = || lines.iter().map(|line| &line.attempt).filter(|attempt| attempt.phone == phone);
        let outcome = theirs().filter(|attempt| attempt.inbound).find_map(|attempt| attempt.outcome);
        let dialled = theirs().filter(|attempt| !attempt.inbound && attempt.placed_at.is_some()).count();
        (outcome, dialled, opt_outs.iter().any(|out| out.phone.as_ref().is_some_and(|given| given.as_str() == phone.as_str())))
    };
    CALLS.iter().map(|call| of(call.1)).collect()
}
