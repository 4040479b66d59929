//! Our own process is killed, at any moment and in any company.

use std::time::Duration;

use rustix::process::Signal;

use super::drill::{GONE, Room, is_full, is_guard, kill, portal, wait_for};
use super::helper::{Helper, Order};

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victims {
    Ourselves,
    Group,
    /// Ourselves and the guard: only the parent-death signals are left, and the folder waits for the next start.
    WithGuard,
}

/// When: the browser's start takes 1 to 3 s, the listing follows.
const MOMENTS: [u64; 10] = [20, 100, 300, 500, 700, 1000, 1500, 2200, 3000, 4500];

#[tokio::test(flavor = "multi_thread")]
async fn killed_alone_nothing_is_left() {
    drill(Victims::Ourselves, if is_full() { 50 } else { 10 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_the_group_nothing_is_left() {
    drill(Victims::Group, if is_full() { 20 } else { 4 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_the_guard_only_a_folder_is_left_for_the_next_start() {
    drill(Victims::WithGuard, if is_full() { 30 } else { 6 }).await;
}

async fn drill(victims: Victims, times: usize) {
    let portal = portal().await;
    let page = portal.page_url();
    tokio::task::spawn_blocking(move || {
        let mut slowest = Duration::ZERO;
        for number in 0..times {
            // Spread over all moments however few times there are, and never quite the same in the next round.
            let moment = MOMENTS[number * MOMENTS.len() / times.min(MOMENTS.len()) % MOMENTS.len()];
            let moment = Duration::from_millis(moment + 37 * (number / MOMENTS.len()) as u64);
            slowest = slowest.max(once(victims, &page, moment));
        }
        println!("{victims:?}: {times} times, gone after at most {slowest:?}");
    })
    .await
    .unwrap();
}

/// Kills a helper `moment` after its start; how long the rest took to be gone.
fn once(victims: Victims, page: &str, moment: Duration) -> Duration {
    let room = Room::new();
    let mut helper = Helper::start(
        &room,
        &Order {
            page,
            ..Order::default()
        },
    );
    // The moment is what is being tried; nothing is expected to have happened by then.
    std::thread::sleep(moment);
    let what = format!("{victims:?} after {moment:?}");
    match victims {
        Victims::Ourselves => helper.kill(),
        Victims::Group => helper.kill_group(),
        Victims::WithGuard => {
            let Some(guard) = room.find(is_guard) else {
                // There is none yet. One that is just being born finds nobody, and leaves nothing.
                helper.kill();
                return room.assert_empty(&what);
            };
            kill(guard.pid, Signal::KILL);
            helper.kill();
            let took = room.assert_no_process(&what);
            sweep(&room);
            assert!(room.folders().is_empty(), "{what}: {:?}", room.folders());
            return took;
        }
    }
    room.assert_empty(&what)
}

fn sweep(room: &Room) -> String {
    let mut sweeper = Helper::start(
        room,
        &Order {
            page: "sweep",
            ..Order::default()
        },
    );
    let swept = sweeper.hear();
    sweeper.wait();
    swept
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_spares_the_living() {
    let portal = portal().await;
    let page = portal.page_url();
    tokio::task::spawn_blocking(move || {
        let room = Room::new();
        let order = Order {
            page: &page,
            ..Order::default()
        };
        let mut dead = Helper::start(&room, &order);
        assert!(dead.hear().starts_with("listed"));
        let guard = room.find(is_guard).unwrap();
        let mut alive = Helper::start(&room, &order);
        assert!(alive.hear().starts_with("listed"));
        kill(guard.pid, Signal::KILL);
        dead.kill();
        // A signal is sent before it is obeyed.
        let is_dead = || {
            room.processes()
                .iter()
                .all(|process| process.pid != guard.pid)
        };
        wait_for("end of the guard", GONE, || is_dead().then_some(()));
        assert_eq!(room.folders().len(), 2);
        assert_eq!(sweep(&room), "swept 1");
        assert_eq!(room.folders().len(), 1);
        assert!(alive.hear().starts_with("listed"));
        alive.kill();
        room.assert_empty("the living one, killed at last");
    })
    .await
    .unwrap();
}

/// A guard that hangs cannot clean up; whoever starts next ends what it kept once it is dead.
#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_ends_what_escaped() {
    let room = Room::new();
    let profile = room.temporary().join("draywatch-browser-4194999-abcd");
    std::fs::create_dir(&profile).unwrap();
    let mut escaped = std::process::Command::new("sleep");
    let mut escaped = escaped
        .arg("600")
        .env("XDG_CONFIG_HOME", profile.join("config"))
        .spawn()
        .unwrap();
    tokio::task::spawn_blocking(move || {
        assert_eq!(sweep(&room), "swept 1");
        let end = wait_for("end of it", Duration::from_secs(5), || {
            escaped.try_wait().unwrap()
        });
        assert!(!end.success());
        room.assert_empty("after the sweep");
    })
    .await
    .unwrap();
}
