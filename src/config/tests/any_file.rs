use super::*;
use proptest::prelude::*;

fn sound_places(text: &str) -> Result<(), TestCaseError> {
    for fault in read(text).err().unwrap_or_default() {
        prop_assert!(fault.line <= text.lines().count() + 1, "{fault}");
        prop_assert!(!fault.message.is_empty());
    }
    Ok(())
}

proptest! {
    #[test]
    fn of_any_text(text in "[\\[\\]{}=\"'a-z0-9_.,# \\n\\t\u{e9}-]{0,120}") {
        sound_places(&text)?;
    }

    #[test]
    fn of_the_example_with_a_piece_changed(at in 0..EXAMPLE.len(), length in 0..40usize, piece in "[\\[\\]{}=\"a-z0-9 \\n]{0,6}") {
        let end = (at + length).min(EXAMPLE.len());
        sound_places(&format!("{}{piece}{}", &EXAMPLE[..at], &EXAMPLE[end..]))?;
    }
}
