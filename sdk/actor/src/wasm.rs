//! What only Wasm needs: memory, and an exit code for panics.
#![expect(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

use fvm_shared::error::ExitCode;

use crate::sys;

/// Makes a panic exit with `USR_ASSERTION_FAILED` and its message, instead of trapping without one.
pub(crate) fn exit_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        sys::exit(
            ExitCode::USR_ASSERTION_FAILED.value(),
            0,
            &panic.to_string(),
        )
    }));
}

/// Gives memory and takes back only what it gave last: an actor lives for one call, and gas is dearer than memory.
struct Bump {
    /// The first free byte; 0 before the first use.
    free: Cell<usize>,
    /// The end of the memory there is.
    end: Cell<usize>,
}

// SAFETY: an actor has one thread.
unsafe impl Sync for Bump {}

#[global_allocator]
static MEMORY: Bump = Bump {
    free: Cell::new(0),
    end: Cell::new(0),
};

const PAGE_BYTES: usize = 1 << 16;

unsafe extern "C" {
    /// The end of the stack and of static data, by the linker.
    static __heap_base: u8;
}

impl Bump {
    /// `size` free bytes; null if memory cannot grow.
    fn take(&self, layout: Layout) -> *mut u8 {
        if self.free.get() == 0 {
            self.free.set((&raw const __heap_base).addr());
            self.end
                .set(core::arch::wasm32::memory_size(0) * PAGE_BYTES);
        }
        let start = self.free.get().next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()) else {
            return std::ptr::null_mut();
        };
        if end > self.end.get() {
            let pages = (end - self.end.get()).div_ceil(PAGE_BYTES);
            let before = core::arch::wasm32::memory_grow(0, pages);
            if before == usize::MAX {
                return std::ptr::null_mut();
            }
            self.end.set((before + pages) * PAGE_BYTES);
        }
        self.free.set(end);
        std::ptr::with_exposed_provenance_mut(start)
    }
}

// SAFETY: `take` gives out each byte above `__heap_base` at most once, unless it came back from the end.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let grown_from = self.end.get();
        let block = self.take(layout);
        // Fresh pages are zero; memory given out before may not be.
        if !block.is_null() && block.addr() < grown_from {
            // SAFETY: the block is ours and that long.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block.addr() + layout.size() == self.free.get() {
            self.free.set(block.addr());
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let end = self.free.get();
        if block.addr() + layout.size() == end {
            // The last block grows and shrinks where it is.
            self.free.set(block.addr());
        } else if size <= layout.size() {
            return block;
        }
        let moved = self.take(Layout::from_size_align(size, layout.align()).unwrap_or(layout));
        if moved.is_null() {
            // The old block stays as it is.
            self.free.set(end);
        } else if moved != block {
            // SAFETY: both blocks are ours and at least that long; the new one does not overlap the old, which stays where it is.
            unsafe { std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size)) };
        }
        moved
    }
}
