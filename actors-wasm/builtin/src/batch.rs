//! What became of the parts of a batch: how many succeeded, and which failed with which exit code.

use filigree_sdk::prelude::*;

/// A part that failed.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailCode {
    /// Its place in the batch.
    pub idx: u32,
    /// Why it failed.
    pub code: ExitCode,
}

/// What became of a batch.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchReturn {
    /// How many parts succeeded.
    pub success_count: u32,
    /// Those that failed, in the order of the batch.
    pub fail_codes: Vec<FailCode>,
}

impl BatchReturn {
    /// So many parts, all of which succeeded.
    pub const fn ok(count: u32) -> Self {
        Self {
            success_count: count,
            fail_codes: Vec::new(),
        }
    }

    /// The batch with these exit codes.
    pub fn of(codes: &[ExitCode]) -> Self {
        let mut batch = Self::default();
        for &code in codes {
            batch.add(code);
        }
        batch
    }

    /// The next part ended with this exit code.
    pub fn add(&mut self, code: ExitCode) {
        match code.is_success() {
            true => self.add_success(),
            false => self.add_fail(code),
        }
    }

    /// The next part succeeded.
    pub fn add_success(&mut self) {
        self.success_count += 1;
    }

    /// The next part failed.
    pub fn add_fail(&mut self, code: ExitCode) {
        let idx = self.size() as u32;
        self.fail_codes.push(FailCode { idx, code });
    }

    /// How many parts there are.
    pub fn size(&self) -> usize {
        self.success_count as usize + self.fail_codes.len()
    }

    /// Whether no part failed.
    pub fn all_ok(&self) -> bool {
        self.fail_codes.is_empty()
    }

    /// The exit codes of all parts.
    pub fn codes(&self) -> Vec<ExitCode> {
        let mut codes = vec![ExitCode::OK; self.size()];
        for fail in &self.fail_codes {
            if let Some(code) = codes.get_mut(fail.idx as usize) {
                *code = fail.code;
            }
        }
        codes
    }

    /// Those of `items`, of which there is one for each part, whose part succeeded.
    pub fn successes<'a, T>(&self, items: &'a [T]) -> Vec<&'a T> {
        assert_eq!(items.len(), self.size(), "one item for each part");
        let mut fails = self.fail_codes.iter().peekable();
        let succeeded = |(idx, item)| match fails.next_if(|fail| fail.idx as usize == idx) {
            Some(_) => None,
            None => Some(item),
        };
        items.iter().enumerate().filter_map(succeeded).collect()
    }

    /// What became of a batch whose successful parts went through another step, `next`.
    pub fn then(self, next: &Self) -> Self {
        assert_eq!(
            self.success_count as usize,
            next.size(),
            "the next step is for what succeeded"
        );
        let mut codes = next.codes().into_iter();
        let mut merged = Self::default();
        for code in self.codes() {
            merged.add(match code.is_success() {
                true => codes.next().unwrap_or(code),
                false => code,
            });
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: ExitCode = ExitCode::OK;
    const BAD: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
    const LOST: ExitCode = ExitCode::USR_NOT_FOUND;

    #[test]
    fn failures_have_their_place() {
        let batch = BatchReturn::of(&[OK, BAD, OK, LOST]);
        assert_eq!((batch.success_count, batch.size()), (2, 4));
        assert_eq!(batch.codes(), [OK, BAD, OK, LOST]);
        assert_eq!(batch.successes(&['a', 'b', 'c', 'd']), [&'a', &'c']);
        assert!(!batch.all_ok());
        assert_eq!(BatchReturn::ok(2), BatchReturn::of(&[OK, OK]));
        assert!(BatchReturn::of(&[]).all_ok());
    }

    #[test]
    fn a_next_step_is_for_what_succeeded() {
        let first = BatchReturn::of(&[OK, BAD, OK, OK]);
        let next = BatchReturn::of(&[LOST, OK, BAD]);
        assert_eq!(first.then(&next), BatchReturn::of(&[LOST, BAD, OK, BAD]));
        let none = BatchReturn::of(&[BAD]);
        assert_eq!(none.clone().then(&BatchReturn::ok(0)), none);
    }

    #[test]
    fn a_batch_is_two_arrays() {
        let bytes = filigree_sdk::cbor::encode(&BatchReturn::of(&[OK, BAD])).unwrap();
        assert_eq!(bytes, [0x82, 1, 0x81, 0x82, 1, 16]);
    }
}
