//! Where the state lies between two evaluations: one small file, written whole or not at all. With the file out of reach alerts
//! go on from memory. Must not know what stands in the state.
//!
//! The folder is never made: below a mount point whose disk is absent there is no place for our files.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use draywatch_core::Kind;
use draywatch_core::alert::{Message, State};
use serde::{Deserialize, Serialize};

use super::{Channel, ChannelFailure};
use crate::blocking::blocking;

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Saved {
    /// What the rules remember.
    pub(super) rules: State,
    /// What could not be delivered yet.
    #[serde(default)]
    pub(super) waiting: BTreeMap<Channel, Vec<Message>>,
}

/// The file.
#[derive(Debug, Clone)]
pub(super) struct StateFile {
    path: PathBuf,
    /// What it holds, as far as we wrote it: most looks change nothing, and a disk need not be made to wait for that.
    written: Option<Vec<u8>>,
}

impl StateFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            written: None,
        }
    }

    /// Whether it lies in the archive, where it does by default.
    pub(super) fn is_in_archive(&self) -> bool {
        is_in_archive(&self.path)
    }

    /// What the file says, or nothing: one that is not there is the first start, one that makes no sense is set aside.
    pub(super) async fn load(&self, now: DateTime<Utc>) -> (Saved, Option<ChannelFailure>) {
        let path = self.path.clone();
        blocking(move || load(&path, now)).await
    }

    /// Writes it, unless that is what it holds.
    pub(super) async fn save(&mut self, saved: &Saved) -> Result<(), ChannelFailure> {
        let path = self.path.clone();
        let text = serde_json::to_vec_pretty(saved)
            .map_err(|error| unwritten(&path, &std::io::Error::from(error)))?;
        if self.written.as_ref() == Some(&text) {
            return Ok(());
        }
        let (text, done) = blocking(move || {
            let done = write(&path, &text);
            (text, done)
        })
        .await;
        self.written = done.is_ok().then_some(text);
        match done {
            Ok(()) => Ok(()),
            // Nothing to be told: there is no archive yet, or health says where it is gone.
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_in_archive() => {
                tracing::debug!(path = %self.path.display(), "no place for the state of alerts yet");
                Ok(())
            }
            Err(error) => Err(unwritten(&self.path, &error)),
        }
    }
}

fn load(path: &Path, now: DateTime<Utc>) -> (Saved, Option<ChannelFailure>) {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Default::default(),
        Err(error) => {
            let told = format!("{} cannot be read ({error})", path.display());
            return (Saved::default(), Some(begins_anew(&told)));
        }
    };
    match serde_json::from_slice(&text) {
        Ok(saved) => (saved, None),
        Err(error) => {
            let aside = aside(path, now);
            let told = match std::fs::rename(path, &aside) {
                Ok(()) => format!(
                    "{} made no sense ({error}) and is kept as {}",
                    path.display(),
                    aside.display()
                ),
                Err(stays) => format!(
                    "{} makes no sense ({error}) and cannot be set aside ({stays})",
                    path.display()
                ),
            };
            (Saved::default(), Some(begins_anew(&told)))
        }
    }
}

/// Whether the file is where it is by default.
fn is_in_archive(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name);
    folder.is_some_and(|name| name == super::settings::CONTROL_FOLDER)
}

fn begins_anew(told: &str) -> ChannelFailure {
    let message =
        format!("{told}: what was told before is forgotten, and what lasts is told again");
    tracing::warn!(message, "the state of alerts is lost");
    ChannelFailure::of_state(Kind::Corrupt, message)
}

fn unwritten(path: &Path, error: &std::io::Error) -> ChannelFailure {
    let kind = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Kind::DiskFull,
        _ => Kind::Archive,
    };
    let message = format!(
        "{} cannot be written ({error}): alerts go on, but a restart may repeat some; alerts.state_file names another place",
        path.display()
    );
    ChannelFailure::of_state(kind, message)
}

fn aside(path: &Path, now: DateTime<Utc>) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".broken-{}", now.format("%Y%m%dT%H%M%S%3f")));
    path.with_file_name(name)
}

/// Aside, flushed, then under its name. Only we may read it: messages may name what is nobody else's business.
fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()
    });
    if let Err(error) = written {
        // On a full disk the half of it would only be in the way.
        let _ = std::fs::remove_file(&new);
        return Err(error);
    }
    std::fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
