//! Why an export cannot go on, with what to do. A single picture that cannot be had is no error: see `picture::Fault`.

use std::io;
use std::path::PathBuf;

use draywatch_catalog::CatalogError;
use draywatch_core::Kind;

/// A failure of a whole export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What is asked for does not go together.
    #[error("{0}")]
    Request(String),
    /// Parquet could not be written.
    #[error("cannot write Parquet: this is a mistake in draywatch, please report it")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// There is something of that name.
    #[error("{path} is there already: remove it, or export to another name", path = path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// The export that was begun there is of another question.
    #[error(
        "{path} holds an export that was begun with another question ({what}): ask the same to go on, or remove that folder to begin \
         anew",
        path = path.display()
    )]
    OtherQuestion {
        /// The folder of the export under way.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// What stands in the folder is not what an export left there.
    #[error("{path} is not what an export left: remove it to begin anew", path = path.display())]
    BadState {
        /// The folder of the export under way.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process exports to the same name.
    #[error("another process is exporting to {path}: wait for it, or export to another name", path = path.display())]
    Busy {
        /// The folder of the export under way.
        path: PathBuf,
    },
    /// The output does not take what is written.
    #[error("cannot {action} {path}: check the disk and the rights", path = path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
}

impl ExportError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Catalog(error) => error.kind(),
            Self::Request(_) | Self::Exists { .. } | Self::OtherQuestion { .. } => {
                Kind::Configuration
            }
            Self::Parquet(_) => Kind::Bug,
            Self::Busy { .. } => Kind::Transient,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Kind::DiskFull
            }
            Self::BadState { .. } | Self::Io { .. } => Kind::Archive,
        }
    }
}
