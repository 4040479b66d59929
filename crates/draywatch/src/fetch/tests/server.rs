//! A server that sends exactly what a test scripts, and counts what it is asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, watch};
use tokio::time::Instant;

/// What the server does, step by step; after the last one it reads the next request of the connection.
#[derive(Clone)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// The same bytes again and again, until the client goes.
    Forever(Vec<u8>),
    /// A byte at a time, until the client goes.
    Drip(Duration),
    /// Until so many requests are under way.
    Together(Arc<Barrier>),
    /// Nothing, until the client goes.
    Hang,
    Close,
    Reset,
}

pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

struct Seen {
    connections: AtomicUsize,
    under_way: AtomicUsize,
    peak: AtomicUsize,
    requests: watch::Sender<usize>,
    log: Mutex<Vec<(Instant, String)>>,
}

type Script = dyn Fn(usize, &str) -> Vec<Step> + Send + Sync;

impl Server {
    /// Starts a server; `script` gets the number of the request (from 1) and its path.
    pub(super) async fn start(
        script: impl Fn(usize, &str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen {
            connections: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            requests: watch::Sender::new(0),
            log: Mutex::default(),
        });
        let (script, counts): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counts.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&counts)));
            }
        });
        Self { address, seen }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> usize {
        *self.seen.requests.borrow()
    }

    /// The most requests that were under way at once.
    pub(super) fn peak(&self) -> usize {
        self.seen.peak.load(Ordering::SeqCst)
    }

    /// Tells when so many requests have come.
    pub(super) fn requests_seen(&self) -> watch::Receiver<usize> {
        self.seen.requests.subscribe()
    }

    /// When each request came, with its head.
    pub(super) fn log(&self) -> Vec<(Instant, String)> {
        self.seen.log.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, seen: Arc<Seen>) {
    while let Some(head) = read_head(&mut stream).await {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        seen.log.lock().unwrap().push((Instant::now(), head));
        let under_way = seen.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        seen.peak.fetch_max(under_way, Ordering::SeqCst);
        let mut number = 0;
        seen.requests.send_modify(|requests| {
            *requests += 1;
            number = *requests;
        });
        let steps = script(number, &path);
        let (last, first) = steps.split_last().unwrap();
        let mut goes_on = true;
        for step in first {
            goes_on &= play(step, &mut stream).await;
        }
        // Counted out before the last bytes go, as the client may be quicker with the next request than we are here.
        seen.under_way.fetch_sub(1, Ordering::SeqCst);
        if !goes_on || !play(last, &mut stream).await {
            return;
        }
    }
}

/// Whether the connection goes on.
async fn play(step: &Step, stream: &mut TcpStream) -> bool {
    match step {
        Step::Send(bytes) => return stream.write_all(bytes).await.is_ok(),
        Step::Forever(bytes) => while stream.write_all(bytes).await.is_ok() {},
        Step::Drip(every) => {
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(*every).await;
            }
        }
        Step::Together(barrier) => {
            barrier.wait().await;
            return true;
        }
        Step::Hang => while stream.read_u8().await.is_ok() {},
        Step::Close => {}
        Step::Reset => stream.set_zero_linger().unwrap(),
    }
    false
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// An answer with its length promised.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<Step> {
    vec![Step::Send(bytes(
        status,
        &format!("{headers}Content-Length: {}\r\n", body.len()),
        body,
    ))]
}

/// A good answer.
pub(super) fn picture(body: &[u8]) -> Vec<Step> {
    answer("200 OK", "Content-Type: image/jpeg\r\n", body)
}

/// An answer with these headers and nothing added.
pub(super) fn bytes(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [
        format!("HTTP/1.1 {status}\r\n{headers}\r\n").as_bytes(),
        body,
    ]
    .concat()
}
