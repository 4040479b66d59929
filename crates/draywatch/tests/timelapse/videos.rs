//! What is in a video.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::*;

/// A home with pictures of one camera every ten minutes from 10:00 UTC.
pub async fn home(frames: u8) -> Home {
    let home = Home::new();
    for nth in 0..frames {
        home.store(&frame(i64::from(nth) * 600), &full(nth)).await;
    }
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    home
}

pub fn words<'a>(more: &[&'a str], output: &'a str) -> Vec<&'a str> {
    let usual = [
        "timelapse",
        "--camera",
        "in_gate",
        "--from",
        "2025-09-07",
        "--to",
        "2025-09-07",
        "--output",
        output,
    ];
    [&usual[..], more].concat()
}

pub fn timelapse(home: &Home, more: &[&str], output: &str) -> Done {
    home.run(&words(more, output))
}

/// What ffprobe says of the only stream, its frames counted one by one.
fn probe(path: &Path) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-count_frames", "-of", "json"]);
    command.args(["-show_streams", "-show_format"]).arg(path);
    let output = command.output().expect("ffprobe: run scripts/setup test");
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["streams"].as_array().unwrap().len(), 1);
    told
}

fn frames(path: &Path) -> String {
    let told = probe(path);
    told["streams"][0]["nb_read_frames"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn videos_have_their_codec_size_and_length() {
    let home = home(12).await;
    for (name, codec) in [("day.mp4", "h264"), ("day.webm", "vp9")] {
        let done = timelapse(
            &home,
            &["--fps", "6", "--width", "400", "--json"],
            &home.at(name).display().to_string(),
        );
        assert_eq!(done.status, 0, "{done:?}");
        assert_eq!(done.json()["frames"], 12);
        let told = probe(&home.at(name));
        let stream = &told["streams"][0];
        assert_eq!(
            (
                &stream["codec_name"],
                &stream["width"],
                &stream["height"],
                &stream["pix_fmt"]
            ),
            (&codec.into(), &400.into(), &20.into(), &"yuv420p".into())
        );
        assert_eq!(stream["nb_read_frames"], "12");
        let seconds: f64 = told["format"]["duration"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1.9..2.1).contains(&seconds), "{told}");
    }
}

#[tokio::test]
async fn frames_are_passed_over_held_and_fitted() {
    let home = home(8).await;
    home.sql("UPDATE images SET verdict = 'dark' WHERE timestamp LIKE '2025-09-07 10:10%'")
        .await;
    home.sql("UPDATE images SET verdict = 'frozen' WHERE timestamp LIKE '2025-09-07 10:20%'")
        .await;
    for (name, more, count) in [
        ("usual.mp4", &[][..], "7"),
        ("days.mp4", &["--skip-nights"], "6"),
        ("all.mp4", &["--all"], "8"),
        ("one.mp4", &["--skip", "dark"], "7"),
        ("pace.mp4", &["--keep-pace"], "8"),
    ] {
        let done = timelapse(&home, more, name);
        assert_eq!(done.status, 0, "{done:?}");
        assert_eq!(frames(&home.at(name)), count, "{name} {done:?}");
    }
    home.store(&frame(8 * 600), &jpeg(1200, 7)).await;
    let done = timelapse(&home, &["--all"], "sizes.mp4");
    assert_eq!(done.status, 0, "{done:?}");
    let told = probe(&home.at("sizes.mp4"));
    assert_eq!(
        (
            &told["streams"][0]["width"],
            &told["streams"][0]["nb_read_frames"]
        ),
        (&800.into(), &"9".into())
    );
}

#[tokio::test]
async fn a_day_is_from_six_to_twenty_where_the_portal_is() {
    // From 3:00 there, every ten minutes, to 6:40.
    let home = home(23).await;
    let done = timelapse(&home, &["--by-day"], "day.mp4");
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(frames(&home.at("day.mp4")), "5", "{done:?}");
}

#[tokio::test]
async fn pictures_that_are_gone_or_damaged_are_left_out_and_named() {
    let home = home(6).await;
    std::fs::remove_file(home.at(&path(&frame(0)))).unwrap();
    let whole = std::fs::read(home.at(&path(&frame(1800)))).unwrap();
    std::fs::write(home.at(&path(&frame(1800))), &whole[..whole.len() / 2]).unwrap();
    let done = timelapse(&home, &[], "day.mp4");
    assert_eq!(done.status, 1, "{done:?}");
    assert_eq!(done.err.matches("was left out").count(), 2, "{done:?}");
    assert_eq!(frames(&home.at("day.mp4")), "4");
}
