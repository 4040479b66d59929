//! What a stored picture is worth: the kinds of verdict. Owns their names; must not decide, which is the picture crate's business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a stored picture is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It shows what the camera sees.
    Ok,
    /// The same picture as the one before, while the clock goes on.
    Frozen,
    /// A "no signal" card or the like instead of the camera's picture.
    Placeholder,
    /// Too little light to see anything.
    Dark,
    /// Light, but nothing to be seen.
    Blank,
}

/// The text is not the name of a verdict.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a verdict: {0:?} (one of ok, frozen, placeholder, dark, blank)")]
pub struct ParseVerdictError(String);

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Frozen,
        Self::Placeholder,
        Self::Dark,
        Self::Blank,
    ];

    /// The name, which stays the same across versions: for databases, metrics and `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Frozen => "frozen",
            Self::Placeholder => "placeholder",
            Self::Dark => "dark",
            Self::Blank => "blank",
        }
    }

    /// Whether the picture does not show what the camera should see now.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        self != Self::Ok
    }

    /// Whether it says how the picture compares with the one before, not what the picture shows by itself.
    #[must_use]
    pub fn is_by_comparison(self) -> bool {
        matches!(self, Self::Ok | Self::Frozen)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = ParseVerdictError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |verdict: &Self| verdict.as_str() == text;
        let found = Self::ALL.into_iter().find(named);
        found.ok_or_else(|| ParseVerdictError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.to_string().parse(), Ok(verdict));
        }
        let error = "OK".parse::<Verdict>().unwrap_err();
        assert!(error.to_string().starts_with("not a verdict: \"OK\""));
    }
}
