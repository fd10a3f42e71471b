//! The memory one call stack may use, over all its instances.
//!
//! Linear memory counts in bytes, a table element counts 8 bytes. The caller restores the use of a frame
//! when the frame ends ([`MemoryLimits::set_used_bytes`]), because an instance returns its memory then.

use wasmtime::ResourceLimiter;

/// Bytes a table element counts.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// The memory account of one call stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    max_total_bytes: u64,
    used_bytes: u64,
}

impl MemoryLimits {
    /// An account that allows `max_total_bytes` over the whole call stack.
    pub fn new(max_total_bytes: u64) -> Self {
        MemoryLimits {
            max_total_bytes,
            used_bytes: 0,
        }
    }

    /// Bytes in use.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// Puts the use back to what it was before a frame.
    pub fn set_used_bytes(&mut self, used_bytes: u64) {
        self.used_bytes = used_bytes;
    }

    /// Takes `delta_bytes` more, or nothing and `false` when that exceeds the limit.
    pub fn grow(&mut self, delta_bytes: u64) -> bool {
        let total = self.used_bytes.saturating_add(delta_bytes);
        if total > self.max_total_bytes {
            return false;
        }
        self.used_bytes = total;
        true
    }

    fn grow_to(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        unit: u64,
    ) -> bool {
        // A request above the module's own maximum fails without being counted.
        if maximum.is_some_and(|m| desired > m) {
            return false;
        }
        let delta = desired.saturating_sub(current) as u64;
        self.grow(delta.saturating_mul(unit))
    }
}

impl ResourceLimiter for MemoryLimits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow_to(current, desired, maximum, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow_to(current, desired, maximum, TABLE_ELEMENT_BYTES))
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_memory_and_tables_up_to_the_total() {
        let mut limits = MemoryLimits::new(100);
        assert!(limits.memory_growing(0, 60, None).unwrap());
        assert_eq!(limits.used_bytes(), 60);
        assert!(limits.table_growing(0, 5, None).unwrap());
        assert_eq!(limits.used_bytes(), 100);
        assert!(!limits.memory_growing(60, 61, None).unwrap());
        assert_eq!(limits.used_bytes(), 100);
        limits.set_used_bytes(60);
        assert!(limits.table_growing(5, 10, None).unwrap());
        assert!(!limits.grow(u64::MAX));
    }

    #[test]
    fn the_modules_own_maximum_comes_first_and_costs_nothing() {
        let mut limits = MemoryLimits::new(100);
        assert!(!limits.memory_growing(0, 3, Some(2)).unwrap());
        assert!(!limits.table_growing(0, 3, Some(2)).unwrap());
        assert_eq!(limits.used_bytes(), 0);
        assert!(limits.table_growing(0, 2, Some(2)).unwrap());
        assert_eq!(limits.used_bytes(), 16);
    }
}
