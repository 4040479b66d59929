//! The section `[web]`: where the pages and the API are served, and who may do what there.

use std::net::IpAddr;
use std::path::PathBuf;

use draywatch_web::access::is_password_hash;
use draywatch_web::settings::Network;

use super::alerts::Secret;
use super::setting::{Spec, section};

section! {
    /// Where the pages and the API are served, and who may do what there.
    WebConfig = "web.", |config| config.web;

    /// The address that is listened at, on the port health_check_port. Loopback is for this machine alone; another one,
    /// such as "0.0.0.0" for all, takes a token, a user with a password, or open_to_everyone.
    listen_address: String => Spec::default(r#""127.0.0.1""#)
        .check("an address such as \"127.0.0.1\" or \"0.0.0.0\"", address).at_restart();
    /// What everybody may do who can reach the port, without any credentials: `"no"` for nothing (but on loopback without any
    /// credentials set, this machine's users may do everything), `"read"`, or `"read and operate"`.
    open_to_everyone: OpenTo => Spec::default(r#""no""#).at_restart();
    /// A token for programs that read and operate, sent as `Authorization: Bearer ...`. Better in the environment than in
    /// this file.
    token: Option<Secret> => Spec::unset(r#""a-long-text-that-nobody-guesses""#)
        .check("a token of 16 or more letters, digits and signs without a space", token).secret().at_restart();
    /// A token for programs that only read, such as Prometheus.
    read_token: Option<Secret> => Spec::unset(r#""another-long-text-of-this-kind""#)
        .check("a token of 16 or more letters, digits and signs without a space", token).secret().at_restart();
    /// The name of who logs in to read and operate.
    user: Option<String> => Spec::unset(r#""operator""#).at_restart();
    /// The password of that user, as `draywatch password` writes it.
    password_hash: Option<Secret> => Spec::unset(r#""$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$MjRJq8pyAcQcXE0EmeyJ1DHjOpsZIzpEkO6vS1zXE5M""#)
        .check("a hash that `draywatch password` wrote", hash).secret().at_restart();
    /// The name of who logs in only to read.
    reader: Option<String> => Spec::unset(r#""guest""#).at_restart();
    /// The password of that reader, as `draywatch password` writes it.
    reader_password_hash: Option<Secret> => Spec::unset(r#""$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$MjRJq8pyAcQcXE0EmeyJ1DHjOpsZIzpEkO6vS1zXE5M""#)
        .check("a hash that `draywatch password` wrote", hash).secret().at_restart();
    /// Hours after which a log-in ends.
    session_hours: u32 => Spec::default("168").within(1, 8760).at_restart();
    /// What stands before every path, where a reverse proxy hands on only a part of its own.
    base_path: Option<String> => Spec::unset(r#""/gates""#)
        .check("a path such as \"/gates\", without a slash at its end", base_path).at_restart();
    /// Addresses and networks of reverse proxies: only their `X-Forwarded-...` headers are believed.
    trusted_proxies: Vec<String> => Spec::default("[]").check("addresses and networks", network).at_restart();
    /// Further names by which the server may be called; requests for others are refused. `localhost`, loopback addresses and
    /// listen_address are always known.
    allowed_hosts: Vec<String> => Spec::default("[]").at_restart();
    /// The folder of thumbnails; `.draywatch/thumbnails` in download_dir if it is not set.
    thumbnail_dir: Option<PathBuf> => Spec::unset(r#""/var/cache/draywatch/thumbnails""#).at_restart();
    /// Megabytes (of 1,000,000 bytes) that thumbnails may take; the oldest go and are made again when they are asked for.
    thumbnail_cache_mb: u32 => Spec::default("1000").within(1, 1_000_000).at_restart();
}

/// The setting `web.open_to_everyone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenTo {
    /// To nobody.
    Nobody,
    /// Everybody reads.
    Readers,
    /// Everybody reads and operates.
    Operators,
}

impl WebConfig {
    /// The address that is listened at.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        let loopback = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        self.listen_address.parse().unwrap_or(loopback)
    }

    /// Whether anybody has credentials.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.token.is_some()
            || self.read_token.is_some()
            || self.user.is_some()
            || self.reader.is_some()
    }

    /// What is wrong with these settings together: the setting that it is about, and the words.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        let pairs = [
            (
                "web.user",
                "web.password_hash",
                &self.user,
                &self.password_hash,
            ),
            (
                "web.reader",
                "web.reader_password_hash",
                &self.reader,
                &self.reader_password_hash,
            ),
        ];
        for (user_name, hash_name, user, hash) in pairs {
            if user.is_some() != hash.is_some() {
                let (given, other) = if user.is_some() {
                    (user_name, hash_name)
                } else {
                    (hash_name, user_name)
                };
                return Some((
                    given,
                    format!("needs {other} as well: `draywatch password` writes the hash"),
                ));
            }
        }
        if self.user.is_some() && self.user == self.reader {
            return Some((
                "web.reader",
                "must be another name than web.user".to_owned(),
            ));
        }
        let mut networks = self.trusted_proxies.iter().map(|text| Network::parse(text));
        if let Some(wrong) = networks.find_map(Result::err) {
            return Some(("web.trusted_proxies", wrong));
        }
        let reached = if !self.ip().is_loopback() {
            "web.listen_address"
        } else if !self.trusted_proxies.is_empty() {
            "web.trusted_proxies"
        } else if !self.allowed_hosts.is_empty() {
            "web.allowed_hosts"
        } else {
            return None;
        };
        if self.has_credentials() || self.open_to_everyone != OpenTo::Nobody {
            return None;
        }
        let words = "lets others than this machine's users reach the pages: set in [web] a token (or read_token), or a user with a \
                     password_hash (`draywatch password` writes it), or say open_to_everyone = \"read\" (or \"read and operate\"); or \
                     leave it as it was";
        Some((reached, words.to_owned()))
    }
}

fn address(text: &str) -> Result<(), String> {
    text.parse::<IpAddr>()
        .map(|_| ())
        .map_err(|error| format!("{error}; the port is health_check_port"))
}

fn token(text: &str) -> Result<(), String> {
    if text.len() < 16 {
        return Err(format!("it has only {}", text.len()));
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("there is something else in it".to_owned())
    }
}

fn hash(text: &str) -> Result<(), String> {
    is_password_hash(text)
        .then_some(())
        .ok_or_else(|| "it is something else; a password itself must not stand here".to_owned())
}

fn base_path(text: &str) -> Result<(), String> {
    let parts = text
        .strip_prefix('/')
        .ok_or("it does not begin with a slash")?;
    let is_plain = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~');
        !part.is_empty() && part.bytes().all(allowed)
    };
    parts
        .split('/')
        .all(is_plain)
        .then_some(())
        .ok_or_else(|| "only letters, digits, - and _ between slashes".to_owned())
}

fn network(text: &str) -> Result<(), String> {
    Network::parse(text).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::super::tests::from_file;

    fn told(text: &str) -> String {
        from_file(text).unwrap_err().to_string()
    }

    #[test]
    fn who_listens_elsewhere_must_say_who_may_come() {
        for text in [
            "web.listen_address = '0.0.0.0'",
            "web.listen_address = '::'",
            "web.listen_address = '10.0.0.5'",
            "web.trusted_proxies = ['10.0.0.0/8']",
            "web.allowed_hosts = ['gates.example']",
        ] {
            let words = told(text);
            for choice in [
                "token",
                "password_hash",
                "draywatch password",
                "open_to_everyone",
            ] {
                assert!(words.contains(choice), "{text}: {words}");
            }
            for more in [
                "web.token = '0123456789abcdef'",
                "web.open_to_everyone = 'read'",
                "web.open_to_everyone = 'read and operate'",
            ] {
                from_file(&format!("{text}\n{more}")).unwrap();
            }
        }
        from_file("web.listen_address = '::1'").unwrap();
        assert!(!Config::default().web.has_credentials());
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        for (text, word) in [
            ("web.user = 'a'", "password_hash"),
            ("web.reader = 'a'", "reader_password_hash"),
            ("web.token = 'short'", "16"),
            (
                "web.token = 'sixteen letters and a space'",
                "something else",
            ),
            ("web.password_hash = 'hunter2hunter2'", "draywatch password"),
            ("web.base_path = 'gates'", "slash"),
            ("web.base_path = '/gates/'", "letters"),
            ("web.base_path = '/../x'", "letters"),
            (
                "web.trusted_proxies = ['10.0.0.0/64']\nweb.token = '0123456789abcdef'",
                "network",
            ),
            ("web.listen_address = 'localhost'", "health_check_port"),
            ("web.open_to_everyone = 'yes'", "read and operate"),
        ] {
            let words = told(text);
            assert!(words.contains(word), "{text}: {words}");
            assert!(
                !words.contains("hunter2") && !words.contains("sixteen letters"),
                "{words}"
            );
        }
    }
}
