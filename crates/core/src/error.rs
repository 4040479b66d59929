//! Kinds of failure: the vocabulary that every crate shares. Must not decide what follows from a kind (see `retry`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it was; only `retry`, health and the edges shown to people interpret it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Likely to pass by itself: time-out, reset connection, server error, blank page.
    Transient,
    /// The other side asked us to slow down.
    RateLimited,
    /// The other side refuses us (403).
    Forbidden,
    /// The page or its answers can no longer be understood.
    PortalChanged,
    /// The portal says that it has no such thing.
    NotFound,
    /// What came is not a whole picture.
    Corrupt,
    /// No space left where we write.
    DiskFull,
    /// The archive folder is absent, read-only, or belongs to another database.
    Archive,
    /// The database refuses or fails.
    Database,
    /// Browser or driver missing, crashed or hanging.
    Browser,
    /// A setting or an argument is wrong.
    Configuration,
    /// A listing could not be confirmed by a second independent reading.
    Unconfirmed,
    /// Two facts exclude each other, such as a frame in the future.
    Contradiction,
    /// The work was cut short by shutdown, a crash or its deadline.
    Interrupted,
    /// A mistake of ours.
    Bug,
}

impl Kind {
    /// Every kind, for tests and reference pages.
    pub const ALL: [Self; 15] = [
        Self::Transient,
        Self::RateLimited,
        Self::Forbidden,
        Self::PortalChanged,
        Self::NotFound,
        Self::Corrupt,
        Self::DiskFull,
        Self::Archive,
        Self::Database,
        Self::Browser,
        Self::Configuration,
        Self::Unconfirmed,
        Self::Contradiction,
        Self::Interrupted,
        Self::Bug,
    ];

    /// The name as it stands in JSON and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::Forbidden => "forbidden",
            Self::PortalChanged => "portal_changed",
            Self::NotFound => "not_found",
            Self::Corrupt => "corrupt",
            Self::DiskFull => "disk_full",
            Self::Archive => "archive",
            Self::Database => "database",
            Self::Browser => "browser",
            Self::Configuration => "configuration",
            Self::Unconfirmed => "unconfirmed",
            Self::Contradiction => "contradiction",
            Self::Interrupted => "interrupted",
            Self::Bug => "bug",
        }
    }

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure as it is reported and recorded: what kind, and what happened in words with its input named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub kind: Kind,
    /// What failed, for which input, and what to do about it.
    pub message: String,
}

impl Failure {
    /// A failure of that kind with these words.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// A failure told by an error and its chain of causes.
    #[must_use]
    pub fn of(kind: Kind, error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            kind,
            message: chain(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error and its causes in one line, a cause that only repeats what stands before it left out.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("nonsense"), None);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("could not read page")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_chain_names_the_causes_once() {
        let error = Outer(std::io::Error::other("disk on fire"));
        assert_eq!(chain(&error), "could not read page: disk on fire");
    }
}
