//! The guard as draywatch holds it: its life line, the driver's port, the last words of driver and browser. Must not know of
//! sessions.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

use super::{BrowserError, BrowserSettings};
use crate::guard;

/// How long a guard may take to clean up before it is ended by force.
const CLEAN_UP: Duration = Duration::from_secs(15);
/// How much of the last words is kept.
const WORDS: usize = 8192;

/// The guard process. Dropping it breaks the life line, so the guard cleans up by itself.
pub(super) struct Guarded {
    child: Child,
    pid: u32,
    life_line: Option<ChildStdin>,
    port: u16,
    profile: PathBuf,
    words: Arc<Mutex<Vec<u8>>>,
}

impl Guarded {
    /// Starts the guard, which starts the driver, and waits for the driver's port.
    ///
    /// # Errors
    /// When it is not there within the time for a command; then nothing of it is left.
    pub async fn start(
        settings: &BrowserSettings,
        chromedriver: &Path,
        chromium: &Path,
    ) -> Result<Self, BrowserError> {
        let mut guarded =
            Self::spawn(&settings.guard, chromedriver, chromium).map_err(|error| {
                BrowserError::Start(format!("{}: {error}", settings.guard.display()))
            })?;
        let limit = settings.command_timeout;
        let problem = match tokio::time::timeout(limit, guarded.ready()).await {
            Ok(Ok(())) => return Ok(guarded),
            Ok(Err(why)) => {
                let words = guarded.last_words().await;
                BrowserError::Start(format!("{}: {why}{words}", chromedriver.display()))
            }
            Err(_) => BrowserError::Hangs {
                action: "start its driver",
                limit,
            },
        };
        guarded.end().await;
        Err(problem)
    }

    fn spawn(program: &Path, chromedriver: &Path, chromium: &Path) -> std::io::Result<Self> {
        let arguments: [OsString; 3] = [guard::GUARD.into(), chromedriver.into(), chromium.into()];
        let mut child = Command::new(program)
            // So that it can be told in a list of processes however it was started.
            .arg0("draywatch-guard")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let words = Arc::default();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen(stderr, Arc::clone(&words)));
        }
        let pid = child.id().unwrap_or_default();
        let life_line = child.stdin.take();
        Ok(Self {
            child,
            pid,
            life_line,
            port: 0,
            profile: PathBuf::new(),
            words,
        })
    }

    /// Waits for the guard's first line.
    async fn ready(&mut self) -> Result<(), String> {
        let stdout = self.child.stdout.take().ok_or("the guard has no output")?;
        let line = BufReader::new(stdout).lines().next_line().await;
        let line = line.ok().flatten().unwrap_or_default();
        let mut words = line.splitn(3, ' ');
        let parts = (
            words.next(),
            words.next().and_then(|port| port.parse().ok()),
            words.next(),
        );
        if let (Some("ready"), Some(port), Some(profile)) = parts {
            self.port = port;
            self.profile = profile.into();
            return Ok(());
        }
        Err(line
            .strip_prefix("error ")
            .unwrap_or("the guard ended")
            .to_owned())
    }

    /// The driver's address.
    pub fn server(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The profile folder.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// The guard's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What driver and browser complained of last, as an addition to a message; empty when they did not.
    pub async fn last_words(&self) -> String {
        // They may have ended just now, their words being on the way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        telling(&String::from_utf8_lossy(&words))
            .map_or_else(String::new, |line| format!(" ({line})"))
    }

    /// Breaks the life line and waits until the guard has cleaned up; a guard that does not is ended by force.
    pub async fn end(mut self) {
        drop(self.life_line.take());
        if tokio::time::timeout(CLEAN_UP, self.child.wait())
            .await
            .is_ok()
        {
            return;
        }
        tracing::error!(
            pid = self.pid,
            "the browser's guard hangs: it and the browser are killed"
        );
        guard::end_by_force(self.pid);
        let _ = tokio::time::timeout(CLEAN_UP, self.child.wait()).await;
        let _ = tokio::task::spawn_blocking(guard::sweep_profiles).await;
    }
}

/// Reads to the end, so that nobody waits for us, and keeps the last of it.
async fn listen(mut from: ChildStderr, words: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.extend_from_slice(&buffer[..length]);
        let surplus = words.len().saturating_sub(WORDS);
        words.drain(..surplus);
    }
}

/// The last line that may tell what is wrong: Chromium complains of a missing D-Bus and of absent files in any container.
fn telling(words: &str) -> Option<String> {
    const NOISE: [&str; 6] = [
        "dbus",
        "DevTools listening",
        "CONSOLE",
        "crashpad",
        "zygote_linux",
        "unexpected operator",
    ];
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<&str> = lines
        .filter(|line| !NOISE.iter().any(|noise| line.contains(noise)))
        .collect();
    let fatal = said.iter().rev().find(|line| line.contains("FATAL"));
    let line = fatal.or(said.last())?;
    Some(line.chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_is_picked() {
        let words =
            "a\n[1:FATAL:zygote.cc(1)] No usable sandbox!\n[2:ERROR:dbus/bus.cc] no bus\n#0 0x5\n";
        assert_eq!(
            telling(words).as_deref(),
            Some("[1:FATAL:zygote.cc(1)] No usable sandbox!")
        );
        assert_eq!(telling("\n[2:ERROR:dbus/bus.cc] no bus\n"), None);
    }
}
