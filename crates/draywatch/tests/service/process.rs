//! The service as a process: started, watched by its log, told signals, ended. And other commands beside it. Must not judge
//! what they did.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::harness::{EVERY, Home, PATIENCE, World};
use crate::{audit, leftovers};

/// What a service gets to stop, and some time for a machine that others use, too.
pub const STOPS_WITHIN: Duration = Duration::from_secs(40);

/// A running service.
pub struct Service {
    child: Child,
    pub log: PathBuf,
}

/// How a command ended.
pub struct Told {
    pub code: i32,
    pub json: Value,
}

/// The program in its home, with no settings but that one's.
fn program(home: &Home, before: &[&str], arguments: &[&str]) -> Command {
    let mut words: Vec<&str> = before.to_vec();
    words.push(env!("CARGO_BIN_EXE_draywatch"));
    words.extend(arguments);
    let mut command = Command::new(words[0]);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy();
        if ours.starts_with("DRAYWATCH_") || ours == "NOTIFY_SOCKET" || ours == "WATCHDOG_USEC" {
            command.env_remove(name);
        }
    }
    command
        .args(&words[1..])
        .current_dir(home.path())
        .env("TMPDIR", home.temporary())
        .env("DRAYWATCH_TEST_INTERVAL_SECONDS", EVERY.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

impl Service {
    /// Starts it.
    pub fn start(home: &Home) -> Self {
        Self::start_with(home, &[], &[])
    }

    /// Starts it by way of another program, with more in its environment.
    pub fn start_with(home: &Home, before: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = home.path().join("service.log");
        let file = File::options().create(true).append(true).open(&log);
        let file = file.expect("a file for its log");
        let mut command = program(home, before, &["run"]);
        command.envs(environment.iter().copied());
        command
            .stdout(file.try_clone().expect("the same file"))
            .stderr(file);
        let child = command.spawn().expect("the program starts");
        Self { child, log }
    }

    /// How long its log is by now.
    pub fn mark(&self) -> usize {
        self.text().len()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }

    /// What it logged since that mark.
    pub fn since(&self, mark: usize) -> String {
        self.text()[mark..].to_owned()
    }

    /// The first line since that mark that has all these words, if there is one.
    pub fn find(&self, mark: usize, words: &[&str]) -> Option<String> {
        let text = self.since(mark);
        let mut lines = text.lines();
        lines
            .find(|line| words.iter().all(|word| line.contains(word)))
            .map(ToOwned::to_owned)
    }

    /// Waits for such a line.
    pub async fn says(&mut self, mark: usize, words: &[&str]) -> String {
        let begun = Instant::now();
        loop {
            if let Some(line) = self.find(mark, words) {
                return line;
            }
            let is_alive = self.is_alive();
            assert!(
                is_alive && begun.elapsed() < PATIENCE,
                "alive: {is_alive}; it did not say {words:?}:\n{}",
                self.since(mark)
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) {
        assert!(self.is_alive(), "it has ended:\n{}", self.text());
        let id = self.child.id().expect("a living process");
        let pid = Pid::from_raw(id.cast_signed()).expect("a number");
        kill_process(pid, signal).expect("a signal to our own child");
    }

    /// Waits for its end; its exit status, and how long it took.
    pub async fn ends(&mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end:\n{}", self.text()));
        let ended = ended.expect("its status");
        let code = ended.code();
        let code = code.unwrap_or_else(|| panic!("{ended}:\n{}", self.text()));
        (code, begun.elapsed())
    }

    /// Stops it in good order, looks for what it left, and holds everything against the truth.
    pub async fn stop(mut self, world: &World) -> Duration {
        self.signal(Signal::TERM);
        let (code, took) = self.ends().await;
        let log = self.text();
        assert!(code == 0 && took < STOPS_WITHIN, "{code}, {took:?}:\n{log}");
        for word in ["panicked", "a mistake of ours"] {
            assert!(!log.contains(word), "{log}");
        }
        leftovers::none(&world.home.temporary()).await;
        let truth = world.truth(world.portal.now()).await;
        audit::whole(world, &truth, None).await;
        took
    }
}

/// Runs another command with `--json`.
pub async fn ask(home: &Home, arguments: &[&str]) -> Told {
    let mut words = arguments.to_vec();
    words.push("--json");
    let mut command = program(home, &[], &words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = tokio::time::timeout(PATIENCE, command.output()).await;
    let done = done
        .unwrap_or_else(|_| panic!("{arguments:?} hangs"))
        .expect("it starts");
    let text = String::from_utf8_lossy(&done.stdout);
    let json = text.lines().next().map(serde_json::from_str);
    Told {
        code: done.status.code().expect("an exit status"),
        json: json.and_then(Result::ok).unwrap_or(Value::Null),
    }
}

/// Files below a folder, none if it is not there.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let names = entries.map(|entry| name(entry).to_string_lossy().into_owned());
    names.collect()
}
