//! A disk that fills up under the program: a tmpfs of our own, which takes root.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{World, hourly};
use crate::rights::is_root;
use crate::{audit, store};

/// A small disk, unmounted in the end.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: &Path, size: &str) -> Self {
        assert!(
            is_root(),
            "this test mounts a small disk: run it as root (CI and `make test` in a container do)"
        );
        std::fs::create_dir_all(path).expect("a mount point");
        let disk = Self(path.to_owned());
        disk.call(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size}"),
                "draywatch-e2e",
            ],
        );
        disk
    }

    fn grow(&self, size: &str) {
        self.call("mount", &["-o", &format!("remount,size={size}")]);
    }

    fn call(&self, program: &str, args: &[&str]) {
        let done = Command::new(program).args(args).arg(&self.0).output();
        let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(
            done.status.success(),
            "{program} {args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Fetches 24 frames, about 5 MB, to a disk of which `part` is too small for them; then to a larger one.
async fn fills_up(world: &World, part: &Path, size: &str) {
    let disk = Disk::mount(&world.home.path().join(part), size);
    let (truth, list) = world.some("in_gate", 24).await;
    let run = world.frames(&list, &[]).await;
    run.expect(1).says(&["disk_full"]);
    assert!(
        run.kinds().contains(&"disk_full".to_owned()),
        "{}",
        run.words()
    );
    assert_eq!(run.report()["outcome"], "failed");
    assert!(
        run.count("missing") > 0 && run.count("stored") < 24,
        "{}",
        run.words()
    );
    // Still full: nothing gets worse.
    let again = world.frames(&list, &[]).await;
    assert_eq!(again.status, 1, "{}", again.words());
    assert_eq!(store::integrity(&world.home).await, "ok");
    disk.grow("64m");
    world.frames(&list, &[]).await.expect(0);
    audit::complete(world, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_archive_fails_the_run_and_the_next_one_completes_it() {
    let world = World::new("disk: the archive's is full", hourly()).await;
    fills_up(&world, Path::new("data/images"), "2m").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_archive_and_database_loses_nothing() {
    let mut world = World::new("disk: archive and database share a full one", hourly()).await;
    world.home.set("BATCH_SIZE", "1");
    fills_up(&world, Path::new("data"), "3m").await;
}
