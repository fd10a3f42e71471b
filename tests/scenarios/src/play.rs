//! Playing a scenario to its end, or to where it fails.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use crate::scenario::Scenario;
use crate::stage::Stage;

/// A scenario that was played.
pub struct Played {
    /// What it left behind; none if the stage could not be set.
    pub stage: Option<Stage>,
    /// Why it did not come to its end.
    pub failure: Option<String>,
}

/// Plays a scenario with the actors of a bundle's file, or with ours.
pub fn play(scenario: &Scenario, bundle: Option<&Path>) -> Played {
    let mut stage = match set(bundle) {
        Ok(stage) => stage,
        Err(failure) => {
            return Played {
                stage: None,
                failure: Some(failure),
            };
        }
    };
    let failure = caught(|| (scenario.run)(&mut stage)).err();
    Played {
        stage: Some(stage),
        failure,
    }
}

/// A stage with the actors of a bundle's file, or with ours.
///
/// # Errors
/// If the bundle cannot be read, or its actors do not start.
pub fn set(bundle: Option<&Path>) -> Result<Stage, String> {
    caught(|| Stage::new(bundle))
}

thread_local! {
    /// While this thread plays: what the last panic said and where.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What came of it, or what its panic said. Panics of other threads are told as ever.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let heard = SAID.with_borrow_mut(|said| match said {
                Some(text) => {
                    *text = info.to_string();
                    true
                }
                None => false,
            });
            if !heard {
                others(info);
            }
        }));
    });
    SAID.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(run));
    let said = SAID.take();
    result.map_err(|_| said.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_place() {
        let said = caught(|| -> u8 { panic!("no such actor") }).unwrap_err();
        assert!(
            said.contains("no such actor") && said.contains("play.rs"),
            "{said}"
        );
        assert_eq!(caught(|| 7), Ok(7));
    }
}
