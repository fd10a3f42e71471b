//! One entry of a message's gas bill.

use std::borrow::Cow;

use crate::Gas;

/// Gas charged for one event. Only the total is consensus; the name and the split in two show in traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GasCharge {
    /// What was charged for, spelled as the reference host spells it.
    pub name: Cow<'static, str>,
    /// For work done at once.
    pub compute: Gas,
    /// For everything else: storage, memory kept, work deferred to the flush, work of the client.
    pub other: Gas,
}

impl GasCharge {
    /// A charge of `compute` and `other` gas.
    #[inline]
    pub fn new(name: impl Into<Cow<'static, str>>, compute: Gas, other: Gas) -> Self {
        Self {
            name: name.into(),
            compute,
            other,
        }
    }

    /// A charge for work done at once.
    #[inline]
    pub(crate) fn compute(name: &'static str, gas: Gas) -> Self {
        Self::new(name, gas, Gas::ZERO)
    }

    /// A charge for anything but work done at once.
    #[inline]
    pub(crate) fn other(name: &'static str, gas: Gas) -> Self {
        Self::new(name, Gas::ZERO, gas)
    }

    /// What is taken from the message's gas. Saturates.
    #[inline]
    pub fn total(&self) -> Gas {
        self.compute + self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_both_parts_and_saturates() {
        let charge = GasCharge::new("x", Gas::new(2), Gas::from_milligas(500));
        assert_eq!(charge.total(), Gas::from_milligas(2_500));
        let most = Gas::from_milligas(u64::MAX);
        assert_eq!(GasCharge::new("x", most, most).total(), most);
    }
}
