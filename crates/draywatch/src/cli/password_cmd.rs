//! `draywatch password`: the hash of a password for the settings. Must not keep or log a password.

use std::io::{BufRead, IsTerminal, Write};

use draywatch_core::Kind;
use draywatch_web::access::hash_password;

use super::context::{CliError, Status};

/// The shortest password.
const SHORTEST: usize = 8;

/// Asks for a password and prints its hash.
///
/// # Errors
/// When none can be read, it is too short, or it was not written the same way twice.
pub fn run() -> Result<Status, CliError> {
    let password = read()?;
    if password.chars().count() < SHORTEST {
        let words = format!("the password must have at least {SHORTEST} characters");
        return Err(CliError::new(Kind::Configuration, words));
    }
    let hash = hash_password(&password);
    let hash = hash.map_err(|error| {
        CliError::new(
            Kind::Bug,
            format!("the password could not be hashed: {error}"),
        )
    })?;
    let printed = writeln!(std::io::stdout(), "{hash}");
    printed
        .map(|()| Status::AllWell)
        .map_err(|error| CliError::failed(&error))
}

fn read() -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.map_err(|error| CliError::failed(&error))?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let ask = |words| rpassword::prompt_password(words).map_err(|error| CliError::failed(&error));
    let (first, second) = (ask("Password: ")?, ask("The same again: ")?);
    if first == second {
        Ok(first)
    } else {
        Err(CliError::new(
            Kind::Configuration,
            "these were two different passwords: run it again",
        ))
    }
}
