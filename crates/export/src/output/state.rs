//! Where an export stands, as a file. Must not know the other files.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{failed, remove};
use crate::{ExportError, Position, Request};

const STATE: &str = "state.json";
const NEW: &str = "state.json.new";
/// A state of another version is not understood.
const VERSION: u32 = 1;

/// What has to be known to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// Since when the machine runs: what was written before need not have reached the disk, and is not gone on with.
    boot: String,
    pub(super) request: Request,
    /// Where the export stands, and the length of the file then.
    pub(super) position: Position,
    pub(super) offset: u64,
    /// Where it stood when that file was begun.
    pub(super) file_start: Position,
}

impl State {
    fn new(request: Request) -> Self {
        Self {
            version: VERSION,
            boot: boot(),
            request,
            position: Position::default(),
            offset: 0,
            file_start: Position::default(),
        }
    }

    /// What the last export left, or the state of a new one.
    pub(super) fn read(work: &Path, request: &Request) -> Result<Self, ExportError> {
        let path = work.join(STATE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self::new(request.clone()));
            }
            Err(error) => return Err(failed("read", &path)(error)),
        };
        let bad = |source: io::Error| ExportError::BadState {
            path: work.to_owned(),
            source,
        };
        let state: Self = serde_json::from_str(&text).map_err(|error| bad(error.into()))?;
        if state.version != VERSION {
            return Err(bad(io::Error::other(
                "it is of another version of draywatch",
            )));
        }
        if state.request != *request {
            return Err(ExportError::OtherQuestion {
                path: work.to_owned(),
                what: request.differences(&state.request),
            });
        }
        if state.boot != boot() {
            return Ok(Self::new(request.clone()));
        }
        Ok(state)
    }

    /// Forgets what is in the file under way.
    pub(super) fn begin_file_anew(&mut self) {
        self.position = self.file_start.clone();
        self.offset = 0;
    }

    /// Writes it; whenever that is cut short, the old one or the new one is there.
    pub(super) fn write(&self, work: &Path) -> Result<(), ExportError> {
        let (path, new) = (work.join(STATE), work.join(NEW));
        let text =
            serde_json::to_vec(self).map_err(|error| failed("write", &path)(error.into()))?;
        fs::write(&new, text).map_err(failed("write", &new))?;
        fs::rename(&new, &path).map_err(failed("write", &path))
    }

    pub(super) fn remove(work: &Path) -> Result<(), ExportError> {
        remove(&work.join(NEW))?;
        remove(&work.join(STATE))
    }
}

/// What the kernel calls the time since it was started; nothing where it does not say.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
