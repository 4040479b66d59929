//! systemd's side of the socket: what the service told it, and when. Must not judge it.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::harness::PATIENCE;

type Messages = Arc<Mutex<Vec<(Instant, String)>>>;

/// A socket that hears what a service says.
pub struct Systemd {
    path: PathBuf,
    heard: Messages,
}

impl Systemd {
    pub fn new(folder: &Path) -> Self {
        let path = folder.join("notify.sock");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let heard = Messages::default();
        let into = Arc::clone(&heard);
        // It ends with the test's process.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                into.lock()
                    .expect("nobody panics")
                    .push((Instant::now(), text));
            }
        });
        Self { path, heard }
    }

    /// What systemd puts into the environment of a service.
    pub fn environment(&self, watchdog: Duration) -> [(&'static str, String); 2] {
        [
            ("NOTIFY_SOCKET", self.path.display().to_string()),
            ("WATCHDOG_USEC", watchdog.as_micros().to_string()),
        ]
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("nobody panics");
        heard.iter().map(|(_, text)| text.clone()).collect()
    }

    /// Waits for a message from number `from` on that begins so; its number.
    pub async fn hears(&self, from: usize, start: &str) -> usize {
        let begun = Instant::now();
        loop {
            let all = self.all();
            let found = all
                .iter()
                .skip(from)
                .position(|text| text.starts_with(start));
            if let Some(at) = found {
                return from + at;
            }
            assert!(begun.elapsed() < PATIENCE, "{start} is not among {all:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The longest time between two signs of life.
    pub fn longest_silence(&self) -> Duration {
        let heard = self.heard.lock().expect("nobody panics");
        let fed = heard.iter().filter(|(_, text)| text == "WATCHDOG=1");
        let mut times: Vec<Instant> = fed.map(|(at, _)| *at).collect();
        times.push(Instant::now());
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.max().unwrap_or(Duration::MAX)
    }
}
