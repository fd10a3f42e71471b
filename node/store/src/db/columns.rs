//! The column families of the database, and how each is laid out on disk.
//!
//! A column family is a sorted map of its own; a batch writes to several at once. All share one log of writes, one cache
//! and one budget of write memory.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode,
    InfoLogger, LogLevel, Options as Rocks,
};

use crate::db::options::{Compression, Options};

/// CID → block.
pub(crate) const BLOCKS: &str = "blocks";
/// Height → key of the tipset on the heaviest chain.
pub(crate) const HEIGHTS: &str = "heights";
/// Message CID → where it is.
pub(crate) const MESSAGES: &str = "messages";
/// Address, height, index → message CID.
pub(crate) const ADDRESSES: &str = "addresses";
/// Small tables: name, key → value.
pub(crate) const TABLES: &str = "tables";

/// All of them.
pub(crate) const ALL: [&str; 5] = [BLOCKS, HEIGHTS, MESSAGES, ADDRESSES, TABLES];

/// Files of blocks are this large: few enough files for hundreds of gigabytes, small enough to merge beside a running node.
const BLOCK_FILE_BYTES: u64 = 128 << 20;

/// Level 1; each further level is ten times as large.
const LEVEL_BASE_BYTES: u64 = 512 << 20;

/// The log of writes is cut, by writing buffers to files, when it is this many times the write memory.
const LOG_PER_BUFFER: u64 = 2;

pub(crate) fn descriptors(options: &Options, cache: &Cache) -> Vec<ColumnFamilyDescriptor> {
    let small = || small(options, cache);
    vec![
        ColumnFamilyDescriptor::new(BLOCKS, blocks(options, cache)),
        ColumnFamilyDescriptor::new(HEIGHTS, small()),
        ColumnFamilyDescriptor::new(MESSAGES, small()),
        ColumnFamilyDescriptor::new(ADDRESSES, small()),
        ColumnFamilyDescriptor::new(TABLES, small()),
    ]
}

/// What holds for the database as a whole.
pub(crate) fn database(options: &Options) -> Rocks {
    let mut rocks = Rocks::default();
    rocks.create_if_missing(true);
    rocks.create_missing_column_families(true);
    rocks.set_max_open_files(i32::from(options.max_open_files));
    rocks.set_max_background_jobs(i32::from(options.background_threads));
    rocks.set_db_write_buffer_size(options.write_buffer_bytes);
    rocks.set_max_total_wal_size(options.write_buffer_bytes as u64 * LOG_PER_BUFFER);
    // A record cut short at the end of the log is a write that never returned. Damage anywhere else is an error, where the
    // database by itself would drop all writes after it without a word.
    rocks.set_wal_recovery_mode(if options.recover_damaged_log {
        DBRecoveryMode::PointInTime
    } else {
        DBRecoveryMode::TolerateCorruptedTailRecords
    });
    // A log file that is missing is damage too.
    rocks.set_track_and_verify_wals_in_manifest(true);
    // Files reach the disk while they are written instead of all at once at their end.
    rocks.set_bytes_per_sync(1 << 20);
    rocks.set_info_logger(InfoLogger::new_callback_logger(LogLevel::Warn, log));
    rocks
}

/// Small values under random keys, read one by one: most reads are for one block.
fn blocks(options: &Options, cache: &Cache) -> Rocks {
    let mut table = table(cache);
    // 16 KiB hold some fifty blocks of a HAMT: less to index than with the 4 KiB of the default, and better compressed.
    table.set_block_size(16 << 10);
    let mut rocks = Rocks::default();
    rocks.set_block_based_table_factory(&table);
    rocks.set_write_buffer_size(options.write_buffer_bytes / 2);
    rocks.set_target_file_size_base(BLOCK_FILE_BYTES);
    rocks.set_max_bytes_for_level_base(LEVEL_BASE_BYTES);
    rocks.set_level_compaction_dynamic_level_bytes(true);
    let (upper, lowest) = match options.compression {
        Compression::None => (DBCompressionType::None, DBCompressionType::None),
        Compression::Lz4 => (DBCompressionType::Lz4, DBCompressionType::Lz4),
        Compression::Zstd => (DBCompressionType::Lz4, DBCompressionType::Zstd),
    };
    rocks.set_compression_type(upper);
    rocks.set_bottommost_compression_type(lowest);
    // After a sweep: files of which half a stretch of keys is deleted are merged soon.
    rocks.add_compact_on_deletion_collector_factory(32_768, 16_384, 0.5);
    rocks
}

/// Short records, read in order as often as one by one.
fn small(options: &Options, cache: &Cache) -> Rocks {
    let mut rocks = Rocks::default();
    rocks.set_block_based_table_factory(&table(cache));
    rocks.set_write_buffer_size(options.write_buffer_bytes / 8);
    rocks.set_level_compaction_dynamic_level_bytes(true);
    rocks.set_compression_type(DBCompressionType::Lz4);
    rocks
}

fn table(cache: &Cache) -> BlockBasedOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // Ten bits a key: one read in a hundred for a key that is not there goes to the file.
    table.set_bloom_filter(10.0, false);
    // Filters and indexes count as cache, in parts, so that memory is bounded whatever the size of the store.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_index_type(rocksdb::BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_partition_filters(true);
    table.set_pin_top_level_index_and_filter(true);
    table.set_optimize_filters_for_memory(true);
    table.set_format_version(6);
    table
}

/// Hands what the database says to the log of the node.
fn log(level: LogLevel, message: &str) {
    let message = message.trim_end();
    match level {
        LogLevel::Error | LogLevel::Fatal => tracing::error!(target: "rocksdb", "{message}"),
        LogLevel::Warn => tracing::warn!(target: "rocksdb", "{message}"),
        _ => tracing::debug!(target: "rocksdb", "{message}"),
    }
}
