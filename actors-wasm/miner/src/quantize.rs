//! Quantisation: epochs rounded up to one of few, so that queues have few entries (Filecoin spec, "Storage Deal Flow", "Sector
//! Expiration").

use filigree_sdk::prelude::ChainEpoch;

/// Every epoch stays as it is.
pub const NO_QUANTIZATION: QuantSpec = QuantSpec { unit: 1, offset: 0 };

/// Epochs that are rounded to: every `unit` epochs, `offset` among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantSpec {
    /// From one to the next; at least 1.
    pub unit: ChainEpoch,
    /// One of them.
    pub offset: ChainEpoch,
}

impl QuantSpec {
    /// The first of them at an epoch or after it.
    pub fn quantize_up(&self, epoch: ChainEpoch) -> ChainEpoch {
        epoch + (self.offset - epoch).rem_euclid(self.unit)
    }

    /// The last of them at an epoch or before it.
    pub fn quantize_down(&self, epoch: ChainEpoch) -> ChainEpoch {
        epoch - (epoch - self.offset).rem_euclid(self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As published: `unit · ceil((epoch - offset mod unit) / unit) + offset mod unit`, in whole numbers that round to zero.
    fn published(unit: i64, offset: i64, epoch: i64) -> i64 {
        let offset = offset % unit;
        let quotient = (epoch - offset) / unit;
        let exact = (epoch - offset) % unit == 0 || epoch - offset < 0;
        unit * (quotient + i64::from(!exact)) + offset
    }

    #[test]
    fn up_is_the_published_formula() {
        for unit in [1, 2, 7, 60, 2880] {
            for offset in [-2881, -60, -7, -1, 0, 1, 6, 7, 8, 59, 2879, 2880, 9999] {
                let spec = QuantSpec { unit, offset };
                for epoch in (-100..300).chain([2879, 2880, 2881, 1 << 40]) {
                    let up = spec.quantize_up(epoch);
                    assert_eq!(up, published(unit, offset, epoch), "{spec:?} {epoch}");
                    let down = spec.quantize_down(epoch);
                    let expected = if up == epoch { up } else { up - unit };
                    assert_eq!(down, expected, "{spec:?} {epoch}");
                }
            }
        }
    }

    #[test]
    fn a_few_by_hand() {
        let day = QuantSpec {
            unit: 2880,
            offset: 59,
        };
        assert_eq!([58, 59, 60].map(|e| day.quantize_up(e)), [59, 59, 2939]);
        assert_eq!([58, 59, 60].map(|e| day.quantize_down(e)), [-2821, 59, 59]);
    }
}
