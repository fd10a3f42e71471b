//! Snapshots: a chain as one CAR file, as nodes of the network exchange them.
//!
//! FRC-0108 describes two versions. In the first, which Lotus, Forest and this write, the roots are the blocks of the head. In
//! the second, which is read too, the root is a block that names the head, and data of fast finality may follow, which is passed
//! over. Files may be compressed with Zstandard, as a whole or in frames (`.car.zst`): their first bytes say so, whatever the
//! name.

mod export;
mod import;
mod metadata;

pub use export::{ExportProgress, Format, export, export_file};
pub use import::{ImportProgress, Imported, head_of_file, import, import_file, load_file};
