//! Tables and shards as pandas, `DuckDB` and webdataset see them.

use std::collections::BTreeSet;

use draywatch_core::FrameId;
use serde_json::Value;

use crate::python;
use crate::support::*;

pub const RANGE: [&str; 4] = ["--from", "2025-09-07", "--to", "2025-09-07"];

/// A home with pictures of one camera every ten minutes from 10:00 UTC, two of them of one second, and one that is gone on purpose.
pub async fn home(frames: u8) -> Home {
    let home = Home::new();
    for nth in 0..frames {
        home.store(&frame(i64::from(nth) * 600), &full(nth)).await;
    }
    let twin = FrameId {
        ordinal: 2,
        ..frame(0)
    };
    home.store(&twin, &full(200)).await;
    home.sql("DELETE FROM images WHERE timestamp LIKE '2025-09-07 10:20%'")
        .await;
    home.sql("UPDATE images SET url = 'https://cdn.example/?a=\"1\",\nb', processed = 1 WHERE ordinal = 2").await;
    assert_eq!(home.run(&["verify", "--repair"]).status, 0);
    home
}

pub fn export(home: &Home, words: &[&str], output: &str) -> Done {
    home.run(
        &[
            &["export"],
            &RANGE[..],
            &["--camera", "in_gate"],
            words,
            &[output],
        ]
        .concat(),
    )
}

/// The rows of a JSON Lines export: what the others are held against.
fn lines(home: &Home, words: &[&str]) -> Vec<Value> {
    let done = export(home, &[words, &["--format", "jsonl"]].concat(), "-");
    assert_eq!(done.status, 0, "{done:?}");
    done.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn tables_are_the_same_in_every_format_and_program() {
    let home = home(12).await;
    for (table, rows) in [("images", 12), ("slots", 144), ("gaps", 3)] {
        let truth = lines(&home, &["--table", table]);
        assert_eq!(truth.len(), rows, "{table}");
        for (format, readers) in [
            ("csv", &["pandas_csv"][..]),
            ("jsonl", &["pandas_jsonl"]),
            ("parquet", &["pandas_parquet", "duckdb_parquet"]),
        ] {
            let name = format!("{table}.{format}");
            let done = export(&home, &["--table", table], &name);
            assert_eq!(done.status, 0, "{done:?}");
            for reader in readers {
                let found = python::read(reader, &[&home.at(&name)]);
                let read = found["rows"].as_array().unwrap();
                assert_eq!(read.len(), truth.len(), "{reader} {name}");
                for (read, truth) in read.iter().zip(&truth) {
                    assert_eq!(read, truth, "{reader} {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn columns_of_parquet_have_their_types() {
    let home = home(4).await;
    assert_eq!(export(&home, &[], "images.parquet").status, 0);
    let found = python::read("duckdb_parquet", &[&home.at("images.parquet")]);
    let of = |name: &str| found["types"][name].as_str().unwrap().to_owned();
    assert_eq!(of("timestamp"), "TIMESTAMP WITH TIME ZONE");
    assert_eq!(
        (of("id"), of("slot_index")),
        ("BIGINT".into(), "INTEGER".into())
    );
    assert_eq!(
        (of("is_thumbnail"), of("verdict")),
        ("BOOLEAN".into(), "VARCHAR".into())
    );
    assert_eq!(found["creator"], "draywatch");
    let found = python::read("pandas_parquet", &[&home.at("images.parquet")]);
    assert_eq!(found["types"]["timestamp"], "datetime64[us, UTC]");
}

/// More rows than a group of Parquet has, so that groups lie behind each other.
#[tokio::test]
async fn long_tables_are_read_group_by_group() {
    let home = home(4).await;
    let words = [
        "export",
        "--camera",
        "in_gate",
        "--table",
        "slots",
        "--from",
        "2025-06-01",
        "--to",
        "2025-10-01",
    ];
    assert_eq!(
        home.run(&[&words[..], &["mask.parquet"]].concat()).status,
        0
    );
    let found = python::read("duckdb_parquet", &[&home.at("mask.parquet")]);
    let rows = found["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &found["groups"]), (123 * 144, &2.into()));
    let lines = home
        .run(&[&words[..], &["--format", "jsonl", "-"]].concat())
        .out;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(*rows == lines);
}

#[tokio::test]
async fn shards_are_read_by_webdataset_and_pictures_find_their_slots() {
    let home = home(30).await;
    let words = ["--format", "webdataset", "--json"];
    let done = export(&home, &words, "set");
    assert_eq!(
        (done.status, &done.json()["rows"], &done.json()["files"]),
        (0, &30.into(), &1.into()),
        "{done:?}"
    );
    let found = python::read("webdataset", &[&home.at("set")]);
    let pictures = found["pictures"].as_array().unwrap();
    assert_eq!(pictures.len(), 30);
    assert!(
        pictures.iter().all(|picture| picture["answer"] == "stored"),
        "{found}"
    );
    let ids: BTreeSet<i64> = pictures
        .iter()
        .map(|picture| picture["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids.len(), 30);
    // The portal's day goes over a UTC midnight; what is not asked for is not told.
    let masks = found["masks"].as_object().unwrap();
    let names: Vec<&String> = masks.keys().collect();
    assert_eq!(names, ["20250907_in_gate", "20250908_in_gate"]);
    let answers = masks["20250907_in_gate"]["answers"].as_array().unwrap();
    assert_eq!((answers.len(), &answers[41]), (144, &Value::Null));
    assert_eq!(
        (&answers[42], &answers[60], &answers[62]),
        (&"not_observed".into(), &"stored".into(), &"removed".into())
    );
}

/// The usual call of trainers once ended in an error at the first mask, which was a sample without a picture.
#[tokio::test]
async fn every_sample_of_a_shard_has_a_picture_and_its_metadata() {
    let home = home(6).await;
    // A camera without a picture has masks all the same.
    let words = ["--camera", "out_gate", "--format", "webdataset"];
    assert_eq!(export(&home, &words, "set").status, 0);
    let masks = python::read("webdataset", &[&home.at("set")])["masks"].clone();
    let masks: Vec<String> = masks.as_object().unwrap().keys().cloned().collect();
    assert!(masks.contains(&"20250908_out_gate".to_owned()), "{masks:?}");
    let tuples = python::read("webdataset_tuples", &[&home.at("set")]);
    let tuples = tuples.as_array().unwrap();
    assert_eq!(tuples.len(), 6, "{tuples:?}");
    let keys: BTreeSet<&str> = tuples
        .iter()
        .map(|tuple| tuple[1].as_str().unwrap())
        .collect();
    assert_eq!(keys.len(), 6, "{tuples:?}");
    assert!(tuples.iter().all(|tuple| tuple[0].as_u64() > Some(100)));
}

#[tokio::test]
async fn standard_output_is_one_shard_of_the_same_bytes() {
    let home = home(5).await;
    assert_eq!(export(&home, &["--format", "webdataset"], "set").status, 0);
    let words = [
        "export",
        RANGE[0],
        RANGE[1],
        RANGE[2],
        RANGE[3],
        "--camera",
        "in_gate",
        "--format",
        "webdataset",
        "-",
    ];
    let out = home.command(&words).output().unwrap();
    assert!(out.status.success());
    assert!(out.stdout == std::fs::read(home.at("set/000000.tar")).unwrap());
}

#[tokio::test]
async fn rows_are_chosen_by_state() {
    let home = home(4).await;
    let count = |words: &[&str]| lines(&home, words).len();
    assert_eq!(
        (
            count(&["--processed", "true"]),
            count(&["--processed", "false"])
        ),
        (1, 3)
    );
    assert_eq!(count(&["--verdict", "frozen", "--verdict", "dark"]), 0);
    home.sql("UPDATE images SET verdict = 'dark' WHERE ordinal = 2")
        .await;
    assert_eq!(count(&["--verdict", "frozen", "--verdict", "dark"]), 1);
    home.sql("UPDATE images SET is_thumbnail = 1 WHERE ordinal = 2")
        .await;
    assert_eq!((count(&[]), count(&["--no-thumbnails"])), (4, 3));
}
