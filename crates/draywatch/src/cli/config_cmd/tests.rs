//! Tests of `draywatch config`.

use std::path::Path;

use super::*;
use crate::config::{Config, Overrides};

/// Exit status, standard output and standard error of a command.
struct Ran {
    status: u8,
    out: String,
    err: String,
}

/// Runs a command with the configuration that these variables give.
fn ran(command: &ConfigCommand, global: &GlobalArgs, variables: &[(&str, &str)]) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let load = || Config::load(global.config.as_deref(), variables, &Overrides::none());
    let status = run(command, global, load, &mut out, &mut err).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        status,
        out: text(out),
        err: text(err),
    }
}

fn json() -> GlobalArgs {
    GlobalArgs {
        json: true,
        ..GlobalArgs::default()
    }
}

fn init(path: &Path, force: bool) -> Ran {
    let path = Some(path.to_owned());
    ran(
        &ConfigCommand::Init { force, path },
        &GlobalArgs::default(),
        &[],
    )
}

#[test]
fn show_prints_toml_with_sources() {
    let shown = ran(
        &ConfigCommand::Show,
        &GlobalArgs::default(),
        &[(
            "DRAYWATCH_BROWSER__WEBDRIVER_URL",
            "http://u:secret@grid:4444",
        )],
    );
    assert_eq!((shown.status, shown.err.as_str()), (0, ""));
    assert!(
        shown.out.contains("http://u:***@grid:4444/"),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains("secret"));
    assert!(
        shown
            .out
            .parse::<toml::Table>()
            .unwrap()
            .contains_key("portal")
    );
}

#[test]
fn show_prints_json_with_sources() {
    let shown = ran(&ConfigCommand::Show, &json(), &[("DRAYWATCH_TIMEOUT", "9")]);
    let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["timeout"]["value"], 9);
    assert_eq!(
        shown["timeout"]["source"],
        "environment variable DRAYWATCH_TIMEOUT"
    );
    assert_eq!(shown["portal.contact"]["value"], serde_json::Value::Null);
    assert_eq!(shown["portal.image_time"]["source"], "default");
}

#[test]
fn check_says_ok_or_every_problem() {
    let fine = ran(&ConfigCommand::Check, &GlobalArgs::default(), &[]);
    assert!(
        fine.status == 0 && fine.out.starts_with("ok"),
        "{}",
        fine.out
    );
    let wrong = [("DRAYWATCH_TIMEOUT", "x"), ("DRAYWATCH_BATCH_SIZE", "0")];
    let told = ran(&ConfigCommand::Check, &GlobalArgs::default(), &wrong);
    assert_eq!((told.status, told.out.as_str()), (2, ""));
    assert!(told.err.contains("DRAYWATCH_TIMEOUT") && told.err.contains("DRAYWATCH_BATCH_SIZE"));
    let told = ran(&ConfigCommand::Check, &json(), &wrong);
    assert_eq!(told.status, 2);
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["problems"].as_array().unwrap().len(), 2);
    assert_eq!(told["ok"], false);
    let told = ran(&ConfigCommand::Show, &GlobalArgs::default(), &wrong);
    assert_eq!((told.status, told.out.as_str()), (2, ""));
}

#[test]
fn init_writes_a_file_that_is_read_as_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let wrote = init(&path, false);
    assert_eq!(wrote.status, 0, "{}", wrote.err);
    let loaded = Config::load(Some(&path), [], &Overrides::none()).unwrap();
    assert_eq!(loaded.config, Config::default());
}

#[test]
fn init_replaces_nothing_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    std::fs::write(&path, "timeout = 5\n").unwrap();
    let refused = init(&path, false);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "timeout = 5\n");
    assert_eq!(init(&path, true).status, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), example());
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

#[test]
fn init_writes_where_config_points_and_says_when_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let global = GlobalArgs {
        config: Some(folder.path().join("named.toml")),
        ..GlobalArgs::default()
    };
    let command = ConfigCommand::Init {
        force: false,
        path: None,
    };
    assert_eq!(ran(&command, &global, &[]).status, 0);
    assert!(folder.path().join("named.toml").exists());
    for force in [false, true] {
        let failed = init(&folder.path().join("absent/x.toml"), force);
        assert_eq!(failed.status, 1);
        assert!(failed.err.contains("absent/x.toml"), "{}", failed.err);
    }
}
