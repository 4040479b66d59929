//! `draywatch status`: how much there is, what is owed, how the last collections went.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use draywatch_catalog::{CameraTotals, Catalog, RunReader, RunRow, TickRow, Totals};
use draywatch_core::outcome::Outcome;
use draywatch_core::schedule::TickState;
use draywatch_core::{CameraId, Failure};
use serde_json::{Value, json};

use super::context::{CliError, Context, Status};
use super::status_jobs::Jobs;
use super::table::{self, Side, Table};
use super::{look, runs_cmd};
use crate::collect::{is_abandoned, job_name};
use crate::config::hide_secrets;

/// How much of an error's text fits a line.
const ERROR_WIDTH: usize = 120;
/// So many of the newest ticks are looked at: one is planned, one may be under way.
const TICKS: u32 = 4;

/// A camera: how much there is, and its last collections.
struct Last {
    totals: CameraTotals,
    /// The one that is under way, if any.
    under_way: Option<RunRow>,
    /// The last one that ended.
    ended: Option<RunRow>,
    /// What the service's last try since then failed with, if it did: an archive that is away lets no collection begin.
    failing: Option<Failure>,
}

/// Carries out `status`. All is well when the ledger owes no frame and the last collection of every camera that ended was
/// complete.
///
/// # Errors
/// When the database cannot be read.
pub async fn run(context: &Context) -> Result<Status, CliError> {
    let catalog = look::database(context).await?;
    let totals = catalog.totals().await?;
    let (cameras, now) = (&context.config.stream_names, context.clock.now());
    let jobs = Jobs::read(&*catalog, cameras, now).await?;
    let lasts = lasts(&*catalog, context, &totals).await?;
    catalog.close().await;
    let owed: u64 = totals.cameras.iter().map(|camera| camera.open).sum();
    // Nobody collects a camera that is no longer configured; what it owes is missing all the same.
    let is_ours = |last: &&Last| cameras.iter().any(|c| c.as_str() == last.totals.camera_id);
    let has_failed = lasts.iter().filter(is_ours).any(Last::has_failed);
    let is_well = owed == 0 && !has_failed;
    context.tell(&to_json(context, &totals, &lasts, &jobs, is_well));
    say(context, &totals, &lasts, &jobs, owed);
    Ok(if is_well {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

impl Last {
    fn has_failed(&self) -> bool {
        let outcome = self
            .ended
            .as_ref()
            .and_then(|run| run.end.as_ref())
            .map(|end| end.outcome);
        self.failing.is_some() || outcome.is_some_and(|outcome| outcome != Outcome::Complete)
    }
}

/// Every camera that is configured or on record, by name.
async fn lasts(
    catalog: &dyn Catalog,
    context: &Context,
    totals: &Totals,
) -> Result<Vec<Last>, CliError> {
    let mut cameras: BTreeMap<String, CameraTotals> = context
        .config
        .stream_names
        .iter()
        .map(|camera| (camera.to_string(), nothing(camera.as_str())))
        .collect();
    cameras.extend(
        totals
            .cameras
            .iter()
            .map(|camera| (camera.camera_id.clone(), camera.clone())),
    );
    // Other programs may have written names that are no cameras of ours; nobody collects those.
    let ours = cameras.keys().filter_map(|name| CameraId::new(name).ok());
    let mut runs: BTreeMap<String, Vec<RunRow>> = BTreeMap::new();
    let reader = RunReader::new(catalog, is_abandoned, context.clock.now());
    for run in reader.newest(&ours.collect::<Vec<_>>(), 2).await? {
        let camera = run.run.camera.to_string();
        runs.entry(camera).or_default().push(run);
    }
    let mut ticks: BTreeMap<String, Vec<TickRow>> = BTreeMap::new();
    for tick in catalog.ticks_of_each(TICKS).await? {
        ticks.entry(tick.job.clone()).or_default().push(tick);
    }
    let mut lasts = Vec::new();
    for (name, totals) in cameras {
        let mut runs = runs
            .remove(&name)
            .unwrap_or_default()
            .into_iter()
            .peekable();
        let under_way = runs.next_if(|run| run.end.is_none());
        let ended = runs.find(|run| run.end.is_some());
        let failing = match CameraId::new(&name) {
            Ok(camera) => {
                let ticks = ticks.remove(&job_name(&camera)).unwrap_or_default();
                failing(&ticks, ended.as_ref())
            }
            Err(_) => None,
        };
        lasts.push(Last {
            totals,
            under_way,
            ended,
            failing,
        });
    }
    Ok(lasts)
}

/// What the last tick that was tried failed with, if no collection has ended since it began.
fn failing(ticks: &[TickRow], ended: Option<&RunRow>) -> Option<Failure> {
    let tried = |tick: &&TickRow| tick.state == TickState::Done || tick.failure.is_some();
    let last = ticks.iter().find(tried)?;
    let ended = ended.and_then(|run| run.end.as_ref());
    let is_since = ended.is_none_or(|end| last.started_at.is_some_and(|at| at >= end.finished_at));
    last.failure
        .clone()
        .filter(|_| is_since && last.state != TickState::Done)
}

/// The totals of a camera that there is nothing of yet.
fn nothing(camera_id: &str) -> CameraTotals {
    CameraTotals {
        camera_id: camera_id.to_owned(),
        images: 0,
        thumbnails: 0,
        unverified: 0,
        processed: 0,
        bytes: 0,
        oldest: None,
        newest: None,
        open: 0,
        given_up: 0,
    }
}

fn to_json(
    context: &Context,
    totals: &Totals,
    lasts: &[Last],
    jobs: &Jobs,
    is_well: bool,
) -> Value {
    let now = context.clock.now();
    let cameras = lasts.iter().map(|last| {
        let camera = &last.totals;
        let mut value = json!(camera);
        value["newest_age_seconds"] =
            json!(camera.newest.map(|newest| (now - newest).num_seconds()));
        value["lag"] = jobs.lag(&camera.camera_id);
        value["last_run"] = json!(last.ended.as_ref().map(runs_cmd::to_json));
        value["failing"] = json!(last.failing);
        value["under_way"] = json!(last.under_way.as_ref().map(runs_cmd::to_json));
        value
    });
    json!({
        "ok": is_well,
        "database": hide_secrets(&context.config.database_url),
        "schema": totals.schema,
        "cameras": cameras.collect::<Vec<_>>(),
        "owed": totals.cameras.iter().map(|camera| camera.open).sum::<u64>(),
        "owed_by_kind": totals.ledger,
        "given_up": totals.cameras.iter().map(|camera| camera.given_up).sum::<u64>(),
        "duplicates": totals.duplicates,
        "jobs": jobs.to_json(),
    })
}

fn say(context: &Context, totals: &Totals, lasts: &[Last], jobs: &Jobs, owed: u64) {
    let now = context.clock.now();
    context.say(pictures(lasts, now));
    context.say("");
    context.say(collections(lasts));
    context.say("");
    if let Some(jobs) = jobs.table() {
        context.say(jobs);
        context.say("");
    }
    let given_up: u64 = totals.cameras.iter().map(|camera| camera.given_up).sum();
    match owed {
        0 => context.say("owed: nothing"),
        owed => context.say(format!(
            "owed: {owed} frames, tried again at the next collection"
        )),
    }
    for (kind, number) in &totals.ledger {
        context.say(format!("  {number:>6}  {}", kind.replace('_', " ")));
    }
    if given_up > 0 {
        context.say(format!(
            "given up: {given_up} frames that the portal no longer offers"
        ));
    }
    if totals.duplicates > 0 {
        context.say(format!(
            "duplicates: {} frames have more than one row (from an older program)",
            totals.duplicates
        ));
    }
}

fn pictures(lasts: &[Last], now: DateTime<Utc>) -> Table {
    let (left, right) = (Side::Left, Side::Right);
    let mut table = Table::new(&[
        ("camera", left),
        ("pictures", right),
        ("thumbnails", right),
        ("unverified", right),
        ("processed", right),
        ("size", right),
        ("owed", right),
        ("given up", right),
        ("newest (UTC)", left),
        ("age", right),
    ]);
    for Last { totals: camera, .. } in lasts {
        let numbers = [
            camera.images,
            camera.thumbnails,
            camera.unverified,
            camera.processed,
        ];
        let mut cells = vec![camera.camera_id.clone()];
        cells.extend(numbers.map(|number| number.to_string()));
        cells.extend([
            table::bytes(camera.bytes),
            camera.open.to_string(),
            camera.given_up.to_string(),
        ]);
        cells.push(camera.newest.map_or_else(|| "-".to_owned(), table::utc));
        cells.push(
            camera
                .newest
                .map_or_else(|| "-".to_owned(), |newest| table::span(now - newest)),
        );
        table.row(cells);
    }
    table
}

fn collections(lasts: &[Last]) -> Table {
    let mut table = Table::new(&[
        ("camera", Side::Left),
        ("last collection (UTC)", Side::Left),
        ("date", Side::Left),
        ("outcome", Side::Left),
        ("first error", Side::Left),
    ]);
    for last in lasts {
        if let Some(run) = &last.under_way {
            table.row(collection(
                &last.totals.camera_id,
                run,
                &format!("under way (process {})", run.run.pid),
            ));
        }
        match last
            .ended
            .as_ref()
            .and_then(|run| Some((run, run.end.as_ref()?.outcome)))
        {
            Some((run, outcome)) => {
                table.row(collection(&last.totals.camera_id, run, outcome.as_str()));
            }
            None if last.under_way.is_some() || last.failing.is_some() => {}
            None => table.row([last.totals.camera_id.clone(), "none yet".to_owned()]),
        }
        if let Some(failure) = &last.failing {
            let words = table::brief(&failure.message, ERROR_WIDTH);
            let cells = [&last.totals.camera_id, "", "", "cannot begin", &words];
            table.row(cells.map(ToOwned::to_owned));
        }
    }
    table
}

fn collection(camera: &str, run: &RunRow, outcome: &str) -> [String; 5] {
    let error = run.end.as_ref().and_then(|end| end.errors.first());
    [
        camera.to_owned(),
        table::utc(run.run.started_at),
        run.run
            .date
            .map_or_else(|| "-".to_owned(), |date| date.to_string()),
        outcome.to_owned(),
        error.map_or_else(String::new, |error| {
            table::brief(&error.message, ERROR_WIDTH)
        }),
    ]
}
