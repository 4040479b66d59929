//! How long pictures are kept.

use std::fmt;

/// The setting `retention_days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retention {
    /// Nothing is removed for its age.
    #[default]
    Forever,
    /// Pictures older than so many days may go.
    Days(u32),
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::Days(days) => write!(f, "{days} days"),
        }
    }
}
