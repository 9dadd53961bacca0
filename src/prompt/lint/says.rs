//! Everything that the scripts can say, for the check of a pack.

use super::ScriptWords;
use crate::core::call::{Brief, Segment, Utterance, speak};
use crate::prompt::script::ScriptSet;

/// The pieces of every script, with the facts of `brief` in their places. Which facts they are does not matter: the check
/// tries every date, time, count and number.
pub fn says(scripts: &ScriptSet, brief: &Brief) -> Vec<ScriptWords> {
    let piece = |segments: &Vec<Segment>| speak(segments, brief);
    let words = |name: &str, says: Vec<Vec<Utterance>>| ScriptWords { script: name.to_string(), says };
    let calls = scripts.all_at(&brief.site).map(|scripts| {
        let script = &scripts.call;
        let replies = &script.replies;
        let spoken = [
            &script.opening,
            &script.message,
            &script.message_several,
            &script.menu,
            &script.menu_again,
            &replies.confirmed,
            &replies.reschedule,
            &replies.undone,
            &replies.opted_out,
            &replies.wrong_number,
            &replies.no_choice,
            &replies.not_a_choice,
            &replies.giving_up,
            &replies.withdrawn,
            &replies.goodbye,
        ];
        words(&script.name, spoken.map(piece).to_vec())
    });
    let voicemails = scripts.voicemails_at(&brief.site).iter().map(|(name, script)| words(name, vec![script.words(brief)]));
    let announcements = [&scripts.apology, &scripts.one_moment].map(|a| words(&a.name, vec![a.words(&brief.callback_number)]));
    calls.chain(voicemails).chain(announcements).collect()
}
