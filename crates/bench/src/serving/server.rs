//! `draywatch serve` over a folder, from start to end. Must not ask for more than whether it is ready.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long it may take to be ready.
const LIMIT: Duration = Duration::from_secs(60);
/// The line in its log that names its address.
const MARK: &str = "health is served address=";

/// A server; it ends with this.
pub struct Server {
    child: Child,
    /// Where it is, with `http://`.
    pub base: String,
}

impl Server {
    /// Starts it and waits until its database is open.
    pub async fn start(folder: &Path) -> Result<Self> {
        let program = crate::big::beside("draywatch")?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DRAYWATCH_") {
                command.env_remove(&name);
            }
        }
        let mut child = command
            .arg("serve")
            .env("DRAYWATCH_HEALTH_CHECK_PORT", "0")
            .env("NO_COLOR", "1")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("draywatch cannot be started")?;
        let log = child.stderr.take().context("it has no log")?;
        let mut lines = BufReader::new(log).lines();
        let mut said = String::new();
        let address = loop {
            let line = tokio::time::timeout(LIMIT, lines.next_line()).await??;
            let line =
                line.with_context(|| format!("draywatch serve ended before it served: {said}"))?;
            if let Some((_, rest)) = line.split_once(MARK) {
                break rest.split_whitespace().next().unwrap_or("").to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        // What it says from here on is read, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let server = Self {
            child,
            base: format!("http://{address}"),
        };
        server.is_ready().await?;
        Ok(server)
    }

    async fn is_ready(&self) -> Result<()> {
        let client = Client::builder().no_proxy().build()?;
        let begun = Instant::now();
        loop {
            let answer = client.get(format!("{}/readyz", self.base)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(
                begun.elapsed() < LIMIT,
                "draywatch serve does not get ready"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The most memory that it has had.
    pub fn peak_mib(&self) -> Result<u64> {
        let pid = self.child.id().context("draywatch serve has ended")?;
        let kib = crate::process::peak_of(pid).context("its memory cannot be told")?;
        Ok(kib / 1024)
    }
}
