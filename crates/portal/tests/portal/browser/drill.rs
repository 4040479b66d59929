//! What the drills share: a room that only one drill uses, and a look at what is left in it. Must not start browsers.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use draywatch_core::Clock;
use draywatch_portal::{BrowserSettings, Lister};
use portal_sim::{Behaviours, Config, Portal};
use rustix::process::{Pid, Signal};

use crate::harness::{browser_settings, portal_settings, set_up};

/// How long what was killed may take to be gone.
pub const GONE: Duration = Duration::from_secs(10);

/// A folder with a temporary folder of its own; whoever is started for it carries its path in command line or environment.
pub struct Room {
    folder: tempfile::TempDir,
}

/// A process in a room.
#[derive(Debug, Clone)]
pub struct Process {
    pub pid: u32,
    pub line: String,
}

impl Room {
    pub fn new() -> Self {
        set_up();
        let folder = tempfile::Builder::new().prefix("dw").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("t")).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the guard takes for the temporary folder.
    pub fn temporary(&self) -> PathBuf {
        self.path().join("t")
    }

    /// Writes a shell script into the room.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Settings whose guard works in this room although this process has another temporary folder.
    pub fn settings(&self) -> BrowserSettings {
        let settings = browser_settings();
        let (folder, guard) = (self.temporary(), settings.guard.display());
        let body = format!("TMPDIR='{}' exec '{guard}' \"$@\"", folder.display());
        BrowserSettings {
            guard: self.script("guard", &body),
            ..settings
        }
    }

    /// One that soon gives up waiting for a browser that hangs; not so soon that a busy machine starts none.
    pub fn lister(&self, portal: &Portal) -> Lister {
        let mut settings = portal_settings(&portal.page_url());
        settings.page_timeout = Duration::from_secs(8);
        let mut browser = self.settings();
        browser.command_timeout = Duration::from_secs(20);
        Lister::new(settings, browser, None, Clock::system())
    }

    /// Living processes of this room, and those that just become another program: for that moment they have neither command line
    /// nor environment, so nobody can say whose they are.
    pub fn processes(&self) -> Vec<Process> {
        let room = self.path().to_str().unwrap();
        let pids = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let read = |pid: u32, file: &str| {
            let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        pids.filter_map(|pid: u32| {
            let (line, environment) = (read(pid, "cmdline"), read(pid, "environ"));
            // What the kernel runs for itself, and what is dead already, has no program.
            let is_becoming = line.is_empty()
                && environment.is_empty()
                && std::fs::read_link(format!("/proc/{pid}/exe")).is_ok();
            (is_becoming || line.contains(room) || environment.contains(room))
                .then_some(Process { pid, line })
        })
        .collect()
    }

    pub fn find(&self, is_wanted: impl Fn(&str) -> bool) -> Option<Process> {
        self.processes()
            .into_iter()
            .find(|process| is_wanted(&process.line))
    }

    /// Everything in the temporary folder.
    pub fn folders(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.temporary()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Waits until neither a process nor a folder is left; how long it took.
    #[track_caller]
    pub fn assert_empty(&self, what: &str) -> Duration {
        let took = self.assert_no_process(what);
        let begun = Instant::now();
        while !self.folders().is_empty() {
            assert!(begun.elapsed() < GONE, "{what}: left {:?}", self.folders());
            std::thread::sleep(Duration::from_millis(20));
        }
        took + begun.elapsed()
    }

    /// Waits until no process is left; how long it took.
    #[track_caller]
    pub fn assert_no_process(&self, what: &str) -> Duration {
        let begun = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return begun.elapsed();
            }
            if begun.elapsed() > GONE {
                let mut list = String::new();
                for Process { pid, line } in &left {
                    let _ = writeln!(list, "{pid} {}", line.chars().take(200).collect::<String>());
                }
                for process in left.iter().filter(|process| !process.line.is_empty()) {
                    kill(process.pid, Signal::KILL);
                }
                panic!("{what}: alive after {GONE:?}:\n{list}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Chromium's main process, as opposed to its helpers.
pub fn is_chromium(line: &str) -> bool {
    line.contains("--user-data-dir=") && !line.contains("--type=") && !line.contains("crashpad")
}

/// A renderer that shows a page.
pub fn is_renderer(line: &str) -> bool {
    line.contains("--type=renderer") && !line.contains("--extension-process")
}

pub fn is_chromedriver(line: &str) -> bool {
    line.split(' ')
        .next()
        .is_some_and(|program| program.ends_with("chromedriver"))
}

pub fn is_guard(line: &str) -> bool {
    line.split(' ').nth(1) == Some("__browser-guard")
}

pub fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, signal);
}

/// Waits for something to show up.
#[track_caller]
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < limit, "no {what} within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A portal that takes a second to answer, so that a listing has a middle.
pub async fn portal() -> Portal {
    let behaviours = Behaviours {
        slow_api_ms: 1000,
        ..Behaviours::default()
    };
    Portal::start(Config {
        behaviours,
        ..Config::default()
    })
    .await
    .unwrap()
}

pub fn yesterday(portal: &Portal) -> NaiveDate {
    portal.today().pred_opt().unwrap()
}

pub fn is_full() -> bool {
    std::env::var_os("DRAYWATCH_TEST_FULL").is_some()
}
