//! Who asks: from where, by which name of ours, and with which credentials. Must not refuse anybody.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;
use sha2::{Digest, Sha256};

use super::sessions::{self, COOKIE, Session};
use crate::settings::{Network, Right};
use crate::state::App;

/// Where a request comes from, behind the proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address, if there is a connection at all.
    pub address: Option<IpAddr>,
    /// The host that it asked for.
    pub host: Option<String>,
    /// Whether it came by https.
    pub is_secure: bool,
}

/// What a request may do.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The right.
    pub right: Right,
    /// The log-in that gives it, if it is by one.
    pub session: Option<Session>,
    /// Whether it sent a token that nobody knows.
    pub is_wrong: bool,
}

impl Default for Caller {
    fn default() -> Self {
        Self {
            right: Right::Nothing,
            session: None,
            is_wrong: false,
        }
    }
}

impl Client {
    /// Reads the headers that a proxy adds, if the connection comes from one that is believed.
    pub fn of(peer: Option<SocketAddr>, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let peer = peer.map(|peer| peer.ip().to_canonical());
        let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
        let host = text(header::HOST.as_str()).map(str::to_owned);
        if !peer.is_some_and(is_proxy) {
            return Self {
                address: peer,
                host,
                is_secure: false,
            };
        }
        // Every proxy adds whom it heard: the last one that is no proxy of ours is the client.
        let lists = headers.get_all("x-forwarded-for").iter();
        let heard: Vec<&str> = lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(','))
            .collect();
        let mut address = peer;
        for text in heard.iter().rev() {
            let Ok(found) = text.trim().parse::<IpAddr>() else {
                break;
            };
            address = Some(found.to_canonical());
            if !is_proxy(found) {
                break;
            }
        }
        let forwarded = text("x-forwarded-host").map(|host| host.trim().to_owned());
        Self {
            address,
            host: forwarded.or(host),
            is_secure: text("x-forwarded-proto").is_some_and(|proto| proto.trim() == "https"),
        }
    }
}

impl Caller {
    /// Holds the credentials of a request against those that are known.
    pub fn of(app: &App, headers: &HeaderMap) -> Self {
        let access = &app.settings().access;
        let everyone = Self {
            right: access.everyone,
            ..Self::default()
        };
        if let Some(sent) = headers.get(header::AUTHORIZATION) {
            let sent = sent.to_str().ok().and_then(bearer);
            // Compared as hashes, all of them, so that time tells nothing.
            let sent = Sha256::digest(sent.unwrap_or_default());
            let mut right = None;
            for token in &access.tokens {
                let is_it = sessions::are_equal(&Sha256::digest(&token.secret), &sent);
                right = right.max(is_it.then_some(token.right));
            }
            return match right {
                Some(right) => Self {
                    right: right.max(access.everyone),
                    ..everyone
                },
                None => Self {
                    is_wrong: true,
                    ..Self::default()
                },
            };
        }
        let cookies = CookieJar::from_headers(headers);
        let session = cookies
            .get(COOKIE)
            .and_then(|cookie| app.sessions().find(cookie.value(), app.now()));
        match session {
            Some(session) => Self {
                right: session.right.max(access.everyone),
                session: Some(session),
                is_wrong: false,
            },
            None => everyone,
        }
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn forwarded_headers_count_only_from_those_who_are_trusted() {
        let proxies = [Network::parse("10.0.0.0/8").unwrap()];
        let all = headers(&[
            ("host", "inner"),
            ("x-forwarded-host", "gates.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "1.1.1.1, 8.8.8.8"),
            ("x-forwarded-for", "10.2.2.2"),
        ]);
        let from = |peer: &str, headers: &HeaderMap| {
            Client::of(
                Some(format!("{peer}:5").parse().unwrap()),
                headers,
                &proxies,
            )
        };
        let client = from("10.0.0.1", &all);
        assert_eq!(
            client.address.unwrap().to_string(),
            "8.8.8.8",
            "what the client says of itself does not count"
        );
        assert_eq!(client.host.as_deref(), Some("gates.example"));
        assert!(client.is_secure);
        let stranger = from("9.9.9.9", &all);
        assert_eq!(stranger.address.unwrap().to_string(), "9.9.9.9");
        assert_eq!(stranger.host.as_deref(), Some("inner"));
        assert!(!stranger.is_secure);
        let odd = headers(&[("x-forwarded-for", "8.8.8.8, nonsense, 10.1.1.1")]);
        assert_eq!(
            from("10.0.0.1", &odd).address.unwrap().to_string(),
            "10.1.1.1"
        );
    }
}
