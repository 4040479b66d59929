//! What a run may leave behind outside of its archive: browser processes and profile folders, told by the drill's own
//! temporary folder. Must not end anything.

use std::path::Path;
use std::time::{Duration, Instant};

/// The longest that the guard may take to clean up after a kill.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until nothing is left that uses `temporary`; how long it took.
///
/// # Panics
/// When something is left after ten seconds.
pub async fn none(temporary: &Path) -> Duration {
    let begun = Instant::now();
    loop {
        let left = find(temporary);
        if left.is_empty() {
            return begun.elapsed();
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "left behind after {PATIENCE:?}: {left:#?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Processes that have the folder in their command line or environment, and profile folders in it.
fn find(temporary: &Path) -> Vec<String> {
    let folders = std::fs::read_dir(temporary)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string());
    let mut left: Vec<String> = folders.collect();
    let wanted = temporary.to_str().unwrap().as_bytes();
    let mentions = |bytes: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    for process in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let read = |name: &str| std::fs::read(process.path().join(name)).unwrap_or_default();
        let command = read("cmdline");
        if mentions(&command) || mentions(&read("environ")) {
            let words = String::from_utf8_lossy(&command).replace('\0', " ");
            left.push(format!(
                "process {} {words:.200}",
                process.file_name().display()
            ));
        }
    }
    left
}
