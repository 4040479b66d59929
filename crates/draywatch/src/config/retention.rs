//! How long pictures are kept, and how much room they may take: `retention_days` and the section `[retention]`.

use std::fmt;

use super::setting::{Spec, section};

section! {
    /// What is removed for lack of room, and what stays all the same. Age is the setting `retention_days`.
    RetentionConfig = "retention.", |config| config.retention;

    /// Gigabytes (of 1,000,000,000 bytes) that all pictures may take; beyond it the oldest that draywatch collected
    /// go. No limit when not set.
    max_size_gb: Option<f64> => Spec::unset("500.0").above(0.0);
    /// Gigabytes that stay free on the disk of the pictures; below it the oldest that draywatch collected go. 0 lets
    /// them go only when a picture cannot be written. When not set (and `max_size_gb` neither), nothing goes for want
    /// of room: a full disk stops the collection until there is some.
    min_free_gb: Option<f64> => Spec::unset("5.0").not_negative();
    /// What becomes of pictures that rows of other tables refer to (detections, for one): `"keep"` keeps row and
    /// file, `"remove"` lets them go like others. The other tables are never touched.
    referenced_rows: ReferencedRows => Spec::default(r#""keep""#);
}

/// The setting `retention.referenced_rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReferencedRows {
    /// Pictures that rows of other tables refer to stay.
    #[default]
    Keep,
    /// They go like others.
    Remove,
}

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
