//! How a collection of a camera's day ended. Must not know how it was carried out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one collection of one camera's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Listed beyond doubt, and every frame is stored in full size (or was given up).
    Complete,
    /// Something is missing, a thumbnail stands in, or the listing is unconfirmed.
    Incomplete,
    /// Nothing could be said about the day.
    Failed,
    /// The process that ran it is gone; written by a later start.
    Interrupted,
}

impl Outcome {
    /// The name as it stands in JSON and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The outcome of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Complete,
            Self::Incomplete,
            Self::Failed,
            Self::Interrupted,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for outcome in [
            Outcome::Complete,
            Outcome::Incomplete,
            Outcome::Failed,
            Outcome::Interrupted,
        ] {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(Outcome::parse(""), None);
    }
}
