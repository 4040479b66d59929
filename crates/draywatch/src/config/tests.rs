//! Tests of the configuration.

mod bounds;
mod layers;
mod problems;
mod reference;

use std::path::{Path, PathBuf};

use super::*;

/// A file in a folder of its own; both go away with it.
pub(super) struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    pub(super) fn new(text: &str) -> Self {
        let scratch = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::write(scratch.path(), text).unwrap();
        scratch
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(DEFAULT_FILE)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Variables as `Config::load` takes them.
pub(super) fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Reads the text of a file, and nothing else.
pub(super) fn from_file(text: &str) -> Result<Loaded, ConfigError> {
    let scratch = Scratch::new(text);
    Config::load(Some(&scratch.path()), [], &Overrides::none())
}

/// Reads variables, and nothing else.
pub(super) fn from_env(pairs: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    Config::load_in(folder.path(), None, variables(pairs), &Overrides::none())
}

/// What a file is told that is wrong.
pub(super) fn told(text: &str) -> String {
    from_file(text).expect_err(text).to_string()
}
