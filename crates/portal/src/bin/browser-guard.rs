//! The guard as a program of its own, for the tests of this crate; draywatch is its own guard.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    draywatch_portal::guard::run_if_asked(&arguments).unwrap_or(ExitCode::from(2))
}
