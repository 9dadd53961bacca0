//! A key that stands in a file twice: TOML refuses the file as a whole, this names the key.

use crate::fault::Fault;

/// A fault about a key that stands twice, in words of the file; any other fault as it is. To TOML `1` and `"1"` are one key.
pub(super) fn speak_of_the_key(fault: Fault, text: &str) -> Fault {
    if fault.code != "syntax" || !fault.message.contains("duplicate key") {
        return fault;
    }
    let line = text.lines().nth(fault.line.saturating_sub(1)).unwrap_or_default();
    let from_there: String = line.chars().skip(fault.column.saturating_sub(1)).collect();
    let key = name_of(&from_there);
    let before = text.lines().take(fault.line.saturating_sub(1));
    let first = before.enumerate().filter(|(_, line)| name_of(line) == key).last();
    let first = first.map(|(n, _)| format!(", first in line {}", n + 1)).unwrap_or_default();
    let of_telephone = key.len() == 1;
    let (what, why) = if of_telephone { ("the key ", ": a key has one meaning") } else { ("", "") };
    Fault {
        code: "repeated_key",
        message: format!("{what}`{key}` stands twice{first}{why}; leave one of the lines out"),
        ..fault
    }
}

/// The key of a line, or the name of the table that it opens.
fn name_of(line: &str) -> &str {
    let name = line.split(['=', ']']).next().unwrap_or_default();
    name.trim().trim_start_matches('[').trim_matches(['"', '\'']).trim()
}
