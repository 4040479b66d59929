//! All figures of a run, and the targets of the project held against them. Must not print.

use serde::Serialize;

use crate::browsing::Listings;
use crate::contest::Cell;
use crate::days::Days;
use crate::verifying::Verification;

/// What the Python pipeline takes for five days at 50 ms.
const PYTHON_SECONDS: f64 = 108.0;
/// Peak memory that draywatch itself may have, in MiB.
const MEMORY_MIB: f64 = 64.0;

/// A run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Frames in the contest.
    pub frames: usize,
    /// Processors.
    pub cores: usize,
    /// Verification beside a plain decoding.
    pub verification: Verification,
    /// Listing.
    pub listing: Listings,
    /// Days from end to end.
    pub days: Days,
    /// draywatch and curl.
    pub contest: Vec<Cell>,
    /// The targets.
    pub targets: Vec<Target>,
}

/// One target.
#[derive(Debug, Serialize)]
pub struct Target {
    /// What is wanted.
    pub what: String,
    /// What was measured.
    pub found: String,
    /// Whether it was reached.
    pub is_met: bool,
}

impl Report {
    /// Holds the targets against the figures.
    pub fn new(
        frames: usize,
        verification: Verification,
        listing: Listings,
        days: Days,
        contest: Vec<Cell>,
    ) -> Self {
        let mut report = Self {
            frames,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            verification,
            listing,
            days,
            contest,
            targets: Vec::new(),
        };
        report.targets = report.judged();
        report
    }

    /// The most memory that draywatch had in any part, in MiB.
    pub fn peak_mib(&self) -> f64 {
        let peaks = self.contest.iter().map(|cell| cell.peak_kib);
        let most = peaks.chain([self.days.peak_kib]).max().unwrap_or(0);
        u32::try_from(most).map_or(f64::MAX, f64::from) / 1024.0
    }

    fn judged(&self) -> Vec<Target> {
        let mut targets = vec![Target {
            what: "verification at most 1.1 of decompress_to_yuv".into(),
            found: format!("{:.2}", self.verification.ratio),
            is_met: self.verification.ratio <= 1.1,
        }];
        targets.extend(self.contest.iter().filter_map(Self::judged_cell));
        targets.push(Target {
            what: "a warm day listed in under 0.5 s beyond the portal's own time".into(),
            found: format!("{:.2} s", self.listing.beyond),
            is_met: self.listing.beyond < 0.5,
        });
        if self.days.days == 5 {
            targets.push(Target {
                what: format!("five days at 50 ms in under {:.1} s", PYTHON_SECONDS / 10.0),
                found: format!("{:.1} s", self.days.seconds),
                is_met: self.days.seconds < PYTHON_SECONDS / 10.0,
            });
        }
        let peak = self.peak_mib();
        targets.push(Target {
            what: format!("peak memory under {MEMORY_MIB} MiB"),
            found: format!("{peak:.0} MiB"),
            is_met: peak < MEMORY_MIB,
        });
        targets
    }

    fn judged_cell(cell: &Cell) -> Option<Target> {
        let at = format!("at {} ms, {} at once", cell.latency_ms, cell.concurrency);
        match (cell.latency_ms, cell.concurrency) {
            (50, _) => Some(Target {
                what: format!("{at}: 0.95 of curl or 0.7 of the bound, the lesser"),
                found: format!(
                    "{:.2} of curl, {:.2} of the bound",
                    cell.of_curl, cell.of_bound
                ),
                is_met: cell.of_lesser >= 1.0,
            }),
            (0, 16) => Some(Target {
                what: format!("{at}: 0.7 of the bound"),
                found: format!("{:.2} of the bound", cell.of_bound),
                is_met: cell.of_bound >= 0.7,
            }),
            _ => None,
        }
    }
}
