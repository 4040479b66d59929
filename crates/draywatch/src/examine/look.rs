//! One look at a picture, as it goes into the database. Must not read files.

use std::panic::{AssertUnwindSafe, catch_unwind};

use draywatch_catalog::Look;
use draywatch_picture::verdict::{Placeholders, Seen};

/// What a picture shows that was just verified, these being its bytes; nothing if that cannot be told: such a picture is examined later,
/// from its file.
#[must_use]
pub fn look_at(seen: &Seen, bytes: &[u8], cards: &Placeholders) -> Option<Look> {
    // A mistake in here must not cost the picture.
    let look = catch_unwind(AssertUnwindSafe(|| {
        seen.examine(bytes, cards).map(|examined| Look {
            fingerprint: examined.fingerprint().to_string(),
            verdict: examined.content(),
        })
    }));
    match look {
        Ok(Ok(look)) => Some(look),
        Ok(Err(error)) => {
            tracing::error!(%error, "a picture could not be examined; it is stored all the same");
            None
        }
        Err(_) => {
            tracing::error!(
                "a picture could not be examined by a mistake of ours; it is stored all the same"
            );
            None
        }
    }
}
