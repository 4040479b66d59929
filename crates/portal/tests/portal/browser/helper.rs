//! A process that lists days until it is killed: this test program again, as [`helper_process`].

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use draywatch_core::Clock;
use draywatch_portal::{BrowserSettings, Lister, SessionJournal};
use rustix::process::{Pid, Signal};

use super::drill::Room;
use crate::harness::{browser_settings, camera, list, portal_settings, set_up};

/// What the helper is told, by environment.
const PAGE: &str = "DRILL_PAGE";
const SERVER: &str = "DRILL_SERVER";
const JOURNAL: &str = "DRILL_JOURNAL";
const CHROMIUM: &str = "DRILL_CHROMIUM";
const TIMES: &str = "DRILL_TIMES";

/// The helper's life. Without its environment (somebody runs all ignored tests) it does nothing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process for the drills, not a test"]
async fn helper_process() {
    let Ok(page) = std::env::var(PAGE) else {
        return;
    };
    set_up();
    if page == "sweep" {
        say(&format!(
            "swept {}",
            draywatch_portal::guard::sweep_profiles()
        ));
        return;
    }
    let settings = BrowserSettings {
        webdriver_url: std::env::var(SERVER).ok().map(|url| url.parse().unwrap()),
        chromium: std::env::var_os(CHROMIUM).map(PathBuf::from),
        ..browser_settings()
    };
    let journal = std::env::var_os(JOURNAL)
        .map(|path| Arc::new(FileJournal(path.into())) as Arc<dyn SessionJournal>);
    let mut lister = Lister::new(portal_settings(&page), settings, journal, Clock::system());
    let times = std::env::var(TIMES).map_or(usize::MAX, |times| times.parse().unwrap());
    let day = lister.today().pred_opt().unwrap();
    for _ in 0..times {
        match list(&mut lister, &camera("in_gate"), day).await {
            Ok(day) => say(&format!("listed {}", day.listing.frames.len())),
            Err(error) => say(&format!("failed {} {error}", error.kind())),
        }
    }
    lister.close().await;
    say("closed");
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "drill: {line}")
        .and_then(|()| out.flush())
        .unwrap();
}

/// A journal in a file, of which a line is on disk before the call returns.
pub struct FileJournal(pub PathBuf);

impl FileJournal {
    fn add(&self, line: &str) {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.0)
            .unwrap();
        writeln!(file, "{line}").unwrap();
    }

    /// Sessions that were opened and not closed.
    pub fn open_sessions(path: &Path) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut open = Vec::new();
        for words in text.lines().map(|line| line.split(' ').collect::<Vec<_>>()) {
            let entry = (words[1].to_owned(), words[2].to_owned());
            match words[0] {
                "opened" => open.push(entry),
                _ => open.retain(|known| *known != entry),
            }
        }
        open
    }
}

#[async_trait]
impl SessionJournal for FileJournal {
    async fn opened(&self, server: &str, session: &str) {
        self.add(&format!("opened {server} {session}"));
    }

    async fn closed(&self, server: &str, session: &str) {
        self.add(&format!("closed {server} {session}"));
    }
}

/// A helper as its drill holds it.
pub struct Helper {
    child: Child,
    lines: mpsc::Receiver<String>,
    heard: Arc<Mutex<Vec<String>>>,
}

/// How a helper is to be.
#[derive(Default)]
pub struct Order<'a> {
    pub page: &'a str,
    pub server: Option<&'a str>,
    pub journal: Option<&'a Path>,
    pub chromium: Option<&'a Path>,
    pub times: Option<usize>,
    /// Run by this user rather than by ours.
    pub user: Option<u32>,
}

impl Helper {
    pub fn start(room: &Room, order: &Order) -> Self {
        let me = std::env::current_exe().unwrap();
        let mut command = match order.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={user}"), format!("--regid={user}")]);
                command
                    .args(["--clear-groups", "--inh-caps=-all"])
                    .arg(me)
                    .env("HOME", room.path());
                command
            }
            None => Command::new(me),
        };
        command.args([
            "--exact",
            "browser::helper::helper_process",
            "--ignored",
            "--nocapture",
        ]);
        command
            .env("TMPDIR", room.temporary())
            .env(PAGE, order.page)
            .process_group(0);
        command.envs(order.server.map(|server| (SERVER, server)));
        command.envs(order.journal.map(|path| (JOURNAL, path)));
        command.envs(order.chromium.map(|path| (CHROMIUM, path)));
        command.envs(order.times.map(|times| (TIMES, times.to_string())));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (stdout, all) = (child.stdout.take().unwrap(), Arc::clone(&heard));
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                all.lock().unwrap().push(line.clone());
                // The test harness writes its own words before ours.
                if let Some((_, ours)) = line.split_once("drill: ") {
                    let _ = sender.send(ours.to_owned());
                }
            }
        });
        Self {
            child,
            lines,
            heard,
        }
    }

    /// The next thing that the helper says.
    #[track_caller]
    pub fn hear(&self) -> String {
        let limit = Duration::from_secs(90);
        self.lines
            .recv_timeout(limit)
            .unwrap_or_else(|_| panic!("silent helper: {:?}", self.heard.lock().unwrap()))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `kill -9` of the process group.
    pub fn kill_group(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        rustix::process::kill_process_group(group, Signal::KILL).unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub fn wait(&mut self) {
        self.child.wait().unwrap();
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
