//! What leaves the archive: tables of images, slots and gaps, and shards of pictures for those who train models. This crate reads
//! catalog and archive and makes bytes; it must not fetch, write into either of the two, read a clock, or know HTTP.
//!
//! The same question gives the same bytes: the order is fixed (time, camera, ordinal), and nothing of the moment or the place goes in.
//! An [`Export`] hands over [`Piece`]s, one after the other, and tells after each where it stands ([`Export::position`]); taken up
//! from there ([`Export::resume`]), it makes the bytes that it would have made. [`stream`] is that for a server, [`Output`] for files.

mod columns;
mod encode;
mod error;
mod export;
mod hex;
mod output;
mod picture;
mod request;
mod rows;
mod shards;
mod stream;
mod tables;
mod tar;
#[cfg(test)]
mod testing;
mod timelapse;

pub use draywatch_catalog::ImageFilter;
pub use error::ExportError;
pub use export::{Export, Piece, Position};
pub use output::{Finished, Output};
pub use picture::{Fault, MOST_FAULTS, Summary};
pub use request::{Format, Request, SHARD, Table};
pub use stream::stream;
pub use timelapse::{Container, Film, Timelapse, TimelapseError};
