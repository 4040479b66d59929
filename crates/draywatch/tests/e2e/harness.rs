//! A portal, a home folder and the program in it. Must not judge what the program did.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use chrono::NaiveDate;
use portal_sim::{Config, FaultRule, Portal, Schedule, TruthFrame};
use tempfile::TempDir;
use tokio::process::Command;

use crate::run::{Run, finish};

/// What the program says of itself at both origins.
pub const CONTACT: &str = "tests@example.org";

/// A portal with 24 frames a day.
pub fn hourly() -> Config {
    every(3600)
}

/// A portal with a frame every so many seconds.
pub fn every(interval_seconds: u32) -> Config {
    let schedule = Schedule {
        interval_seconds,
        ..Schedule::default()
    };
    Config {
        schedule,
        history_days: 400,
        ..Config::default()
    }
}

/// A portal and a home for the program.
pub struct World {
    pub portal: Portal,
    pub home: Home,
    watch: Watch,
}

/// Tells how long a test took.
struct Watch {
    begun: Instant,
    name: &'static str,
}

/// A folder that the program works in, and its settings.
pub struct Home {
    folder: TempDir,
    env: Vec<(String, String)>,
}

impl World {
    pub async fn new(name: &'static str, config: Config) -> Self {
        let begun = Instant::now();
        let portal = Portal::start(config)
            .await
            .expect("the simulated portal starts (run `make test`, which installs its page)");
        let home = Home::new(&portal);
        Self {
            portal,
            home,
            watch: Watch { begun, name },
        }
    }

    /// The same world, which does not tell how long it took.
    pub fn quiet(mut self) -> Self {
        self.watch.name = "";
        self
    }

    pub fn faults(&self, rules: Vec<FaultRule>) {
        self.portal.set_faults(rules);
    }

    /// The portal's yesterday.
    pub fn yesterday(&self) -> NaiveDate {
        self.portal.today().pred_opt().expect("a day before")
    }

    /// A day that can be final whatever the hour is: the day before yesterday. Yesterday may still grow in the first hours of a day.
    pub fn ended_day(&self) -> NaiveDate {
        self.yesterday().pred_opt().expect("a day before")
    }

    /// The truth of a camera's day.
    pub async fn truth(&self, camera: &str, date: NaiveDate) -> Vec<TruthFrame> {
        self.portal.truth(camera, date).await.expect("the truth")
    }

    /// The first `count` frames of yesterday, and their addresses a line.
    pub async fn some(&self, camera: &str, count: usize) -> (Vec<TruthFrame>, String) {
        let mut truth = self.truth(camera, self.yesterday()).await;
        truth.truncate(count);
        let list = addresses(&truth);
        (truth, list)
    }

    pub async fn run(&self, args: &[&str]) -> Run {
        self.home.run(args, "").await
    }

    /// `fetch --camera in_gate --frames-from -`.
    pub async fn frames(&self, list: &str, more: &[&str]) -> Run {
        let mut args = vec!["fetch", "--camera", "in_gate", "--frames-from", "-"];
        args.extend(more);
        self.home.run(&args, list).await
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        note(&format!(
            "  {:<60} {:>6.1} s",
            self.name,
            self.begun.elapsed().as_secs_f64()
        ));
    }
}

/// Frames' addresses, one a line.
pub fn addresses(frames: &[TruthFrame]) -> String {
    frames
        .iter()
        .map(|frame| format!("{}\n", frame.url))
        .collect()
}

/// A line on standard error, which the test runner does not hold back.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Home {
    pub fn new(portal: &Portal) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("draywatch-e2e-")
            .tempdir()
            .expect("a folder");
        let settings = [
            ("PORTAL__PAGE_URL", portal.page_url()),
            ("PORTAL__IMAGE_URL", portal.image_url()),
            ("PORTAL__PAUSE_BETWEEN_DAYS_SECONDS", "0".into()),
            ("PORTAL__CONTACT", CONTACT.into()),
            ("MAX_RETRIES", "2".into()),
        ];
        let env = settings
            .map(|(name, value)| (format!("DRAYWATCH_{name}"), value))
            .into();
        let mut home = Self { folder, env };
        // Frames by address need no browser, but the zone of their times.
        home.set("PORTAL__IMAGE_TIME", "utc");
        home
    }

    /// Sets a setting, without the prefix.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.env
            .push((format!("DRAYWATCH_{name}"), value.to_owned()));
    }

    pub fn unset(&mut self, name: &str) {
        self.set_env(&format!("DRAYWATCH_{name}"), None);
    }

    /// Sets a variable of the environment, or takes it back.
    pub fn set_env(&mut self, name: &str, value: Option<&Path>) {
        self.env.retain(|(known, _)| known != name);
        let value = value.map(|value| value.display().to_string());
        self.env.extend(value.map(|value| (name.to_owned(), value)));
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn images(&self) -> PathBuf {
        self.path().join("data/images")
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("data/database.db")
    }

    pub fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRAYWATCH_"))
        {
            command.env_remove(name);
        }
        command
            .args(args)
            .envs(self.env.iter().cloned())
            .current_dir(self.path())
            .env("RUST_BACKTRACE", "1");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the program with `--json` and waits for its end.
    pub async fn run(&self, args: &[&str], input: &str) -> Run {
        let mut all = args.to_vec();
        all.push("--json");
        let command = self.command(Path::new(env!("CARGO_BIN_EXE_draywatch")), &all);
        finish(command, input.as_bytes()).await
    }
}
