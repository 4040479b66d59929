//! One run of the program: started, given its input, its account read. What holds for every account is checked here.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The longest that one run may take before the test says that it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// How one run of the program ended.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    /// The lines on standard output, as JSON.
    pub reports: Vec<Value>,
    pub stderr: String,
    pub took: Duration,
}

/// Starts a command, gives it its input and waits for its end.
pub async fn finish(mut command: Command, input: &[u8]) -> Run {
    let begun = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input");
    // A program that refuses its arguments does not read.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("the program hangs: {command:?}"))
        .expect("its output");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    for word in [
        "panicked",
        "internal error",
        "stack backtrace",
        "Stacktrace",
        "RUST_BACKTRACE",
    ] {
        assert!(!stderr.contains(word), "{word}: {stderr}");
    }
    let json =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let reports: Vec<Value> = stdout.lines().map(json).collect();
    let status = output
        .status
        .code()
        .unwrap_or_else(|| panic!("ended by {}: {stderr}", output.status));
    reports.iter().for_each(check_sums);
    Run {
        status,
        reports,
        stderr,
        took: begun.elapsed(),
    }
}

/// What holds for every report.
fn check_sums(report: &Value) {
    let count = |name: &str| {
        report[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {report}"))
    };
    assert_eq!(
        count("listed"),
        count("stored") + count("already") + count("missing"),
        "{report}"
    );
    assert!(
        count("thumbnails") <= count("stored") + count("already"),
        "{report}"
    );
    assert!(
        report["camera_id"].is_string()
            && report["date"].is_string()
            && report["seconds"].is_number(),
        "{report}"
    );
    assert!(count("bytes") > 0 || count("stored") == 0, "{report}");
    for error in report["errors"].as_array().expect("errors") {
        assert!(
            error["kind"].is_string() && error["message"].is_string(),
            "{report}"
        );
    }
    let is_whole = count("missing") + count("thumbnails") == 0;
    assert!(is_whole || report["outcome"] != "complete", "{report}");
}

impl Run {
    /// The one report, of a run that made one.
    pub fn report(&self) -> &Value {
        assert_eq!(self.reports.len(), 1, "{self:?}");
        &self.reports[0]
    }

    pub fn count(&self, name: &str) -> u64 {
        self.reports
            .iter()
            .map(|report| report[name].as_u64().expect("a count"))
            .sum()
    }

    /// Kinds of all errors that were reported.
    pub fn kinds(&self) -> Vec<String> {
        let errors = self
            .reports
            .iter()
            .flat_map(|report| report["errors"].as_array().expect("errors"));
        errors
            .map(|error| error["kind"].as_str().expect("a kind").to_owned())
            .collect()
    }

    /// Everything that was said.
    pub fn words(&self) -> String {
        let reports: String = self
            .reports
            .iter()
            .map(|report| format!("{report}\n"))
            .collect();
        format!("{reports}{}", self.stderr)
    }

    #[track_caller]
    pub fn expect(&self, status: i32) -> &Self {
        assert_eq!(self.status, status, "{}", self.words());
        self
    }

    /// That it said all of these.
    #[track_caller]
    pub fn says(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(
                self.words().contains(text),
                "{text:?} is not in: {}",
                self.words()
            );
        }
        self
    }
}
