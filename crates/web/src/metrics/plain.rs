//! Prometheus' own text format (0.0.4) from `OpenMetrics`, which is all that the library writes: the samples are the same, what is
//! said about them is not. Must not know any metric.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The page in the other format: families by the names of their samples, no kinds, units and ends that it does not know.
pub fn of(page: &str) -> String {
    let kinds: BTreeMap<&str, &str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    let mut text = String::with_capacity(page.len());
    for line in page.lines() {
        let said = line.strip_prefix("# ").map(|said| said.splitn(3, ' '));
        let said: Vec<&str> = said.into_iter().flatten().collect();
        // Writing into a text cannot fail.
        let _ = match said[..] {
            ["EOF"] | ["UNIT", ..] => Ok(()),
            [what @ ("HELP" | "TYPE"), name, rest] => {
                let (end, kind) = match kinds.get(name).copied().unwrap_or_default() {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    kind => ("", kind),
                };
                let rest = if what == "TYPE" { kind } else { rest };
                writeln!(text, "# {what} {name}{end} {rest}")
            }
            _ => writeln!(text, "{line}"),
        };
    }
    text
}
