//! What a node costs, on one machine in one run: `cargo xtask bench node`.
//!
//! All of it is the real node on a network of one miner with mock proofs and a virtual clock: its store is RocksDB on disk, its
//! blocks are mined by `node/mine` and come in by the one door for blocks. Each part runs in a process of its own, which is this
//! very program, so that the memory of one is not that of another.
//!
//! In reading order: [`options`]; [`world`] (a network, founded with as many accounts as a part wants: [`crowd`]), [`people`] (who signs
//! messages), [`places`] (actors that are called), [`bare`] (messages in the host alone); then what is measured: [`tipsets`],
//! [`blocks`], [`snapshots`], [`rpc`], [`epochs`]; [`figures`], what is printed; [`parts`], each in its process.

pub mod bare;
pub mod blocks;
pub mod crowd;
pub mod epochs;
pub mod figures;
pub mod options;
pub mod parts;
pub mod people;
pub mod places;
pub mod rpc;
pub mod snapshots;
pub mod tipsets;
pub mod world;
