//! What patients must still be told after an edit, where numbers came from, and whether a feed is heard.

use super::*;

const TUESDAY: &str = "2026-12-01T14:00:00Z";
const THURSDAY: &str = "2026-12-03T14:00:00Z";
const FRIDAY: &str = "2026-12-04T14:00:00Z";

type Tell = fn(&mut AppointmentChange);

fn booked(start: &'static str) -> impl Fn(&mut AppointmentChange) {
    move |c| c.start = at(start)
}

fn minutes(n: i64) -> DateTime<Utc> {
    now() + Duration::minutes(n)
}

impl Memory {
    /// What is pending about A1: the old start, and the minutes of the first and the last edit.
    fn pending(&self) -> Option<(String, i64, i64)> {
        let kept = self.kept.lock().expect("no panic");
        let change = kept.changes.get(&AppointmentId::from("A1"))?;
        let minute = |at: DateTime<Utc>| (at - now()).num_minutes();
        Some((
            change.old.start.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            minute(change.first_at),
            minute(change.last_at),
        ))
    }
}

/// One edit of a booking that was firm: what it leaves to be told.
#[tokio::test]
async fn an_edit_of_a_booked_visit_is_kept_to_be_told() {
    let told = Some((TUESDAY.to_string(), 5, 5));
    let cases: [(&str, Tell, bool); 12] = [
        ("called off", |c| c.status = AppointmentStatus::Cancelled, true),
        ("another day", |c| c.start = at(THURSDAY), true),
        ("another minute", |c| c.start = at("2026-12-01T14:01:00Z"), true),
        ("another site", |c| c.site = "quincy".into(), true),
        ("no longer firm", |c| c.status = AppointmentStatus::Pending, true),
        ("moved into the past", |c| c.start = at("2026-11-20T14:00:00Z"), true),
        ("confirmed elsewhere", |c| c.status = AppointmentStatus::Confirmed, false),
        (
            "another class and department",
            |c| (c.service, c.department) = (Service::Radiology, Some("MRI".to_string().into())),
            false,
        ),
        ("another number", |c| c.about_patient.phones = phone("617-555-0102"), false),
        ("arrived", |c| c.status = AppointmentStatus::Arrived, false),
        ("took place at another time", |c| (c.status, c.start) = (AppointmentStatus::Completed, at(THURSDAY)), false),
        ("not come", |c| c.status = AppointmentStatus::NoShow, false),
    ];
    for (name, edit, to_be_told) in cases {
        let memory = Memory::default();
        memory.take(vec![row(2, "A1", "MRN1", |_| {})]).await;
        assert_eq!(memory.pending(), None, "a new booking is no change");
        memory.take_at(minutes(5), vec![row(2, "A1", "MRN1", edit)]).await;
        assert_eq!(memory.pending(), told.clone().filter(|_| to_be_told), "{name}");
    }
}

#[tokio::test]
async fn what_was_never_firm_or_is_past_is_not_told() {
    let cases: [(&str, Tell); 3] = [
        ("it was not firm", |c| c.status = AppointmentStatus::Pending),
        ("it was called off already", |c| c.status = AppointmentStatus::Cancelled),
        ("it has begun", |c| c.start = now()),
    ];
    for (name, before) in cases {
        let edits: [Tell; 2] = [|c| c.status = AppointmentStatus::Cancelled, |c| c.start = at(THURSDAY)];
        for edit in edits {
            let memory = Memory::default();
            memory.take(vec![row(2, "A1", "MRN1", before)]).await;
            memory.take(vec![row(2, "A1", "MRN1", edit)]).await;
            assert_eq!(memory.pending(), None, "{name}");
        }
    }
}

/// Edits one after another: what the patient was going to come to, and when it was touched last.
#[tokio::test]
async fn the_patient_goes_by_what_it_was_before_the_first_edit() {
    let memory = Memory::default();
    let edit = async |minute, tell: &dyn Fn(&mut AppointmentChange)| {
        let (_, withdrawn) = memory.take_at(minutes(minute), vec![row(2, "A1", "MRN1", tell)]).await;
        (memory.pending(), withdrawn)
    };
    let since_tuesday = |last| Some((TUESDAY.to_string(), 1, last));
    let days = |days: &[&str]| days.iter().map(|day| format!("MRN1/boston/2026-12-{day}")).collect::<Vec<_>>();
    edit(0, &booked(TUESDAY)).await;
    assert_eq!(edit(1, &booked(THURSDAY)).await, (since_tuesday(1), days(&["01", "03"])));
    assert_eq!(edit(2, &booked(FRIDAY)).await, (since_tuesday(2), days(&["01", "03", "04"])), "moved twice");
    assert_eq!(edit(3, &booked(FRIDAY)).await, (since_tuesday(2), vec![]), "the same again is no edit");
    assert_eq!(edit(4, &|c| (c.start, c.duration_minutes) = (at(FRIDAY), Some(45))).await.0, since_tuesday(2), "nor is this");
    assert_eq!(edit(5, &|c| c.status = AppointmentStatus::Cancelled).await, (since_tuesday(5), days(&["01", "04"])));
    let elsewhere = |c: &mut AppointmentChange| (c.status, c.start) = (AppointmentStatus::Cancelled, at(THURSDAY));
    assert_eq!(edit(6, &elsewhere).await.0, since_tuesday(5), "wherever it is called off");
    assert_eq!(edit(7, &|c| c.status = AppointmentStatus::Pending).await, (since_tuesday(7), days(&["01", "03"])));
    assert_eq!(
        edit(8, &|c| c.status = AppointmentStatus::Confirmed).await,
        (since_tuesday(8), days(&["01"])),
        "exactly as it was"
    );
    assert_eq!(edit(9, &booked(FRIDAY)).await.0, since_tuesday(9), "whether anything is left to tell is the planner's to say");
}

#[tokio::test]
async fn moved_and_moved_back_in_one_file_is_no_change() {
    let memory = Memory::default();
    memory.take(vec![row(2, "A1", "MRN1", |_| {})]).await;
    memory.take(vec![row(2, "A1", "MRN1", |c| c.start = at(FRIDAY)), row(3, "A1", "MRN1", |_| {})]).await;
    assert_eq!(memory.pending(), None);
}

#[tokio::test]
async fn what_is_pending_goes_with_a_booking_that_changes_hands() {
    let memory = Memory::default();
    memory.take(vec![row(2, "A1", "MRN1", |_| {})]).await;
    memory.take_at(minutes(1), vec![row(2, "A1", "MRN2", |_| {})]).await;
    assert_eq!(memory.pending(), None, "another number of the patient changes no time");
    memory.take_at(minutes(2), vec![row(2, "A1", "MRN2", |c| c.start = at(FRIDAY))]).await;
    memory.take_at(minutes(3), vec![row(2, "A1", "MRN3", |c| c.start = at(FRIDAY))]).await;
    assert_eq!(memory.pending(), Some((TUESDAY.to_string(), 2, 3)));
}

#[tokio::test]
async fn a_class_that_the_feed_names_later_counts_as_the_same_row() {
    let memory = Memory::default();
    memory.take(vec![row(2, "A1", "MRN1", |c| c.service_by_rule = true)]).await;
    assert!(memory.booking("A1").service_by_rule);
    let bare = |c: &mut AppointmentChange| c.service = Service::Unknown;
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", bare)]).await.0, [0, 0, 1, 0], "it says nothing about the class");
    assert!(memory.booking("A1").service_by_rule);
    assert_eq!(memory.take(vec![row(2, "A1", "MRN1", |_| {})]).await.0, [0, 0, 1, 0]);
    assert!(!memory.booking("A1").service_by_rule, "but it is kept who gave it");
}

#[tokio::test]
async fn where_each_number_came_from_is_kept_once() {
    let memory = Memory::default();
    let from = |line, consent: Option<&str>, given: Vec<Phone>| {
        let consent = consent.map(str::to_string);
        row(line, &format!("A{line}"), "MRN1", |c| (c.about_patient.consent, c.about_patient.phones) = (consent, given))
    };
    let unreadable = vec![Phone::read(PhoneKind::Work, "617-555-0199 ext. 4")];
    let mut rows = vec![
        from(2, Some("intake form"), phone("617-555-0101")),
        from(3, None, phone("(617) 555-0102")),
        from(4, Some("intake form"), phone("1 617 555 0101")),
        from(5, Some("portal"), phone("617-555-0101")),
        from(6, None, unreadable),
        from(7, Some("letter"), vec![]),
    ];
    if let Ok(good) = &mut rows[1].content {
        good.change.about_patient.only_number = Some(Phi::new(PhoneNumber::parse("6175550103").expect("a number")));
    }
    memory.take(rows.clone()).await;
    memory.take_at(minutes(1), rows).await;
    let kept = memory.kept.lock().expect("no panic");
    let kept: Vec<_> = kept.consents.iter().map(|c| (c.phone.last_four(), c.source.as_str(), c.at == now())).collect();
    assert_eq!(
        kept,
        [("0101", "intake form", true), ("0102", "feed import", true), ("0103", "feed import", true), ("0101", "portal", true)]
    );
}

#[tokio::test]
async fn only_a_live_feed_is_heard_and_also_when_it_has_nothing_to_say() {
    let feed = FeedName::from("epic");
    let some = || vec![row(2, "A1", "MRN1", |_| {}), row(3, "A2", "MRN2", |_| {})];
    for (rows, arrival, heard) in [
        (some(), Arrival::ByHand, vec![None]),
        (some(), Arrival::Live, vec![Some(vec![SiteKey::from("boston")])]),
        (vec![], Arrival::Live, vec![Some(vec![])]),
        (vec![], Arrival::ByHand, vec![]),
    ] {
        let memory = Memory::default();
        let reading = Reading { rows, noticed: Vec::new() };
        take_in(&memory, &feed, &reading, arrival, now(), &zone_of).await.expect("taken in");
        assert_eq!(memory.kept.lock().expect("no panic").heard, heard, "{arrival:?}");
    }
}
