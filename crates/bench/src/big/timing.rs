//! A command carried out again and again. Must not know what it does.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// How long a command took, in milliseconds from its start to its exit.
#[derive(Debug, Serialize)]
pub struct Times {
    /// Its words.
    pub command: String,
    /// The median.
    pub p50_ms: f64,
    /// What one in a hundred exceeds.
    pub p99_ms: f64,
    /// The longest.
    pub most_ms: f64,
}

/// Carries a command out in that folder, once unmeasured and then `rounds` times.
pub fn measure(program: &Path, folder: &Path, words: &str, rounds: usize) -> Result<Times> {
    let mut times = Vec::with_capacity(rounds);
    for nth in 0..=rounds {
        let mut command = Command::new(program);
        command
            .args(words.split(' '))
            .arg("--json")
            .current_dir(folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DRAYWATCH_") {
                command.env_remove(&name);
            }
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let begun = Instant::now();
        let done = command
            .spawn()
            .context("draywatch cannot be started")?
            .wait_with_output()?;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        // 1 says that something is missing, which is so here.
        if !matches!(done.status.code(), Some(0 | 1)) || !done.stderr.is_empty() {
            bail!(
                "draywatch {words} ended with {}: {}",
                done.status,
                String::from_utf8_lossy(&done.stderr)
            );
        }
        if nth > 0 {
            times.push(took);
        }
    }
    times.sort_by(f64::total_cmp);
    let rank =
        |percent: usize| times[(times.len() * percent).div_ceil(100).clamp(1, times.len()) - 1];
    Ok(Times {
        command: words.to_owned(),
        p50_ms: rank(50),
        p99_ms: rank(99),
        most_ms: rank(100),
    })
}
