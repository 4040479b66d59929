//! Root's browser goes without its sandbox, everybody else's keeps it.

use std::os::unix::fs::chown;
use std::process::Command;
use std::time::Duration;

use super::drill::{Process, Room, is_chromium, portal, wait_for};
use super::helper::{Helper, Order};

/// An ordinary user's id.
pub const NOBODY: u32 = 65534;

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program run by an ordinary user to whom the room is given.
pub fn as_nobody(room: &Room, program: &str) -> Command {
    chown(room.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    chown(room.temporary(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
    command
        .args(["--clear-groups", "--inh-caps=-all", program])
        .env("HOME", room.path());
    command
}

/// Runs a helper and gives Chromium's command lines, and what the helper said first.
async fn lines_of(user: Option<u32>) -> (Vec<String>, String) {
    let portal = portal().await;
    let page = portal.page_url();
    tokio::task::spawn_blocking(move || {
        let room = Room::new();
        // Written down by the program that is taken for Chromium: one that dies at once leaves no process to look at.
        let note = room.path().join("lines");
        let found = draywatch_portal::find_chromium(None).unwrap().path;
        let script = format!(
            "echo \"$@\" >> '{}'\nexec '{}' \"$@\"",
            note.display(),
            found.display()
        );
        let chromium = room.script("chromium", &script);
        let order = Order {
            page: &page,
            chromium: Some(&chromium),
            user,
            ..Order::default()
        };
        if user.is_some() {
            drop(as_nobody(&room, "true"));
        }
        let mut helper = Helper::start(&room, &order);
        let said = helper.hear();
        let mut lines: Vec<String> = std::fs::read_to_string(&note)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        if said.starts_with("listed") {
            let Process { line, .. } = wait_for("Chromium", Duration::from_secs(5), || {
                room.find(is_chromium)
            });
            lines.push(line);
        }
        helper.kill();
        room.assert_empty("a helper of another user");
        (lines, said)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_root_goes_without_the_sandbox() {
    let mut users = vec![(None, is_root())];
    if is_root() {
        users.push((Some(NOBODY), false));
    }
    for (user, without) in users {
        let (lines, said) = lines_of(user).await;
        println!("user {user:?}: {said}");
        assert!(!lines.is_empty(), "Chromium was not started: {said}");
        for line in &lines {
            assert_eq!(
                line.contains("--no-sandbox"),
                without,
                "user {user:?}: {line}"
            );
        }
        // Where user namespaces are off, the sandbox cannot start; then the error must say so.
        assert!(
            said.starts_with("listed") || said.contains("sandbox"),
            "user {user:?}: {said}"
        );
        if !said.starts_with("listed") {
            println!("Chromium's sandbox does not work here; only the command line was checked");
        }
    }
}
