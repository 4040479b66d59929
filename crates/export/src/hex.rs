//! Bytes as hexadecimal digits, for the state of an export. Must not know what the bytes are.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes bytes as digits.
pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let digits = |byte: &u8| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        [digit(byte >> 4), digit(byte & 15)]
    };
    to.serialize_str(&bytes.iter().flat_map(digits).collect::<String>())
}

/// Reads them back.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| D::Error::custom("no hexadecimal digits"))
}
