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
    let (stage, failure) = catch(|| Stage::new(bundle));
    let Some(mut stage) = stage else {
        return Played { stage, failure };
    };
    let (_, failure) = catch(|| (scenario.run)(&mut stage));
    Played {
        stage: Some(stage),
        failure,
    }
}

/// What came of it, or what its panic said.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    match catch(run) {
        (Some(value), _) => Ok(value),
        (None, said) => Err(said.unwrap_or_default()),
    }
}

thread_local! {
    /// While this thread plays: what the last panic said and where.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What came of it, or what its panic said. Panics of other threads are told as ever.
fn catch<T>(run: impl FnOnce() -> T) -> (Option<T>, Option<String>) {
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
    match result {
        Ok(value) => (Some(value), None),
        Err(_) => (None, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_place() {
        let (value, said) = catch(|| -> u8 { panic!("no such actor") });
        assert_eq!(value, None);
        let said = said.unwrap();
        assert!(
            said.contains("no such actor") && said.contains("play.rs"),
            "{said}"
        );
        assert_eq!(catch(|| 7), (Some(7), None));
    }
}
