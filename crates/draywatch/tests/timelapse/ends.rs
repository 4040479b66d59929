//! What is wrong is said, and nothing is left behind.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::*;
use crate::videos::{home, timelapse, words};

/// Nothing of a video, whole or in part.
fn assert_nothing_is_left(home: &Home) {
    for entry in std::fs::read_dir(home.at("")).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        assert!(
            !matches!(ending, Some("part" | "mp4")),
            "{}",
            path.display()
        );
    }
}

/// A program of the name ffmpeg in a folder of its own.
fn stand_in(home: &Home, script: &str) {
    home.write("bin/ffmpeg", script.as_bytes());
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(home.at("bin/ffmpeg"), mode).unwrap();
}

/// A camera that was taken out of the settings was no camera any more, though its pictures were still there.
#[tokio::test]
async fn a_camera_that_is_not_collected_any_more_is_played() {
    let home = home(3).await;
    let day = "2025-09-07";
    let words = [
        "timelapse",
        "--camera",
        "in_gate",
        "--from",
        day,
        "--to",
        day,
        "--output",
        "day.mp4",
    ];
    let mut command = home.command(&words);
    command.env("DRAYWATCH_STREAM_NAMES", "yard");
    let done = Done::from(command.output().unwrap());
    assert_eq!(done.status, 0, "{done:?}");
    assert!(home.at("day.mp4").exists());
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_status_2() {
    let home = home(2).await;
    for (more, output, told) in [
        (&[][..], "day.avi", ".mp4 or .webm"),
        (&["--fps", "61"], "day.mp4", "1..=60"),
        (&["--fps", "0"], "day.mp4", "1..=60"),
        (
            &["--keep-pace", "--skip-nights"],
            "day.mp4",
            "cannot be used with",
        ),
    ] {
        let done = timelapse(&home, more, output);
        assert_eq!(done.status, 2, "{done:?}");
        assert!(done.err.contains(told), "{done:?}");
    }
    for (camera, from, to, told) in [
        ("in_gate", "2025-09-08", "2025-09-07", "is after"),
        ("in_gate", "2025-02-30", "2025-03-01", "no such day"),
        ("nowhere", "2025-09-07", "2025-09-07", "nowhere"),
    ] {
        let words = [
            "timelapse",
            "--camera",
            camera,
            "--from",
            from,
            "--to",
            to,
            "--output",
            "day.mp4",
        ];
        let done = home.run(&words);
        assert_eq!(done.status, 2, "{done:?}");
        assert!(done.err.contains(told), "{done:?}");
    }
    assert_nothing_is_left(&home);
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_by_force_only() {
    let home = home(2).await;
    std::fs::write(home.at("day.mp4"), "mine").unwrap();
    let done = timelapse(&home, &[], "day.mp4");
    assert!(done.status == 2 && done.err.contains("--force"), "{done:?}");
    assert_eq!(std::fs::read(home.at("day.mp4")).unwrap(), b"mine");
    assert_eq!(timelapse(&home, &["--force"], "day.mp4").status, 0);
    assert_ne!(std::fs::read(home.at("day.mp4")).unwrap(), b"mine");
}

#[tokio::test]
async fn a_missing_or_failing_ffmpeg_is_told() {
    let home = home(2).await;
    std::fs::create_dir(home.at("bin")).unwrap();
    let run = || -> Done {
        let mut command = home.command(&words(&[], "day.mp4"));
        command.env("PATH", home.at("bin")).output().unwrap().into()
    };
    let done = run();
    assert!(
        done.status == 2 && done.err.contains("apt install ffmpeg"),
        "{done:?}"
    );
    stand_in(&home, "#!/bin/sh\necho 'no such codec' >&2\nexit 3\n");
    let done = run();
    assert!(
        done.status == 1 && done.err.contains("no such codec") && done.err.contains('3'),
        "{done:?}"
    );
    let empty = ["--from", "2025-09-01", "--to", "2025-09-02"];
    let words = ["timelapse", "--camera", "in_gate", "--output", "day.mp4"];
    let done = home.run(&[&words[..], &empty].concat());
    assert!(
        done.status == 1 && done.err.contains("no frame to play"),
        "{done:?}"
    );
    assert_nothing_is_left(&home);
}

#[tokio::test]
async fn stopped_it_ends_ffmpeg_and_leaves_nothing() {
    let home = home(2).await;
    stand_in(
        &home,
        "#!/bin/sh\necho $$ > pid.new\nmv pid.new pid\nexec sleep 600\n",
    );
    let mut command = home.command(&words(&[], "day.mp4"));
    let path = format!("{}:/usr/bin:/bin", home.at("bin").display());
    let mut running = command.env("PATH", path).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let wait = |what: &dyn Fn() -> bool| {
        while !what() {
            assert!(Instant::now() < deadline, "it takes too long");
            std::thread::yield_now();
        }
    };
    wait(&|| home.at("pid").exists());
    let child = std::fs::read_to_string(home.at("pid")).unwrap();
    let child = child.trim();
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(1));
    wait(&|| !Path::new("/proc").join(child).join("exe").exists());
    assert_nothing_is_left(&home);
}
