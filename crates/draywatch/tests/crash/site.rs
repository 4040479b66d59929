//! A working directory in which the program runs as a user would run it, with a temporary folder of its own. Must not judge
//! what the program did.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::world::World;

/// The longest that a run may take before the drill counts it as hanging.
const PATIENCE: Duration = Duration::from_secs(150);

/// A working directory.
pub struct Site {
    folder: TempDir,
}

/// A run of the program.
pub struct Run {
    child: Child,
    pub pid: u32,
    /// What it writes.
    pub output: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// Standard output and error.
    pub text: String,
}

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { folder }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn archive(&self) -> PathBuf {
        self.path("data/images")
    }

    pub fn database(&self) -> PathBuf {
        self.path("data/database.db")
    }

    pub fn temporary(&self) -> PathBuf {
        self.path("tmp")
    }

    /// Starts the program in a process group of its own.
    pub fn start(&self, world: &World, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let output = self.path(&format!("output-{}", uuid::Uuid::new_v4().simple()));
        let file = File::create(&output).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_draywatch"));
        command
            .arg("-v")
            .args(arguments)
            .current_dir(self.folder.path());
        command.env("TMPDIR", self.temporary());
        command.env("DRAYWATCH_PORTAL__PAGE_URL", world.portal.page_url());
        command.env("DRAYWATCH_PORTAL__IMAGE_URL", world.portal.image_url());
        command.env("DRAYWATCH_PORTAL__PAUSE_BETWEEN_DAYS_SECONDS", "0");
        command.envs(environment.iter().copied());
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let child = command.process_group(0).kill_on_drop(true).spawn().unwrap();
        let pid = child.id().unwrap();
        Run { child, pid, output }
    }

    /// Starts a backfill of the world's days of these cameras.
    pub fn backfill(&self, world: &World, cameras: &[&str], environment: &[(&str, &str)]) -> Run {
        let (first, last) = (world.first.to_string(), world.last.to_string());
        let mut arguments = vec!["backfill", "--from", &first, "--to", &last];
        arguments.extend(cameras.iter().flat_map(|camera| ["--camera", camera]));
        self.start(world, &arguments, environment)
    }
}

impl Run {
    /// Waits for its end.
    pub async fn ended(&mut self) -> Ended {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let text = std::fs::read_to_string(&self.output).unwrap();
        let status = ended
            .unwrap_or_else(|_| panic!("the run still goes on after {PATIENCE:?}:\n{text}"))
            .unwrap();
        Ended { status, text }
    }

    /// Waits for its end and wants this exit status.
    pub async fn ends_with(&mut self, code: i32) -> Ended {
        let ended = self.ended().await;
        assert_eq!(
            ended.status.code(),
            Some(code),
            "{}:\n{}",
            ended.status,
            ended.text
        );
        ended
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends it a signal, or its whole group; `false` when it has ended.
    pub fn signal(&mut self, signal: Signal, whole_group: bool) -> bool {
        let pid = Pid::from_raw(self.pid.cast_signed()).unwrap();
        // While it has not been waited for, nobody else can have its number.
        let send = if whole_group {
            kill_process_group
        } else {
            kill_process
        };
        self.is_alive() && send(pid, signal).is_ok()
    }
}

impl Ended {
    /// Whether SIGKILL ended it.
    pub fn was_killed(&self) -> bool {
        std::os::unix::process::ExitStatusExt::signal(&self.status) == Some(9)
    }
}

/// The files below a folder, by their path in it; none if it is not there.
pub fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(
                files_below(&entry.path())
                    .iter()
                    .map(|file| format!("{name}/{file}")),
            );
        } else {
            files.push(name);
        }
    }
    files.sort();
    files
}
