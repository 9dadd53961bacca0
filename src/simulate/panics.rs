//! Panics of what a day is played with. A task that panics dies alone: nobody who waits for it need ever notice, and what it
//! was about may be mended by another one later.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Does some work, and gives where anything panicked on this thread meanwhile: file and line. The message is printed as usual.
pub(super) fn watched<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let place = panicked.location().map_or("an unknown place".to_string(), |at| format!("{}:{}", at.file(), at.line()));
            // A thread that is about to be gone plays no day.
            let _ = SEEN.try_with(|seen| seen.try_borrow_mut().map(|mut seen| seen.push(place)).ok());
            usual(panicked);
        }));
    });
    SEEN.take();
    let done = work();
    (done, SEEN.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_seen_though_nobody_waits_for_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let panics = || {
            runtime.block_on(async {
                let lost = tokio::spawn(async { panic!("on purpose") });
                while !lost.is_finished() {
                    tokio::task::yield_now().await;
                }
            });
        };
        let (_, seen) = watched(panics);
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with("src/simulate/panics.rs:"), "{seen:?}");
        assert_eq!(watched(|| 7), (7, Vec::new()), "each work by itself");
    }
}
