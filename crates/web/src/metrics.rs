//! `/metrics`: what a look at the service found, as Prometheus wants it. Must not read anything but the snapshot.

mod encode;
mod format;
mod names;
mod plain;
mod reference;
#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::LedgerState;
use draywatch_core::health::overdue;

use crate::{Readings, Snapshot, Source};
use encode::Page;
use format::Format;
pub use reference::reference;

/// All metrics, in the format that is asked for.
pub async fn page(State(source): State<Source>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::asked_for(&headers);
    let text = text(&source.snapshot(), source.clock.now());
    let text = match format {
        Format::OpenMetrics => text,
        Format::Plain => plain::of(&text),
    };
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::VARY, "accept"),
    ];
    (headers, text)
}

/// All metrics as `OpenMetrics`. Of what the database does not say there is no series, rather than an old one or zero.
fn text(snapshot: &Snapshot, now: DateTime<Utc>) -> String {
    let mut page = Page::default();
    page.info(&names::BUILD, [("version", &snapshot.report.version)]);
    service(&mut page, snapshot, now);
    if let Some(readings) = &snapshot.readings {
        cameras(&mut page, readings, now);
        runs(&mut page, readings);
        ledger(&mut page, readings);
    }
    page.text()
}

fn service(page: &mut Page, snapshot: &Snapshot, now: DateTime<Utc>) {
    let (report, facts) = (&snapshot.report, &snapshot.facts);
    let status = report.as_of(now).status;
    page.gauge(&names::HEALTH, f64::from(status as u8));
    page.gauge(&names::BROWSERS, float(snapshot.browsers as u64));
    if let Some(latency) = report.database_latency_seconds {
        page.gauge(&names::DATABASE_LATENCY, latency);
    }
    if let Some((free, size)) = facts.disk {
        page.gauge(&names::DISK_FREE, float(free));
        page.gauge(&names::DISK_SIZE, float(size));
    }
    let jobs = facts.jobs.iter();
    page.gauges(
        &names::OVERDUE,
        jobs.map(|job| ([job.name.as_str()], seconds(overdue(job, facts.now)))),
    );
}

fn cameras(page: &mut Page, readings: &Readings, now: DateTime<Utc>) {
    let cameras = || readings.cameras.iter();
    page.gauges(
        &names::AGE,
        cameras().filter_map(|of| Some(([of.camera.as_str()], seconds(now - of.newest?).max(0.0)))),
    );
    page.gauges(
        &names::LAG,
        cameras().filter_map(|of| Some(([of.camera.as_str()], seconds(of.lag?)))),
    );
    page.gauges(
        &names::COVERAGE,
        cameras().map(|of| ([of.camera.as_str()], of.coverage)),
    );
}

fn runs(page: &mut Page, readings: &Readings) {
    let figures = &readings.figures;
    let runs = || figures.runs.iter();
    page.counters(
        &names::RUNS,
        runs().map(|of| ([of.camera.as_str(), of.outcome.as_str()], of.runs)),
    );
    page.counters(
        &names::STORED,
        stored(readings)
            .iter()
            .map(|(camera, stored)| ([*camera], *stored)),
    );
    page.counters(
        &names::REFUSED,
        figures
            .refused
            .iter()
            .map(|(camera, reason, count)| ([camera.as_str(), reason.as_str()], *count)),
    );
    page.durations(&names::DURATION, &figures.durations, figures.seconds);
}

/// Frames stored by camera: with zero for one that has had no run, so that its first frame is an increase.
fn stored(readings: &Readings) -> Vec<(&str, u64)> {
    let cameras = readings.cameras.iter().map(|of| (of.camera.as_str(), 0));
    let mut stored: Vec<_> = cameras.collect();
    for of in &readings.figures.runs {
        match stored.iter_mut().find(|(camera, _)| *camera == of.camera) {
            Some((_, sum)) => *sum += of.stored,
            None => stored.push((&of.camera, of.stored)),
        }
    }
    stored
}

/// Frames of the ledger by camera and state, zeros among them: an alert that ends must see them go.
fn ledger(page: &mut Page, readings: &Readings) {
    let states = [
        (LedgerState::Open, "open"),
        (LedgerState::Thumbnail, "thumbnail"),
        (LedgerState::GivenUp, "given_up"),
    ];
    let found = &readings.figures.ledger;
    let mut cameras: Vec<&str> = readings
        .cameras
        .iter()
        .map(|of| of.camera.as_str())
        .collect();
    cameras.extend(found.iter().map(|(camera, _, _)| camera.as_str()));
    cameras.sort_unstable();
    cameras.dedup();
    let rows = cameras.iter().flat_map(|camera| {
        states.iter().map(move |(state, word)| {
            let row = found
                .iter()
                .find(|(of, in_state, _)| of == camera && in_state == state);
            (
                [*camera, *word],
                float(row.map_or(0, |(_, _, count)| *count)),
            )
        })
    });
    page.gauges(&names::LEDGER, rows);
}

fn seconds(time: TimeDelta) -> f64 {
    time.as_seconds_f64()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a metric is a float; 2^53 bytes are 9 petabytes"
)]
fn float(count: u64) -> f64 {
    count as f64
}
