//! Files and folders that an ordinary user may not write: named, left alone, and used again once he may.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::harness::World;
use crate::run::{Run, finish};
use crate::traps::{GIVEN, settled};
use crate::{audit, store};

/// The user and group that own nothing.
const NOBODY: u32 = 65534;

/// The program as an ordinary user: as nobody where the tests run as root, else as whoever runs them.
async fn ordinary(world: &World, program: &Path, input: &str) -> Run {
    let args: Vec<&str> = GIVEN.iter().copied().chain(["--json"]).collect();
    let mut command = world.home.command(program, &args);
    if is_root() {
        let plain = command.as_std();
        let mut other = Command::new("setpriv");
        other
            .args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "--",
            ])
            .arg(program)
            .args(&args);
        other.current_dir(world.home.path()).env_clear();
        other
            .envs(
                plain
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // What is counted for coverage must not lie in the folder that is compared.
            .env("LLVM_PROFILE_FILE", "/dev/null");
        other
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command = other;
    }
    finish(command, input.as_bytes()).await
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A copy of the program where everybody may start it.
fn public_program(folder: &Path) -> PathBuf {
    let program = folder.join("draywatch");
    let built = env!("CARGO_BIN_EXE_draywatch");
    if std::fs::hard_link(built, &program).is_err() {
        std::fs::copy(built, &program).expect("a copy of the program");
    }
    mode(folder, 0o755);
    program
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("rights");
}

/// Gives everything below a folder to nobody, when we are root.
fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder") {
            give_away(&entry.expect("an entry").path());
        }
    }
}

/// Takes the right to write `path` away while the program runs: it must say so and change nothing.
async fn forbidden(
    world: &World,
    program: &Path,
    list: &str,
    path: &Path,
    (status, word): (i32, &str),
) {
    let (before, rights) = (store::files(world.home.path()), mode_of(path));
    mode(path, rights & 0o555);
    let run = ordinary(world, program, list).await;
    mode(path, rights);
    run.expect(status).says(&[word]);
    assert_eq!(store::files(world.home.path()), before, "{word}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_an_ordinary_user_may_not_write_is_named_and_works_once_he_may() {
    let public = tempfile::tempdir().expect("a folder");
    let program = public_program(public.path());
    let (world, list) = settled("traps: database's rights, as an ordinary user").await;
    give_away(world.home.path());
    forbidden(
        &world,
        &program,
        &list,
        &world.home.path().join("data"),
        (2, "database.db"),
    )
    .await;
    ordinary(&world, &program, "").await.expect(0);
    forbidden(
        &world,
        &program,
        &list,
        &world.home.database(),
        (2, "database.db"),
    )
    .await;
    ordinary(&world, &program, &list).await.expect(0);
    let truth = world.some("in_gate", 6).await.0;
    audit::complete(&world, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_an_ordinary_user_may_not_write_are_named() {
    let public = tempfile::tempdir().expect("a folder");
    let program = public_program(public.path());
    let (world, list) = settled("traps: folders' rights, as an ordinary user").await;
    give_away(world.home.path());
    let control = world.home.images().join(".draywatch");
    forbidden(
        &world,
        &program,
        &list,
        &control.join("tmp"),
        (1, ".draywatch/tmp"),
    )
    .await;
    forbidden(
        &world,
        &program,
        &list,
        &control.join("locks/in_gate.lock"),
        (1, "in_gate.lock"),
    )
    .await;
    // A day folder that takes no new file shows only when the first one comes: the frames stay owed.
    let days = std::fs::read_dir(world.home.images())
        .expect("days")
        .map(|entry| entry.expect("a day").path());
    let day = days
        .into_iter()
        .find(|path| !path.ends_with(".draywatch"))
        .expect("a day");
    mode(&day, 0o555);
    let run = ordinary(&world, &program, &list).await;
    mode(&day, 0o755);
    run.expect(1)
        .says(&[day.file_name().expect("a name").to_str().expect("text")]);
    assert_eq!(
        (run.count("missing"), run.kinds()),
        (3, vec!["archive".to_owned()]),
        "{}",
        run.words()
    );
    assert_eq!(store::ledger(&world.home).await.len(), 3);
    give_away(world.home.path());
    ordinary(&world, &program, &list).await.expect(0);
    let truth = world.some("in_gate", 6).await.0;
    audit::complete(&world, &truth).await;
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}
