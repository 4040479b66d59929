//! Owns writing an answer, in good and in bad ways. It must not know why.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stats::InFlight;
use crate::wall;

/// The end of a body, which is written after the rest.
const LAST_BYTES: usize = 1024;

/// What follows the last byte of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The next request.
    KeepOpen,
    /// The end of the connection.
    Close,
    /// A TCP reset.
    Reset,
    /// Nothing, until the client gives up.
    Silence,
    /// More and more chunks, until the client gives up.
    Endless,
}

/// An answer as it goes over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    ending: Ending,
    bytes_per_sec: Option<u32>,
}

/// What came of sending.
pub(crate) struct Sent {
    pub(crate) bytes: u64,
    pub(crate) keep_open: bool,
}

impl Reply {
    /// An answer with a body and the length to match.
    pub(crate) fn new(status: u16, kind: &str, body: Bytes) -> Self {
        let headers = vec![
            ("Content-Type", kind.to_owned()),
            ("Content-Length", body.len().to_string()),
        ];
        Self {
            status,
            headers,
            body,
            ending: Ending::KeepOpen,
            bytes_per_sec: None,
        }
    }

    /// No answer at all.
    pub(crate) fn none(ending: Ending) -> Self {
        Self {
            status: 0,
            headers: Vec::new(),
            body: Bytes::new(),
            ending,
            bytes_per_sec: None,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// Replaces the body, but not the length that was promised.
    pub(crate) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    pub(crate) fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    pub(crate) fn pace(mut self, bytes_per_sec: u32) -> Self {
        self.bytes_per_sec = Some(bytes_per_sec.max(1));
        self
    }

    /// Status; 0 for no answer.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) async fn send(
        self,
        stream: &mut TcpStream,
        only_head: bool,
        in_flight: InFlight<'_>,
    ) -> Sent {
        let mut bytes = 0;
        let written = self.write(stream, only_head, &mut bytes, in_flight).await;
        Sent {
            bytes,
            keep_open: written.is_ok() && self.ending == Ending::KeepOpen,
        }
    }

    async fn write(
        &self,
        stream: &mut TcpStream,
        only_head: bool,
        bytes: &mut u64,
        in_flight: InFlight<'_>,
    ) -> std::io::Result<()> {
        let body = if only_head { &[] } else { &*self.body };
        let (first, last) = body.split_at(body.len().saturating_sub(LAST_BYTES));
        let mut head = Vec::new();
        if self.status != 0 {
            head = self.head().into_bytes();
        }
        if !first.is_empty() {
            stream.write_all(&head).await?;
            head.clear();
            self.write_paced(stream, first, bytes).await?;
        }
        // Who has all of an answer may ask again before this task goes on: that would count as two at the same time.
        let _in_flight =
            Some(in_flight).filter(|_| !matches!(self.ending, Ending::KeepOpen | Ending::Close));
        stream.write_all(&head).await?;
        self.write_paced(stream, last, bytes).await?;
        stream.flush().await?;
        match self.ending {
            Ending::KeepOpen => Ok(()),
            Ending::Close => stream.shutdown().await,
            Ending::Reset => reset(stream).await,
            Ending::Silence => wait_for_end(stream).await,
            Ending::Endless if only_head => Ok(()),
            Ending::Endless => pour(stream, bytes).await,
        }
    }

    async fn write_paced(
        &self,
        stream: &mut TcpStream,
        part: &[u8],
        bytes: &mut u64,
    ) -> std::io::Result<()> {
        let Some(rate) = self.bytes_per_sec else {
            stream.write_all(part).await?;
            *bytes += part.len() as u64;
            return Ok(());
        };
        let step = (rate / 10).max(1);
        let pause = Duration::from_millis(u64::from(step) * 1000 / u64::from(rate));
        for part in part.chunks(usize::try_from(step).unwrap_or(1)) {
            stream.write_all(part).await?;
            *bytes += part.len() as u64;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    fn head(&self) -> String {
        let date = httpdate::fmt_http_date(wall::now());
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let fixed = [("Date", date), ("Server", "portal-sim".to_owned())];
        for (name, value) in fixed.iter().chain(&self.headers) {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        }
        let closes = matches!(self.ending, Ending::Close | Ending::Endless);
        head.push_str(if closes {
            "Connection: close\r\n\r\n"
        } else {
            "Connection: keep-alive\r\n\r\n"
        });
        head
    }
}

/// Waits a moment, so that what was written has arrived, and resets.
async fn reset(stream: &mut TcpStream) -> std::io::Result<()> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    stream.set_zero_linger()
}

/// Reads and ignores until the client closes.
async fn wait_for_end(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut ignored = [0_u8; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn pour(stream: &mut TcpStream, bytes: &mut u64) -> std::io::Result<()> {
    let chunk = vec![0xA5_u8; 64 * 1024];
    loop {
        stream.write_all(b"10000\r\n").await?;
        stream.write_all(&chunk).await?;
        stream.write_all(b"\r\n").await?;
        *bytes += chunk.len() as u64;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        304 => "Not Modified",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
