//! A portal, a home folder and the program in it. Must not judge what the program did.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use portal_sim::{Config, FaultRule, Portal, Schedule, TruthFrame};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The longest that one run may take before the test says that it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the program says of itself at both origins.
pub const CONTACT: &str = "tests@example.org";

/// A portal with 24 frames a day.
pub fn hourly() -> Config {
    every(3600)
}

/// A portal with a frame every so many seconds.
pub fn every(interval_seconds: u32) -> Config {
    let schedule = Schedule { interval_seconds, ..Schedule::default() };
    Config { schedule, history_days: 400, ..Config::default() }
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

/// How one run of the program ended.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    /// The lines on standard output, as JSON.
    pub reports: Vec<Value>,
    pub stderr: String,
    pub took: Duration,
}

impl World {
    pub async fn new(name: &'static str, config: Config) -> Self {
        let begun = Instant::now();
        let portal = Portal::start(config).await.expect("the simulated portal starts (run `make test`, which installs its page)");
        let home = Home::new(&portal);
        Self { portal, home, watch: Watch { begun, name } }
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
        note(&format!("  {:<60} {:>6.1} s", self.name, self.begun.elapsed().as_secs_f64()));
    }
}

/// Frames' addresses, one a line.
pub fn addresses(frames: &[TruthFrame]) -> String {
    frames.iter().map(|frame| format!("{}\n", frame.url)).collect()
}

/// A line on standard error, which the test runner does not hold back.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Home {
    pub fn new(portal: &Portal) -> Self {
        let folder = tempfile::Builder::new().prefix("draywatch-e2e-").tempdir().expect("a folder");
        let settings = [
            ("PORTAL__PAGE_URL", portal.page_url()),
            ("PORTAL__IMAGE_URL", portal.image_url()),
            ("PORTAL__PAUSE_BETWEEN_DAYS_SECONDS", "0".into()),
            ("PORTAL__CONTACT", CONTACT.into()),
            ("MAX_RETRIES", "2".into()),
        ];
        let env = settings.map(|(name, value)| (format!("DRAYWATCH_{name}"), value)).into();
        let mut home = Self { folder, env };
        // Frames by address need no browser, but the zone of their times.
        home.set("PORTAL__IMAGE_TIME", "utc");
        home
    }

    /// Sets a setting, without the prefix.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.env.push((format!("DRAYWATCH_{name}"), value.to_owned()));
    }

    pub fn unset(&mut self, name: &str) {
        self.env.retain(|(known, _)| *known != format!("DRAYWATCH_{name}"));
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
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRAYWATCH_")) {
            command.env_remove(name);
        }
        command.args(args).envs(self.env.iter().cloned()).current_dir(self.path()).env("RUST_BACKTRACE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
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

/// Starts a command, gives it its input and waits for its end.
pub async fn finish(mut command: Command, input: &[u8]) -> Run {
    let begun = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input");
    // A program that refuses its arguments does not read.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("the program hangs: {command:?}")).expect("its output");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    for word in ["panicked", "internal error", "stack backtrace", "RUST_BACKTRACE"] {
        assert!(!stderr.contains(word), "{word}: {stderr}");
    }
    let json = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let reports: Vec<Value> = stdout.lines().map(json).collect();
    let status = output.status.code().unwrap_or_else(|| panic!("ended by {}: {stderr}", output.status));
    reports.iter().for_each(check_sums);
    Run { status, reports, stderr, took: begun.elapsed() }
}

/// What holds for every report.
fn check_sums(report: &Value) {
    let count = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"));
    assert_eq!(count("listed"), count("stored") + count("already") + count("missing"), "{report}");
    assert!(count("thumbnails") <= count("stored") + count("already"), "{report}");
    assert!(report["camera_id"].is_string() && report["date"].is_string() && report["seconds"].is_number(), "{report}");
    assert!(count("bytes") > 0 || count("stored") == 0, "{report}");
    for error in report["errors"].as_array().expect("errors") {
        assert!(error["kind"].is_string() && error["message"].is_string(), "{report}");
    }
    let is_whole = count("missing") + count("thumbnails") == 0;
    assert!(is_whole || report["outcome"] != "complete", "{report}");
}

impl Run {
    /// The one report, of a run that made one.
    pub fn report(&self) -> &Value {
        assert_eq!(self.reports.len(), 1, "{self:?}");
        &self.reports[0]
    }

    pub fn count(&self, name: &str) -> u64 {
        self.reports.iter().map(|report| report[name].as_u64().expect("a count")).sum()
    }

    /// Kinds of all errors that were reported.
    pub fn kinds(&self) -> Vec<String> {
        let errors = self.reports.iter().flat_map(|report| report["errors"].as_array().expect("errors"));
        errors.map(|error| error["kind"].as_str().expect("a kind").to_owned()).collect()
    }

    /// Everything that was said.
    pub fn words(&self) -> String {
        let reports: String = self.reports.iter().map(|report| format!("{report}\n")).collect();
        format!("{reports}{}", self.stderr)
    }

    #[track_caller]
    pub fn expect(&self, status: i32) -> &Self {
        assert_eq!(self.status, status, "{}", self.words());
        self
    }

    /// That it said all of these.
    #[track_caller]
    pub fn says(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.words().contains(text), "{text:?} is not in: {}", self.words());
        }
        self
    }
}
