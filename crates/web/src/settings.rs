//! What the server is told: where it listens, who may do what. Must not read a configuration, nor listen.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use draywatch_core::CameraId;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

/// What somebody may do; the greater includes the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Nothing.
    Nothing,
    /// Look at everything.
    Read,
    /// Change things: lease and acknowledge images.
    Operate,
}

/// A secret that a program sends with every request.
#[derive(Clone)]
pub struct Token {
    /// The secret.
    pub secret: String,
    /// What it is good for.
    pub right: Right,
}

/// Somebody who logs in.
#[derive(Clone)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password, as Argon2 hashed it.
    pub hash: String,
    /// What they may do.
    pub right: Right,
}

/// Addresses that have the same beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

/// Who may do what.
#[derive(Clone)]
pub struct Access {
    /// Programs.
    pub tokens: Vec<Token>,
    /// People.
    pub users: Vec<User>,
    /// What everybody may do who gets here at all.
    pub everyone: Right,
    /// Where forwarded headers are believed from.
    pub proxies: Vec<Network>,
    /// The names that the server goes by.
    pub hosts: Vec<String>,
    /// How long a log-in lasts, in hours.
    pub session_hours: u32,
}

/// Everything.
#[derive(Clone)]
pub struct Settings {
    /// Who may do what.
    pub access: Access,
    /// What stands before every path, such as `/gates`; empty for nothing.
    pub base_path: String,
    /// The folder of the pictures.
    pub archive: PathBuf,
    /// The folder of thumbnails.
    pub thumbnails: PathBuf,
    /// Bytes that all thumbnails may take.
    pub thumbnail_bytes: u64,
    /// The terminal's zone.
    pub zone: Tz,
    /// What may change while the server runs.
    pub live: watch::Receiver<Arc<Live>>,
}

/// What may change while the server runs, when its settings are read again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// The cameras that are collected.
    pub cameras: Vec<CameraId>,
    /// Every setting of the program.
    pub shown: Vec<ShownSetting>,
    /// Which file they were read from, in words.
    pub file: String,
}

/// A setting of the program as people may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownSetting {
    /// The dotted name.
    pub name: &'static str,
    /// Its value as TOML, secrets hidden; `None` where it is not set.
    pub value: Option<String>,
    /// Where that comes from, in words; `None` where nobody set it.
    pub source: Option<String>,
    /// What it is for.
    pub doc: String,
}

impl Network {
    /// Reads `10.0.0.0/8`, or an address by itself.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let bad = || format!("{text:?} is neither an address nor a network such as \"10.0.0.0/8\"");
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| bad())?;
        if bits > most {
            return Err(bad());
        }
        Ok(Self { address, bits })
    }

    /// Whether the address is one of these.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, length: u32| {
            let rest = length - self.bits;
            ours.checked_shr(rest) == theirs.checked_shr(rest)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(ours.to_bits().into(), theirs.to_bits().into(), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_begins_like_them() {
        for (network, address, is_in) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "fe80::1", true),
            ("::1", "::1", true),
        ] {
            let found = Network::parse(network)
                .unwrap()
                .contains(address.parse().unwrap());
            assert_eq!(found, is_in, "{address} in {network}");
        }
        for text in [
            "",
            "x",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "::/129",
            "10.0.0.0/",
            "localhost",
        ] {
            assert!(Network::parse(text).is_err(), "{text:?}");
        }
    }
}
