//! CAR version 1: a header with root CIDs, then blocks, each with its CID in front (ipld.io/specs/transport/car/carv1).
//!
//! Files of any size are read and written as streams, with the memory of one block. Reading is strict: every length is the
//! shortest, every block has the digest its CID names, and a file that ends within a block is an error. A file cut between two
//! blocks is a whole file to the format; whoever reads it knows which blocks it must have.
//!
//! - [`reader`] has [`CarReader`]: block by block, or section by section without the data.
//! - [`writer`] has [`CarWriter`].
//! - [`error`] tells what can be wrong, and at which byte.

pub mod error;
mod header;
pub mod reader;
pub mod writer;

pub use error::CarError;
pub use reader::{Block, CarReader, MAX_BLOCK_BYTES, Section, verify};
pub use writer::CarWriter;
