//! Variables of the environment, which override the file.

use super::*;

#[test]
fn variables_override_the_file() {
    let env = [
        ("CALLAHEAD_CONFIG", "elsewhere.toml"),
        ("CALLAHEAD_PROMPTS", "/srv/prompts"),
        ("CALLAHEAD_ACCEPT_UNREVIEWED", "true"),
        ("CALLAHEAD_SERVER__PUBLIC_URL", "https://calls.example.org/x/"),
        ("CALLAHEAD_SITES__BOSTON__NAME", "Fenway"),
        ("CALLAHEAD_CARRIERS__MAIN__MAX_CALLS", "7"),
        ("CALLAHEAD_CARRIERS__MAIN__CALLS_PER_SECOND", "2.5"),
        ("CALLAHEAD_CARRIERS__MAIN__AUTH_TOKEN", "hush"),
        ("CALLAHEAD_ORGANIZATION__CALLBACK_NUMBER", "+16175550177"),
        ("CALLAHEAD_LIMITS__COUNTRIES", "+1, +44"),
        ("CALLAHEAD_LIMITS__DENY", "[\"617-555-0199\"]"),
        ("CALLAHEAD_LIMITS__FEED_MAX_AGE", ""),
        ("CALLAHEAD_SERVICE_HOST", "10.0.0.1"),
        ("HOME", "/root"),
    ];
    let config = read_with("[carriers.main]\nkind = \"simulator\"\nmax_calls = 4\n", &env).expect("sound");
    assert_eq!((config.prompts.as_path(), config.accept_unreviewed), (Path::new("/srv/prompts"), true));
    assert_eq!(config.server.public_url, "https://calls.example.org/x");
    assert_eq!(config.sites[&SiteKey::from("boston")].name, "Fenway");
    let main = &config.carriers[&CarrierName::from("main")];
    assert_eq!((main.max_calls, main.calls_per_second, main.auth_tokens[0].expose_secret()), (7, 2.5, "hush"));
    assert_eq!(config.organization.callback_number.as_str(), "+16175550177");
    assert_eq!((config.limits.countries, config.limits.deny), (vec!["+1".into(), "+44".into()], vec!["6175550199".to_string()]));
    assert_eq!(config.feed_max_age, Duration::hours(24), "an empty variable says nothing");
    let token = [("CALLAHEAD_CARRIERS__MAIN__AUTH_TOKEN", "{ env = \"T\" }"), ("T", "hush")];
    let config = Config::read(None, variables(&token)).expect("sound");
    assert_eq!(config.carriers[&CarrierName::from("main")].auth_tokens[0].expose_secret(), "hush");
}

#[test]
fn wrong_variables_are_named() {
    for (name, text, code, part) in [
        ("CALLAHEAD_LIMITS__PER_DAY", "many", "bad_value", "limits.per_day: want a number from 1 to 20"),
        ("CALLAHEAD_LIMITS__PER_DAI", "1", "unknown_key", "did you mean `per_day`?"),
        ("CALLAHEAD_LIMIT__PER_DAY", "1", "unknown_key", "did you mean `limits`?"),
        ("CALLAHEAD_PROMPT", "p", "unknown_key", "did you mean `CALLAHEAD_PROMPTS`?"),
        ("CALLAHEAD_CARRIERS__MAIN", "x", "bad_value", "name one of its keys too"),
        ("CALLAHEAD_PROMPTS__FOLDER", "x", "unknown_key", "is no section"),
        ("CALLAHEAD_CARRIERS__MAIN__AUTH_TOKEN", "{ env = \"NONE\" }", "secret_missing", "NONE is not set"),
    ] {
        let faults = Config::read(None, variables(&[(name, text)])).err().unwrap_or_default();
        assert_eq!(faults.len(), 1, "{name}: {faults:?}");
        assert_eq!((faults[0].file.as_str(), faults[0].line, faults[0].code), (name, 0, code));
        assert!(faults[0].message.contains(part), "{}", faults[0]);
    }
}
