//! The running gas bill of one message.
//!
//! A message has a gas limit; a call it makes may have a smaller one of its own, and calls nest. The tracker keeps
//! the innermost limit and what was used under it; the outer ones wait in a stack no deeper than the call stack.
//!
//! Left out: gas that Wasm has used but not reported yet. `host/vm` moves it here at every syscall and return.

use crate::{Gas, GasCharge};

/// The innermost gas limit is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("out of gas")]
pub struct OutOfGas;

/// Gas used and left, under nested limits.
#[derive(Debug)]
pub struct GasTracker {
    scope: Scope,
    /// The scopes around `scope`, outermost first.
    outer: Vec<Scope>,
    /// Charges since the last drain; `None` when nobody wants them.
    trace: Option<Vec<GasCharge>>,
}

/// A limit and what was used under it; `used <= limit` always.
#[derive(Clone, Copy, Debug)]
struct Scope {
    limit: Gas,
    used: Gas,
}

impl GasTracker {
    /// A bill with nothing on it. The limit is capped at `i64::MAX` milligas, the largest value of the gas counter
    /// inside a Wasm module. With `tracing`, charges are kept for [`GasTracker::drain_trace`].
    pub fn new(limit: Gas, tracing: bool) -> Self {
        let limit = limit.min(Gas::from_milligas(i64::MAX as u64));
        Self {
            scope: Scope {
                limit,
                used: Gas::ZERO,
            },
            outer: Vec::new(),
            trace: tracing.then(Vec::new),
        }
    }

    /// Takes the charge's total. If less is left, all that is left is taken: a failed charge leaves nothing behind.
    /// A traced charge is recorded either way. Does not allocate unless tracing.
    ///
    /// # Errors
    /// [`OutOfGas`] if the charge exceeds what is available.
    #[inline]
    pub fn charge(&mut self, charge: GasCharge) -> Result<(), OutOfGas> {
        let result = self.take(charge.total());
        if let Some(trace) = &mut self.trace {
            trace.push(charge);
        }
        result
    }

    #[inline]
    fn take(&mut self, gas: Gas) -> Result<(), OutOfGas> {
        let used = self.scope.used + gas;
        if used > self.scope.limit {
            self.scope.used = self.scope.limit;
            return Err(OutOfGas);
        }
        self.scope.used = used;
        Ok(())
    }

    /// Begins a call with a limit of its own: the smaller of `limit` and what is available. Pair it with
    /// [`GasTracker::pop_limit`].
    pub fn push_limit(&mut self, limit: Gas) {
        let limit = limit.min(self.available());
        self.outer.push(self.scope);
        self.scope = Scope {
            limit,
            used: Gas::ZERO,
        };
    }

    /// Ends the call of the last [`GasTracker::push_limit`]: the outer limit holds again, and pays what was used.
    ///
    /// # Panics
    /// If no limit was pushed; that is a bug of the caller.
    pub fn pop_limit(&mut self) {
        let outer = self.outer.pop().expect("pop_limit pairs with push_limit");
        self.scope = Scope {
            limit: outer.limit,
            used: outer.used + self.scope.used,
        };
    }

    /// Gas used under the innermost limit.
    pub fn used(&self) -> Gas {
        self.scope.used
    }

    /// Gas left under the innermost limit.
    pub fn available(&self) -> Gas {
        self.scope.limit - self.scope.used
    }

    /// The innermost limit.
    pub fn limit(&self) -> Gas {
        self.scope.limit
    }

    /// Whether charges are recorded.
    pub fn is_tracing(&self) -> bool {
        self.trace.is_some()
    }

    /// Records no charges from now on.
    pub fn stop_tracing(&mut self) {
        self.trace = None;
    }

    /// The charges since the last drain, in order; empty when not tracing.
    pub fn drain_trace(&mut self) -> Vec<GasCharge> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(gas: u64) -> GasCharge {
        GasCharge::new("test", Gas::new(gas), Gas::ZERO)
    }

    #[test]
    fn the_last_unit_is_usable_and_an_overrun_takes_all() {
        let mut tracker = GasTracker::new(Gas::new(20), false);
        assert_eq!(tracker.charge(charge(15)), Ok(()));
        assert_eq!(tracker.charge(charge(5)), Ok(()));
        assert_eq!(
            (tracker.used(), tracker.available()),
            (Gas::new(20), Gas::ZERO)
        );
        assert_eq!(tracker.charge(charge(0)), Ok(()));

        let mut tracker = GasTracker::new(Gas::new(20), false);
        assert_eq!(tracker.charge(charge(15)), Ok(()));
        let one_too_many = GasCharge::new("test", Gas::new(5), Gas::from_milligas(1));
        assert_eq!(tracker.charge(one_too_many), Err(OutOfGas));
        assert_eq!(
            (tracker.used(), tracker.available()),
            (Gas::new(20), Gas::ZERO)
        );
    }

    #[test]
    fn the_limit_fits_the_counter_of_a_module() {
        let mut tracker = GasTracker::new(Gas::from_milligas(u64::MAX), false);
        let most = Gas::from_milligas(i64::MAX as u64);
        assert_eq!(tracker.limit(), most);
        assert_eq!(tracker.charge(charge(u64::MAX)), Err(OutOfGas));
        assert_eq!(tracker.used(), most);
    }

    #[test]
    fn inner_limits_are_capped_and_charged_to_the_outer() {
        let mut tracker = GasTracker::new(Gas::new(100), false);
        tracker.charge(charge(10)).unwrap();

        tracker.push_limit(Gas::new(1_000));
        assert_eq!((tracker.limit(), tracker.used()), (Gas::new(90), Gas::ZERO));
        tracker.charge(charge(20)).unwrap();

        tracker.push_limit(Gas::new(30));
        assert_eq!(tracker.available(), Gas::new(30));
        assert_eq!(tracker.charge(charge(31)), Err(OutOfGas));
        assert_eq!(tracker.used(), Gas::new(30));
        tracker.pop_limit();

        // The overrun of the inner call cost its own limit only.
        assert_eq!(
            (tracker.limit(), tracker.used()),
            (Gas::new(90), Gas::new(50))
        );
        tracker.charge(charge(40)).unwrap();
        assert_eq!(tracker.charge(charge(1)), Err(OutOfGas));
        tracker.pop_limit();
        assert_eq!(
            (tracker.limit(), tracker.used()),
            (Gas::new(100), Gas::new(100))
        );
    }

    #[test]
    fn an_exhausted_caller_can_give_nothing() {
        let mut tracker = GasTracker::new(Gas::new(10), false);
        tracker.charge(charge(10)).unwrap();
        tracker.push_limit(Gas::new(5));
        assert_eq!(tracker.limit(), Gas::ZERO);
        assert_eq!(tracker.charge(charge(0)), Ok(()));
        let a_milligas = GasCharge::new("test", Gas::from_milligas(1), Gas::ZERO);
        assert_eq!(tracker.charge(a_milligas), Err(OutOfGas));
        tracker.pop_limit();
        assert_eq!(tracker.used(), Gas::new(10));
    }

    #[test]
    fn traces_all_charges_in_order_the_failed_one_too() {
        let mut tracker = GasTracker::new(Gas::new(10), true);
        assert!(tracker.is_tracing());
        tracker.charge(charge(4)).unwrap();
        tracker.push_limit(Gas::new(3));
        tracker.charge(charge(7)).unwrap_err();
        tracker.pop_limit();
        assert_eq!(tracker.drain_trace(), [charge(4), charge(7)]);
        assert_eq!(tracker.drain_trace(), []);
        tracker.charge(charge(1)).unwrap();
        assert_eq!(tracker.drain_trace(), [charge(1)]);
    }

    #[test]
    fn without_tracing_nothing_is_kept() {
        let mut tracker = GasTracker::new(Gas::new(10), false);
        assert!(!tracker.is_tracing());
        tracker.charge(charge(4)).unwrap();
        assert_eq!(tracker.drain_trace(), []);
        assert_eq!(tracker.drain_trace().capacity(), 0);
    }

    #[test]
    #[should_panic(expected = "pairs with")]
    fn a_pop_without_a_push_is_a_bug() {
        GasTracker::new(Gas::new(1), false).pop_limit();
    }
}
