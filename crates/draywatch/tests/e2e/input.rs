//! Bad input to `fetch` and `backfill`: the message names it, the status is right, and nothing is lost.

use crate::harness::{World, hourly};
use crate::run::Run;
use crate::store;

/// A world in which three frames are stored, and the list of others.
pub async fn settled(name: &'static str) -> (World, String) {
    let world = World::new(name, hourly()).await;
    let (_, list) = world.some("in_gate", 6).await;
    let first: String = list
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    world.frames(&first, &[]).await.expect(0);
    world.portal.reset_stats();
    (
        world,
        list.lines()
            .skip(3)
            .map(|line| format!("{line}\n"))
            .collect(),
    )
}

/// Runs a command that must be refused, and checks that no file changed and nobody was asked.
async fn refused(world: &World, args: &[&str], input: &str, status: i32, words: &[&str]) -> Run {
    let before = store::files(world.home.path());
    let run = world.home.run(args, input).await;
    run.expect(status).says(words);
    assert!(
        run.reports.is_empty() && !run.stderr.is_empty(),
        "{}",
        run.words()
    );
    assert_eq!(
        store::files(world.home.path()),
        before,
        "{args:?} changed files"
    );
    assert_eq!(
        (
            world.portal.stats().cdn.requests,
            world.portal.stats().page.page_loads
        ),
        (0, 0),
        "{args:?}"
    );
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_dates_cameras_and_options_are_named() {
    let (world, _) = settled("input: dates, cameras, options").await;
    let future = "2999-01-01";
    let cases: [(&[&str], &[&str]); 12] = [
        (
            &["fetch", "--date", "2025-02-30"],
            &["2025-02-30", "no such day"],
        ),
        (
            &["fetch", "--date", "tomorrow"],
            &["tomorrow", "YYYY-MM-DD"],
        ),
        (&["fetch", "--date", future], &[future, "future"]),
        (
            &["fetch", "--camera", "north_gate"],
            &["north_gate", "in_gate"],
        ),
        (&["fetch", "--camera", "../etc"], &["../etc"]),
        (&["fetch", "--frames-from", "-"], &["--camera"]),
        (
            &[
                "fetch",
                "--camera",
                "in_gate",
                "--frames-from",
                "-",
                "--date",
                "today",
            ],
            &["--date", "--frames-from"],
        ),
        (
            &["backfill", "--from", "2025-01-02", "--to", "2025-01-01"],
            &["2025-01-02", "2025-01-01", "after"],
        ),
        (
            &["backfill", "--from", "2025-01-02", "--to", future],
            &[future, "future"],
        ),
        (&["backfill", "--from", "2025-01-02"], &["--to"]),
        (&["fetch", "--timeout", "0"], &["timeout"]),
        (&["fetch", "--config", "nowhere.toml"], &["nowhere.toml"]),
    ];
    for (args, words) in cases {
        refused(&world, args, "", 2, words).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_frames_that_cannot_be_used_are_named_line_by_line() {
    let (world, good) = settled("input: lists of frames").await;
    let given = ["fetch", "--camera", "in_gate", "--frames-from"];
    let with = |name| [&given[..], &[name]].concat();
    let home = world.home.path();
    std::fs::write(
        home.join("bad.txt"),
        format!(
            "{good}yesterday at noon\n2025-09-07T25:00:00\n# fine\nhttps://cdn.example/logo.png\n"
        ),
    )
    .expect("written");
    refused(
        &world,
        &with("bad.txt"),
        "",
        2,
        &[
            "bad.txt:4",
            "yesterday at noon",
            "bad.txt:5",
            "bad.txt:7",
            "logo.png",
        ],
    )
    .await;
    let other = good.replace("in_gate", "out_gate");
    refused(
        &world,
        &with("-"),
        &other,
        2,
        &["standard input:1", "standard input:3", "out_gate"],
    )
    .await;
    refused(&world, &with("nowhere.txt"), "", 2, &["nowhere.txt"]).await;
    refused(&world, &with("data"), "", 2, &["data", "directory"]).await;
    std::fs::write(
        home.join("garbage.bin"),
        (0..=255).cycle().take(5000).collect::<Vec<u8>>(),
    )
    .expect("written");
    refused(
        &world,
        &with("garbage.bin"),
        "",
        2,
        &["garbage.bin", "not text"],
    )
    .await;
    refused(
        &world,
        &with("-"),
        "\u{0}\u{1}\u{2}\n",
        2,
        &["standard input:1"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_cannot_be_used_are_named() {
    let (mut world, good) = settled("input: settings").await;
    let given = ["fetch", "--camera", "in_gate", "--frames-from", "-"];
    let cases = [
        ("DATABASE_URL", "sqlite:///data", &["data", "folder"][..]),
        (
            "DATABASE_URL",
            "sqlite://data/database.db",
            &["two slashes"],
        ),
        ("DATABASE_URL", "oracle://x", &["oracle"]),
        ("PORTAL__PAGE_URL", "not an address", &["page_url"]),
        (
            "PORTAL__TIME_ZONE",
            "Mars/Olympus",
            &["time_zone", "Mars/Olympus"],
        ),
        (
            "CONCURRENT_DOWNLOADS",
            "many",
            &["concurrent_downloads", "many"],
        ),
        ("BATCH_SIZE", "1001", &["batch_size", "1000"]),
        (
            "DOWNLOD_DIR",
            "x",
            &["DRAYWATCH_DOWNLOD_DIR", "DRAYWATCH_DOWNLOAD_DIR"],
        ),
    ];
    for (name, value, words) in cases {
        let before = world.portal.page_url();
        world.home.set(name, value);
        refused(&world, &given, &good, 2, words).await;
        world.home.unset(name);
        world.home.set("PORTAL__PAGE_URL", &before);
    }
    // Times need the zone of addresses, which nothing has told yet.
    world.home.set("PORTAL__IMAGE_TIME", "auto");
    let run = world.frames("2025-09-07T10:17:34\n", &[]).await;
    run.expect(2).says(&["image_time"]);
    assert_eq!(world.portal.stats().cdn.requests, 0);
}
