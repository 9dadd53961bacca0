//! A third language is a folder and no Rust: Brazilian Portuguese in words, with a tone for every phrase, beside the shipped
//! call scripts.

use crate::support::desk::Desk;
use crate::support::prompts::copy_folder;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A desk whose hospital speaks Portuguese and nothing else.
fn desk() -> Desk {
    let desk = Desk::new("");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let prompts = desk.config.with_file_name("prompts");
    copy_folder(&root.join("prompts/scripts"), &prompts.join("scripts"));
    let pack = prompts.join("pt-BR");
    copy_folder(&root.join("tests/data/packs/pt-BR"), &pack);
    let words = fs::read_to_string(pack.join("phrases.tsv")).expect("the words");
    for (id, text) in words.lines().filter_map(|line| line.split_once('\t')) {
        let file = pack.join(format!("{id}.wav"));
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, callahead::prompt::wav_bytes(&tone(text))).expect("written");
    }
    let text =
        format!("schedules = \"{}/schedules\"\nprompts = \"prompts\"\n[organization]\nlanguage = \"pt-BR\"\n", root.display());
    fs::write(&desk.config, text).expect("a configuration");
    desk
}

/// As long as a voice would take, about 15 letters a second, at the level of a pack: a sine whose power is -20 dBov.
fn tone(text: &str) -> Vec<i16> {
    let length = (text.chars().count() * 8_000 / 15).max(1_600);
    let peak = 32_768.0 * 0.1 * std::f64::consts::SQRT_2;
    (0..length).map(|n| ((n as f64 * std::f64::consts::TAU * 440.0 / 8_000.0).sin() * peak) as i16).collect()
}

#[test]
fn a_folder_is_a_language() {
    let desk = desk();
    let checked = desk.run(&["check", "--format", "json"]);
    let found: Value = serde_json::from_str(&checked.stdout).unwrap_or_else(|error| panic!("{error}: {}", checked.stderr));
    assert_eq!((found, checked.code), (json!([]), Some(0)));

    let text = |script: &str, more: &[&str]| {
        let out = desk.config.with_file_name("out.wav").display().to_string();
        let usual = ["prompts", "render", "--language", "pt-BR", "--script", script, "--site", "boston", "--out", &out];
        let rendered = desk.json(&[&usual[..], more].concat());
        let sound = hound::WavReader::open(&out).expect("a WAV file");
        let seconds = f64::from(sound.duration()) / f64::from(sound.spec().sample_rate);
        assert!((rendered["seconds"].as_f64().expect("a length") - seconds).abs() < 0.001);
        rendered["text"].as_str().expect("words").to_string()
    };
    let (tuesday, thursday) = ("2026-12-01T14:30", "2026-12-03T12:00");
    assert_eq!(
        text("reminder", &["--start", tuesday]),
        "Olá. Aqui é Example Cancer Center, no número meia um sete, cinco cinco cinco, zero um zero zero. Para não receber mais \
         estas ligações, tecle nove. Você tem uma consulta na terça-feira, primeiro de dezembro, às duas e trinta da tarde, em \
         Longwood. Para confirmar, tecle um. Para remarcar, tecle dois. Para ouvir de novo, tecle três."
    );
    assert_eq!(
        text("moved", &["--start", thursday, "--old-start", tuesday]),
        "Olá. Aqui é Example Cancer Center, no número meia um sete, cinco cinco cinco, zero um zero zero. Para não receber mais \
         estas ligações, tecle nove. Sua consulta na terça-feira, primeiro de dezembro, às duas e trinta da tarde, foi \
         remarcada. Agora ela é na quinta-feira, três de dezembro, ao meio-dia, em Longwood. Para confirmar o novo horário, \
         tecle um. Para buscar outro horário, tecle dois. Para ouvir de novo, tecle três."
    );
    assert_eq!(
        text("voicemail", &["--start", "2026-12-06T13:05"]),
        "Olá. Aqui é Example Cancer Center, no número meia um sete, cinco cinco cinco, zero um zero zero. Você tem uma consulta \
         no domingo, seis de dezembro, à uma e cinco da tarde. Para confirmar ou mudar, ligue para esse número. Para não \
         receber mais estas ligações, ligue para oito zero zero, cinco cinco cinco, zero um zero zero. Obrigado."
    );
    // What only this language has: two hours with names of their own, by its grammar alone.
    let told = |start: &str| text("voicemail", &["--start", start]);
    assert!(told("2026-12-06T12:30").contains("seis de dezembro, ao meio-dia e trinta. Para confirmar"));
    assert!(told("2026-12-07T00:00").contains("na segunda-feira, sete de dezembro, à meia-noite. Para confirmar"));
    assert!(told("2026-12-12T05:59").contains("no sábado, doze de dezembro, às cinco e cinquenta e nove da madrugada."));
}

/// One recording short, and `check` says which.
#[test]
fn a_language_that_is_not_complete_is_no_language() {
    let desk = desk();
    fs::remove_file(desk.config.with_file_name("prompts/pt-BR/month/02.wav")).expect("removed");
    let checked = desk.run(&["check", "--format", "json"]);
    let found: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    let codes: Vec<_> = found.as_array().expect("a list").iter().map(|fault| fault["message"].as_str().unwrap_or("")).collect();
    assert!(checked.code == Some(1) && codes.iter().any(|message| message.starts_with("pt-BR month/02: ")), "{codes:#?}");
}
