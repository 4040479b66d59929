//! Owns what the tests share: a portal at a fixed time and a raw HTTP client that tells how an answer ended. It
//! must not use an HTTP library, which would hide what the CDN does wrong.

use std::time::Duration;

use chrono::{DateTime, Utc};
use portal_sim::{Clock, Config, Portal, Schedule};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Some time in the evening of 2025-09-10 in Los Angeles.
pub fn evening() -> DateTime<Utc> {
    instant("2025-09-11T04:00:00Z")
}

/// Reads an instant.
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// A configuration whose time stands still.
pub fn at(now: DateTime<Utc>) -> Config {
    Config {
        clock: Clock::Fixed(now),
        history_days: 400,
        ..Config::default()
    }
}

/// The same with few frames, for tests that need all pictures.
pub fn sparse(now: DateTime<Utc>) -> Config {
    let schedule = Schedule {
        interval_seconds: 7200,
        ..Schedule::default()
    };
    Config {
        schedule,
        ..at(now)
    }
}

/// Starts a portal.
pub async fn start(config: Config) -> Portal {
    Portal::start(config).await.expect("a portal")
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As its length or last chunk promised.
    Complete,
    /// The connection ended in good order.
    Closed,
    /// The connection was reset.
    Reset,
    /// Nothing came any more.
    Silent,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// Status; 0 for none.
    pub status: u16,
    /// The head's text.
    pub head: String,
    /// The body, without chunk frames.
    pub body: Vec<u8>,
    /// How it ended.
    pub end: End,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim())
    }

    /// The promised length.
    pub fn length(&self) -> Option<usize> {
        self.header("content-length")
            .and_then(|text| text.parse().ok())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Asks for an absolute address and reads what comes, for at most `patience` and `limit` bytes.
pub async fn ask(method: &str, url: &str, body: &str, patience: Duration, limit: usize) -> Answer {
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_once('/').expect("a path");
    assert!(host.starts_with("127.0.0.1:"), "only loopback");
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: raw/1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    let mut bytes = Vec::new();
    let end = loop {
        if complete(&bytes) {
            break End::Complete;
        }
        if bytes.len() > limit {
            break End::Silent;
        }
        match tokio::time::timeout(patience, stream.read_buf(&mut bytes)).await {
            Err(_) => break End::Silent,
            Ok(Ok(0)) => break End::Closed,
            Ok(Ok(_)) => {}
            Ok(Err(_)) => break End::Reset,
        }
    };
    parse(&bytes, end)
}

/// Gets an address.
pub async fn get(url: &str) -> Answer {
    ask("GET", url, "", Duration::from_secs(20), usize::MAX).await
}

/// Gets an address whose answer may never end.
pub async fn get_briefly(url: &str) -> Answer {
    ask("GET", url, "", Duration::from_millis(300), 2_000_000).await
}

fn split(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((
        String::from_utf8_lossy(&bytes[..end]).into_owned(),
        &bytes[end + 4..],
    ))
}

fn complete(bytes: &[u8]) -> bool {
    let Some((head, body)) = split(bytes) else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    if head.starts_with("http/1.1 204") {
        return true;
    }
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with(b"\r\n0\r\n\r\n") || body == b"0\r\n\r\n";
    }
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    length.is_some_and(|text| body.len() >= text.parse().expect("a length"))
}

fn parse(bytes: &[u8], end: End) -> Answer {
    let Some((head, body)) = split(bytes) else {
        return Answer {
            status: 0,
            head: String::new(),
            body: Vec::new(),
            end,
        };
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse().ok())
        .expect("a status");
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = if chunked {
        unchunk(body)
    } else {
        body.to_vec()
    };
    Answer {
        status,
        head,
        body,
        end,
    }
}

fn unchunk(mut framed: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = framed.windows(2).position(|two| two == b"\r\n") {
        let text = std::str::from_utf8(&framed[..line]).expect("a chunk length");
        let length = usize::from_str_radix(text, 16).expect("a chunk length");
        let from = line + 2;
        let to = (from + length).min(framed.len());
        body.extend_from_slice(&framed[from..to]);
        framed = framed.get(to + 2..).unwrap_or_default();
    }
    body
}
