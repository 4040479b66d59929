//! Where a value comes from: the default, the file, the environment or a flag.

use std::fmt;
use std::path::PathBuf;

use super::raw::Raw;
use super::reader::Entry;

/// Where the value of a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// This file.
    File(PathBuf),
    /// The environment variable of this name.
    Env(String),
    /// The flag of this name, such as `--timeout`.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A source, and the line and column there if it is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub source: Source,
    /// Line and column, both from 1.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// What sorts problems: the file's from top to bottom, the environment's, the flags'.
    pub(super) fn order(&self) -> (u8, (usize, usize)) {
        let layer = match &self.source {
            Source::Default => 0,
            Source::File(_) => 1,
            Source::Env(_) => 2,
            Source::Flag(_) => 3,
        };
        (layer, self.position.unwrap_or_default())
    }
}

impl From<Source> for Place {
    fn from(source: Source) -> Self {
        Self {
            source,
            position: None,
        }
    }
}

impl fmt::Display for Place {
    /// `draywatch.toml:3:15`, which editors and terminals know how to open.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.position) {
            (Source::File(path), Some((line, column))) => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            (source, _) => source.fmt(f),
        }
    }
}

/// What flags set, over file and environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    entries: Vec<Entry>,
}

impl Overrides {
    /// No flag sets anything.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// With the setting `name` as the flag says, if it is there.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        flag: &'static str,
        value: Option<impl ToString>,
    ) -> Self {
        self.entries.extend(value.map(|value| Entry {
            name,
            raw: Raw::Text(value.to_string()),
            place: Source::Flag(flag).into(),
        }));
        self
    }

    /// The dotted names of the settings that are set.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.name)
    }

    /// The values.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
