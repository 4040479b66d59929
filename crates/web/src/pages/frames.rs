//! What a stored frame is called on pages. Must not ask for anything.

use crate::api::{Image, VerdictName};

/// Whether nothing is known against its file.
#[must_use]
pub fn is_at_hand(image: &Image) -> bool {
    !matches!(image.file_state.as_deref(), Some("missing" | "bad"))
}

/// What is wrong with a picture, in a word or two; nothing where it is fine or nobody has looked.
#[must_use]
pub fn sight(image: &Image) -> Option<&'static str> {
    if let Some("missing") = image.file_state.as_deref() {
        return Some("file missing");
    }
    if let Some("bad") = image.file_state.as_deref() {
        return Some("file damaged");
    }
    match image.verdict {
        Some(VerdictName::Frozen) => Some("frozen"),
        Some(VerdictName::Placeholder) => Some("no signal"),
        Some(VerdictName::Dark) => Some("dark"),
        Some(VerdictName::Blank) => Some("blank"),
        Some(VerdictName::Ok) | None if image.thumbnail_only => Some("thumbnail only"),
        Some(VerdictName::Ok) | None => None,
    }
}

/// What the picture is worth, in words.
#[must_use]
pub fn verdict(image: &Image) -> &'static str {
    match image.verdict {
        Some(VerdictName::Ok) => "shows what the camera sees",
        Some(VerdictName::Frozen) => "frozen: the same as the one before",
        Some(VerdictName::Placeholder) => "a card instead of a picture",
        Some(VerdictName::Dark) => "too dark to see anything",
        Some(VerdictName::Blank) => "light, but nothing to be seen",
        None => "not examined yet",
    }
}
