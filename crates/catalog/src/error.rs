//! What can go wrong with the database, in words that name the file and what to do. Must not decide what follows from it.

use std::path::PathBuf;
use std::time::Duration;

use draywatch_core::Kind;

/// The engine's own account of a failure.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why the database could not be opened or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// No such file, and none was to be made.
    #[error("there is no database at {}; check database_url, or run a collection, which makes one", path.display())]
    NotThere {
        /// The database.
        path: PathBuf,
    },
    /// It was there when it was opened, and is not any more. Nothing was written.
    #[error(
        "the database {} is gone: it was deleted or moved away while draywatch had it open; put it back, or a copy of it \
         (draywatch keeps copies beside it as *.bak), and the work goes on; nothing is recorded until then",
        path.display()
    )]
    Gone {
        /// The database.
        path: PathBuf,
    },
    /// Another file has taken its place since it was opened. Nothing was written.
    #[error(
        "another file was put in the place of the database {} while draywatch had it open: it must be opened anew",
        path.display()
    )]
    Replaced {
        /// The database.
        path: PathBuf,
    },
    /// The path is a folder.
    #[error("{} is a folder, not a database; name a file in it in database_url", path.display())]
    IsDirectory {
        /// The database.
        path: PathBuf,
    },
    /// The folder of the database could not be made.
    #[error("the folder of the database {} could not be made", path.display())]
    Folder {
        /// The database.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is there but cannot be opened.
    #[error("the database {} cannot be opened; check that this user may read and write it and its folder", path.display())]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// The engine's words.
        source: Cause,
    },
    /// The file or its folder is read-only.
    #[error("the database {} cannot be written; check the permissions of the file and of its folder, and whether the disk \
             is mounted read-only", path.display())]
    NotWritable {
        /// The database.
        path: PathBuf,
        /// The engine's words.
        source: Cause,
    },
    /// The file is damaged, or no database at all. It is left as it is.
    #[error("{} is damaged or not a SQLite database; it is left untouched: move it away and restore a copy \
             (draywatch keeps copies beside it as *.bak), or try `sqlite3 FILE .recover`", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// The engine's words.
        source: Cause,
    },
    /// Another program held its lock for too long.
    #[error("the database {} is locked by another program, and stayed so for {} s while draywatch was {doing}; \
             find the program that keeps a write transaction open", path.display(), waited.as_secs_f32().ceil())]
    Locked {
        /// The database.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// How long was waited.
        waited: Duration,
    },
    /// No space left.
    #[error("the disk of the database {} is full ({doing}); free some space", path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
    },
    /// A later draywatch has changed the schema.
    #[error("the database {} was written by a newer draywatch (schema {found}, this one knows {known}); update draywatch", path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Schema of the database.
        found: i64,
        /// Newest schema that this program knows.
        known: i64,
    },
    /// It holds tables that cannot be brought together with ours.
    #[error("the database {} cannot be taken over: {problem}; give draywatch a database of its own in database_url", path.display())]
    NotOurs {
        /// The database.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// The copy that precedes a migration could not be made. The database is unchanged.
    #[error("no copy of the database could be made at {} before its migration, so it was not migrated", path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: Cause,
    },
    /// Anything else that the engine refused.
    #[error("the database {} failed while {doing}", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// What was to be done.
        doing: &'static str,
        /// The engine's words.
        source: Cause,
    },
    /// A run that is not there was to be closed.
    #[error("the database {} has no run {run_id} to close; was it replaced while draywatch ran?", path.display())]
    NoSuchRun {
        /// The database.
        path: PathBuf,
        /// The run.
        run_id: i64,
    },
    /// A write came in the name of a lease that somebody else has taken since. Nothing was written.
    #[error(
        "another process has taken over {job} from this one (its lease {number} is void); nothing was written"
    )]
    FencedOut {
        /// The job.
        job: String,
        /// The number of the void lease.
        number: i64,
    },
}

impl CatalogError {
    /// What kind of failure it is, in the vocabulary everybody shares.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::DiskFull { .. } => Kind::DiskFull,
            Self::Folder { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Kind::DiskFull
            }
            Self::NotThere { .. }
            | Self::IsDirectory { .. }
            | Self::Folder { .. }
            | Self::CannotOpen { .. }
            | Self::NotWritable { .. }
            | Self::NewerSchema { .. }
            | Self::NotOurs { .. } => Kind::Configuration,
            Self::FencedOut { .. } => Kind::Interrupted,
            Self::Corrupt { .. }
            | Self::Locked { .. }
            | Self::Copy { .. }
            | Self::Failed { .. }
            | Self::Gone { .. }
            | Self::Replaced { .. }
            | Self::NoSuchRun { .. } => Kind::Database,
        }
    }
}
