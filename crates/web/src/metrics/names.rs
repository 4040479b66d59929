//! The metrics: their names, kinds, labels, and what they tell. By Prometheus' conventions: base units, counters end in `_total`.

/// What kind of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only ever grows, across restarts too, since the database adds it up.
    Counter,
    /// Counted by size.
    Histogram,
    /// Always 1; its labels are what it tells.
    Info,
}

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name as it is served.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells, in one sentence without its full stop.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub const $constant: Metric = Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+
        /// All of them, in the order of the reference.
        pub const ALL: &[&Metric] = &[$(&$constant),+];
    };
}

metrics! {
    STORED = Counter "draywatch_frames_stored_total" ["camera"]
        "Frames stored by runs that ended; a thumbnail and the full picture that replaces it are two";
    REFUSED = Counter "draywatch_frames_refused_total" ["camera", "reason"]
        "Pictures refused by runs that ended, by reason as `draywatch runs` has it; a frame that is refused again counts again";
    AGE = Gauge "draywatch_frame_age_seconds" ["camera"]
        "Time since the instant of the newest stored frame";
    LAG = Gauge "draywatch_frame_lag_seconds" ["camera"]
        "Time from the instant of the newest stored frame to the commit of its row";
    COVERAGE = Gauge "draywatch_coverage_ratio" ["camera"]
        "Share of ten-minute slots that have a frame, of 24 hours that ended two intervals ago";
    LEDGER = Gauge "draywatch_ledger_frames" ["camera", "state"]
        "Frames that the portal listed and that are not stored in full: `open`, `thumbnail` (the full picture is still wanted) or `given_up`";
    RUNS = Counter "draywatch_runs_total" ["camera", "outcome"]
        "Runs that ended, by outcome as `draywatch runs` has it";
    DURATION = Histogram "draywatch_run_duration_seconds" []
        "How long runs took";
    OVERDUE = Gauge "draywatch_job_overdue_seconds" ["job"]
        "How long a job of the service is due without having begun, or under way beyond its deadline; else 0";
    BROWSERS = Gauge "draywatch_browser_processes" []
        "Browsers of this process that are alive; those of a remote Grid do not count";
    DATABASE_LATENCY = Gauge "draywatch_database_latency_seconds" []
        "How long the database took for the smallest question";
    DISK_FREE = Gauge "draywatch_disk_free_bytes" []
        "Room on the disk of the archive that draywatch may use";
    DISK_SIZE = Gauge "draywatch_disk_size_bytes" []
        "Size of the disk of the archive, without what is kept back for root";
    HEALTH = Gauge "draywatch_health_status" []
        "Health as a whole: 0 healthy, 1 warning, 2 degraded, 3 critical";
    BUILD = Info "draywatch_build_info" ["version"]
        "The version that runs";
}
