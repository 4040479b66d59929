//! The benchmark in small: the parts that take seconds and no other programs than curl and the browser do their work and tell their figures. What the
//! figures are is not looked at, since these machines are noisy and the programs are not optimised.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs a part of it in a folder; what it wrote as JSON, if it was asked to, and what it said.
fn bench(folder: &Path, arguments: &[&str]) -> (Value, String) {
    let json = folder.join("found.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_draywatch-bench"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DRAYWATCH_") {
            command.env_remove(name);
        }
    }
    let done = command
        .args(arguments)
        .arg("--json")
        .arg(&json)
        .current_dir(folder)
        .output()
        .expect("it starts");
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    assert!(done.status.success(), "{arguments:?}: {said}");
    let found = std::fs::read_to_string(&json).unwrap_or_else(|_| "null".to_owned());
    (serde_json::from_str(&found).expect("JSON"), said)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Every number at the end of a path, where `*` is every element of a list; each must be there and more than nothing.
#[track_caller]
fn assert_measured(found: &Value, path: &[&str]) {
    match path {
        [] => assert!(found.as_f64().is_some_and(|number| number > 0.0), "{found}"),
        ["*", rest @ ..] => {
            let list = found.as_array().expect("a list");
            assert!(!list.is_empty());
            for item in list {
                assert_measured(item, rest);
            }
        }
        [name, rest @ ..] => assert_measured(&found[*name], rest),
    }
}

#[test]
fn a_quick_round_measures_all_that_is_promised() {
    let folder = folder();
    let (found, said) = bench(folder.path(), &["--quick"]);
    assert_measured(&found, &["frames"]);
    assert_measured(&found, &["cores"]);
    assert!(found["verification"].is_object() && found["listing"].is_object());
    assert!(
        found["days"].is_object() && said.contains("five days"),
        "{found}"
    );
    assert_eq!(
        found["contest"].as_array().map(Vec::len),
        Some(2),
        "{found}"
    );
    assert!(!found["targets"].as_array().expect("targets").is_empty());
}

#[test]
fn a_large_database_in_small() {
    let folder = folder();
    let arguments = ["big", "--images", "3000", "--cameras", "3", "--rounds", "2"];
    let (found, said) = bench(folder.path(), &arguments);
    assert_eq!(
        (&found["images"], &found["cameras"]),
        (&3000.into(), &3.into())
    );
    assert_measured(&found, &["bytes"]);
    assert!(
        found["commands"]
            .as_array()
            .is_some_and(|list| list.len() > 3),
        "{found}"
    );
    assert!(said.contains("status") && said.contains("gaps"), "{said}");
}

#[test]
fn an_export_in_small() {
    let folder = folder();
    let at = folder.path().to_str().expect("a path");
    let arguments = ["export", "--images", "30", "--rounds", "1", "--at", at];
    let (found, _) = bench(folder.path(), &arguments);
    assert_eq!(found["images"], 30);
    for name in ["bytes", "export", "copy", "of_copy"] {
        assert_measured(&found, &[name]);
    }
}
