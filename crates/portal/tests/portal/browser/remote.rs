//! Sessions on a server that others run: a chromedriver of the drill's own plays the Grid.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use draywatch_core::{Clock, Kind};
use draywatch_portal::browser::delete_remote_sessions;
use draywatch_portal::{BrowserSettings, Lister, SessionJournal};
use serde_json::Value;

use rustix::process::Signal;

use super::drill::{GONE, Room, kill, portal, yesterday};
use super::helper::{FileJournal, Helper, Order};
use super::users::{as_nobody, is_root};
use crate::harness::{browser_settings, camera, list, portal_settings};

/// A chromedriver that knows nothing of draywatch.
struct Grid {
    child: Child,
    url: String,
    room: Room,
}

impl Grid {
    /// Starts it; as root by an ordinary user, since a remote browser is not told to do without its sandbox.
    async fn start() -> Self {
        let room = Room::new();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = if is_root() {
            as_nobody(&room, "chromedriver")
        } else {
            Command::new("chromedriver")
        };
        command
            .arg(format!("--port={port}"))
            .env("TMPDIR", room.temporary());
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let grid = Self {
            child,
            url: format!("http://127.0.0.1:{port}/"),
            room,
        };
        for _ in 0..200 {
            if grid.get("status").await.is_some() {
                return grid;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the drill's chromedriver does not start");
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .ok()?
            .json()
            .await
            .ok()
    }

    /// Ids of its sessions.
    async fn sessions(&self) -> Vec<String> {
        let answer = self.get("sessions").await.unwrap();
        let sessions = answer["value"].as_array().unwrap();
        sessions
            .iter()
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits until it has so many sessions.
    async fn assert_sessions(&self, count: usize, what: &str) {
        for _ in 0..200 {
            if self.sessions().await.len() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what}: {:?} where {count} were due", self.sessions().await);
    }

    fn lister(&self, portal: &portal_sim::Portal, journal: &Path) -> Lister {
        let url = Some(self.url.parse().unwrap());
        let settings = BrowserSettings {
            webdriver_url: url,
            command_timeout: Duration::from_secs(20),
            ..browser_settings()
        };
        let journal: Arc<dyn SessionJournal> = Arc::new(FileJournal(journal.into()));
        Lister::new(
            portal_settings(&portal.page_url()),
            settings,
            Some(journal),
            Clock::system(),
        )
    }
}

impl Drop for Grid {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its Chromium is not bound to it, and may have lost it before: all of the room ends.
        let begun = std::time::Instant::now();
        while begun.elapsed() < GONE {
            let left = self.room.processes();
            if left.is_empty() {
                return;
            }
            for process in left {
                kill(process.pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_recorded_and_forgotten_when_it_is_quit_or_dropped() {
    let (portal, grid, room) = (portal().await, Grid::start().await, Room::new());
    let journal = room.path().join("journal");
    let mut lister = grid.lister(&portal, &journal);
    list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap();
    let open: Vec<String> = FileJournal::open_sessions(&journal)
        .into_iter()
        .map(|(_, id)| id)
        .collect();
    assert_eq!(open, grid.sessions().await);
    assert_eq!(open.len(), 1);
    lister.close().await;
    assert_eq!(grid.sessions().await.len(), 0);
    assert_eq!(FileJournal::open_sessions(&journal), []);

    list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap();
    drop(lister);
    grid.assert_sessions(0, "a dropped lister").await;

    // Given up while the server is still at it: nobody would ever know the session's id.
    let mut lister = grid.lister(&portal, &journal);
    let camera = camera("in_gate");
    let listing = list(&mut lister, &camera, yesterday(&portal));
    tokio::time::timeout(Duration::from_millis(150), listing)
        .await
        .unwrap_err();
    for _ in 0..200 {
        let text = std::fs::read_to_string(&journal).unwrap();
        if text
            .lines()
            .filter(|line| line.starts_with("closed"))
            .count()
            == 3
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        std::fs::read_to_string(&journal).unwrap().lines().count(),
        6
    );
    grid.assert_sessions(0, "a listing that was given up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_left_by_a_killed_process_is_deleted_at_the_next_start() {
    let (portal, grid, room) = (portal().await, Grid::start().await, Room::new());
    let (journal, page, server) = (
        room.path().join("journal"),
        portal.page_url(),
        grid.url.clone(),
    );
    let path = journal.clone();
    let room = tokio::task::spawn_blocking(move || {
        let order = Order {
            page: &page,
            server: Some(&server),
            journal: Some(&path),
            ..Order::default()
        };
        let mut helper = Helper::start(&room, &order);
        assert!(helper.hear().starts_with("listed"));
        helper.kill();
        room
    })
    .await
    .unwrap();
    let recorded = FileJournal::open_sessions(&journal);
    assert_eq!(recorded.len(), 1);
    assert_eq!(
        grid.sessions().await,
        [recorded[0].1.clone()],
        "it outlives the process that opened it"
    );
    room.assert_empty("a helper with a remote browser");
    let journal = FileJournal(journal);
    delete_remote_sessions(&recorded, &journal).await;
    assert_eq!(grid.sessions().await.len(), 0);
    assert_eq!(FileJournal::open_sessions(&journal.0), []);

    // Deleting again is no failure, and a server that is gone keeps its record.
    journal.opened(&recorded[0].0, &recorded[0].1).await;
    delete_remote_sessions(&recorded, &journal).await;
    assert_eq!(FileJournal::open_sessions(&journal.0), []);
    let unreachable = ("http://127.0.0.1:9/".to_owned(), "some-id".to_owned());
    journal.opened(&unreachable.0, &unreachable.1).await;
    delete_remote_sessions(std::slice::from_ref(&unreachable), &journal).await;
    assert_eq!(FileJournal::open_sessions(&journal.0), [unreachable]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_an_error_in_words_and_its_record_stays() {
    let (portal, mut grid, room) = (portal().await, Grid::start().await, Room::new());
    let journal = room.path().join("journal");
    let mut lister = grid.lister(&portal, &journal);
    list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap();
    grid.child.kill().unwrap();
    let error = list(&mut lister, &camera("in_gate"), yesterday(&portal))
        .await
        .unwrap_err();
    let words = draywatch_core::error::chain(&error);
    println!("{words}");
    assert_eq!(error.kind(), Kind::Browser, "{words}");
    assert!(
        words.contains("browser.webdriver_url") && words.contains("127.0.0.1"),
        "{words}"
    );
    lister.close().await;
    assert_eq!(FileJournal::open_sessions(&journal).len(), 1);
}
