//! The guard: a small process of ours between draywatch and the driver, which ends the driver and the browser and removes the
//! profile folder when draywatch is gone, however it went. It must not know anything of pages.
//!
//! draywatch holds the guard's standard input open and never writes to it: its end is the sign. The kernel closes it even when
//! draywatch is killed. The guard is a subreaper, so whatever the browser spawns stays its descendant. Should the guard
//! itself be killed, the driver and the browser carry a parent-death signal; only the profile folder is then left to the next
//! start ([`sweep_profiles`]).

mod processes;
mod profile;

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use rustix::process::{Pid, Signal, WaitStatus};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use processes::{end_descendants, is_below_child_of, kill, kill_descendants, reap};
use profile::Profile;

pub use processes::{descendants, living_browsers};
pub use profile::sweep_profiles;

/// First argument that makes the program a guard.
pub const GUARD: &str = "__browser-guard";
/// First argument that makes the program set a parent-death signal and become another program.
pub const EXEC: &str = "__browser-exec";
/// Set by the guard for the driver alone: a program of ours that the driver starts as "the browser" becomes this one. The driver
/// decides the arguments, so they cannot say it, and a script in the profile folder would need a folder that allows programs.
const BROWSER: &str = "__DRAYWATCH_BROWSER";
/// Process id of the guard, beside [`BROWSER`].
const GUARD_PID: &str = "__DRAYWATCH_GUARD";

/// How a program started as our helper: `Some` when `arguments` (without the program's name) or the guard's environment ask for
/// one of the roles.
///
/// Called first thing in `main`, before threads exist: the parent-death signal follows the thread that spawns.
#[must_use]
pub fn run_if_asked(arguments: &[OsString]) -> Option<ExitCode> {
    match arguments.first().and_then(|first| first.to_str()) {
        Some(GUARD) => Some(guard(&arguments[1..])),
        Some(EXEC) => Some(become_driver(&arguments[1..])),
        _ => std::env::var_os(BROWSER).map(|browser| become_browser(&browser, arguments)),
    }
}

/// What the driver must be told to start as the browser. Valid while the guard lives, even when our program is replaced.
#[must_use]
pub fn browser_program(guard: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{guard}/exe"))
}

/// Ends what a guard that no longer answers keeps, and itself. For a guard that is alive but stuck.
pub(crate) fn end_by_force(guard: u32) {
    kill_descendants(guard);
    kill(guard);
}

/// Sets the parent-death signal and becomes the driver; returns only on failure.
fn become_driver(arguments: &[OsString]) -> ExitCode {
    let [guard, program, rest @ ..] = arguments else {
        eprintln!("{EXEC}: expected the guard's process id and a program");
        return ExitCode::from(2);
    };
    die_with_parent();
    // Between fork and the call above the parent may have died: then nobody would ever send the signal.
    let parent = rustix::process::getppid().map(|pid| Pid::as_raw_nonzero(pid).to_string());
    if parent.as_deref() != guard.to_str() {
        eprintln!("{EXEC}: the guard is gone");
        return ExitCode::FAILURE;
    }
    replace_by(program, Command::new(program).args(rest))
}

/// Sets the parent-death signal and becomes the browser; returns only on failure.
fn become_browser(program: &OsStr, arguments: &[OsString]) -> ExitCode {
    die_with_parent();
    // As above; the driver's process id is not known here, but it stands between the guard and us.
    let guard = std::env::var(GUARD_PID)
        .ok()
        .and_then(|pid| pid.parse().ok());
    if !guard.is_some_and(is_below_child_of) {
        eprintln!("{BROWSER}: started by nobody whom a guard watches");
        return ExitCode::FAILURE;
    }
    let mut command = Command::new(program);
    replace_by(
        program,
        command
            .args(arguments)
            .env_remove(BROWSER)
            .env_remove(GUARD_PID),
    )
}

fn die_with_parent() {
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        eprintln!("cannot set the parent-death signal: {error}");
    }
}

fn replace_by(program: &OsStr, command: &mut Command) -> ExitCode {
    let error = command.exec();
    eprintln!("cannot start {}: {error}", Path::new(program).display());
    ExitCode::from(127)
}

/// The guard's life: make a profile folder, start the driver, wait for the end of standard input or of the driver, clean up.
fn guard(arguments: &[OsString]) -> ExitCode {
    let [driver, browser] = arguments else {
        eprintln!("{GUARD}: expected the driver's and the browser's path");
        return ExitCode::from(2);
    };
    // A session of its own: a signal to draywatch's process group must not reach us before we have cleaned up.
    let _ = rustix::process::setsid();
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let result = keep(driver, browser);
    if let Err(why) = &result {
        report(&format!("error {why}"));
    }
    result.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// Keeps a driver for as long as draywatch wants it. Whatever happens, nothing of it is left.
fn keep(driver: &OsStr, browser: &OsStr) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    let runtime = runtime.map_err(|error| format!("cannot wait for signals: {error}"))?;
    let entered = runtime.enter();
    // Before there is anything to clean up: from here on a signal is a request.
    let signals = Signals::new().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let [driver, browser] =
        [driver, browser].map(|path| std::path::absolute(path).unwrap_or(path.into()));
    let profile = Profile::make().map_err(|error| {
        format!(
            "cannot make a profile folder in {}: {error}",
            std::env::temp_dir().display()
        )
    })?;
    let ended = start_driver(&driver, &browser, &profile)
        .map_err(|error| format!("cannot start {}: {error}", driver.display()))
        .and_then(|child| runtime.block_on(watch(child, signals, profile.path())));
    drop(entered);
    end_descendants();
    profile.remove();
    ended
}

/// A line for draywatch; if nobody reads any more, the end of standard input is about to say so.
fn report(line: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Starts the driver with everything that it and the browser write kept inside the profile folder. What they complain of goes to
/// draywatch by our own standard error.
fn start_driver(driver: &Path, browser: &Path, profile: &Profile) -> io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg(EXEC)
        .arg(std::process::id().to_string())
        .arg(driver)
        .args(["--port=0", "--log-level=SEVERE", "--enable-chrome-logs"])
        .env(BROWSER, browser)
        .env(GUARD_PID, std::process::id().to_string())
        .env("TMPDIR", profile.temporary())
        .env("XDG_CONFIG_HOME", profile.path().join("config"))
        .env("XDG_CACHE_HOME", profile.path().join("cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
}

/// What happens to a guard.
enum Event {
    /// The driver listens.
    Ready(u16),
    /// draywatch is gone, or wants no browser any more.
    LifeLineBroken,
}

/// The signals that a guard answers.
struct Signals {
    child: Stream,
    terminate: Stream,
    interrupt: Stream,
    hangup: Stream,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            child: signal(SignalKind::child())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Tells the driver's port, then waits until standard input ends, the driver does, or a signal asks us to. Reaps all the time.
async fn watch(mut child: Child, mut signals: Signals, profile: &Path) -> Result<(), String> {
    let driver = child.id();
    let (sender, mut events) = unbounded_channel();
    if let Some(stdout) = child.stdout.take() {
        let sender = sender.clone();
        std::thread::spawn(move || read_port(stdout, &sender));
    }
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().by_ref(), &mut io::sink());
        let _ = sender.send(Event::LifeLineBroken);
    });
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Ready(port)) => report(&format!("ready {port} {}", profile.display())),
                _ => return Ok(()),
            },
            _ = signals.child.recv() => if let Some(status) = reap(driver) {
                return Err(format!("the driver ended ({})", in_words(status)));
            },
            _ = signals.terminate.recv() => return Ok(()),
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.hangup.recv() => return Ok(()),
        }
    }
}

/// Reads what the driver says to its end, so that it never waits for us, and passes its port on.
fn read_port(stdout: ChildStdout, events: &UnboundedSender<Event>) {
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    while lines
        .read_until(b'\n', &mut line)
        .is_ok_and(|length| length > 0)
    {
        let port = port_of(&String::from_utf8_lossy(&line));
        if let Some(port) = port.filter(|port| *port > 0) {
            let _ = events.send(Event::Ready(port));
            break;
        }
        line.clear();
    }
    let _ = io::copy(&mut lines, &mut io::sink());
}

/// The port in chromedriver's `ChromeDriver was started successfully on port 40123.`
fn port_of(line: &str) -> Option<u16> {
    let rest = line.split("on port ").nth(1)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn in_words(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (_, Some(signal)) => format!("signal {signal}"),
        _ => "no status".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_port_is_read() {
        let ready = "ChromeDriver was started successfully on port 40123.";
        assert_eq!(port_of(ready), Some(40123));
        assert_eq!(
            port_of("Starting ChromeDriver 156.0.8078.79 on port 0"),
            Some(0)
        );
        assert_eq!(port_of("Only local connections are allowed."), None);
    }

    #[test]
    fn ordinary_arguments_ask_for_nothing() {
        assert!(run_if_asked(&[]).is_none());
        assert!(run_if_asked(&["collect".into()]).is_none());
    }
}
