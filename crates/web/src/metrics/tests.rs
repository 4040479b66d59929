use std::collections::BTreeSet;
use std::time::Duration;

use draywatch_catalog::{Figures, RunFigures};
use draywatch_core::CameraId;
use draywatch_core::health::{Facts, Health, JobFacts};
use draywatch_core::outcome::Outcome;

use super::*;
use crate::{CameraReadings, Report};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_800_000, 0).unwrap()
}

fn facts() -> Facts {
    let job = |name: &str, late| JobFacts {
        name: name.to_owned(),
        open: Some((now() - TimeDelta::seconds(late), false)),
        last_started: None,
        deadline: TimeDelta::minutes(10),
    };
    Facts {
        now: now(),
        started: now(),
        database: Ok(Duration::from_millis(2)),
        archive: None,
        disk: Some((40, 100)),
        cameras: Vec::new(),
        jobs: vec![job("collect:in_gate", -60), job("cleanup", 90)],
        owed: None,
        clock_step: TimeDelta::zero(),
        told: Vec::new(),
    }
}

fn readings() -> Readings {
    let camera = CameraId::new("in_gate").unwrap();
    let runs = |outcome, runs, stored| RunFigures {
        camera: "in_gate".to_owned(),
        outcome,
        runs,
        stored,
    };
    Readings {
        figures: Figures {
            runs: vec![
                runs(Outcome::Complete, 5, 144),
                runs(Outcome::Incomplete, 2, 6),
            ],
            refused: vec![("in_gate".to_owned(), "say \"no\"\\".to_owned(), 3)],
            durations: [1, 0, 2, 0, 0, 0, 0, 0, 0, 1],
            seconds: 2040.5,
            ledger: vec![("gone".to_owned(), LedgerState::GivenUp, 7)],
        },
        cameras: vec![CameraReadings {
            camera,
            newest: Some(now() - TimeDelta::seconds(100)),
            lag: Some(TimeDelta::milliseconds(42_500)),
            coverage: 0.75,
        }],
    }
}

fn snapshot(readings: Option<Readings>) -> Snapshot {
    let facts = facts();
    Snapshot {
        report: Report::new(&facts, Health::default(), TimeDelta::minutes(2), true),
        facts,
        readings,
        browsers: 1,
    }
}

/// The names of all samples.
fn names(page: &str) -> BTreeSet<&str> {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.split(['{', ' ']).next().unwrap())
        .collect()
}

#[test]
fn values_are_told_with_their_labels() {
    let page = text(&snapshot(Some(readings())), now() + TimeDelta::seconds(5));
    for line in [
        "draywatch_frames_stored_total{camera=\"in_gate\"} 150",
        "draywatch_frames_refused_total{camera=\"in_gate\",reason=\"say \\\"no\\\"\\\\\"} 3",
        "draywatch_frame_age_seconds{camera=\"in_gate\"} 105.0",
        "draywatch_frame_lag_seconds{camera=\"in_gate\"} 42.5",
        "draywatch_coverage_ratio{camera=\"in_gate\"} 0.75",
        "draywatch_ledger_frames{camera=\"in_gate\",state=\"open\"} 0.0",
        "draywatch_ledger_frames{camera=\"gone\",state=\"given_up\"} 7.0",
        "draywatch_runs_total{camera=\"in_gate\",outcome=\"incomplete\"} 2",
        "draywatch_run_duration_seconds_bucket{le=\"5.0\"} 1",
        "draywatch_run_duration_seconds_bucket{le=\"20.0\"} 3",
        "draywatch_run_duration_seconds_bucket{le=\"+Inf\"} 4",
        "draywatch_run_duration_seconds_count 4",
        "draywatch_run_duration_seconds_sum 2040.5",
        "draywatch_job_overdue_seconds{job=\"collect:in_gate\"} 0.0",
        "draywatch_job_overdue_seconds{job=\"cleanup\"} 90.0",
        "draywatch_browser_processes 1.0",
        "draywatch_database_latency_seconds 0.002",
        "draywatch_disk_free_bytes 40.0",
        "draywatch_health_status 0.0",
        "# TYPE draywatch_frames_stored counter",
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "no {line} in\n{page}"
        );
    }
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn what_the_database_does_not_say_has_no_series() {
    let page = text(&snapshot(None), now());
    let found = names(&page);
    assert!(found.contains("draywatch_health_status"), "{page}");
    for name in ["draywatch_frame_age_seconds", "draywatch_runs_total"] {
        assert!(!page.contains(name), "{page}");
    }
}

#[test]
fn what_is_served_is_what_the_reference_names() {
    let page = text(&snapshot(Some(readings())), now());
    let served: BTreeSet<_> = names(&page)
        .into_iter()
        .map(|name| {
            let ends = ["_bucket", "_sum", "_count"];
            ends.iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name)
        })
        .collect();
    let named: BTreeSet<_> = names::ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(served, named);
    for metric in names::ALL {
        for label in metric.labels {
            assert!(page.contains(&format!("{label}=\"")), "{label}");
        }
    }
}

#[test]
fn rules_and_dashboard_use_what_is_served() {
    let page = text(&snapshot(Some(readings())), now());
    let served = names(&page);
    let used = include_str!("../../../../deploy/metrics-used.txt");
    let absent: Vec<_> = used.lines().filter(|name| !served.contains(name)).collect();
    assert!(
        absent.is_empty() && !used.is_empty(),
        "not served: {absent:?}"
    );
}

/// promtool says the same of a real service (scripts/scrape): it once refused the kind `info`, and the end.
#[test]
fn the_plain_format_has_the_same_samples_and_nothing_that_it_does_not_know() {
    let open = text(&snapshot(Some(readings())), now());
    let plain = plain::of(&open);
    let samples = |page: &str| {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(&plain), samples(&open));
    for metric in names::ALL {
        let kind = match metric.kind {
            names::Kind::Gauge | names::Kind::Info => "gauge",
            names::Kind::Counter => "counter",
            names::Kind::Histogram => "histogram",
        };
        for line in [
            format!("# TYPE {} {kind}", metric.name),
            format!("# HELP {} {}.", metric.name, metric.help),
        ] {
            let found = plain.lines().filter(|found| *found == line).count();
            assert_eq!(found, 1, "no {line} in\n{plain}");
        }
    }
    assert_eq!(plain.matches("# ").count(), 2 * names::ALL.len(), "{plain}");
}

#[test]
fn a_service_that_no_longer_looks_after_itself_is_critical() {
    let page = text(&snapshot(None), now() + TimeDelta::minutes(2));
    assert!(page.contains("draywatch_health_status 3.0"), "{page}");
}
