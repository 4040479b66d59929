//! An export that is killed or stopped goes on, and becomes what it would have become.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use crate::reads::{RANGE, export, home};
use crate::support::*;

fn words<'a>(format: &'a str, output: &'a str) -> Vec<&'a str> {
    let shards = ["--shard-size", "1"];
    let shards = if format == "webdataset" {
        &shards[..]
    } else {
        &[]
    };
    [
        &["export"],
        &RANGE[..],
        &["--camera", "in_gate", "--format", format],
        shards,
        &[output],
    ]
    .concat()
}

fn whole(home: &Home, output: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let path = home.at(output);
    if path.is_file() {
        return vec![(PathBuf::new(), std::fs::read(path).unwrap())];
    }
    let files = snapshot(&path).into_iter();
    files
        .map(|(file, bytes)| (file.strip_prefix(&path).unwrap().to_owned(), bytes))
        .collect()
}

/// Killed by SIGKILL at the n-th time that it comes by a point, again and again, further on each time.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_killed_export_goes_on_and_never_has_its_name_before_the_end() {
    let home = home(20).await;
    for (format, point) in [
        ("csv", "export-written"),
        ("parquet", "export-saved"),
        ("jsonl", "export-whole"),
        ("webdataset", "export-written"),
        ("webdataset", "export-saved"),
        ("webdataset", "export-whole"),
    ] {
        let (straight, cut) = (
            format!("straight-{format}-{point}"),
            format!("cut-{format}-{point}"),
        );
        assert_eq!(home.run(&words(format, &straight)).status, 0);
        for nth in [1, 2, 5] {
            let mut command = home.command(&words(format, &cut));
            let killed = command
                .env("DRAYWATCH_TEST_CRASH_AT", format!("{point}:{nth}"))
                .output()
                .unwrap();
            if killed.status.signal() == Some(9) {
                assert!(!home.at(&cut).exists(), "{cut}");
                assert!(home.at(&format!("{cut}.part")).exists(), "{cut}");
            } else {
                break;
            }
        }
        if !home.at(&cut).exists() {
            let done = home.run(&words(format, &cut));
            assert_eq!(done.status, 0, "{done:?}");
        }
        assert!(whole(&home, &cut) == whole(&home, &straight), "{cut}");
        assert!(!home.at(&format!("{cut}.part")).exists());
    }
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn to_go_on_with_another_question_is_refused() {
    let home = home(20).await;
    let mut command = home.command(&words("csv", "out.csv"));
    let killed = command
        .env("DRAYWATCH_TEST_CRASH_AT", "export-saved:1")
        .output()
        .unwrap();
    assert_eq!(killed.status.signal(), Some(9));
    let done = export(&home, &["--processed", "true"], "out.csv");
    assert_eq!(done.status, 2, "{done:?}");
    assert!(
        done.err
            .contains("another question (processed was null, is true)"),
        "{done:?}"
    );
    assert_eq!(home.run(&words("csv", "out.csv")).status, 0);
}
