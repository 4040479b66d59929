//! `draywatch runs`: collections, the newest first.

use chrono::TimeDelta;
use draywatch_catalog::{Catalog, RunFilter, RunReader, RunRow};
use draywatch_core::CameraId;
use draywatch_core::zone::day_bounds;
use serde_json::{Value, json};

use super::args::RunsArgs;
use super::context::{CliError, Context, Status};
use super::look;
use super::table::{self, Side, Table};
use crate::collect::is_abandoned;
use crate::config::select_cameras;

/// How much of an error's text fits a line.
const ERROR_WIDTH: usize = 100;

/// Carries out `runs`.
///
/// # Errors
/// When a camera is unknown or the database cannot be read.
pub async fn run(args: &RunsArgs, context: &Context) -> Result<Status, CliError> {
    let catalog = look::database(context).await?;
    let runs = find(&*catalog, args, context).await?;
    catalog.close().await;
    context.tell(&runs.iter().map(to_json).collect::<Vec<_>>());
    if runs.is_empty() {
        context.say("no collections are on record that fit");
    } else {
        context.say(table(&runs));
    }
    Ok(Status::AllWell)
}

/// The runs that were asked for. The database filters by one camera, so each is asked for by itself.
async fn find(
    catalog: &dyn Catalog,
    args: &RunsArgs,
    context: &Context,
) -> Result<Vec<RunRow>, CliError> {
    let zone = context.config.portal.time_zone;
    let since = args
        .since
        .map(|day| day_bounds(day.resolve(context.today()), zone).0);
    let filter = |camera: Option<CameraId>| RunFilter {
        camera,
        outcome: args.outcome,
        since,
        limit: args.limit,
        ..RunFilter::default()
    };
    let reader = RunReader::new(catalog, is_abandoned, context.clock.now());
    if args.cameras.cameras.is_empty() {
        return Ok(reader.runs(filter(None)).await?);
    }
    let mut runs = Vec::new();
    for camera in select_cameras(&context.config, &args.cameras.cameras)? {
        runs.extend(reader.runs(filter(Some(camera))).await?);
    }
    runs.sort_by_key(|run| std::cmp::Reverse((run.run.started_at, run.id)));
    runs.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    Ok(runs)
}

fn table(runs: &[RunRow]) -> Table {
    let (left, right) = (Side::Left, Side::Right);
    let mut table = Table::new(&[
        ("id", right),
        ("started (UTC)", left),
        ("camera", left),
        ("date", left),
        ("outcome", left),
        ("listed", right),
        ("stored", right),
        ("already", right),
        ("thumbs", right),
        ("missing", right),
        ("bytes", right),
        ("took", right),
        ("first error", left),
    ]);
    for run in runs {
        table.row(cells(run));
    }
    table
}

fn cells(run: &RunRow) -> Vec<String> {
    let mut cells = vec![
        run.id.to_string(),
        table::utc(run.run.started_at),
        run.run.camera.to_string(),
        run.run
            .date
            .map_or_else(|| "-".to_owned(), |date| date.to_string()),
    ];
    let Some(end) = &run.end else {
        cells.push(format!("under way (process {})", run.run.pid));
        return cells;
    };
    let counts = &end.counts;
    let numbers = [
        counts.listed,
        counts.stored,
        counts.already,
        counts.thumbnails,
        counts.missing,
    ];
    cells.push(end.outcome.to_string());
    cells.extend(numbers.map(|number| number.to_string()));
    cells.push(table::bytes(counts.bytes));
    cells.push(table::span(
        TimeDelta::from_std(end.took).unwrap_or(TimeDelta::MAX),
    ));
    cells.push(end.errors.first().map_or_else(String::new, |error| {
        table::brief(&error.message, ERROR_WIDTH)
    }));
    cells
}

/// A run as JSON; one that is under way has no outcome and no counts.
pub(super) fn to_json(run: &RunRow) -> Value {
    let end = run.end.as_ref();
    json!({
        "id": run.id,
        "command": run.run.command,
        "camera_id": run.run.camera,
        "date": run.run.date,
        "started_at": run.run.started_at,
        "finished_at": end.map(|end| end.finished_at),
        "outcome": end.map(|end| end.outcome),
        "pid": run.run.pid,
        "counts": end.map(|end| &end.counts),
        "errors": end.map(|end| &end.errors[..]).unwrap_or_default(),
        "listing_took_seconds": end.map(|end| end.listing_took.as_secs_f64()),
        "took_seconds": end.map(|end| end.took.as_secs_f64()),
    })
}
