//! The stored forms of values: times as microseconds since 1970 UTC, lists and structures as JSON that names its version.

use super::{Result, StoreError};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of the JSON forms that this program writes. Whoever changes the form of a stored type raises it and
/// teaches [`read_form`] the older one.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Form<T> {
    v: u32,
    data: T,
}

/// A structure as JSON text.
pub(super) fn form<T: Serialize>(data: &T) -> String {
    serde_json::to_string(&Form { v: FORM, data }).expect("structures of texts and numbers are always JSON")
}

/// Reads what [`form`] wrote. The fault does not repeat the text.
pub(super) fn read_form<T: DeserializeOwned>(place: &'static str, text: &str) -> Result<T> {
    // Nearly every text is of the form that is written today: what is wrong with another one is looked at apart.
    if let Ok(Form { v: FORM, data }) = serde_json::from_str(text) {
        return Ok(data);
    }
    let unreadable = |what: String| StoreError::Unreadable { place, what };
    let form: Form<serde_json::Value> = serde_json::from_str(text).map_err(|fault| unreadable(kind_of(&fault)))?;
    if form.v != FORM {
        return Err(unreadable(format!("version {} of its form; this program knows {FORM}", form.v)));
    }
    serde_json::from_value(form.data).map_err(|fault| unreadable(kind_of(&fault)))
}

/// What serde says may quote a value; the kind of fault does not.
fn kind_of(fault: &serde_json::Error) -> String {
    format!("not of the form expected ({:?})", fault.classify())
}

/// A text from outside. PostgreSQL keeps no zero byte in a text, and a broken row or a stranger's request must not stop what
/// comes with it: the byte becomes its picture, on both databases.
pub(super) fn outside(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

/// Texts as a JSON array: how a list goes into a statement.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.into_iter().collect();
    serde_json::to_string(&texts).expect("texts are always JSON")
}

/// A moment as microseconds.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// A moment, where there is one.
pub(super) fn opt_micros(at: Option<DateTime<Utc>>) -> Option<i64> {
    at.map(micros)
}

/// Reads what [`micros`] wrote.
pub(super) fn read_micros(place: &'static str, micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
        .ok_or(StoreError::Unreadable { place, what: "a time beyond all calendars".to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::call::{CallEvent, FinalStatus, Key, KeyAction};
    use crate::core::domain::{AnsweredBy, Phone, PhoneKind};

    #[test]
    fn stored_forms_stay_as_they_are() {
        let key = CallEvent::Key { step: 3, key: Key::new('1').expect("a key") };
        let meant = |meaning| CallEvent::Meant { step: 3, key: Key::new('1').expect("a key"), meaning };
        let ended = CallEvent::Ended { status: FinalStatus::NoAnswer, talk_seconds: None, reason: None };
        let answered = CallEvent::Answered { answered_by: Some(AnsweredBy::MachineEnd) };
        for (event, text) in [
            (key, r#"{"v":1,"data":{"event":"key","step":3,"key":"1"}}"#),
            (meant(Some(KeyAction::Confirm)), r#"{"v":1,"data":{"event":"meant","step":3,"key":"1","meaning":"confirm"}}"#),
            (meant(None), r#"{"v":1,"data":{"event":"meant","step":3,"key":"1","meaning":null}}"#),
            (ended, r#"{"v":1,"data":{"event":"ended","status":"no_answer","talk_seconds":null,"reason":null}}"#),
            (answered, r#"{"v":1,"data":{"event":"answered","answered_by":"machine_end"}}"#),
            (CallEvent::Fallback { failed: 2 }, r#"{"v":1,"data":{"event":"fallback","failed":2}}"#),
            (CallEvent::PutOff { step: 2, ms: 5_300 }, r#"{"v":1,"data":{"event":"put_off","step":2,"ms":5300}}"#),
        ] {
            assert_eq!(form(&event), text);
            assert_eq!(read_form::<CallEvent>("call_events.event", text).expect("it reads back"), event);
        }
        let phones = vec![Phone::read(PhoneKind::Home, "617-555-0101")];
        let text = r#"{"v":1,"data":[{"kind":"home","given":"617-555-0101","number":"+16175550101"}]}"#;
        assert_eq!(form(&phones), text);
    }

    #[test]
    fn what_a_newer_program_wrote_of_a_call_changes_nothing() {
        let newer = r#"{"v":1,"data":{"event":"hummed","step":2,"tune":"La Paloma"}}"#;
        assert_eq!(read_form::<CallEvent>("call_events.event", newer).expect("it is read"), CallEvent::Unknown);
        assert!(read_form::<CallEvent>("call_events.event", r#"{"v":1,"data":{"step":2}}"#).is_err(), "that is none at all");
    }

    #[test]
    fn another_form_is_named_without_its_value() {
        for text in [r#"{"v":2,"data":["+16175550101"]}"#, r#"{"v":1,"data":"+16175550101"}"#, "+16175550101", ""] {
            let fault = read_form::<Vec<Phone>>("patients.phones", text).expect_err("not this form").to_string();
            assert!(fault.contains("patients.phones") && !fault.contains("0101"), "{fault}");
        }
    }

    #[test]
    fn times_keep_their_microseconds() {
        let at: DateTime<Utc> = "2026-11-27T15:00:00.123456Z".parse().expect("a time");
        assert_eq!(read_micros("a.b", micros(at)).expect("a time"), at);
        assert!(read_micros("a.b", i64::MAX).is_err());
    }
}
