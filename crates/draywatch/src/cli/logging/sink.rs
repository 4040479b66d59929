//! Where lines end up: each event one line, without passwords, and never a failure for those who log. It must not know of
//! levels or formats.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use super::rotate::RotatingFile;
use crate::config::hide_secrets;

/// A place for lines.
pub trait Lines: Send {
    /// Writes a line with its line end.
    ///
    /// # Errors
    /// When that cannot be done.
    fn line(&mut self, line: &[u8]) -> io::Result<()>;
}

impl Lines for RotatingFile {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.write_line(line)
    }
}

/// Standard error.
struct Stderr;

impl Lines for Stderr {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        io::stderr().write_all(line)
    }
}

/// Takes events as lines. A place that takes none is told of once on standard error, and tried again with the next line.
pub struct Sink {
    state: Mutex<State>,
}

struct State {
    lines: Box<dyn Lines>,
    /// The file, where failures are to be told of.
    path: Option<PathBuf>,
    failing: bool,
}

/// Standard error; if that is gone, there is nobody to tell.
pub fn stderr_sink() -> Sink {
    Sink::new(Box::new(Stderr), None)
}

impl Sink {
    /// A file.
    pub fn file(path: &Path, file: RotatingFile) -> Self {
        Self::new(Box::new(file), Some(path.to_owned()))
    }

    fn new(lines: Box<dyn Lines>, path: Option<PathBuf>) -> Self {
        let state = State {
            lines,
            path,
            failing: false,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    fn take(&self, event: &[u8]) {
        let line = one_line(&String::from_utf8_lossy(event));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = state.write(line.as_bytes()) {
            let _ = writeln!(io::stderr(), "{words}");
        }
    }
}

impl State {
    /// Writes a line; what is to be told, where it is the first that fails.
    fn write(&mut self, line: &[u8]) -> Option<String> {
        let failed = self.lines.line(line).err();
        let first = failed.is_some() && !self.failing;
        self.failing = failed.is_some();
        let (error, path) = (failed.filter(|_| first)?, self.path.as_ref()?);
        Some(format!(
            "warning: the log file {} cannot be written: {error}. The log goes on here alone until it can.",
            path.display()
        ))
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event {
            sink: self,
            bytes: Vec::new(),
        }
    }
}

/// An event that is being written; it becomes a line when it is complete.
pub struct Event<'a> {
    sink: &'a Sink,
    bytes: Vec<u8>,
}

impl Write for Event<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.sink.take(&self.bytes);
        }
    }
}

/// An event as one line: line breaks within it are written as `\n`, passwords in addresses are hidden.
pub fn one_line(event: &str) -> String {
    let event = event.trim_end_matches(['\n', '\r']);
    let mut line = String::with_capacity(event.len() + 1);
    for word in event.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\'))
    {
        let shown = if word.contains("://") || word.contains(['?', '&']) {
            Cow::Owned(hide_secrets(word))
        } else {
            Cow::Borrowed(word)
        };
        for c in shown.chars() {
            match c {
                '\n' => line.push_str("\\n"),
                '\r' => {}
                c => line.push(c),
            }
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
impl Sink {
    /// Any place, for tests.
    pub(super) fn of(lines: impl Lines + 'static) -> Self {
        Self::new(Box::new(lines), None)
    }
}

/// What a place of these lines would have made us tell, for tests.
#[cfg(test)]
pub(super) fn told_of(lines: Box<dyn Lines>, path: &Path, events: &[&str]) -> Vec<String> {
    let sink = Sink::new(lines, Some(path.to_owned()));
    let mut state = sink.state.into_inner().unwrap();
    let told = events
        .iter()
        .filter_map(|event| state.write(event.as_bytes()));
    told.collect()
}
