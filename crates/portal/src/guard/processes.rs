//! Processes as `/proc` shows them: who descends from whom, who still runs. Owns no process; must not know of browsers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

/// How long a process may take to become another program, on a machine that has more to do than it can.
const BECOMING: Duration = Duration::from_millis(500);

/// What `/proc/<pid>/stat` says of a process.
pub(super) struct Status {
    pub parent: u32,
    pub started: String,
}

/// Reads `/proc/<pid>/stat`; `None` for a process that is gone or a zombie.
pub(super) fn status_of(pid: u32) -> Option<Status> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may hold anything, so count from its end.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Status {
        parent: fields.get(1)?.parse().ok()?,
        started: (*fields.get(19)?).to_owned(),
    })
}

/// All process ids in `/proc`.
fn all() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// Process ids of all living descendants of `root`, from `/proc`.
#[must_use]
pub fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = all()
        .into_iter()
        .filter_map(|pid| Some((pid, status_of(pid)?.parent)))
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let this = found[at];
        let children = parents.iter().filter(|(_, parent)| *parent == this);
        found.extend(children.map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

/// How many browsers this process keeps: its children that are guards, each with at most one browser.
#[must_use]
pub fn living_browsers() -> usize {
    let me = std::process::id();
    let is_guard = |pid: &u32| {
        status_of(*pid).is_some_and(|status| status.parent == me)
            && std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
                line.split(|byte| *byte == 0).nth(1) == Some(super::GUARD.as_bytes())
            })
    };
    all().iter().filter(|pid| is_guard(pid)).count()
}

/// Whether the calling process descends from `ancestor` with at least one living process between them.
pub(super) fn is_below_child_of(ancestor: u32) -> bool {
    let Some(mut pid) = status_of(std::process::id()).map(|status| status.parent) else {
        return false;
    };
    let mut generations = 0;
    while pid != ancestor {
        let Some(status) = status_of(pid) else {
            return false;
        };
        pid = status.parent;
        generations += 1;
    }
    generations > 0
}

/// Sends SIGKILL; a process that is gone is no failure.
pub(super) fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Kills every descendant of `root`.
pub(super) fn kill_descendants(root: u32) {
    descendants(root).into_iter().for_each(kill);
}

/// Kills driver and browser that work in `folder` until none is left, for at most five seconds: one that is still dying would
/// make the folder anew. Only processes that we may look into are found. One that is just becoming another program is looked
/// at again, for a moment: there are programs that never show what they were started with.
pub(super) fn end_users_of(folder: &Path) {
    let begun = Instant::now();
    loop {
        let (mut users, mut is_clear) = (Vec::new(), true);
        for pid in all() {
            match uses(pid, folder) {
                Some(true) => users.push(pid),
                Some(false) => {}
                None => is_clear = false,
            }
        }
        let patience = match (users.is_empty(), is_clear) {
            (true, true) => return,
            (true, false) => BECOMING,
            (false, _) => Duration::from_secs(5),
        };
        if begun.elapsed() > patience {
            return;
        }
        users.into_iter().for_each(kill);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process was started with `folder` in its environment, or in an option: Chromium's helpers overwrite their
/// environment. An operator's `ls FOLDER` is neither. `None` while it shows neither arguments nor environment, though it has a
/// program: between two programs the kernel has none of them.
fn uses(pid: u32, folder: &Path) -> Option<bool> {
    let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let (arguments, environment) = (read("cmdline"), read("environ"));
    if arguments.is_empty() && environment.is_empty() {
        // What the kernel runs for itself, and what is dead, has no program.
        let has_program = std::fs::read_link(format!("/proc/{pid}/exe")).is_ok();
        return if has_program { None } else { Some(false) };
    }
    // A helper's arguments may be joined by spaces, for the same reason.
    let mut options = arguments.split(|byte| matches!(byte, 0 | b' '));
    Some(
        has(&environment, folder.as_os_str())
            || options.any(|option| option.starts_with(b"--") && has(option, folder.as_os_str())),
    )
}

fn has(bytes: &[u8], wanted: &OsStr) -> bool {
    let wanted = wanted.as_bytes();
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Reaps every child that has ended; tells how `watched` ended if it was among them.
pub(super) fn reap(watched: u32) -> Option<WaitStatus> {
    let mut its_end = None;
    while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
        if u32::try_from(pid.as_raw_nonzero().get()) == Ok(watched) {
            its_end = Some(status);
        }
    }
    its_end
}

/// Kills our descendants until none is left, for at most ten seconds, and reaps them.
pub(super) fn end_descendants() {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        kill_descendants(std::process::id());
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_child_is_a_descendant_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(descendants(std::process::id()).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(std::process::id()).contains(&child.id()));
    }

    #[test]
    fn processes_that_use_a_folder_are_found_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let used = folder.path().join("used");
        let shell = |argument: String| {
            let mut command = Command::new("sh");
            command.args(["-c", "sleep 60; true", &argument]);
            command
        };
        let by_environment = shell("x".into()).env("ANYTHING", &used).spawn().unwrap();
        let by_option = shell(format!("--dir={}", used.display())).spawn().unwrap();
        let mut other = shell(used.display().to_string()).spawn().unwrap();
        end_users_of(&used);
        for mut child in [by_environment, by_option] {
            assert!(!child.wait().unwrap().success());
        }
        assert!(other.try_wait().unwrap().is_none());
        kill_descendants(other.id());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn nobody_stands_between_us_and_our_parent() {
        let parent = status_of(std::process::id()).unwrap().parent;
        assert!(!is_below_child_of(parent));
        assert!(!is_below_child_of(std::process::id()));
        let grandparent = status_of(parent).unwrap().parent;
        assert!(is_below_child_of(grandparent));
    }
}
