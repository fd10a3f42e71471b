//! Many scenarios at once, each in a thread of its own choosing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::scenario::Scenario;

/// Runs `work` on every scenario, some threads at a time; the results in the order of the scenarios.
pub fn each<T: Send>(
    scenarios: &[Scenario],
    threads: usize,
    work: impl Fn(&Scenario) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(scenarios.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, scenarios.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scenario) = scenarios.get(number) else {
                        break;
                    };
                    let result = work(scenario);
                    done.lock()
                        .expect("no thread panics")
                        .push((number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread panics");
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_none_is_left_out() {
        let scenarios = crate::scenario::all();
        let names = each(&scenarios, 3, |scenario| scenario.name);
        let expected: Vec<&str> = scenarios.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, expected);
        assert!(each(&[], 2, |_| ()).is_empty());
    }
}
