//! Owns reading a request's head from a connection. It must not answer, and ignores bodies.

use anyhow::{Result, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Longest head that is read.
const LIMIT: usize = 64 * 1024;

/// What matters of a request's head.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) bodyless: bool,
    pub(crate) allowed: bool,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) user_agent: String,
    pub(crate) if_none_match: String,
    pub(crate) keep_alive: bool,
}

/// Reads heads one after the other and keeps what came too early.
#[derive(Default)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    /// The next head; none when the client has closed.
    pub(crate) async fn next(&mut self, stream: &mut TcpStream) -> Result<Option<Head>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = parse(&String::from_utf8_lossy(&self.buffer[..end]));
                self.buffer.drain(..end + 4);
                return Ok(Some(head));
            }
            ensure!(self.buffer.len() < LIMIT, "the head is too long");
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

fn parse(text: &str) -> Head {
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let version = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut head = Head {
        bodyless: method == "HEAD",
        allowed: matches!(method, "GET" | "HEAD"),
        target: target.to_owned(),
        path: path.replace("%3A", ":").replace("%3a", ":"),
        query: query.to_owned(),
        keep_alive: version == "HTTP/1.1",
        ..Head::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "user-agent" => value.clone_into(&mut head.user_agent),
            "if-none-match" => value.clone_into(&mut head.if_none_match),
            "connection" => head.keep_alive = !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_matters() {
        let head = parse(
            "GET /apm/a.jpeg?x=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: me/1 (a: b)\r\nConnection: Close",
        );
        assert_eq!(
            (head.path.as_str(), head.query.as_str()),
            ("/apm/a.jpeg", "x=1")
        );
        assert_eq!(head.user_agent, "me/1 (a: b)");
        assert!(head.allowed && !head.bodyless && !head.keep_alive);
    }
}
