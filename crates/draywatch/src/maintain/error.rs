//! Why a piece of upkeep had to stop. What is merely wrong with a file or a row is no error but a [`super::Problem`].

use std::io;
use std::path::PathBuf;

use draywatch_archive::ArchiveError;
use draywatch_catalog::CatalogError;
use draywatch_core::Kind;

use crate::store::StoreError;

/// Why a piece of upkeep had to stop. What was done until then lasts.
#[derive(Debug, thiserror::Error)]
pub enum MaintainError {
    /// The database.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Database and archive do not belong together, or the archive's disk is not there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More room is asked for than the disk has.
    #[error("retention.min_free_gb asks for {floor} bytes, and the disk of {path} has {total} in all: set less", path = path.display())]
    FloorTooHigh {
        /// The archive's folder.
        path: PathBuf,
        /// Bytes asked for.
        floor: u64,
        /// Bytes that there are.
        total: u64,
    },
    /// The folder to take over is not there, or no folder.
    #[error("{path} cannot be taken over: {problem}", path = path.display())]
    BadFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A folder of the tree to take over cannot be read.
    #[error("the folder {path} cannot be listed: check that this user may read it", path = path.display())]
    Unlistable {
        /// The folder.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// A thread of ours broke.
    #[error("reading pictures broke off: this is a mistake in draywatch, please report it")]
    Broken(#[from] tokio::task::JoinError),
}

impl MaintainError {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Catalog(error) => error.kind(),
            Self::Archive(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::BadFolder { .. } | Self::FloorTooHigh { .. } => Kind::Configuration,
            Self::Unlistable { .. } => Kind::Archive,
            Self::Broken(_) => Kind::Bug,
        }
    }
}
