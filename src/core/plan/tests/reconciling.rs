//! What the store is told to do.

use super::apply::apply;
use super::testing::*;
use crate::domain::*;
use crate::plan::*;
use chrono::Duration;

#[test]
fn reconcile_opens_moves_and_withdraws() {
    let mut world = World::new();
    let opened = world.reconcile();
    assert!(matches!(&opened[..], [PlanAction::Open(new)] if new.number == 1 && new.existing.is_none()), "{opened:?}");
    apply(&mut world.facts, &opened, world.now);
    assert_eq!(world.reconcile(), []);

    // Inside the open window time passes and nothing moves.
    world.now = at("2026-12-07 15:00");
    assert_eq!(world.reconcile(), []);

    // The dialler was off all day: the attempt moves to the next window, and then stays.
    world.now = at("2026-12-08 11:00");
    let moved = world.reconcile();
    assert!(matches!(&moved[..], [PlanAction::Move { dial, .. }] if dial.due_at == world.now), "{moved:?}");
    apply(&mut world.facts, &moved, world.now);
    world.now += Duration::minutes(5);
    assert_eq!(world.reconcile(), []);

    // Another number.
    world.phones(&[(PhoneKind::Mobile, "617-555-0102")]);
    let moved = world.reconcile();
    assert!(matches!(&moved[..], [PlanAction::Move { dial, .. }] if dial.phone_kind == PhoneKind::Mobile), "{moved:?}");
    apply(&mut world.facts, &moved, world.now);

    // The visit moves to another hour of its day: the old version's attempt goes, a new one comes.
    world.visit().start = at("2026-12-10 14:00");
    let replanned = world.reconcile();
    assert!(
        matches!(&replanned[..], [PlanAction::Withdraw { reason: "replanned", .. }, PlanAction::Open(new)]
            if new.outreach.version == 2 && new.number == 1),
        "{replanned:?}"
    );
    apply(&mut world.facts, &replanned, world.now);

    // Cancelled, and booked again: withdrawn, then a second attempt of the same promise.
    world.visit().status = AppointmentStatus::Cancelled;
    let withdrawn = world.reconcile();
    assert!(matches!(&withdrawn[..], [PlanAction::Withdraw { reason: "not_booked", .. }]), "{withdrawn:?}");
    apply(&mut world.facts, &withdrawn, world.now);
    world.visit().status = AppointmentStatus::Booked;
    let again = world.reconcile();
    assert!(matches!(&again[..], [PlanAction::Open(new)] if new.number == 2 && new.existing.is_some()), "{again:?}");
    apply(&mut world.facts, &again, world.now);

    // Gone from the schedule.
    world.facts.appointments.clear();
    let gone = world.reconcile();
    assert!(matches!(&gone[..], [PlanAction::Withdraw { reason: "visit_gone", .. }]), "{gone:?}");
}

/// The carrier asked for ten minutes' patience: planning in between does not take them back, and what changes the call does.
#[test]
fn a_time_that_the_dialler_chose_inside_the_window_stays() {
    let mut world = World::new();
    let opened = world.reconcile();
    apply(&mut world.facts, &opened, world.now);
    world.now = at("2026-12-07 12:00");
    let later = world.now + Duration::minutes(10);
    world.facts.outreaches[0].attempts[0].due_at = later;
    for minutes in [0, 1, 9, 10, 11, 120] {
        world.now = at("2026-12-07 12:00") + Duration::minutes(minutes);
        assert_eq!(world.reconcile(), [], "after {minutes} minutes");
    }

    world.now = at("2026-12-07 12:01");
    let stories: &[(&str, Given, &str)] = &[
        ("the hours begin later now", |w| w.job().when.from = clock("13:00"), "2026-12-07 13:00"),
        ("another number", |w| w.phones(&[(PhoneKind::Home, "617-555-0102")]), "2026-12-07 12:01"),
        ("another language", |w| w.facts.patient.language = Some("es".into()), "2026-12-07 12:01"),
        ("another carrier", |w| w.job().call.carrier = "spare".into(), "2026-12-07 12:01"),
        ("the hours end before it", |w| w.job().when.until = clock("12:05"), "2026-12-07 12:01"),
        ("the day is over", |w| w.now = at("2026-12-07 20:00"), "2026-12-08 10:00"),
    ];
    for (name, given, due) in stories {
        let mut world = world.clone();
        given(&mut world);
        let moved = world.reconcile();
        assert!(matches!(&moved[..], [PlanAction::Move { dial, .. }] if dial.due_at == at(due)), "{name}: {moved:?}");
        apply(&mut world.facts, &moved, world.now);
        assert_eq!(world.reconcile(), [], "{name}");
    }
}

#[test]
fn reconcile_leaves_leased_and_live_attempts_alone() {
    for status in [AttemptStatus::Leased, AttemptStatus::Requesting, AttemptStatus::Unknown, AttemptStatus::InProgress] {
        let mut world = World::new();
        world.now = at("2026-12-07 12:00");
        world.attempt(1, at("2026-12-07 10:00")).status = status;
        assert_eq!(world.reconcile(), [], "{status:?}");
        world.visit().status = AppointmentStatus::Cancelled;
        assert_eq!(world.reconcile(), [], "{status:?}");
    }
    let mut world = World::new();
    world.attempt(1, at("2026-12-07 10:00"));
    world.facts.outreaches[0].outreach.purpose = Purpose::Moved;
    let gone = world.reconcile();
    assert!(
        gone.iter().any(|a| matches!(a, PlanAction::Withdraw { reason: "change_gone", .. })),
        "a notice of nothing: {gone:?}"
    );
}

#[test]
fn reconcile_opens_each_item_once_and_the_first_job_has_the_touch() {
    let mut world = World::new();
    let mut second = job();
    second.name = "second".into();
    second.call.carrier = "spare".into();
    world.rules.jobs.push(second);
    let opened = world.reconcile();
    assert!(matches!(&opened[..], [PlanAction::Open(new)] if new.outreach.job.as_str() == "exam-and-radiology"), "{opened:?}");

    world.visit().service = Service::Unknown;
    let review = world.reconcile();
    let want = NewWorkItem {
        kind: WorkKind::Review,
        visit: world.first().visit,
        due_at: at("2026-12-10 09:00"),
        known: "unknown_service",
    };
    assert_eq!(review, [PlanAction::OpenWork(want)]);
    apply(&mut world.facts, &review, world.now);
    assert_eq!(world.reconcile(), []);
}

/// The last look before dialling: what happened since the attempt was planned, and what the dialler is told.
#[test]
fn the_last_look_before_dialling() {
    let stories: &[(&str, Given, Result<(), &str>)] = &[
        ("nothing", |_| {}, Ok(())),
        ("cancelled", |w| w.visit().status = AppointmentStatus::Cancelled, Err("not_booked")),
        ("gone", |w| w.facts.appointments.clear(), Err("visit_gone")),
        ("moved by an hour", |w| w.visit().start = at("2026-12-10 10:00"), Err("replanned")),
        ("moved to another day", |w| w.visit().start = at("2026-12-11 09:00"), Err("visit_gone")),
        ("another number", |w| w.phones(&[(PhoneKind::Home, "617-555-0102")]), Err("replanned")),
        ("another language", |w| w.facts.patient.language = Some("es".into()), Err("replanned")),
        ("opted out", |w| w.facts.opted_out = true, Err("opted_out")),
        ("the job's hours are other ones now", |w| w.job().when.from = clock("13:00"), Err("not_open")),
        ("the window is over", |w| w.now = at("2026-12-07 19:00"), Err("not_open")),
        (
            "the number was called about somebody else",
            |w| w.facts.other_calls.push(RangCall { number: number("6175550101"), placed_at: at("2026-12-07 10:01") }),
            Err("capped"),
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::new();
        world.now = at("2026-12-07 12:00");
        world.attempt(1, at("2026-12-07 10:00")).status = AttemptStatus::Leased;
        let o = world.facts.outreaches[0].clone();
        given(&mut world);
        let look = may_dial(&world.rules, &world.facts, &o.outreach, &o.attempts[0], world.now);
        assert_eq!(look.map(|_| ()), *want, "{name}");
    }
}

/// The job that wants the call gives its words, whichever promised it.
#[test]
fn a_call_is_dialled_by_the_job_that_wants_it_now() {
    let stories: &[(&str, Given, &str)] = &[
        ("as promised", |_| {}, "exam-and-radiology"),
        ("the job has another name", |w| w.job().name = "exams".into(), "exams"),
        (
            "the job is switched off, and another one calls",
            |w| {
                w.job().enabled = false;
                let mut other = job();
                other.name = "other".into();
                w.rules.jobs.push(other);
            },
            "other",
        ),
    ];
    for (name, given, want) in stories {
        let mut world = World::new();
        world.now = at("2026-12-07 12:00");
        world.attempt(1, at("2026-12-07 10:00")).status = AttemptStatus::Leased;
        let o = world.facts.outreaches[0].clone();
        given(&mut world);
        let job = may_dial(&world.rules, &world.facts, &o.outreach, &o.attempts[0], world.now).expect("it may");
        assert_eq!(job.name.as_str(), *want, "{name}");
    }
}
