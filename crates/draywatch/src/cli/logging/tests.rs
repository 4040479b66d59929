//! Tests of the log: lines, rotation, failures.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use draywatch_core::Clock;
use serde_json::Value;

use super::rotate::RotatingFile;
use super::sink::{Lines, Sink, one_line, told_of};
use super::*;
use crate::config::{Config, Rotation};

fn settings(rotation: Rotation, max_files: u32) -> LogConfig {
    LogConfig {
        rotation,
        max_files,
        max_megabytes: 1,
        ..Config::default().log
    }
}

fn clock() -> Clock {
    Clock::manual("2025-09-07T23:00:00Z".parse().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A line of a quarter of a megabyte.
fn long(c: char) -> String {
    format!("{}\n", String::from(c).repeat(250_000 - 1))
}

#[test]
fn a_file_turns_at_its_size_and_only_so_many_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.log");
    let config = settings(Rotation::Size, 3);
    for (round, c) in ('a'..='e').enumerate() {
        // Opened anew each time: the size goes on where it was.
        for _ in 0..4 {
            let mut file = RotatingFile::open(&path, &config, clock()).unwrap();
            file.write_line(long(c).as_bytes()).unwrap();
        }
        assert_eq!(names(folder.path()).len(), (round + 1).min(3));
    }
    let first = |name: &str| {
        fs::read_to_string(folder.path().join(name))
            .unwrap()
            .chars()
            .next()
    };
    assert_eq!(names(folder.path()), ["d.log", "d.log.1", "d.log.2"]);
    assert_eq!(
        [first("d.log"), first("d.log.1"), first("d.log.2")],
        [Some('e'), Some('d'), Some('c')]
    );
    assert!(fs::metadata(&path).unwrap().len() <= 1_000_000);
    let mut file = RotatingFile::open(&path, &settings(Rotation::Size, 1), clock()).unwrap();
    file.write_line(long('f').as_bytes()).unwrap();
    assert_eq!(
        names(folder.path()),
        ["d.log"],
        "a lower number counts at the next turn"
    );
}

#[test]
fn a_file_turns_with_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.log");
    let clock = clock();
    let mut file = RotatingFile::open(&path, &settings(Rotation::Day, 5), clock.clone()).unwrap();
    for (hours, line) in [(0, "a\n"), (0, "b\n"), (2, "c\n"), (1, "d\n"), (72, "e\n")] {
        clock.advance(TimeDelta::hours(hours));
        file.write_line(line.as_bytes()).unwrap();
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(names(folder.path()), ["d.log", "d.log.1", "d.log.2"]);
    assert_eq!(
        [read("d.log"), read("d.log.1"), read("d.log.2")],
        ["e\n", "c\nd\n", "a\nb\n"]
    );
}

#[test]
fn a_folder_that_is_gone_loses_no_line_to_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("log");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("d.log");
    let mut file = RotatingFile::open(&path, &settings(Rotation::Size, 3), clock()).unwrap();
    for _ in 0..4 {
        file.write_line(long('a').as_bytes()).unwrap();
    }
    fs::write(inner.join("d.log.1"), "old").unwrap();
    fs::create_dir_all(inner.join("d.log.2/in the way")).unwrap();
    assert!(
        file.write_line(b"kept\n").is_err(),
        "no new file can be begun"
    );
    assert!(fs::read_to_string(&path).unwrap().ends_with("kept\n"));
    fs::remove_dir_all(&inner).unwrap();
    assert!(file.write_line(b"lost\n").is_err());
    fs::create_dir(&inner).unwrap();
    file.write_line(b"back\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "back\n");
    fs::rename(&path, inner.join("moved")).unwrap();
    file.write_line(b"anew\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "anew\n");
}

#[test]
fn a_full_disk_is_told_once_and_the_next_line_begins_anew() {
    /// Refuses the lines that say so.
    struct Moody;
    impl Lines for Moody {
        fn line(&mut self, line: &[u8]) -> io::Result<()> {
            match line {
                b"bad" => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(()),
            }
        }
    }
    let path = Path::new("/var/log/d.log");
    let told = told_of(Box::new(Moody), path, &["good", "bad", "bad", "bad"]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("/var/log/d.log") && told[0].contains("cannot be written"));
    let told = told_of(Box::new(Moody), path, &["bad", "bad", "good", "bad"]);
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_device_that_is_full_stops_nobody() {
    let path = Path::new("/dev/full");
    let file = RotatingFile::open(path, &settings(Rotation::Size, 3), clock()).unwrap();
    let told = told_of(Box::new(file), path, &["one\n", "two\n"]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn events_are_one_line_without_passwords() {
    for (event, line) in [
        ("a\nb\n", "a\\nb\n"),
        (
            "plain 10:00 me@example.com\n",
            "plain 10:00 me@example.com\n",
        ),
        (
            "at postgresql://u:SECRET@h/db now",
            "at postgresql://u:***@h/db now\n",
        ),
        (
            "{\"url\":\"https://h/x?token=SECRET&a=b\",\"b\":\"x@y\"}",
            "{\"url\":\"https://h/x?token=***&a=b\",\"b\":\"x@y\"}\n",
        ),
        (
            "url=http://u:SECRET@h:4444/ other=https://h/a",
            "url=http://u:***@h:4444/ other=https://h/a\n",
        ),
    ] {
        assert_eq!(one_line(event), line);
    }
}

/// Keeps lines.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<String>>);

impl Lines for Kept {
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.0
            .lock()
            .unwrap()
            .push_str(std::str::from_utf8(line).unwrap());
        Ok(())
    }
}

fn logged(format: LogFormat, write: impl FnOnce()) -> String {
    let kept = Kept::default();
    let layer = layer(format, false, Sink::of(kept.clone()));
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, write);
    kept.0.lock().unwrap().clone()
}

#[test]
fn json_has_the_fields_by_name() {
    let text = logged(LogFormat::Json, || {
        tracing::warn!(camera = "in_gate", date = %"2025-09-07", attempt = 2, url = "http://u:SECRET@h/", "it\nfailed");
        tracing::info!("done");
    });
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["level"], &lines[0]["camera"]),
        (&"WARN".into(), &"in_gate".into())
    );
    assert_eq!(
        (&lines[0]["attempt"], &lines[0]["date"]),
        (&2.into(), &"2025-09-07".into())
    );
    assert_eq!(
        (&lines[0]["message"], &lines[0]["url"]),
        (&"it\nfailed".into(), &"http://u:***@h/".into())
    );
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn text_is_one_line_for_each_event() {
    let text = logged(LogFormat::Text, || {
        tracing::warn!(camera = "in_gate", "two\nlines");
        tracing::warn!("another");
    });
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("camera=\"in_gate\""), "{text}");
}

#[test]
fn flags_override_the_level() {
    let shown = |quiet, verbose, usual| {
        let global = GlobalArgs {
            quiet,
            verbose,
            ..GlobalArgs::default()
        };
        let (filter, fixed) = level(&global, usual);
        (filter.max_level_hint().unwrap().to_string(), fixed)
    };
    assert_eq!(shown(false, 0, LogLevel::Info), ("info".to_owned(), false));
    assert_eq!(shown(false, 0, LogLevel::Warn), ("warn".to_owned(), false));
    assert_eq!(shown(true, 0, LogLevel::Info), ("error".to_owned(), true));
    assert_eq!(shown(false, 2, LogLevel::Info), ("debug".to_owned(), true));
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_of_configuration() {
    let config = LogConfig {
        file: Some("/nowhere/at/all/d.log".into()),
        ..Config::default().log
    };
    let Err(error) = set_up(&GlobalArgs::default(), &config, Purpose::Service) else {
        panic!("it was opened")
    };
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(
        error.to_string().contains("/nowhere/at/all/d.log")
            && error.to_string().contains("log.file")
    );
}
