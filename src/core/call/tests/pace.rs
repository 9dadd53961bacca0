//! How fast a message is said again.

use super::*;

#[test]
fn the_second_repeat_of_the_message_and_every_one_after_it_is_slow() {
    let slow_steps = |moves: &str| {
        let story = Story::new(brief()).play("answered").play(moves);
        story.log.iter().filter_map(|line| Some(line.split_once(" slowly:")?.0.to_string())).collect::<Vec<_>>().join(" ")
    };
    for (moves, want) in [
        ("silence", ""),
        ("silence; silence", "3"),
        ("silence; silence; silence", "3 4"),
        ("key 5; key #", "3"),
        ("key 3; key 3", "3"),
        ("silence; key 3", "3"),
        ("key 3; key 5; silence", "3 4"),
        // The number to call is said as ever.
        ("silence; silence; silence; silence", "3 4"),
        // A read-back is never slow, nor is it a repeat of the message, nor is the menu alone.
        ("key 1; key 5; key 5; key 5", ""),
        ("key 1; key 1; key *; key 3", ""),
        ("key 1; key 5; key *; silence", ""),
        ("silence; silence; key 1; key 5", "3"),
        ("key 1; key *; silence; silence", "5"),
        ("key 1; key *; key 2; key *; silence", ""),
        ("silence; key 1; key *; silence", "5"),
        ("key 1; key 3; key 3", "4"),
        // The voicemail is never slow, and was no playing of the message.
        ("silence; silence; detected machine_end", "3"),
        ("detected machine_end; key 5 @1", ""),
        ("detected machine_end; key 5 @1; silence", "4"),
    ] {
        assert_eq!(slow_steps(moves), want, "{moves}");
    }
}
