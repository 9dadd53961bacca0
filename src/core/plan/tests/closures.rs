//! Closures and late openings. A visit at Boston on Thursday 2026-12-10 at 09:00; it is Monday noon, and the site closes on
//! that Thursday.

use super::testing::*;
use crate::domain::*;
use crate::ids::*;
use crate::plan::*;

fn closed(world: &mut World, from: &str, until: &str, delay_to: Option<&str>) {
    let closure = Closure {
        id: ClosureId::new(format!("c{}", world.facts.closures.len())),
        site: "boston".into(),
        day: at(from).with_timezone(&BOSTON).date_naive(),
        from: at(from),
        until: at(until),
        delay_to: delay_to.map(at),
        declared_at: world.now,
    };
    world.facts.closures.push(ClosureFacts { closure, position: Some(0) });
}

fn all_day(world: &mut World) {
    closed(world, "2026-12-10 00:00", "2026-12-11 00:00", None);
}

fn late(world: &mut World) {
    closed(world, "2026-12-10 00:00", "2026-12-10 10:00", Some("2026-12-10 10:00"));
}

const AT_ONCE: &str = "call 1: Mon 12-07 12:00 to Mon 12-07 21:00";
const REMINDED: &str = "call 1: Mon 12-07 12:00 to Mon 12-07 19:00";

/// What a closure does to the visit: the reminder, and the notices.
#[test]
fn who_is_told() {
    let stories: &[(&str, Given, &str, &[&str])] = &[
        ("the whole day", all_day, "skip not_booked", &["closure Thu 12-10 09:00: {at once}"]),
        ("a late opening", late, "skip not_booked", &["closure Thu 12-10 10:00: {at once}"]),
        ("closed from noon on", |w| closed(w, "2026-12-10 12:00", "2026-12-11 00:00", None), REMINDED, &[]),
        (
            "closed from noon on, and something is booked then: that is named, and the visit stands",
            |w| {
                w.also_booked("A2", "2026-12-10 13:00");
                closed(w, "2026-12-10 12:00", "2026-12-11 00:00", None);
            },
            "skip capped",
            &["closure Thu 12-10 13:00: {at once}"],
        ),
        (
            "something is booked into a late opening, but the visit begins before: nothing is put back",
            |w| {
                w.also_booked("A2", "2026-12-10 10:15");
                closed(w, "2026-12-10 10:00", "2026-12-10 10:30", Some("2026-12-10 10:30"));
            },
            REMINDED,
            &[],
        ),
        (
            "two halves of a day: the one of the first booking is told, whichever was declared last",
            |w| {
                w.also_booked("A2", "2026-12-10 13:00");
                closed(w, "2026-12-10 00:00", "2026-12-10 12:00", None);
                closed(w, "2026-12-10 12:00", "2026-12-11 00:00", None);
                w.facts.closures[0].closure.declared_at -= chrono::Duration::minutes(1);
            },
            "skip not_booked",
            &["closure Thu 12-10 09:00: {at once}"],
        ),
        ("until nine, exclusive", |w| closed(w, "2026-12-10 00:00", "2026-12-10 09:00", None), REMINDED, &[]),
        (
            "another site",
            |w| {
                all_day(w);
                w.facts.closures[0].closure.site = "denver".into();
            },
            REMINDED,
            &[],
        ),
        (
            "nothing is booked",
            |w| {
                w.visit().status = AppointmentStatus::Cancelled;
                all_day(w);
            },
            "skip not_booked",
            &[],
        ),
        (
            "only infusion",
            |w| {
                w.visit().service = Service::Infusion;
                all_day(w);
            },
            "skip not_booked",
            &["closure Thu 12-10 09:00: skip not_eligible_service"],
        ),
        (
            "a late opening, then the whole day: the newest word",
            |w| {
                late(w);
                w.later(1);
                all_day(w);
                w.now = at("2026-12-07 12:00");
            },
            "skip not_booked",
            &["closure Thu 12-10 09:00: call 1: Mon 12-07 12:01 to Mon 12-07 21:00"],
        ),
        (
            "cancelled while its notice waits: only that is told",
            |w| {
                all_day(w);
                w.cancel("A1");
            },
            "skip not_booked",
            &["cancelled Thu 12-10 09:00: call 1: Mon 12-07 12:10 to Mon 12-07 21:00"],
        ),
        (
            "one of two is cancelled while the notice waits: the closure says it all",
            |w| {
                w.also_booked("A2", "2026-12-10 11:00");
                all_day(w);
                w.cancel("A2");
            },
            "skip not_booked",
            &["closure Thu 12-10 09:00: {at once}"],
        ),
        (
            "moved while its notice waits",
            |w| {
                all_day(w);
                w.move_to("A1", "2026-12-15 09:00");
            },
            "skip capped",
            &["moved from Thu 12-10 09:00 to Tue 12-15 09:00: call 1: Mon 12-07 12:10 to Mon 12-07 21:00"],
        ),
    ];
    for (name, given, reminder, want) in stories {
        let mut world = World::with_notices();
        given(&mut world);
        let want: Vec<String> = want.iter().map(|text| text.replace("{at once}", AT_ONCE)).collect();
        assert_eq!((world.call_in_words().as_str(), world.notices_in_words()), (*reminder, want), "{name}");
        world.plan();
    }
}

#[test]
fn the_reminder_says_why_and_the_notice_says_what() {
    let mut world = World::with_notices();
    late(&mut world);
    assert_eq!(world.first().rules.pop().expect("rules").detail, "the site opens late that day");
    let notice = notices(&world.rules, &world.facts, world.now).remove(0);
    assert_eq!((notice.delayed, notice.start, notice.old.start), (true, at("2026-12-10 10:00"), at("2026-12-10 09:00")));
    world.facts.closures.clear();
    all_day(&mut world);
    assert_eq!(world.first().rules.pop().expect("rules").detail, "the site is closed then");
    let notice = notices(&world.rules, &world.facts, world.now).remove(0);
    assert_eq!((notice.delayed, notice.closure.is_some(), notice.start), (false, true, at("2026-12-10 09:00")));
}

/// A set number an hour, in the order of the visits: (position, an hour's number, the notice).
#[test]
fn notices_of_a_closure_keep_their_pace() {
    let stories = [
        (Some(0), 120, AT_ONCE),
        (None, 120, AT_ONCE),
        (Some(1), 120, "call 1: Mon 12-07 12:00 to Mon 12-07 21:00"),
        (Some(2), 120, "call 1: Mon 12-07 12:01 to Mon 12-07 21:00"),
        (Some(60), 120, "call 1: Mon 12-07 12:30 to Mon 12-07 21:00"),
        (Some(60), 30, "call 1: Mon 12-07 14:00 to Mon 12-07 21:00"),
        (Some(1079), 120, "call 1: Mon 12-07 20:59 to Mon 12-07 21:00"),
        (Some(1080), 120, "call 1: Tue 12-08 08:00 to Tue 12-08 21:00"),
        (Some(1200), 120, "call 1: Tue 12-08 09:00 to Tue 12-08 21:00"),
        (Some(34), 1, "call 1: Wed 12-09 20:00 to Wed 12-09 21:00"),
        (Some(35), 1, "skip too_late"),
        (Some(68), 1, "skip too_late"),
        (Some(u32::MAX), 1, "skip too_late"),
    ];
    for (position, per_hour, want) in stories {
        let mut world = World::with_notices();
        all_day(&mut world);
        world.facts.closures[0].position = position;
        world.notice_job(Purpose::Closure).when.per_hour = per_hour;
        assert_eq!(world.notices_in_words(), [format!("closure Thu 12-10 09:00: {want}")], "{position:?} at {per_hour}");
    }
    let mut world = World::with_notices();
    all_day(&mut world);
    world.facts.closures[0].position = Some(1);
    let call_after = |world: &World| match world.decide().remove(1).verdict {
        Verdict::Call(call) => call.call_after,
        other => panic!("no call: {other:?}"),
    };
    assert_eq!((call_after(&world) - world.now).num_seconds(), 30);
}

#[test]
fn it_is_told_once() {
    let mut world = World::with_notices();
    all_day(&mut world);
    world.calls(Purpose::Closure, Outcome::Heard);
    world.plan();
    assert_eq!(world.notices_in_words(), [""; 0]);
    assert_eq!(world.call_in_words(), "skip not_booked");

    // Withdrawn before anybody heard it: nothing is left of it.
    let mut world = World::with_notices();
    all_day(&mut world);
    world.plan();
    world.facts.closures.clear();
    let withdrawn = world.plan();
    assert!(matches!(&withdrawn[..], [PlanAction::Withdraw { reason: "change_gone", .. }, PlanAction::Open(_)]), "{withdrawn:?}");
}

#[test]
fn what_follows_a_closure_that_was_told() {
    let told = |close: Given| {
        let mut world = World::with_notices();
        close(&mut world);
        world.calls(Purpose::Closure, Outcome::Heard);
        world.plan();
        world.now = at("2026-12-08 12:00");
        world
    };
    let mut world = told(all_day);
    world.cancel("A1");
    world.later(10);
    assert_eq!((world.notices_in_words(), world.closed()), (vec![], vec!["closure_told"]), "they know that it is off");

    let mut world = told(all_day);
    world.move_to("A1", "2026-12-15 09:00");
    let moved = "moved from Thu 12-10 09:00 to Tue 12-15 09:00: call 1: Tue 12-08 12:10 to Tue 12-08 21:00";
    assert_eq!(world.notices_in_words(), [moved]);

    let mut world = told(late);
    world.cancel("A1");
    let cancelled = "cancelled Thu 12-10 09:00: call 1: Tue 12-08 12:10 to Tue 12-08 21:00";
    assert_eq!(world.notices_in_words(), [cancelled], "they think that it only begins later");

    let mut world = told(late);
    world.facts.closures.clear();
    world.move_to("A1", "2026-12-10 10:00");
    world.later(10);
    assert_eq!((world.notices_in_words(), world.closed()), (vec![], vec!["closure_told"]), "the schedule follows");

    // Closed again later, in other words: told again.
    let mut world = told(late);
    all_day(&mut world);
    assert_eq!(world.notices_in_words(), ["closure Thu 12-10 09:00: call 1: Tue 12-08 12:00 to Tue 12-08 21:00"]);
}

#[test]
fn a_site_that_opens_again_after_it_was_told() {
    let mut world = World::with_notices();
    world.tried(1, "2026-11-30 10:00", Outcome::Confirmed);
    all_day(&mut world);
    world.calls(Purpose::Closure, Outcome::Heard);
    world.plan();
    world.now = at("2026-12-08 12:00");
    world.facts.closures.clear();
    let actions = world.plan();
    let item = actions.iter().find_map(|a| if let PlanAction::OpenWork(item) = a { Some(item.clone()) } else { None });
    let item = item.expect("an item");
    assert_eq!((item.kind, item.known, item.due_at), (WorkKind::ChangeUnannounced, "reopened", at("2026-12-10 09:00")));
    assert_eq!((world.first().version, world.call_in_words().as_str()), (2, "call 1: Tue 12-08 12:00 to Tue 12-08 19:00"));

    // A person tells them: it stays closed. Or the reminder does: it closes.
    let mut by_hand = world.clone();
    by_hand.facts.work[0].standing = WorkStanding::Done;
    assert_eq!(by_hand.plan(), []);
    world.calls(Purpose::Reminder, Outcome::Heard);
    world.plan();
    assert_eq!(world.facts.work[0].standing, WorkStanding::Settled);

    // Cancelled then: nobody told them that it is off this time.
    world.now = at("2026-12-09 12:00");
    world.cancel("A1");
    assert_eq!(world.notices_in_words(), ["cancelled Thu 12-10 09:00: call 1: Wed 12-09 12:10 to Wed 12-09 21:00"]);
}

#[test]
fn a_closure_that_no_call_can_tell_in_time_goes_to_a_person() {
    let mut world = World::with_notices();
    all_day(&mut world);
    world.phones(&[]);
    let items: Vec<_> = world.plan();
    assert!(
        matches!(&items[..], [PlanAction::OpenWork(item)] if item.kind == WorkKind::ChangeUnannounced
            && item.due_at == at("2026-12-10 09:00") && item.known == "no_callable_phone"),
        "{items:?}"
    );
    world.facts.work[0].standing = WorkStanding::Done;
    assert_eq!((world.notices_in_words(), world.plan()), (vec![], vec![]), "a person told them");
}
