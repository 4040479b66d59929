//! The reference page of the metrics, written from their definitions. Must not know values.

use std::fmt::Write;

use super::names::{ALL, Kind, Metric};

/// The page, as it stands in `docs/reference/metrics.md`.
#[must_use]
pub fn reference() -> String {
    let mut page = "\
# Metrics

Written from the program's own definition by `UPDATE_REFERENCE=1 cargo test -p draywatch reference`.

`draywatch run` serves them at `/metrics` on `health_check_port`, as of its last look at itself (`health.look_seconds`). Counters are
added up in the database, so they go on across restarts. While the database gives no answer, what comes out of it has no series.
Who asks for `application/openmetrics-text`, as Prometheus does, gets OpenMetrics; anybody else Prometheus' text format 0.0.4.

| metric | kind | labels | what it tells |
| --- | --- | --- | --- |
"
    .to_owned();
    for metric in ALL {
        // Writing into a text cannot fail.
        let _ = writeln!(page, "{}", row(metric));
    }
    page
}

fn row(metric: &Metric) -> String {
    let kind = match metric.kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Histogram => "histogram",
        Kind::Info => "info",
    };
    let labels: Vec<_> = metric
        .labels
        .iter()
        .map(|label| format!("`{label}`"))
        .collect();
    let help = metric.help;
    format!(
        "| `{}` | {kind} | {} | {help} |",
        metric.name,
        labels.join(", ")
    )
}
