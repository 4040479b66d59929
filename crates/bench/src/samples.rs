//! What a service uses at a moment, read from outside: browsers, files, memory. Must not judge.

use std::fs;
use std::path::Path;

use crate::stats::median;

/// A moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Collections that were done by then.
    pub collections: usize,
    /// Browsers.
    pub browsers: usize,
    /// Processes of browsers, drivers and guards.
    pub processes: usize,
    /// Open file descriptors of the service.
    pub files: usize,
    /// Threads of the service.
    pub threads: usize,
    /// Resident memory of the service, in KiB.
    pub memory_kib: usize,
}

/// Looks at a service and at all that uses its temporary folder; `None` when it has ended.
pub fn take(pid: u32, temporary: &Path, collections: usize) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let (browsers, processes) = of_browsers(pid, temporary);
    Some(Sample {
        collections,
        browsers,
        processes,
        files: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count(),
        threads: field("Threads:")?,
        memory_kib: field("VmRSS:")?,
    })
}

/// Browsers, and all processes besides the service that use the folder.
pub fn of_browsers(service: u32, temporary: &Path) -> (usize, usize) {
    let wanted = temporary.as_os_str().as_encoded_bytes();
    let mentions = |bytes: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    let own = [service, std::process::id()].map(|pid| pid.to_string());
    let (mut browsers, mut processes) = (0, 0);
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        if own.iter().any(|pid| name == pid.as_str()) {
            continue;
        }
        let read = |file: &str| fs::read(entry.path().join(file)).unwrap_or_default();
        let command = read("cmdline");
        if !mentions(&command) && !mentions(&read("environ")) {
            continue;
        }
        processes += 1;
        let line = String::from_utf8_lossy(&command);
        let is_main = line.contains("--user-data-dir=") && !line.contains("--type=");
        browsers += usize::from(is_main && !line.contains("crashpad"));
    }
    (browsers, processes)
}

/// The median of something over samples.
pub fn middle(samples: &[Sample], of: fn(&Sample) -> usize) -> f64 {
    median(
        samples
            .iter()
            .map(|sample| crate::stats::number(of(sample))),
    )
}

/// The most of something over samples.
pub fn most(samples: &[Sample], of: fn(&Sample) -> usize) -> usize {
    samples.iter().map(of).max().unwrap_or(0)
}
