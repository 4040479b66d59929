//! What a camera is: its id as a type that is safe in addresses, file names and SQL. Must not know where frames come from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest camera id that the users' databases hold (`VARCHAR(100)`).
pub const MAX_LENGTH: usize = 100;

/// The id of a camera, called "stream" by the portal: `in_gate`, `out_gate`.
///
/// Only ASCII letters, digits, `_` and `-`, so that it can stand in a path or an address without escaping and can never
/// climb out of a folder.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CameraId(Arc<str>);

/// Why a text is no camera id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a camera name: 1 to {MAX_LENGTH} letters, digits, '_' or '-', not beginning with '-'"
)]
pub struct BadCamera {
    text: String,
}

impl CameraId {
    /// Checks `text` and makes a camera id of it.
    ///
    /// # Errors
    /// When `text` is empty, too long or has a character that is not allowed.
    pub fn new(text: &str) -> Result<Self, BadCamera> {
        let fits = !text.is_empty()
            && text.len() <= MAX_LENGTH
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(BadCamera {
                text: text.to_owned(),
            })
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CameraId {
    type Err = BadCamera;
    fn from_str(text: &str) -> Result<Self, BadCamera> {
        Self::new(text)
    }
}

impl TryFrom<String> for CameraId {
    type Error = BadCamera;
    fn try_from(text: String) -> Result<Self, BadCamera> {
        Self::new(&text)
    }
}

impl From<CameraId> for String {
    fn from(camera: CameraId) -> Self {
        camera.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_portals_streams() {
        for name in ["in_gate", "out_gate", "gate-7", "A1"] {
            assert_eq!(CameraId::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_what_could_leave_a_folder_or_break_a_name() {
        for name in [
            "",
            "..",
            "a/b",
            "a\\b",
            "in gate",
            "-x",
            "a.b",
            "é",
            "a\0",
            &"x".repeat(101),
        ] {
            let error = CameraId::new(name).unwrap_err();
            assert!(error.to_string().contains("not a camera name"), "{error}");
        }
    }
}
