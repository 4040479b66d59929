//! The guard: a small process of ours between draywatch and the driver, which ends the driver and the browser and removes the
//! profile folder when draywatch is gone, however it went. It must not know anything of pages.
//!
//! draywatch holds the guard's standard input open and never writes to it: its end is the sign. The kernel closes it even when
//! draywatch is killed. The guard is a subreaper, so whatever the browser spawns stays its descendant. Should the guard
//! itself be killed, the driver and the browser carry a parent-death signal; only the profile folder is then left to the next
//! start ([`sweep_profiles`]).

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// First argument that makes the program a guard.
pub const GUARD: &str = "__browser-guard";
/// First argument that makes the program set a parent-death signal and become another program.
pub const EXEC: &str = "__browser-exec";

/// Prefix of our profile folders.
const PROFILE_PREFIX: &str = "draywatch-browser-";
/// File in a profile folder that names its owner: the guard's process id and start time.
const OWNER: &str = "draywatch-owner";

/// How a program started as our helper: `Some` when `arguments` (without the program's name) ask for one of the two roles.
///
/// Called first thing in `main`, before threads exist: the parent-death signal follows the thread that spawns.
#[must_use]
pub fn run_if_asked(arguments: &[OsString]) -> Option<ExitCode> {
    match arguments.first()?.to_str()? {
        GUARD => Some(guard(&arguments[1..])),
        EXEC => Some(exec(&arguments[1..])),
        _ => None,
    }
}

/// Sets the parent-death signal and becomes `program`; returns only on failure.
fn exec(arguments: &[OsString]) -> ExitCode {
    let [parent, program, rest @ ..] = arguments else {
        eprintln!("{EXEC}: expected a parent's process id and a program");
        return ExitCode::from(2);
    };
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        eprintln!("cannot set the parent-death signal: {error}");
    }
    // Between fork and the call above the parent may have died: then nobody would ever send the signal. The browser's wrapper
    // cannot know its parent's id ("0"); the guard's sweep of its descendants covers that moment.
    let expected: Option<i32> = parent.to_str().and_then(|text| text.parse().ok()).filter(|pid| *pid > 0);
    let actual = rustix::process::getppid().map(Pid::as_raw_nonzero);
    if expected.is_some() && actual.map(std::num::NonZero::get) != expected {
        return ExitCode::FAILURE;
    }
    let error = Command::new(program).args(rest).exec();
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
    let profile = match make_profile(browser) {
        Ok(profile) => profile,
        Err(error) => {
            report(&format!("error cannot make a profile folder in {}: {error}", std::env::temp_dir().display()));
            return ExitCode::FAILURE;
        }
    };
    let code = match start_driver(driver, &profile) {
        Ok(child) => watch(child, &profile),
        Err(error) => {
            report(&format!("error cannot start {}: {error}", Path::new(driver).display()));
            ExitCode::FAILURE
        }
    };
    end_descendants();
    remove_folder(&profile);
    code
}

/// A line for draywatch; if nobody reads any more, the end of standard input is about to say so.
fn report(line: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Makes the profile folder with its owner's mark and the wrapper that the driver starts as "the browser".
fn make_profile(browser: &OsString) -> io::Result<PathBuf> {
    let profile = tempfile::Builder::new().prefix(PROFILE_PREFIX).tempdir()?.keep();
    std::fs::write(profile.join(OWNER), own_mark())?;
    std::fs::create_dir(profile.join("tmp"))?;
    let quote = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', "'\\''"));
    let wrapper = profile.join("browser");
    let me = std::env::current_exe()?;
    std::fs::write(
        &wrapper,
        format!("#!/bin/sh\nexec {} {EXEC} 0 {} \"$@\"\n", quote(&me), quote(Path::new(browser))),
    )?;
    let mut permissions = std::fs::metadata(&wrapper)?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o700);
    std::fs::set_permissions(&wrapper, permissions)?;
    Ok(profile)
}

/// Starts the driver with everything that it and the browser write kept inside the profile folder.
fn start_driver(driver: &OsString, profile: &Path) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg(EXEC)
        .arg(std::process::id().to_string())
        .arg(driver)
        .args(["--port=0", "--log-level=WARNING"])
        .env("TMPDIR", profile.join("tmp"))
        .env("XDG_CONFIG_HOME", profile.join("config"))
        .env("XDG_CACHE_HOME", profile.join("cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Reads the driver's port, tells it, then waits until standard input ends or the driver does.
fn watch(mut child: Child, profile: &Path) -> ExitCode {
    let Some(stdout) = child.stdout.take() else { return ExitCode::FAILURE };
    let (sender, ended) = std::sync::mpsc::channel();
    let told = profile.to_path_buf();
    let from_driver = sender.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(port) = port_of(&line).filter(|port| *port > 0) {
                report(&format!("ready {port} {}", told.display()));
            }
        }
        let _ = from_driver.send(ExitCode::FAILURE);
    });
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = io::stdin().read_to_end(&mut rest);
        let _ = sender.send(ExitCode::SUCCESS);
    });
    let code = ended.recv().unwrap_or(ExitCode::FAILURE);
    let _ = child.kill();
    let _ = child.wait();
    code
}

/// The port in chromedriver's "ChromeDriver was started successfully on port 40123."
fn port_of(line: &str) -> Option<u16> {
    let rest = line.split("on port ").nth(1)?;
    rest.trim_end_matches('.').split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Kills every descendant until none is left, for at most ten seconds, and reaps them.
fn end_descendants() {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        for pid in descendants(std::process::id()) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        match rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
    }
}

/// Process ids of all living descendants of `root`, from `/proc`.
#[must_use]
pub fn descendants(root: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let parents: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, status_of(pid)?.parent))
        })
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let this = found[at];
        found.extend(parents.iter().filter(|(_, parent)| *parent == this).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

/// What `/proc/<pid>/stat` says of a process.
struct Status {
    parent: u32,
    started: String,
}

/// Reads `/proc/<pid>/stat`; `None` for a process that is gone or a zombie.
fn status_of(pid: u32) -> Option<Status> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may hold anything, so count from its end.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Status { parent: fields.get(1)?.parse().ok()?, started: (*fields.get(19)?).to_owned() })
}

/// Our process id and start time: an id alone is used again by others.
fn own_mark() -> String {
    let pid = std::process::id();
    format!("{pid} {}", status_of(pid).map(|status| status.started).unwrap_or_default())
}

/// Removes profile folders whose guard is gone. How many were removed.
///
/// Costs by the entries of the temporary folder that carry our prefix, and touches no others.
#[must_use]
pub fn sweep_profiles() -> usize {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return 0 };
    let stale = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| {
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PROFILE_PREFIX));
        ours && path.is_dir() && is_stale(path)
    });
    stale.filter(|path| remove_folder(path)).count()
}

/// Whether the guard that made a profile folder is gone. A folder without a mark is being made, unless it is old.
fn is_stale(profile: &Path) -> bool {
    let Ok(mark) = std::fs::read_to_string(profile.join(OWNER)) else {
        let age = std::fs::metadata(profile).and_then(|m| m.modified()).ok().and_then(|made| made.elapsed().ok());
        return age.is_some_and(|age| age > Duration::from_secs(600));
    };
    let Some((pid, started)) = mark.split_once(' ') else { return true };
    pid.parse().ok().and_then(status_of).is_none_or(|status| status.started != started)
}

/// Removes a folder; a dying browser may still write into it, so it is tried again for a moment.
fn remove_folder(folder: &Path) -> bool {
    for _ in 0..100 {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => std::thread::sleep(Duration::from_millis(20)),
            _ => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_port_is_read() {
        assert_eq!(port_of("ChromeDriver was started successfully on port 40123."), Some(40123));
        assert_eq!(port_of("Starting ChromeDriver 156.0.8078.79 on port 0"), Some(0));
        assert_eq!(port_of("Only local connections are allowed."), None);
    }

    #[test]
    fn a_child_is_a_descendant_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(descendants(std::process::id()).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(std::process::id()).contains(&child.id()));
    }

    #[test]
    fn our_own_mark_is_not_stale_and_anothers_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(OWNER), own_mark()).unwrap();
        assert!(!is_stale(folder.path()));
        std::fs::write(folder.path().join(OWNER), format!("{} 1", std::process::id())).unwrap();
        assert!(is_stale(folder.path()));
    }
}
