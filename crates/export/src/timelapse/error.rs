//! Why a video cannot be made, with what to do.

use std::io;
use std::path::PathBuf;

use draywatch_core::Kind;

use crate::ExportError;

/// A failure of a whole video.
#[derive(Debug, thiserror::Error)]
pub enum TimelapseError {
    /// The frames cannot be listed.
    #[error(transparent)]
    Rows(#[from] ExportError),
    /// Nothing to play.
    #[error(
        "there is no frame to play in that stretch ({skipped} passed over for their verdict): `draywatch gaps` tells what is missing"
    )]
    Empty {
        /// Frames that were passed over.
        skipped: u64,
    },
    /// There are rows, but none of their pictures can be read.
    #[error(
        "none of the {left_out} pictures can be read, the first because it {problem}: run `draywatch verify`"
    )]
    Unreadable {
        /// How many.
        left_out: u64,
        /// What is wrong with the first.
        problem: String,
    },
    /// The name tells no form.
    #[error("{path}: let the name of the video end in .mp4 or .webm", path = path.display())]
    Container {
        /// The name.
        path: PathBuf,
    },
    /// There is something of that name.
    #[error("{path} is there already: remove it, use --force, or choose another name", path = path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// No ffmpeg.
    #[error(
        "ffmpeg is not installed, or not in PATH, and videos are made by it: install it (Debian: apt install ffmpeg)"
    )]
    NoFfmpeg,
    /// ffmpeg cannot be started.
    #[error("cannot start ffmpeg: check its rights")]
    Start(#[source] io::Error),
    /// ffmpeg gave up or was killed.
    #[error("ffmpeg ended with {status} and said: {said}")]
    Ffmpeg {
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
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

impl TimelapseError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Rows(error) => error.kind(),
            Self::Empty { .. } => Kind::NotFound,
            Self::Unreadable { .. } => Kind::Corrupt,
            Self::Container { .. } | Self::Exists { .. } | Self::NoFfmpeg => Kind::Configuration,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Kind::DiskFull
            }
            Self::Start(_) | Self::Ffmpeg { .. } | Self::Io { .. } => Kind::Archive,
        }
    }
}
