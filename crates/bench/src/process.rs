//! One process from start to end, measured from outside: time, processor time, peak memory. Must not know what it does.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// How often memory is looked at. The kernel keeps the peak, so only what comes in the last moment is missed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a process came to.
pub struct Finished {
    /// From start to end.
    pub seconds: f64,
    /// Processor time, of children that it waited for as well.
    pub cpu_seconds: f64,
    /// The most memory that it itself had, in KiB.
    pub peak_kib: u64,
    /// What it printed.
    pub stdout: String,
}

/// Runs a command to its end; it is killed if that takes longer than `limit`, or if the benchmark is stopped.
pub async fn run(mut command: Command, limit: Duration) -> Result<Finished> {
    command
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let before = cpu_of_children()?;
    let begun = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let pid = child.id().unwrap_or(0);
    let mut ended = std::pin::pin!(tokio::time::timeout(limit, child.wait_with_output()));
    let mut peak_kib = 0;
    let output = loop {
        tokio::select! {
            output = &mut ended => break output,
            () = tokio::time::sleep(LOOK_EVERY) => peak_kib = peak_kib.max(peak_of(pid).unwrap_or(0)),
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    let output = output
        .with_context(|| format!("{name} took more than {} s", limit.as_secs()))?
        .with_context(|| format!("{name} was lost"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}: {}", output.status, said.trim());
    }
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Finished {
        seconds,
        cpu_seconds: cpu_of_children()? - before,
        peak_kib,
        stdout,
    })
}

/// The most memory that a process has had, in KiB (`VmHWM`).
pub fn peak_of(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Processor time of all children of this process that have ended.
fn cpu_of_children() -> Result<f64> {
    cpu("self", 13).context("/proc/self/stat cannot be read")
}

/// Processor time of a living process.
pub fn cpu_of(pid: u32) -> f64 {
    cpu(&pid.to_string(), 11).unwrap_or(0.0)
}

/// Seconds from two neighbouring fields of `stat`, counted from the one after the name.
fn cpu(pid: &str, field: usize) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    let sum = f64::from(ticks(field)?) + f64::from(ticks(field + 1)?);
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    Some(sum / f64::from(per_second))
}
