//! A fault in a file that a person wrote: where it is, what is wrong, what would be right.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::Path;

/// One fault, as `check` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Line from 1; 0 when the fault is about the whole file.
    pub line: usize,
    /// Column from 1; 0 when it is about the whole line.
    pub column: usize,
    /// A stable word for the kind of fault, such as `unknown_key`.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
    /// The line itself with a caret under the place.
    #[serde(skip)]
    pub excerpt: Option<String>,
}

impl Fault {
    /// A fault about a whole file.
    pub fn of_file(file: &Path, code: &'static str, message: impl Into<String>) -> Fault {
        Fault { file: file.display().to_string(), line: 0, column: 0, code, message: message.into(), excerpt: None }
    }

    /// A fault at a byte of a file's text, with the line and a caret.
    pub fn at_byte(file: &Path, text: &str, byte: usize, code: &'static str, message: impl Into<String>) -> Fault {
        let byte = (0..=byte.min(text.len())).rev().find(|b| text.is_char_boundary(*b)).unwrap_or(0);
        let line_start = text[..byte].rfind('\n').map_or(0, |n| n + 1);
        let line_end = text[byte..].find('\n').map_or(text.len(), |n| byte + n);
        let column = text[line_start..byte].chars().count() + 1;
        let line = text[..byte].matches('\n').count() + 1;
        let shown = without_secrets(&text[..line_start], text[line_start..line_end].trim_end_matches('\r'));
        let margin = " ".repeat(line.to_string().len());
        let (shown, caret) = around(&shown, column - 1);
        let excerpt = format!("{margin} |\n{line} | {shown}\n{margin} | {}^", " ".repeat(caret));
        Fault { file: file.display().to_string(), line, column, code, message: message.into(), excerpt: Some(excerpt) }
    }

    /// A fault at the place of `needle` (a key or a value) in the file's text; about the whole file where it is not found.
    pub fn at_text(file: &Path, text: &str, needle: &str, code: &'static str, message: impl Into<String>) -> Fault {
        match text.find(needle) {
            Some(byte) => Fault::at_byte(file, text, byte, code, message),
            None => Fault::of_file(file, code, message),
        }
    }

    /// The same fault with only the key of the line shown.
    #[must_use]
    pub fn without_value(mut self) -> Fault {
        self.excerpt = self.excerpt.map(|excerpt| {
            let lines: Vec<&str> = excerpt.lines().collect();
            match lines[..] {
                [above, line, caret] => match line.split_once('=') {
                    Some((key, _)) => format!("{above}\n{key}= …\n{caret}"),
                    None => excerpt,
                },
                _ => excerpt,
            }
        });
        self
    }
}

/// How much of a long line is shown on either side of a fault.
const AROUND: usize = 80;

/// A line, of a long one only what stands around the character `at`, and where that character is then.
fn around(line: &str, at: usize) -> (String, usize) {
    let first = at.saturating_sub(AROUND);
    let mut shown: String = line.chars().skip(first).take(2 * AROUND).collect();
    if line.chars().count() > first + 2 * AROUND {
        shown.push('…');
    }
    if first == 0 { (shown, at) } else { (format!("…{shown}"), AROUND + 1) }
}

/// Words in the name of a key whose value is a secret.
const SECRET_KEYS: [&str; 6] = ["auth_token", "password", "signing_key", "private_key", "secret", "api_key"];

/// The line with what may be a secret left out: the value of a key that says so, on that line or on one before it whose
/// list goes on here, and the password in a URL. Where a secret is to be found (`{ env = "NAME" }`) is none.
fn without_secrets(before: &str, line: &str) -> String {
    let key_at = |line: &str| {
        let lower = line.to_ascii_lowercase();
        SECRET_KEYS.iter().filter_map(|word| lower.find(word)).min()
    };
    if let Some(key) = key_at(line) {
        let Some(equals) = line[key..].find('=').map(|at| key + at) else { return line.to_string() };
        let value = line[equals + 1..].trim_start();
        let inside = value.strip_prefix('{').map(str::trim_start).unwrap_or_default();
        let names_a_place = inside.starts_with("env") || inside.starts_with("file");
        return if names_a_place { line.to_string() } else { format!("{}= …", &line[..equals]) };
    }
    let last_key = before.lines().rev().find(|line| line.contains('=') && !line.trim_start().starts_with('#'));
    let goes_on = !line.contains('=') && !line.trim_start().starts_with('[');
    if goes_on && last_key.is_some_and(|line| key_at(line).is_some()) {
        return "…".to_string();
    }
    match line.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (user, host))) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}:…@{host}")
        }
        None => line.to_string(),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {} [{}]", harmless(&self.message), self.code)?;
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{}", harmless(excerpt))?;
        }
        Ok(())
    }
}

/// What a file holds must not steer the terminal that it is shown on: its control characters become pictures of them, as
/// wide as they are, and a tab a blank.
pub fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => c,
        '\t' => ' ',
        '\u{7f}' => '\u{2421}',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

impl std::error::Error for Fault {}

/// Reads a TOML text into `T`. A fault names line, column and key, and suggests the nearest word for an unknown one.
///
/// # Errors
/// The first thing in the text that does not fit.
pub fn parse_toml<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, Fault> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| from_toml(file, text, "", &error))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        // toml's word for a value with its place is no key of the file.
        let key = error.path().to_string().replace(".$__serde_spanned_private_value", "");
        from_toml(file, text, if key == "." { "" } else { &key }, error.inner())
    })
}

fn from_toml(file: &Path, text: &str, key: &str, error: &toml::de::Error) -> Fault {
    let said = error.message().trim();
    let code = if said.contains("unknown field") {
        "unknown_key"
    } else if said.contains("missing field") {
        "missing_key"
    } else if said.contains("unknown variant") {
        "unknown_value"
    } else if said.contains("invalid") {
        "bad_value"
    } else {
        "syntax"
    };
    let mut message = if key.is_empty() || code == "unknown_key" { said.to_string() } else { format!("{key}: {said}") };
    if let Some(suggestion) = nearest_of(said) {
        message.push_str(&format!("; did you mean `{suggestion}`?"));
    }
    match error.span() {
        Some(span) => Fault::at_byte(file, text, span.start, code, message),
        None => Fault::of_file(file, code, message),
    }
}

/// The expected word nearest to the unknown one in serde's sentence "unknown field `x`, expected one of `a`, `b`".
fn nearest_of(said: &str) -> Option<String> {
    if !said.starts_with("unknown") {
        return None;
    }
    let mut words = said.split('`').skip(1).step_by(2);
    let given = words.next()?;
    nearest(given, words).map(str::to_string)
}

/// The word of `words` that `given` was probably meant to be, whatever their case.
pub fn nearest<'a>(given: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&given, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 3)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct When {
        #[allow(dead_code)]
        days_before: Vec<u32>,
    }

    #[test]
    fn an_unknown_key_gets_line_column_caret_and_a_suggestion() {
        let text = "# a job\ndays_befor = [3]\n";
        let fault = parse_toml::<When>(Path::new("job.toml"), text).expect_err("a misspelt key");
        assert_eq!((fault.line, fault.column, fault.code), (2, 1, "unknown_key"));
        let shown = fault.to_string();
        assert!(shown.starts_with("job.toml:2:1: unknown field `days_befor`"), "{shown}");
        assert!(shown.contains("did you mean `days_before`?"), "{shown}");
        assert!(shown.ends_with("  |\n2 | days_befor = [3]\n  | ^"), "{shown}");
    }

    #[test]
    fn secrets_are_not_shown_in_excerpts() {
        let text = "auth_token = \"hush\"\nurl = \"postgres://me:hush@db/x\"\nauth_token = [\n  \"hush\",\n]\n\
                    main = { kind = \"x\", auth_token = \"hush\" }\npasswort = \"hush\"\n";
        for (byte, _) in text.char_indices() {
            let fault = Fault::at_byte(Path::new("f"), text, byte, "x", "y").to_string();
            assert!(!fault.contains("hush") || fault.contains("passwort"), "{fault}");
        }
        let fault = Fault::at_byte(Path::new("f"), text, text.find("passwort").expect("there"), "x", "y").without_value();
        assert_eq!(fault.excerpt.as_deref(), Some("  |\n7 | passwort = …\n  | ^"));
        let place = "auth_token = { env = \"NAME\" }";
        assert!(Fault::at_byte(Path::new("f"), place, 0, "x", "y").to_string().contains("NAME"));
    }

    #[test]
    fn of_a_line_without_end_only_what_stands_around_the_fault_is_shown() {
        let text = format!("{}?{}", "a".repeat(1_000), "b".repeat(1_000));
        for byte in [0, 79, 80, 81, 1_000, 1_950, 2_000] {
            let fault = Fault::at_byte(Path::new("f"), &text, byte, "x", "y").to_string();
            let lines: Vec<&str> = fault.lines().collect();
            assert_eq!(fault.lines().next(), Some(format!("f:1:{}: y [x]", byte + 1).as_str()));
            let under = lines[3].chars().position(|c| c == '^').and_then(|at| lines[2].chars().nth(at));
            assert_eq!(under, text.chars().nth(byte), "{fault}");
            assert!(lines[2].chars().count() < 170 && (byte != 1_000 || under == Some('?')), "{fault}");
        }
    }

    #[test]
    fn what_a_file_holds_does_not_steer_a_terminal() {
        let text = "id\tHe\u{1b}[31mllo\u{9b}\u{202e}\u{7f}";
        let shown = Fault::at_byte(Path::new("\u{7}f"), text, 5, "x", "an \u{1b} in a\nmessage").to_string();
        assert_eq!(shown, "␇f:1:6: an ␛ in a\nmessage [x]\n  |\n1 | id He␛[31mllo\u{fffd}\u{fffd}␡\n  |      ^");
    }

    #[test]
    fn a_wrong_type_and_a_broken_file_name_their_place() {
        let fault = parse_toml::<When>(Path::new("j"), "days_before = [\"x\"]").expect_err("a text for a number");
        assert_eq!((fault.line, fault.column, fault.code), (1, 16, "bad_value"));
        assert!(fault.message.starts_with("days_before[0]: "), "{}", fault.message);
        let fault = parse_toml::<When>(Path::new("j"), "days_before = [3\nx = 1").expect_err("an open bracket");
        assert_eq!(fault.code, "syntax");
    }
}
