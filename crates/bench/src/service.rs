//! `draywatch run` as a process of its own at a folder of its own, beside a simulated portal that goes on publishing. Must not
//! measure.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use draywatch_catalog::{Catalog, DatabaseUrl, OpenOptions};
use draywatch_core::Clock;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::sim::Simulator;

/// The cameras of both measurements.
pub const CAMERAS: [&str; 2] = ["in_gate", "out_gate"];
/// The longest that the service may take to end.
const END_PATIENCE: Duration = Duration::from_mins(2);
/// In the past there was a frame in about so many seconds, so that days are small.
const PAST_EVERY: u32 = 3600;

/// The machine's time.
pub fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// A zone in which it is noon now, so that no measurement meets midnight by chance.
pub fn zone_of_noon() -> String {
    // In these names the sign is the other way round.
    format!("Etc/GMT{:+}", i64::from(now().hour()) - 12)
}

/// A simulated portal with a small past, busy since `busy_for`.
pub async fn portal(
    program: &Path,
    interval: u32,
    busy_for: TimeDelta,
    more: &[String],
) -> Result<Simulator> {
    let since = (now() - busy_for).to_rfc3339_opts(SecondsFormat::Secs, true);
    let thinned = format!("{since}/{}", (PAST_EVERY / interval).max(1));
    let (zone, interval) = (zone_of_noon(), interval.to_string());
    let mut flags = vec!["--interval", &interval, "--timezone", &zone];
    flags.extend(["--history-days", "0", "--thinned", &thinned]);
    flags.extend(more.iter().map(String::as_str));
    Simulator::launch(program, &flags).await
}

/// A service.
pub struct Service {
    child: Child,
    folder: PathBuf,
    log: PathBuf,
}

impl Service {
    /// Starts it in a folder that is there and empty.
    pub fn start(
        program: &Path,
        folder: &Path,
        sim: &Simulator,
        interval: u32,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let log = folder.join("service.log");
        let file = std::fs::File::create(&log)?;
        std::fs::create_dir_all(folder.join("tmp"))?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("DRAYWATCH_") && !text.starts_with("DRAYWATCH_BROWSER__") {
                command.env_remove(&name);
            }
        }
        command
            .arg("run")
            .current_dir(folder)
            .env("TMPDIR", folder.join("tmp"))
            .env("DRAYWATCH_PORTAL__PAGE_URL", sim.page_url.as_str())
            .env("DRAYWATCH_PORTAL__IMAGE_URL", &sim.image_url)
            .env("DRAYWATCH_PORTAL__IMAGE_TIME", "utc")
            .env("DRAYWATCH_PORTAL__TIME_ZONE", zone_of_noon())
            .env("DRAYWATCH_STREAM_NAMES", CAMERAS.join(","))
            .env("DRAYWATCH_SERVICE__RECOVER_DAYS", "1")
            .env("DRAYWATCH_HEALTH_CHECK_PORT", "0")
            .env("DRAYWATCH_TEST_INTERVAL_SECONDS", interval.to_string())
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let child = command.kill_on_drop(true).spawn();
        Ok(Self {
            child: child.context("the service does not start")?,
            folder: folder.to_owned(),
            log,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// The folder that only it and its browsers use for temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// Its database, once it has made it.
    pub async fn catalog(&mut self) -> Result<Arc<dyn Catalog>> {
        let path = self.folder.join("data/database.db");
        for _ in 0..600 {
            self.is_alive()?;
            let options = OpenOptions {
                create: false,
                busy_timeout: Duration::from_secs(30),
                now: now(),
            };
            let is_made = std::fs::metadata(&path).is_ok_and(|file| file.len() > 0);
            if is_made && self.log()?.contains("service started") {
                let url = DatabaseUrl::Sqlite(path);
                return Ok(draywatch_catalog::open(&url, options).await?);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::bail!("the service has made no database:\n{}", self.log()?)
    }

    /// An error if it has ended.
    pub fn is_alive(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "the service has ended:\n{}", self.log()?);
        Ok(())
    }

    /// What it wrote about itself.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// Stops it in good order.
    pub async fn stop(&mut self) -> Result<()> {
        self.is_alive()?;
        let pid = Pid::from_raw(self.pid().cast_signed()).context("it has no process id")?;
        kill_process(pid, Signal::TERM)?;
        let ended = tokio::time::timeout(END_PATIENCE, self.child.wait()).await;
        let ended = ended.context("the service does not stop")??;
        ensure!(ended.success(), "it ended badly:\n{}", self.log()?);
        Ok(())
    }
}
