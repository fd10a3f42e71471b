//! Where a node keeps its chain.
//!
//! One directory, one process, one RocksDB: [`Db`]. In it
//!
//! - blocks by CID, which is all of headers, messages, receipts and state: [`Blocks`], a `Blockstore`;
//! - what is where on the heaviest chain: [`Index`];
//! - small typed tables of other crates: [`Table`], declared as [`TableDef`];
//!
//! and a [`Batch`] writes to all of them at once. Everything is synchronous, `Send` and `Sync`. Long work says how far it has come and
//! can be stopped ([`Report`], [`Counts`]):
//!
//! - [`snapshot`]: a chain as one file, out of the store and into it; [`load_car`] and [`save_car`] for other CAR files;
//! - [`check`]: whether a chain is complete;
//! - [`gc`]: deletes what nothing leads to, while the node runs.
//!
//! In reading order: `db` (with `db/columns`: how it lies on disk), `blocks`, `key`, `table`, `index`; `links`, `disk_set`, `walk`; `load`,
//! `snapshot`, `check`; `barrier`, `gc`, `maintenance`; [`write_private`] and [`lock`], which serve other crates as well. Not here: what blocks mean, which chain is the heaviest, when to collect.

mod barrier;
mod blocks;
pub mod check;
mod db;
mod disk_set;
mod error;
mod floor;
pub mod gc;
mod index;
mod key;
mod links;
mod load;
mod locked;
mod maintenance;
mod private;
mod report;
pub mod snapshot;
mod table;
mod walk;

pub use barrier::Work;
pub use blocks::Blocks;
pub use db::{Batch, Compression, Db, DirLock, Durability, Options, Usage};
pub use error::StoreError;
pub use index::{
    AddressMessage, Head, HeadChange, Index, IndexedMessage, IndexedTipset, MessageLocation, Page,
    Position,
};
pub use key::TableKey;
pub use links::{Malformed, links};
pub use load::{ImportError, LoadProgress, load_car, save_car};
pub use locked::lock;
pub use maintenance::Collections;
pub use private::write_private;
pub use report::{Counts, Report};
pub use table::{Entries, Table, TableDef};
pub use walk::{Depth, Extent, Part};
