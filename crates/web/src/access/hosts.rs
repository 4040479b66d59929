//! The names that the server goes by, against DNS that is turned round under a visitor's browser. Must not look anything up.

use std::net::IpAddr;

/// Whether `Host` names one of ours: an address of this machine's loopback, `localhost`, or one of `allowed`, whatever the port.
pub fn is_known(host: Option<&str>, allowed: &[String]) -> bool {
    let Some(name) = host.and_then(name_of) else {
        return false;
    };
    let is_loopback = name
        .parse::<IpAddr>()
        .is_ok_and(|ip| ip.to_canonical().is_loopback());
    is_loopback
        || name.eq_ignore_ascii_case("localhost")
        || allowed.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// The host without its port and without brackets.
fn name_of(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        return (port.is_empty() || is_port(port.strip_prefix(':')?)).then_some(address);
    }
    match host.split_once(':') {
        Some((name, port)) => is_port(port).then_some(name),
        None => Some(host),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_our_names_are_known() {
        let allowed = [
            "gates.example".to_owned(),
            "fd00::5".to_owned(),
            "10.0.0.5".to_owned(),
        ];
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "[::1]:8080",
            "[::1]",
            "127.3.2.1",
            "gates.example",
            "GATES.example:443",
            "[fd00::5]:80",
            "10.0.0.5",
        ] {
            assert!(is_known(Some(host), &allowed), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:80:80",
            "localhost:",
            "[::1",
            "[::1]x",
            "gates.example.",
            "gates.example@evil",
            "10.0.0.6",
            "0.0.0.0",
        ] {
            assert!(!is_known(Some(host), &allowed), "{host}");
        }
        assert!(!is_known(None, &allowed));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}|[\\[\\]:.0-9a-f]{0,30}") {
            let _ = is_known(Some(&text), &[]);
        }
    }
}
