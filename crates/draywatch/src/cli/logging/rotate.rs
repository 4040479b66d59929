//! A file that begins anew at a size or a day, with so many old ones beside it. It must not know what is written.
//!
//! Ours since none of the crates for it does: tracing-appender knows no sizes, file-rotate panics when the folder is gone, and
//! rolling-file panics where a day has no midnight and tells each failure on standard error.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::Clock;

use crate::config::{LogConfig, Rotation};

/// A log file with its older ones: `name`, `name.1` (the newest of these), `name.2` and so on.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    most: u64,
    kept: u32,
    clock: Clock,
    current: Option<Current>,
    /// A line was cut off by a failure: the next one must not go on where it ends.
    torn: bool,
}

/// The file that is written.
#[derive(Debug)]
struct Current {
    file: File,
    size: u64,
    day: NaiveDate,
    /// Device and inode.
    identity: (u64, u64),
}

impl RotatingFile {
    /// Opens the file, and goes on at its end if it is there.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub fn open(path: &Path, config: &LogConfig, clock: Clock) -> io::Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            rotation: config.rotation,
            most: u64::from(config.max_megabytes) * 1_000_000,
            kept: config.max_files,
            clock,
            current: None,
            torn: false,
        };
        file.current()?;
        Ok(file)
    }

    /// Writes one line, with its line end; into a new file if it is time for one.
    ///
    /// # Errors
    /// When it cannot be written, or no new file can be begun; in the latter case the line stands in the old one.
    pub fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_lost() {
            self.current = None;
        }
        let turned = if self.is_due(line.len()) {
            self.turn()
        } else {
            Ok(())
        };
        let torn = self.torn;
        let current = self.current()?;
        let written = if torn {
            current.file.write_all(b"\n")
        } else {
            Ok(())
        };
        let written = written.and_then(|()| current.file.write_all(line));
        current.size += line.len() as u64;
        self.torn = written.is_err();
        written.and(turned)
    }

    /// Whether somebody moved or removed the file that is written.
    fn is_lost(&self) -> bool {
        let there = fs::metadata(&self.path);
        self.current.as_ref().is_some_and(|current| {
            there.map_or(true, |there| (there.dev(), there.ino()) != current.identity)
        })
    }

    /// Whether a line of that length belongs into a new file.
    fn is_due(&self, length: usize) -> bool {
        self.current.as_ref().is_some_and(|current| {
            current.size > 0
                && match self.rotation {
                    Rotation::Size => current.size + length as u64 > self.most,
                    Rotation::Day => self.clock.now().date_naive() != current.day,
                }
        })
    }

    /// The file that is written, opened if it is not.
    fn current(&mut self) -> io::Result<&mut Current> {
        let current = match self.current.take() {
            Some(current) => current,
            None => self.begin()?,
        };
        Ok(self.current.insert(current))
    }

    fn begin(&self) -> io::Result<Current> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)?;
        let about = file.metadata()?;
        let size = about.len();
        let day = match about.modified() {
            Ok(modified) if size > 0 => DateTime::<Utc>::from(modified),
            _ => self.clock.now(),
        };
        let day = day.date_naive();
        let identity = (about.dev(), about.ino());
        Ok(Current {
            file,
            size,
            day,
            identity,
        })
    }

    /// Numbers the old files one up, the last of them away, and begins a new one.
    fn turn(&mut self) -> io::Result<()> {
        let mut surplus = self.kept;
        while removed(&self.old(surplus))? {
            surplus += 1;
        }
        for number in (1..self.kept.saturating_sub(1)).rev() {
            missing_is_fine(fs::rename(self.old(number), self.old(number + 1)))?;
        }
        if self.kept > 1 {
            missing_is_fine(fs::rename(&self.path, self.old(1)))?;
        } else {
            removed(&self.path)?;
        }
        self.current = None;
        Ok(())
    }

    fn old(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

fn missing_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Removes a file; whether there was one.
fn removed(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
