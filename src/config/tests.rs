//! Files and variables, right and wrong.

/// Whatever a person leaves out or mistypes: faults, never a panic, and every place within the file.
mod any_file;
mod variables;

use super::*;
use crate::carrier::{Detection, KINDS};
use crate::core::domain::PhoneNumber;
use crate::core::plan::OptOutScope;
use secrecy::ExposeSecret;

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

fn read(text: &str) -> Result<Config, Vec<Fault>> {
    read_with(text, &[])
}

fn read_with(text: &str, env: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
    Config::read(Some((Path::new("hospital/callahead.toml"), text)), variables(env))
}

fn faults_of(text: &str) -> Vec<String> {
    read(text).err().unwrap_or_default().iter().map(Fault::to_string).collect()
}

/// The example of the interfaces, section 2.
const EXAMPLE: &str = r#"
schedules = "schedules"
prompts = "prompts"
accept_unreviewed = false
[server]
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
[store]
url = "sqlite://callahead.db"
[organization]
name = "Example Cancer Center"
callback_number = "+16175550100"
opt_out_number = "+18005550100"
language = "en-US"
[sites.boston]
name = "Longwood"
timezone = "America/New_York"
callback_number = "+16175550101"
[departments.MRI]
name = "M R I"
callback_number = "+16175550102"
desk = "+16175550103"
open = "mon-fri 08:00-17:00"
[carriers.main]
kind = "twilio"
api_url = "https://api.example.org"
account = "AC00"
auth_token = { env = "TWILIO_AUTH_TOKEN" }
from = "+16175550100"
calls_per_second = 1.0
max_calls = 20
ring_timeout = "30s"
answering_machine = "async"
weight = 1
[feeds.epic]
kind = "hl7"
listen = "127.0.0.1:2575"
site = "boston"
patient_id_type = "MR"
ack = "auto"
max_message = "1MiB"
[limits]
per_day = 1
per_week = 3
notice_reserve = 1
earliest = "08:00"
latest = "21:00"
opt_out_scope = "everything"
countries = ["+1"]
deny = []
feed_max_age = "24h"
max_call = "5m"
"#;

#[test]
fn the_example_of_the_interfaces_is_read() {
    let config = read_with(EXAMPLE, &[("TWILIO_AUTH_TOKEN", "hush")]).expect("sound");
    assert_eq!(config.dir, Path::new("hospital"));
    assert_eq!(config.schedules, Path::new("hospital/schedules"));
    assert_eq!(config.store.url.expose_secret(), "sqlite://hospital/callahead.db");
    assert_eq!(config.sites.len(), 1);
    let carrier = &config.carriers[&CarrierName::from("main")];
    assert_eq!((carrier.kind.word, carrier.api_url.as_str()), ("twilio", "https://api.example.org"));
    assert_eq!(carrier.auth_tokens[0].expose_secret(), "hush");
    let FeedKind::Hl7(hl7) = &config.feeds[&FeedName::from("epic")].kind else { panic!("hl7") };
    assert_eq!((hl7.max_message, hl7.ack), (1_048_576, Acknowledge::Auto));
    let hours = &config.departments["MRI"].open[0];
    assert_eq!((hours.days.len(), hours.from.minutes(), hours.until.minutes()), (5, 480, 1020));
}

#[test]
fn the_defaults_are_the_example_with_the_simulator() {
    let (defaults, example) = (Config::defaults(), read_with(EXAMPLE, &[("TWILIO_AUTH_TOKEN", "hush")]).expect("sound"));
    assert_eq!(defaults.limits, example.limits);
    assert_eq!(defaults.feed_max_age, example.feed_max_age);
    assert_eq!(defaults.organization, example.organization);
    assert_eq!(defaults.server, example.server);
    assert_eq!(defaults.limits.opt_out_scope, OptOutScope::Everything);
    let sites: Vec<_> =
        defaults.sites.iter().map(|(key, site)| (key.as_str(), site.name.as_str(), site.timezone.name())).collect();
    assert_eq!(sites, [("boston", "Longwood", "America/New_York"), ("denver", "Front Range", "America/Denver")]);
    let main = &defaults.carriers[&CarrierName::from("main")];
    assert_eq!(
        (main.kind.word, main.account.as_str(), main.api_url.as_str()),
        ("simulator", "ACsimulator", "http://127.0.0.1:8090")
    );
    assert_eq!((main.max_calls, main.ring_timeout, main.answering_machine), (20, Duration::seconds(30), Detection::Async));
    assert_eq!(defaults.store.url.expose_secret(), "sqlite://callahead.db");
    assert_eq!((defaults.schedules.as_path(), defaults.file), (Path::new("schedules"), None));
}

#[test]
fn copies_are_for_sqlite_alone() {
    let file = Path::new("/etc/callahead/callahead.toml");
    let text = "[backup]\nfolder = \"copies\"\nkeep = 3\n";
    let back_up = Config::read(Some((file, text)), []).expect("a configuration").back_up.expect("copies are made");
    assert_eq!(back_up.folder, Path::new("/etc/callahead/copies"));
    assert_eq!((back_up.every, back_up.keep), (Duration::hours(1), 3));
    let postgres = ("CALLAHEAD_STORE__URL".to_string(), "postgres://callahead@db.example.org/callahead".to_string());
    let faults = Config::read(Some((file, text)), [postgres]).expect_err("PostgreSQL has tools of its own");
    assert_eq!(faults.iter().map(|fault| (fault.line, fault.code)).collect::<Vec<_>>(), [(2, "contradiction")]);
    assert_eq!(Config::defaults().back_up, None);
}

/// Every key that the defaults file shows as an example is one that can be set.
#[test]
fn the_commented_keys_of_the_defaults_are_accepted() {
    let text: String = include_str!("../config.default.toml")
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest.starts_with('[')
                    || rest.split(" = ").next().is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')) =>
            {
                rest
            }
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    for secret in ["asterisk.password", "fhir.pem", "store.password"] {
        std::fs::write(folder.path().join(secret), "hush\n").expect("written");
    }
    let names = [
        "TWILIO_AUTH_TOKEN",
        "SIGNALWIRE_TOKEN",
        "SIGNALWIRE_SIGNING_KEY",
        "TELNYX_API_KEY",
        "TWILIO_API_SECRET",
        "TWILIO_SHARED_KEY",
    ];
    // A password is for PostgreSQL alone, and copies are for SQLite alone.
    let text = text.replace("folder = \"backups\"", "");
    let postgres = ("CALLAHEAD_STORE__URL".to_string(), "postgres://callahead@db.example.org/callahead".to_string());
    let env = names.map(|name| (name.to_string(), "hush".to_string())).into_iter().chain([postgres]);
    let config =
        Config::read(Some((&folder.path().join("callahead.toml"), &text)), env).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!((config.carriers.len(), config.feeds.len(), config.departments.len()), (5, 3, 1));
    let own = &config.carriers[&CarrierName::from("own")];
    assert_eq!(own.auth_tokens[0].expose_secret(), "hush");
    assert!(!format!("{config:?}").contains("hush"), "secrets print redacted");
    assert!(!format!("{config:?}").contains("5550100"), "numbers print redacted");
}

#[test]
fn every_fault_is_named_with_its_place() {
    let faults = faults_of("[server]\nlisten = \"8080\"\npublic_url = \"https://a_b.example.org/\"\n[limit]\nper_day = 1\n");
    assert_eq!(
        faults,
        [
            "hospital/callahead.toml:2:10: server.listen: \"8080\" is no address with a port: want one such as 127.0.0.1:8080 \
             [bad_value]\n  |\n2 | listen = \"8080\"\n  |          ^",
            "hospital/callahead.toml:3:14: server.public_url: the host a_b.example.org has an underscore, which carriers do not \
             call: use a name without [bad_value]\n  |\n3 | public_url = \"https://a_b.example.org/\"\n  |              ^",
            "hospital/callahead.toml:4:2: unknown key limit; did you mean `limits`? [unknown_key]\n  |\n4 | [limit]\n  |  ^",
        ]
    );
}

/// File, then line, column, code and a part of the message of its only fault.
#[test]
fn wrong_files() {
    let main = "[carriers.main]\nkind = \"twilio\"\naccount = \"a\"\nfrom = \"+16175550100\"\n";
    let twilio = |line: &str| format!("{main}{line}");
    let cases = [
        ("schedules = 3".into(), (1, 13, "bad_value"), "schedules: want a text in quotes, not a number"),
        ("prompt = \"p\"".into(), (1, 1, "unknown_key"), "unknown key prompt; did you mean `prompts`?"),
        ("a = ".into(), (1, 5, "syntax"), "value"),
        ("[limits]\nper_day = 0".into(), (2, 11, "bad_value"), "limits.per_day: want a number from 1 to 20, not 0"),
        ("[limits]\nper_dai = 1".into(), (2, 1, "unknown_key"), "limits.per_dai; did you mean `per_day`?"),
        ("[limits]\nlatest = \"08:00\"".into(), (2, 10, "empty_window"), "limits.latest is not after limits.earliest"),
        ("[limits]\nlatest = \"25:00\"".into(), (2, 10, "bad_value"), "is no time of day"),
        ("[limits]\nper_week = 1\nnotice_reserve = 2".into(), (3, 18, "contradiction"), "of which it is a part"),
        ("[limits]\nmax_call = \"2 hours\"".into(), (2, 12, "bad_value"), "whole number with s, m, h or d"),
        ("[limits]\ncountries = [\"1\"]".into(), (2, 14, "bad_value"), "want + and digits"),
        ("[limits]\ncountries = []".into(), (2, 13, "contradiction"), "no number could be dialled"),
        ("[limits]\nearliest = 08:00:00".into(), (2, 12, "bad_value"), "in quotes"),
        ("limits = 3".into(), (1, 10, "bad_value"), "limits: want a section, [limits]"),
        ("[sites.boston]\nname = \"B\"".into(), (1, 1, "missing_key"), "sites.boston.timezone is missing"),
        (
            "[sites.boston]\nname = \"B\"\ntimezone = \"America/NewYork\"".into(),
            (3, 12, "unknown_value"),
            "did you mean \"America/New_York\"?",
        ),
        ("[sites.b]\nname = \"B\"\ntimezone = \"new york\"".into(), (3, 12, "unknown_value"), "\"America/New_York\"?"),
        ("[sites.\"a/b\"]\nname = \"B\"\ntimezone = \"UTC\"".into(), (1, 1, "bad_name"), "letters, digits, - and _"),
        ("[sites]".into(), (1, 1, "missing_key"), "there is no site"),
        (
            "[organization]\ncallback_number = \"555-0100\"".into(),
            (2, 19, "bad_value"),
            "organization.callback_number: no telephone",
        ),
        ("[organization]\nlanguage = \"english\"".into(), (2, 12, "bad_value"), "want one such as \"en-US\""),
        ("[organization]\nname = \" \"".into(), (2, 8, "bad_value"), "organization.name: this is empty"),
        ("[server]\nconsole = \"0.0.0.0:8081\"".into(), (2, 11, "bad_value"), "has no login yet: want a loopback address"),
        ("[server]\nconsole = \"192.0.2.7:8081\"".into(), (2, 11, "bad_value"), "server.console: 192.0.2.7:8081 can be reached"),
        ("[server]\nconsole = \"127.0.0.1:8080\"".into(), (2, 11, "contradiction"), "both take port 8080"),
        (
            "[server]\nconsole = \"127.0.0.1:8081\"\nlisten = \"0.0.0.0:8081\"".into(),
            (2, 11, "contradiction"),
            "both take port 8081",
        ),
        ("[server]\npublic_url = \"calls.example.org\"".into(), (2, 14, "bad_value"), "https:// or http://"),
        ("[server]\npublic_url = \"https://me:pw@host\"".into(), (2, 14, "bad_value"), "without a user"),
        ("[store]\nurl = \"mysql://me:hush@host/x\"".into(), (2, 7, "bad_value"), "want sqlite://FILE or postgres://"),
        ("[store]\nurl = \"sqlite://a.db?mode=ro\"".into(), (2, 7, "bad_value"), "nothing after it"),
        ("[store]\npassword = \"hush\"".into(), (2, 12, "plain_secret"), "does not stand in this file"),
        ("[departments.x]\nopen = \"mon-fri 9-5\"".into(), (2, 8, "bad_value"), "mon-fri 08:00-17:00; sat"),
        ("[carriers.main]\nmax_calls = 3".into(), (1, 1, "missing_key"), "carriers.main.kind is missing"),
        (
            "[carriers.main]\nkind = \"twillio\"\nfrom = \"+16175550100\"".into(),
            (2, 8, "unknown_value"),
            "did you mean \"twilio\"?",
        ),
        (main.to_string(), (1, 1, "missing_key"), "carriers.main.auth_token is missing"),
        (twilio("auth_token = \"hush\""), (5, 14, "plain_secret"), "write { env = \"NAME\" } or { file = \"PATH\" }"),
        (twilio("auth_token = [\"hush\"]"), (5, 15, "plain_secret"), "write { env"),
        (twilio("auth_token = { env = \"NONE\" }"), (5, 14, "secret_missing"), "variable NONE is not set"),
        (twilio("auth_token = { file = \"none\" }"), (5, 14, "secret_missing"), "hospital/none cannot be read"),
        (twilio("auth_token = { env = \"A\", file = \"b\" }"), (5, 14, "bad_value"), "want { env"),
        (twilio("auth_token = []"), (5, 14, "bad_value"), "the list is empty"),
        (twilio("auth_token = 7"), (5, 14, "bad_value"), "want { env"),
        (
            "[carriers.main]\nkind = \"simulator\"\ntrunk = \"x\"".into(),
            (3, 9, "unused_key"),
            "carriers.main.trunk is for carriers of kind \"asterisk\"",
        ),
        ("[feeds.a]\nkind = \"csv\"\nsite = \"bostn\"".into(), (3, 8, "unknown_site"), "did you mean \"boston\"?"),
        ("[feeds.a]\nkind = \"csv\"\nlisten = \"x\"".into(), (3, 1, "unknown_key"), "unknown key feeds.a.listen"),
        (
            "[feeds.a]\nkind = \"csv\"\ncolumns = { pacient_id = \"MRN\" }".into(),
            (3, 13, "unknown_key"),
            "did you mean `patient_id`?",
        ),
        ("[feeds.a]\nkind = \"csv\"\nheader = false".into(), (3, 10, "missing_key"), "without a header"),
        ("[feeds.a]\nkind = \"csv\"\ndate_format = \"MM/DD/YYYY\"".into(), (3, 15, "bad_value"), "%m/%d/%Y %H:%M"),
        ("[feeds.a]\nkind = \"csv\"\ndelimiter = \"x\"".into(), (3, 13, "bad_value"), "is no delimiter"),
        ("[feeds.a]\nkind = \"csv\"\nencoding = \"ansi5\"".into(), (3, 12, "bad_value"), "windows-1252"),
        ("[feeds.a]\nkind = \"hl7\"\nlisten = \"127.0.0.1:2575\"".into(), (1, 1, "missing_key"), "feeds.a.site is missing"),
        ("[feeds.a]\nkind = \"fhir\"".into(), (1, 1, "missing_key"), "feeds.a.base_url is missing"),
    ];
    for (text, (line, column, code), part) in cases {
        let faults = read(&text).err().unwrap_or_default();
        assert_eq!(faults.len(), 1, "{text}: {faults:#?}");
        let fault = &faults[0];
        assert_eq!((fault.line, fault.column, fault.code), (line, column, code), "{text}: {fault}");
        assert!(fault.message.contains(part), "{text}: {fault}");
        let caret = fault.excerpt.as_deref().and_then(|excerpt| excerpt.lines().last()?.find('^'));
        assert_eq!(caret, Some(column + 3), "{fault}");
        assert!(!fault.to_string().contains("hush"), "{fault}");
    }
}

#[test]
fn each_kind_has_the_keys_that_the_carrier_room_gives_it() {
    let own = "from = \"+16175550100\"\naccount = \"a\"\nauth_token = { env = \"T\" }\n";
    let env = [("T", "hush"), ("K1", "hush1"), ("K2", "hush2")];
    let twilio = format!(
        "[carriers.main]\nkind = \"twilio\"\n{own}api_key = \"SK1\"\napi_secret = {{ env = \"K1\" }}\n\
         shared_keys = {{ webhooks_sharedkey_1 = {{ env = \"K1\" }}, webhooks_sharedkey_2 = {{ env = \"K2\" }} }}"
    );
    let config = read_with(&twilio, &env).expect("sound");
    let main = &config.carriers[&CarrierName::from("main")].own;
    let shared: Vec<_> = main.named("shared_keys").iter().map(|(id, key)| (id.as_str(), key.expose_secret())).collect();
    assert_eq!(shared, [("webhooks_sharedkey_1", "hush1"), ("webhooks_sharedkey_2", "hush2")]);
    assert_eq!((main.texts("api_key"), main.secrets("api_secret").len()), (["SK1".to_string()].as_slice(), 1));
    assert!(!format!("{config:?}").contains("hush"), "secrets print redacted");

    let telnyx = |key: &str| read_with(&format!("[carriers.main]\nkind = \"telnyx\"\n{own}public_key = {key}"), &env);
    assert!(telnyx("\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"").is_ok());
    assert!(telnyx("[\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"]").is_ok(), "a list while it is changed");
    for (key, part) in [
        ("\"hm\"", "32 bytes in base64"),
        ("\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", "weak"),
        ("[]", "the list is empty"),
    ] {
        let faults = telnyx(key).err().unwrap_or_default();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].message.contains(part) && faults[0].line == 6, "{}", faults[0]);
    }
    for (extra, part) in [
        ("shared_keys = { a = \"hush\" }", "a secret does not stand in this file"),
        ("shared_keys = { a = { env = \"NONE\" } }", "NONE is not set"),
        ("shared_keys = \"hush\"", "want a table of secrets"),
        ("public_key = \"x\"", "carriers.main.public_key is for carriers of kind \"telnyx\""),
        ("user = \"x\"", "carriers.main.user is for carriers of kind \"asterisk\""),
    ] {
        let text = format!("[carriers.main]\nkind = \"twilio\"\n{own}{extra}");
        let faults = read_with(&text, &env).err().unwrap_or_default();
        assert!(faults.len() == 1 && faults[0].message.contains(part), "{extra}: {faults:#?}");
        assert!(!faults[0].to_string().contains("hush"), "{}", faults[0]);
    }
    let built: Vec<_> = KINDS.iter().filter(|kind| kind.is_built()).map(|kind| kind.word).collect();
    assert_eq!(built, ["simulator", "twilio", "signalwire", "telnyx"]);
}

#[test]
fn a_misspelt_secret_is_not_shown() {
    let faults = faults_of("[carriers.main]\nkind = \"simulator\"\nauth_tokn = \"hush\"\npw = \"hush\"\n");
    assert_eq!(faults.len(), 2);
    assert!(faults[0].contains("did you mean `auth_token`?") && faults[0].contains("3 | auth_tokn = …"), "{}", faults[0]);
    assert!(faults.iter().all(|fault| !fault.contains("hush")), "{faults:?}");
}

#[test]
fn own_sites_and_carriers_replace_the_examples() {
    let config = read("[sites.main]\nname = \"Main\"\ntimezone = \"UTC\"\n").expect("sound");
    assert_eq!(config.sites.keys().map(SiteKey::as_str).collect::<Vec<_>>(), ["main"]);
    assert_eq!(config.carriers.len(), 1, "the example carrier stays");
    let config = read("[carriers.line]\nkind = \"simulator\"\nmax_calls = 4\n").expect("sound");
    assert_eq!(config.sites.len(), 2, "the example sites stay");
    let line = &config.carriers[&CarrierName::from("line")];
    assert_eq!((line.max_calls, line.calls_per_second, line.weight), (4, 1.0, 1));
    assert_eq!((line.account.as_str(), line.auth_tokens.len()), ("ACsimulator", 1));
}

#[test]
fn a_desk_is_a_number_that_may_be_dialled_and_its_hours_are_read() {
    let of = |desk: &str, open: &str, more: &str| read(&format!("{more}[departments.mri]\ndesk = \"{desk}\"\nopen = \"{open}\""));
    let config = of("(617) 555-0121", "mon-fri 08:00-17:00; sat 09:00-12:00", "").expect("sound");
    let mri = &config.departments["mri"];
    assert_eq!((mri.desk.as_ref().map(PhoneNumber::as_str), mri.open.len()), (Some("+16175550121"), 2));
    assert_eq!(config.not_built, []);
    let deny = "[limits]\ndeny = [\"617-555-01\"]\n";
    for (desk, open, more, place, part) in [
        ("front", "mon 08:00-17:00", "", (2, 8), "number"),
        ("+16175550121", "mon 17:00-08:00", "", (3, 8), "no opening hours"),
        ("+16175550121", "mon 08:00-17:00", deny, (4, 8), "see limits.countries and limits.deny"),
        ("+442071234567", "mon 08:00-17:00", "", (2, 8), "see limits.countries and limits.deny"),
    ] {
        let faults = of(desk, open, more).expect_err(desk);
        let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(found, [place], "{faults:?}");
        assert!(faults[0].message.contains(part), "{}", faults[0]);
    }
}

#[test]
fn tokens_are_a_list_while_they_are_rotated() {
    let text = "[carriers.main]\nkind = \"twilio\"\naccount = \"a\"\nfrom = \"+16175550100\"\nauth_token = [{ env = \"NEW\" }, { env = \"OLD\" }]\n";
    let config = read_with(text, &[("NEW", "n"), ("OLD", "o")]).expect("sound");
    let main = &config.carriers[&CarrierName::from("main")];
    assert_eq!(main.auth_tokens.iter().map(|token| token.expose_secret()).collect::<Vec<_>>(), ["n", "o"]);
    assert_eq!(main.api_url, "https://api.twilio.com");
    let by_variable = [("CALLAHEAD_CARRIERS__MAIN__AUTH_TOKEN", "[\"n\", { env = \"OLD\" }]"), ("OLD", "o")];
    let config = read_with(text, &by_variable).expect("sound");
    assert_eq!(config.carriers[&CarrierName::from("main")].auth_tokens.len(), 2);
    let faults = read_with(text, &[]).expect_err("both missing");
    assert_eq!(faults.iter().map(|fault| (fault.line, fault.column)).collect::<Vec<_>>(), [(5, 15), (5, 32)]);
}

#[test]
fn the_store_is_shown_without_its_password() {
    for (url, shown) in [
        ("postgres://me:hush@db.example.org:5432/calls?sslmode=require", "postgres://db.example.org:5432/calls?…"),
        ("postgres://db/calls", "postgres://db/calls"),
        ("sqlite:///var/lib/callahead.db", "sqlite:///var/lib/callahead.db"),
    ] {
        let config = read(&format!("[store]\nurl = \"{url}\"")).expect("sound");
        assert_eq!(config.store.shown(), shown);
        assert!(!format!("{:?}", config.store).contains("hush"));
    }
}

#[test]
fn the_stores_password_is_kept_apart_from_its_url() {
    for (url, whole) in [
        ("postgres://me@db/calls", "postgres://me@db/calls?password=h%2Fu%40s%23h%25"),
        ("postgres://me@db/calls?sslmode=require", "postgres://me@db/calls?sslmode=require&password=h%2Fu%40s%23h%25"),
    ] {
        let text = format!("[store]\nurl = \"{url}\"\npassword = {{ env = \"WORD\" }}");
        let config = read_with(&text, &[("WORD", "h/u@s#h%")]).expect("sound");
        assert_eq!(config.store.url.expose_secret(), whole);
        assert!(!config.store.shown().contains("password"), "{}", config.store.shown());
    }
    for (url, part) in [
        ("sqlite://a.db", "a SQLite file has none"),
        ("postgres://me:hush@db/x", "has a password already"),
        ("postgres://me@db/x?sslmode=require&password=hush", "has a password already"),
    ] {
        let text = format!("[store]\nurl = \"{url}\"\npassword = {{ env = \"WORD\" }}");
        let faults = read_with(&text, &[("WORD", "hush")]).expect_err("not both");
        assert_eq!((faults.len(), faults[0].code, faults[0].line), (1, "contradiction", 3), "{faults:#?}");
        assert!(faults[0].message.contains(part) && !faults[0].to_string().contains("hush"), "{}", faults[0]);
    }
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("callahead.toml");
    let faults = Config::load(Some(&file), []).expect_err("not there");
    assert_eq!((faults[0].code, faults.len()), ("unreadable", 1));
    std::fs::write(&file, b"schedules = \"a\"\nprompts = \"\xe9\"\n").expect("written");
    let faults = Config::load(Some(&file), []).expect_err("Latin-1");
    assert!(faults[0].message.starts_with("line 2 is not UTF-8"), "{}", faults[0]);
    std::fs::write(&file, "\u{feff}schedules = \"plans\"\r\n").expect("written");
    let config = Config::load(Some(&file), []).expect("a byte-order mark does no harm");
    assert_eq!(config.schedules, folder.path().join("plans"));
}
