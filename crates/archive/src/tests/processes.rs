//! Crashes, and several processes in one archive.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use draywatch_core::CameraId;

use super::*;

const ROOT: &str = "DRAYWATCH_TEST_ARCHIVE";
const TASK: &str = "DRAYWATCH_TEST_TASK";

/// This test binary once more, at work in an archive; killed when dropped.
struct Other {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn start(root: &Path, task: &str) -> Self {
        let module = module_path!().split_once("::").unwrap().1;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                &format!("{module}::at_work"),
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(ROOT, root)
            .env(TASK, task)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Waits until it has said `done` so many times.
    fn wait_for(&mut self, times: usize) {
        let lines = self.output.by_ref().lines().map(Result::unwrap);
        assert_eq!(
            lines
                .filter(|line| line.ends_with("done"))
                .take(times)
                .count(),
            times
        );
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_gate() -> CameraId {
    CameraId::new("in_gate").unwrap()
}

fn thumbnail() -> Vec<u8> {
    vec![b'T'; 50_000]
}

fn full() -> Vec<u8> {
    vec![b'F'; 200_000]
}

/// What the other process does.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn at_work() {
    let (Ok(root), Ok(task)) = (std::env::var(ROOT), std::env::var(TASK)) else {
        return;
    };
    let archive = Archive::open(Path::new(&root), Access::ReadWrite).unwrap();
    if task == "hold" {
        let _lock = archive.lock_camera(&in_gate()).unwrap();
        let _staged = [(); 3].map(|()| archive.stage(b"in flight").unwrap());
        println!("\ndone");
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
    let (thumbnail, full) = (thumbnail(), full());
    for second in 0..3600 {
        let relative = format!(
            "2025-09-07/20250907T00{:02}{:02}_a.jpg",
            second / 60,
            second % 60
        );
        put(&archive, &relative, &thumbnail).unwrap();
        println!("\ndone");
        let _ = archive
            .replace(archive.stage(&full).unwrap(), &relative)
            .unwrap();
    }
}

#[test]
fn a_sweep_spares_the_living_and_clears_up_after_the_dead() {
    let (dir, archive) = archive();
    let own = archive.stage(b"ours").unwrap();
    let mut other = Other::start(dir.path(), "hold");
    other.wait_for(1);
    assert_eq!(temporaries(dir.path()), 6);
    assert_eq!(archive.sweep().unwrap().count, 0);
    let locked = archive.lock_camera(&in_gate()).unwrap_err();
    assert!(
        matches!(&locked, ArchiveError::Locked { owner, .. } if *owner == other.child.id().to_string()),
        "{locked}"
    );
    drop(
        archive
            .lock_camera(&CameraId::new("out_gate").unwrap())
            .unwrap(),
    );

    other.kill();
    assert_eq!(
        temporaries(dir.path()),
        6,
        "a killed process clears nothing up"
    );
    assert_eq!(archive.sweep().unwrap().count, 3);
    assert_eq!(temporaries(dir.path()), 2, "ours, and our owner's file");
    drop(archive.lock_camera(&in_gate()).unwrap());
    let _ = archive.place(own, FRAME).unwrap();
}

#[test]
fn killed_at_any_point_every_file_is_whole() {
    let (dir, archive) = archive();
    for round in 0..6_usize {
        let mut other = Other::start(dir.path(), "work");
        other.wait_for(1 + round * 7);
        other.kill();
        archive.sweep().unwrap();
        assert_eq!(temporaries(dir.path()), 0);
        let files = walked(&archive);
        assert!(files.len() > round * 7);
        for relative in files {
            let bytes = archive.read(&relative).unwrap();
            assert!(
                bytes == thumbnail() || bytes == full(),
                "{relative}: {} bytes",
                bytes.len()
            );
            archive.remove(&relative).unwrap();
        }
    }
}

#[test]
fn leftovers_without_an_owner_go_and_files_of_others_stay() {
    let (dir, archive) = archive();
    let tmp = dir.path().join(".draywatch/tmp");
    let token = "0123456789abcdef0123456789abcdef";
    for name in [
        format!("{token}.1.part"),
        format!("{token}.2.part"),
        format!("f{}.1.part", &token[1..]),
    ] {
        fs::write(tmp.join(name), "half").unwrap();
    }
    fs::write(tmp.join(format!("{token}.owner")), "").unwrap();
    fs::write(tmp.join("notes.part"), "not ours").unwrap();
    assert_eq!(archive.sweep().unwrap().count, 3);
    assert_eq!(temporaries(dir.path()), 1);
    assert_eq!(archive.sweep().unwrap().count, 0);
}

/// Opens the archive anew for each of 40 puts.
fn open_and_put(root: &Path, camera: u32) {
    for second in 0..40 {
        let archive = Archive::open(root, Access::ReadWrite).unwrap();
        put(
            &archive,
            &format!("2025-09-07/20250907T0000{second:02}_{camera}.jpg"),
            b"x",
        )
        .unwrap();
    }
}

#[test]
fn a_sweep_at_any_moment_takes_nothing_from_those_who_begin_and_end() {
    let (dir, archive) = archive();
    let (root, is_over) = (dir.path(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            let mut swept = 0;
            while !is_over.load(Ordering::Relaxed) {
                swept += archive.sweep().unwrap().count;
            }
            swept
        });
        let workers = [0, 1, 2].map(|n| scope.spawn(move || open_and_put(root, n)));
        let ends = workers.map(std::thread::ScopedJoinHandle::join);
        is_over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "a worker lost its file");
        // At most probes, which are of no use once they are made.
        let swept = sweeper.join().unwrap();
        assert!(swept <= 120, "{swept}");
    });
    assert_eq!(walked(&archive).len(), 120);
    archive.sweep().unwrap();
    assert_eq!(temporaries(dir.path()), 0);
}

#[test]
fn a_camera_is_locked_once_until_the_lock_is_dropped() {
    let (dir, archive) = archive();
    let other = Archive::open(dir.path(), Access::ReadWrite).unwrap();
    let lock = archive.lock_camera(&in_gate()).unwrap();
    for archive in [&archive, &other] {
        let error = archive.lock_camera(&in_gate()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("process {}", std::process::id())),
            "{error}"
        );
    }
    drop(lock);
    drop(other.lock_camera(&in_gate()).unwrap());
}
