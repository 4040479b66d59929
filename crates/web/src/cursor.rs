//! Cursors: a place in a list as a text that clients hand back as it is. Must not know what the list is of.

use std::fmt;
use std::str::FromStr;

use draywatch_catalog::Place;
use serde::{Deserialize, Serialize};

/// The longest time that a row may write, in bytes.
const LONGEST: usize = 64;

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(pub Place);

/// The text is no cursor.
#[derive(Debug, thiserror::Error)]
#[error("not a cursor: take `next` of the page before, as it is")]
pub struct BadCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.0.id)?;
        let bytes = self.0.time.bytes().take(LONGEST);
        bytes
            .into_iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (id, hex) = text.rsplit_once('-').ok_or(BadCursor)?;
        let digits = id.strip_prefix('-').unwrap_or(id);
        let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_hex = hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !are_digits || !is_hex || hex.len() % 2 > 0 || hex.len() > 2 * LONGEST {
            return Err(BadCursor);
        }
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16);
        let bytes: Result<Vec<u8>, _> = (0..hex.len()).step_by(2).map(byte).collect();
        let bytes = bytes.map_err(|_| BadCursor)?;
        Ok(Self(Place {
            time: String::from_utf8_lossy(&bytes).into_owned(),
            id: id.parse().map_err(|_| BadCursor)?,
        }))
    }
}

impl TryFrom<String> for Cursor {
    type Error = BadCursor;

    fn try_from(text: String) -> Result<Self, BadCursor> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "-",
            "1",
            "x-00",
            "1-0",
            "1-0G",
            "1-AB",
            "99999999999999999999-",
            "--1-",
            "1-é",
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text:?}");
        }
        assert!(format!("1-{}", "00".repeat(65)).parse::<Cursor>().is_err());
    }

    proptest! {
        #[test]
        fn every_place_comes_back(time in "[0-9: .TZ+-]{0,64}", id in any::<i64>()) {
            let cursor = Cursor(Place { time, id });
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }

        #[test]
        fn every_text_of_the_described_form_is_one(text in "[0-9]{1,18}-([0-9a-f]{2}){0,64}") {
            prop_assert!(text.parse::<Cursor>().is_ok());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}|[0-9a-f-]{0,40}") {
            let _ = text.parse::<Cursor>();
        }
    }
}
