//! Passwords by Argon2id. Both functions take a while by intent: call them where that may be. Must not keep a password.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

/// The hash of a password with a salt of its own, to be written into the settings.
///
/// # Errors
/// When the system gives no random numbers.
pub fn hash_password(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// Whether a text is a hash that [`hash_password`] could have made.
#[must_use]
pub fn is_password_hash(text: &str) -> bool {
    text.starts_with("$argon2id$") && PasswordHash::new(text).is_ok_and(|hash| hash.hash.is_some())
}

/// Whether it is that password. Without a hash it takes as long, and never is.
#[must_use]
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_password("nobody").ok());
    let against = hash.or(NOBODY.as_deref()).unwrap_or_default();
    let is_it = PasswordHash::new(against).is_ok_and(|parsed| {
        let argon2 = Argon2::default();
        argon2.verify_password(password.as_bytes(), &parsed).is_ok()
    });
    is_it && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash_password("correct horse").unwrap();
        assert!(is_password_hash(&hash) && !hash.contains("horse"));
        assert_ne!(hash, hash_password("correct horse").unwrap(), "salted");
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("correct horsE", Some(&hash)));
        assert!(!verify_password("nobody", None));
        for text in ["", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuu"] {
            assert!(
                !is_password_hash(text) && !verify_password("plain", Some(text)),
                "{text}"
            );
        }
    }
}
