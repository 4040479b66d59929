//! Hides what must not be shown: the passwords in addresses.
//!
//! It rather hides too much than too little, since a password may itself be written wrongly.

/// What stands in for a password.
pub const HIDDEN: &str = "***";

/// An address, or a text with one in it, without its password.
#[must_use]
pub fn hide_secrets(text: &str) -> String {
    hide_parameters(&hide_user_info(text))
}

/// A text that is secret as a whole; of an address the place stays, since the secret is in what follows.
pub(super) fn hide_all(text: &str) -> String {
    match url::Url::parse(text).ok().filter(url::Url::has_host) {
        Some(address) => format!("{}/{HIDDEN}", address.origin().ascii_serialization()),
        None => HIDDEN.to_owned(),
    }
}

/// Hides `password` in `scheme://user:password@host`.
fn hide_user_info(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let Some((user_info, host)) = rest.rsplit_once('@').filter(|_| !rest.starts_with('/')) else {
        return text.to_owned();
    };
    match user_info.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:{HIDDEN}@{host}"),
        None => text.to_owned(),
    }
}

/// Hides the values of parameters such as `?password=...`.
pub(super) fn hide_parameters(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, parameter) = rest.split_at(at + 1);
        shown.push_str(before);
        let length = parameter
            .find(|c: char| matches!(c, '&' | '?' | '"' | '\'' | ')') || c.is_whitespace())
            .unwrap_or(parameter.len());
        let (parameter, after) = parameter.split_at(length);
        match parameter
            .split_once('=')
            .filter(|(name, _)| is_secret(name))
        {
            Some((name, _)) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(HIDDEN);
            }
            None => shown.push_str(parameter),
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Whether a parameter of that name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token", "key"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn passwords_are_hidden_wherever_an_address_has_them() {
        for (text, shown) in [
            ("postgresql://u:p@h/db", "postgresql://u:***@h/db"),
            ("\"http://u:p@h:4444/\"", "\"http://u:***@h:4444/\""),
            ("postgresql://u:p@x/y@h/db", "postgresql://u:***@h/db"),
            ("postgresql://:p@h/db", "postgresql://:***@h/db"),
            (
                "postgresql://h/db?user=u&password=p&a=b",
                "postgresql://h/db?user=u&password=***&a=b",
            ),
        ] {
            assert_eq!(hide_secrets(text), shown);
        }
    }

    #[test]
    fn of_what_is_secret_as_a_whole_only_the_place_is_shown() {
        for (text, shown) in [
            (
                "https://hooks.example.com/T0/B0/xyz?a=b",
                "https://hooks.example.com/***",
            ),
            (
                "https://user:pass@ntfy.example:8443/topic",
                "https://ntfy.example:8443/***",
            ),
            ("correct horse", "***"),
            ("mailto:a@b", "***"),
            ("", "***"),
        ] {
            assert_eq!(hide_all(text), shown);
        }
    }

    #[test]
    fn the_rest_is_left_alone() {
        for text in [
            "sqlite:////data/a:b@c.db",
            "https://cdn.draydog.com/apm",
            "http://u@h/",
            "you@example.com",
            "http://h:80/x?a=b",
            "",
        ] {
            assert_eq!(hide_secrets(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_password_survives(password in "[A-Z:@/?#&= ]*SECRET[A-Z:@/?#&= ]*") {
            let shown = hide_secrets(&format!("postgresql://user:{password}@host/db"));
            prop_assert!(!shown.contains("SECRET"), "{shown}");
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
            let _ = hide_secrets(&text);
        }
    }
}
