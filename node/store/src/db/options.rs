//! What can be set about a store.

use std::num::NonZeroUsize;

/// How a store is opened. The defaults fit a node that shares its machine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Make the store if there is none. Default: yes.
    pub create: bool,
    /// Memory for blocks read, with the filters and indexes of files, in bytes. The cache is never larger.
    pub cache_bytes: usize,
    /// Memory for writes that are not in files yet, in bytes, over all column families.
    pub write_buffer_bytes: usize,
    /// Most files held open.
    pub max_open_files: u16,
    /// Threads that write files and merge them.
    pub background_threads: u8,
    /// Compression of new files of blocks.
    pub compression: Compression,
    /// If the log of the last writes is damaged, open with the writes up to the damage, without those after it. Default: no,
    /// which is [`StoreError::DamagedLog`](crate::StoreError::DamagedLog) then.
    pub recover_damaged_log: bool,
}

/// How blocks are compressed on disk. Stores may have files of each; what is changed holds for new files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// LZ4 throughout: fastest.
    Lz4,
    /// LZ4 in the upper levels, which are rewritten often, and Zstandard in the lowest, which holds nine tenths.
    Zstd,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        Self {
            create: true,
            cache_bytes: 256 << 20,
            write_buffer_bytes: 128 << 20,
            max_open_files: 512,
            background_threads: threads.clamp(2, 4) as u8,
            compression: Compression::Zstd,
            recover_damaged_log: false,
        }
    }
}

impl Options {
    /// Little memory: for tests and for many stores in one process.
    pub fn small() -> Self {
        Self {
            cache_bytes: 8 << 20,
            write_buffer_bytes: 8 << 20,
            max_open_files: 64,
            background_threads: 2,
            ..Self::default()
        }
    }
}
