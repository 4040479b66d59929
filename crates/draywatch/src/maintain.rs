//! Upkeep: database and archive held against each other, trees taken over, gaps found. This module composes archive, catalog
//! and picture; it must not speak to the portal, fetch, or print.

pub mod adopt;
mod copy;
mod error;
pub mod gaps;
mod judge;
pub mod keep;
mod ledger;
mod orphans;
pub mod prune;
mod pruned;
pub mod reconcile;
mod report;
pub mod room;
mod rows;
pub mod sample;
mod tree;

pub use error::MaintainError;
pub use pruned::{Count, Gone, Kept, Pruned};
pub use report::{Problem, ProblemKind, Report};

use std::collections::BTreeSet;

use draywatch_catalog::{PictureFacts, Totals};
use draywatch_core::CameraId;

pub use draywatch_core::frame::NARROWEST_FULL;
use draywatch_core::frame::looks_like_thumbnail as is_so_narrow;

/// How far a long piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in a word or two for people.
    pub doing: &'static str,
    /// How many of these are done.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
}

/// Told about progress now and then.
pub type Watch<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Whether a picture of these facts is taken for a thumbnail when nothing but the file is known.
#[must_use]
pub fn looks_like_thumbnail(facts: &PictureFacts) -> bool {
    is_so_narrow(facts.width)
}

/// The cameras whose files are ours: those that are configured, and those that have rows.
fn cameras(totals: &Totals, configured: &[CameraId]) -> BTreeSet<CameraId> {
    let with_rows = totals.cameras.iter().filter(|camera| camera.images > 0);
    let with_rows = with_rows.filter_map(|camera| CameraId::new(&camera.camera_id).ok());
    configured.iter().cloned().chain(with_rows).collect()
}

/// How many files are read at the same time.
fn readers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
