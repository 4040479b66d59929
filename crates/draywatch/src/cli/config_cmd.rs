//! `draywatch config`: show, check or write the configuration.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{ConfigCommand, GlobalArgs};
use crate::config::{ConfigError, DEFAULT_FILE, Loaded, example};

/// Exit status: something failed.
const FAILED: u8 = 1;
/// Exit status: usage or configuration.
const WRONG: u8 = 2;

/// Carries out `config ...` and tells the exit status. `load` reads the configuration; `init` does without.
///
/// # Errors
/// When `out` or `err` cannot be written to.
pub fn run(
    command: &ConfigCommand,
    global: &GlobalArgs,
    load: impl FnOnce() -> Result<Loaded, ConfigError>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    match command {
        ConfigCommand::Show => show(global, load(), out, err),
        ConfigCommand::Check => check(global, load().and_then(Loaded::fit_for_service), out, err),
        ConfigCommand::Init { force, path } => {
            let path = path.as_ref().or(global.config.as_ref());
            let path = path.map_or(Path::new(DEFAULT_FILE), PathBuf::as_path);
            init(path, *force, global, out, err)
        }
    }
}

/// `config show`.
fn show(
    global: &GlobalArgs,
    loaded: Result<Loaded, ConfigError>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    match loaded {
        Ok(loaded) if global.json => writeln!(out, "{:#}", loaded.to_json()).map(|()| 0),
        Ok(loaded) => write!(out, "{}", loaded.to_toml()).map(|()| 0),
        Err(error) => writeln!(err, "{error}").map(|()| WRONG),
    }
}

/// `config check`.
fn check(
    global: &GlobalArgs,
    loaded: Result<Loaded, ConfigError>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    let status = if loaded.is_ok() { 0 } else { WRONG };
    match loaded {
        loaded if global.json => writeln!(out, "{:#}", report(&loaded))?,
        Ok(_) if global.quiet => {}
        Ok(loaded) => writeln!(out, "ok (configuration file: {})", loaded.file_in_words())?,
        Err(error) => writeln!(err, "{error}")?,
    }
    Ok(status)
}

/// What `config check --json` prints.
fn report(loaded: &Result<Loaded, ConfigError>) -> serde_json::Value {
    match loaded {
        Ok(loaded) => json!({ "ok": true, "file": loaded.file, "problems": [] }),
        Err(error) => {
            let problems = error.problems().iter().map(|problem| {
                json!({
                    "place": problem.place.to_string(),
                    "setting": problem.setting,
                    "value": problem.value,
                    "message": problem.message,
                })
            });
            json!({ "ok": false, "file": null, "problems": problems.collect::<Vec<_>>() })
        }
    }
}

/// `config init`.
fn init(
    path: &Path,
    force: bool,
    global: &GlobalArgs,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    let shown = path.display();
    match write_file(path, force) {
        Ok(()) if global.json => writeln!(out, "{:#}", json!({ "written": path })).map(|()| 0),
        Ok(()) if global.quiet => Ok(0),
        Ok(()) => writeln!(out, "wrote {shown}; `draywatch config check` reads it").map(|()| 0),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            writeln!(err, "{shown} is there already; --force replaces it").map(|()| WRONG)
        }
        Err(error) => {
            let what = "see that the folder is there and can be written to";
            writeln!(err, "cannot write {shown}: {error}; {what}").map(|()| FAILED)
        }
    }
}

/// Writes the example file. A file that is there is replaced as a whole or not at all.
fn write_file(path: &Path, force: bool) -> io::Result<()> {
    let create = |path: &Path| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(example().as_bytes())?;
        file.sync_all()
    };
    if !force {
        return create(path);
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{}.tmp", std::process::id()));
    let aside = PathBuf::from(aside);
    create(&aside)
        .and_then(|()| fs::rename(&aside, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&aside);
        })
}

#[cfg(test)]
mod tests;
