//! Every date and every time of day as the shipped packs speak them: to the letter by the files of `tests/golden`, and by
//! the rules of each language, written down here a second time.
//!
//! After a change that is meant: `CALLAHEAD_WRITE_GOLDEN=1 cargo test --test it voice_golden`, and read what git shows.

use callahead::core::call::Utterance;
use callahead::prompt::{Manner, Pack, Packs};
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn packs() -> &'static Packs {
    static PACKS: OnceLock<Packs> = OnceLock::new();
    PACKS.get_or_init(|| {
        let (packs, faults) = Packs::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts"));
        assert_eq!(faults, []);
        packs
    })
}

fn pack(language: &str) -> &'static Pack {
    packs().pack(&language.into()).expect("a shipped pack")
}

/// The recordings and the words.
fn spoken(pack: &Pack, say: Utterance) -> (String, String) {
    let phrases = pack.phrases(&[say], Manner::default()).expect("recorded");
    let ids: Vec<_> = phrases.iter().map(|id| id.as_str()).collect();
    (ids.join(" "), pack.text_of(&phrases).expect("recorded"))
}

/// A leap year has every day of every month, and every weekday.
fn days() -> impl Iterator<Item = NaiveDate> {
    (1..=366).map(|n| NaiveDate::from_yo_opt(2028, n).expect("a leap year"))
}

fn minutes() -> impl Iterator<Item = NaiveTime> {
    (0..1_440).map(|n| NaiveTime::from_hms_opt(n / 60, n % 60, 0).expect("a time"))
}

/// Compares with the file, or writes it.
fn golden(name: &str, lines: &[String]) {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/golden", name].iter().collect();
    if std::env::var_os("CALLAHEAD_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, lines.join("\n") + "\n").expect("written");
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    let advice = "if that is meant, write the file anew: CALLAHEAD_WRITE_GOLDEN=1 cargo test --test it voice_golden";
    for (number, (line, want)) in lines.iter().zip(text.lines()).enumerate() {
        assert_eq!(line, want, "{name}:{}: {advice}", number + 1);
    }
    assert_eq!(lines.len(), text.lines().count(), "{name}: {advice}");
}

fn check(language: &str, date: impl Fn(NaiveDate) -> String, time: impl Fn(NaiveTime) -> String) {
    let pack = pack(language);
    let mut dates = Vec::new();
    for day in days() {
        let (ids, text) = spoken(pack, Utterance::Day(day));
        assert_eq!(text, date(day), "{day}");
        dates.push(format!("{day} | {ids} | {text}"));
    }
    let mut times = Vec::new();
    for at in minutes() {
        let (ids, text) = spoken(pack, Utterance::Time(at));
        assert_eq!(text, time(at), "{at}");
        times.push(format!("{} | {ids} | {text}", at.format("%H:%M")));
    }
    golden(&format!("{language}.dates.txt"), &dates);
    golden(&format!("{language}.times.txt"), &times);
}

#[test]
fn english() {
    const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    #[rustfmt::skip]
    const MONTHS: [&str; 12] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ];
    let date = |day: NaiveDate| {
        let weekday = WEEKDAYS[day.weekday().num_days_from_monday() as usize];
        format!("on {weekday}, {} {}.", MONTHS[day.month0() as usize], english_ordinal(day.day()))
    };
    let time = |at: NaiveTime| {
        let (after_noon, hour) = at.hour12();
        // The full hour has no "o'clock", and the first nine minutes an "oh".
        let minute = match at.minute() {
            0 => String::new(),
            minute @ 1..10 => format!(" oh {}", english_number(minute)),
            minute => format!(" {}", english_number(minute)),
        };
        format!("at {}{minute} {} M.", english_number(hour), if after_noon { "P" } else { "A" })
    };
    check("en-US", date, time);
}

#[test]
fn spanish() {
    const WEEKDAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
    #[rustfmt::skip]
    const MONTHS: [&str; 12] = [
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ];
    let date = |day: NaiveDate| {
        let weekday = WEEKDAYS[day.weekday().num_days_from_monday() as usize];
        // Latin America: the first is an ordinal, the others are not.
        let number = if day.day() == 1 { "primero".to_string() } else { spanish_number(day.day()) };
        format!("el {weekday}, {number} de {}.", MONTHS[day.month0() as usize])
    };
    let time = |at: NaiveTime| {
        let hour = match at.hour12().1 {
            1 => "a la una".to_string(),
            hour => format!("a las {}", spanish_number(hour)),
        };
        let minute = if at.minute() == 0 { String::new() } else { format!(" y {}", spanish_number(at.minute())) };
        let part = match (at.hour(), at.minute()) {
            (12, 0) => "del mediodía",
            (0..12, _) => "de la mañana",
            (12..19, _) => "de la tarde",
            _ => "de la noche",
        };
        format!("{hour}{minute} {part}.")
    };
    check("es-US", date, time);
}

/// The cases of the reference on audio, section 4, one by one.
#[test]
fn what_is_special_in_each_language() {
    let day = |text: &str| Utterance::Day(text.parse().expect("a day"));
    let time = |text: &str| Utterance::Time(NaiveTime::parse_from_str(text, "%H:%M").expect("a time"));
    for (language, say, want) in [
        ("en-US", day("2028-03-23"), "on Thursday, March twenty third."),
        ("en-US", day("2028-02-29"), "on Tuesday, February twenty ninth."),
        ("en-US", day("2027-03-23"), "on Tuesday, March twenty third."),
        ("en-US", time("09:00"), "at nine A M."),
        ("en-US", time("14:05"), "at two oh five P M."),
        ("en-US", time("12:00"), "at twelve P M."),
        ("en-US", time("00:30"), "at twelve thirty A M."),
        ("es-US", day("2028-12-01"), "el viernes, primero de diciembre."),
        ("es-US", day("2028-03-23"), "el jueves, veintitrés de marzo."),
        ("es-US", time("01:00"), "a la una de la mañana."),
        ("es-US", time("13:05"), "a la una y cinco de la tarde."),
        ("es-US", time("14:30"), "a las dos y treinta de la tarde."),
        ("es-US", time("11:59"), "a las once y cincuenta y nueve de la mañana."),
        ("es-US", time("12:00"), "a las doce del mediodía."),
        ("es-US", time("12:01"), "a las doce y uno de la tarde."),
        ("es-US", time("18:59"), "a las seis y cincuenta y nueve de la tarde."),
        ("es-US", time("19:00"), "a las siete de la noche."),
        ("es-US", time("00:00"), "a las doce de la mañana."),
    ] {
        assert_eq!(spoken(pack(language), say).1, want);
    }
}

/// Two packs, every date and minute: no recording that they need is missing in any place of a sentence.
#[test]
fn every_form_that_ends_a_sentence_differs_from_the_one_that_goes_on() {
    for language in ["en-US", "es-US"] {
        let pack = pack(language);
        for at in minutes() {
            let goes_on = [Utterance::Time(at), Utterance::Phrase("say/is-confirmed".into())];
            let going_on = pack.phrases(&goes_on, Manner::default()).expect("recorded");
            let (ends, _) = spoken(pack, Utterance::Time(at));
            let last = going_on[going_on.len() - 2].as_str();
            assert!(ends.ends_with(".end") && !last.ends_with(".end"), "{language} {at}: {ends}, then {last}");
        }
    }
}

fn english_number(n: u32) -> String {
    #[rustfmt::skip]
    const SMALL: [&str; 20] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ];
    const TENS: [&str; 6] = ["", "", "twenty", "thirty", "forty", "fifty"];
    match (n / 10, n % 10) {
        (0 | 1, _) => SMALL[n as usize].to_string(),
        (tens, 0) => TENS[tens as usize].to_string(),
        (tens, ones) => format!("{} {}", TENS[tens as usize], SMALL[ones as usize]),
    }
}

fn english_ordinal(n: u32) -> String {
    #[rustfmt::skip]
    const SMALL: [&str; 21] = [
        "", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
        "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
    ];
    match n {
        0..=20 => SMALL[n as usize].to_string(),
        21..=29 => format!("twenty {}", SMALL[n as usize - 20]),
        30 => "thirtieth".to_string(),
        _ => "thirty first".to_string(),
    }
}

fn spanish_number(n: u32) -> String {
    #[rustfmt::skip]
    const SMALL: [&str; 30] = [
        "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce", "trece", "catorce",
        "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuno", "veintidós", "veintitrés",
        "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho", "veintinueve",
    ];
    const TENS: [&str; 6] = ["", "", "", "treinta", "cuarenta", "cincuenta"];
    match (n / 10, n % 10) {
        (0..3, _) => SMALL[n as usize].to_string(),
        (tens, 0) => TENS[tens as usize].to_string(),
        (tens, ones) => format!("{} y {}", TENS[tens as usize], SMALL[ones as usize]),
    }
}
