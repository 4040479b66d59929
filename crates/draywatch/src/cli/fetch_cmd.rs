//! `draywatch fetch` and `draywatch backfill`: which days of which cameras, and the account of them. How a day is collected is
//! `collect`'s business.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use draywatch_core::outcome::Outcome;
use draywatch_core::{CameraId, Failure, Kind};
use draywatch_portal::Lister;

use super::args::{BackfillArgs, FetchArgs, Input, range};
use super::context::{CliError, Context, Status};
use super::progress;
use crate::collect::{CollectError, Collector, DayReport, Event, read_frames};
use crate::config::select_cameras;

/// One collection.
///
/// # Errors
/// When nothing can be collected at all: settings, database, archive.
pub async fn fetch(args: &FetchArgs, context: &Context) -> Result<Status, CliError> {
    let cameras = select_cameras(&context.config, &args.cameras.cameras)?;
    let today = context.today();
    let date = args.date.map_or(today, |day| day.resolve(today));
    refuse_future(date, today)?;
    if let (Some(input), [camera]) = (&args.frames_from, cameras.as_slice()) {
        return frames_from(input, camera, context).await;
    }
    let collector = open(context, "fetch").await?;
    let wanted = cameras
        .into_iter()
        .map(|camera| (camera, vec![date]))
        .collect();
    finish(
        context,
        collect(&collector, context, wanted, Vec::new()).await,
    )
}

/// Days in order; those that are final are passed over.
///
/// # Errors
/// When nothing can be collected at all: settings, database, archive.
pub async fn backfill(args: &BackfillArgs, context: &Context) -> Result<Status, CliError> {
    let cameras = select_cameras(&context.config, &args.cameras.cameras)?;
    let today = context.today();
    let (from, to) = range(args.from, args.to, today)
        .map_err(|error| CliError::new(Kind::Configuration, error.to_string()))?;
    refuse_future(to, today)?;
    let collector = open(context, "backfill").await?;
    let mut done = Vec::new();
    let mut wanted = Vec::new();
    for camera in cameras {
        let mut days = Vec::new();
        for date in from.iter_days().take_while(|date| *date <= to) {
            let known = if args.again {
                None
            } else {
                collector.final_report(&camera, date).await.map_err(told)?
            };
            match known {
                Some(report) => done.push(report),
                None => days.push(date),
            }
        }
        wanted.push((camera, days));
    }
    finish(context, collect(&collector, context, wanted, done).await)
}

/// Frames that the user names.
async fn frames_from(
    input: &Input,
    camera: &CameraId,
    context: &Context,
) -> Result<Status, CliError> {
    let text = read(input)?;
    let frames = read_frames(&input.to_string(), &text, camera)
        .map_err(|error| CliError::new(Kind::Configuration, error.to_string()))?;
    let collector = open(context, "frames_from").await?;
    let work = async {
        let turn = collector.turn(camera).await?;
        tokio::select! {
            done = collector.given(&turn, &frames) => {
                turn.end().await;
                done.map(Some)
            }
            () = stop_signal() => {
                turn.break_off().await;
                Ok(None)
            }
        }
    };
    let done = work.await;
    collector.store().catalog.close().await;
    let is_whole = !matches!(done, Ok(None));
    let reports = done.map_err(told)?.unwrap_or_default();
    finish(context, (reports, is_whole))
}

fn read(input: &Input) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let done = match input {
        Input::Stdin => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        Input::File(path) => std::fs::read(path).map(|content| bytes = content),
    };
    done.map_err(|error| {
        CliError::new(
            Kind::Configuration,
            format!("cannot read the list of frames {input}: {error}"),
        )
    })?;
    String::from_utf8(bytes).map_err(|_| {
        CliError::new(
            Kind::Configuration,
            format!("the list of frames {input} is not text"),
        )
    })
}

async fn open(context: &Context, command: &'static str) -> Result<Collector, CliError> {
    let (shown, teller) = (progress::observer(context), context.clone());
    // Every day is told as soon as it is done: who stops a long backfill has the account so far.
    let observer = move |event: Event<'_>| {
        if let Event::Day(report) = &event {
            teller.tell(report);
        }
        shown(event);
    };
    Ok(Collector::open(
        &context.config,
        context.clock.clone(),
        command,
        Arc::new(observer),
    )
    .await?)
}

/// Collects each camera's days in turn with one browser, until done or told to stop.
async fn collect(
    collector: &Collector,
    context: &Context,
    wanted: Vec<(CameraId, Vec<NaiveDate>)>,
    mut reports: Vec<DayReport>,
) -> (Vec<DayReport>, bool) {
    for report in &reports {
        context.tell(report);
    }
    let mut lister = collector.lister();
    let is_whole = all_cameras(collector, context, wanted, &mut lister, &mut reports).await;
    lister.close().await;
    collector.store().catalog.close().await;
    (reports, is_whole)
}

/// Whether all was done before somebody said to stop.
async fn all_cameras(
    collector: &Collector,
    context: &Context,
    wanted: Vec<(CameraId, Vec<NaiveDate>)>,
    lister: &mut Lister,
    reports: &mut Vec<DayReport>,
) -> bool {
    let pause: Duration = context.config.portal.pause_between_days();
    let mut is_first = true;
    let stopped = stop_signal();
    tokio::pin!(stopped);
    for (camera, days) in wanted.into_iter().filter(|(_, days)| !days.is_empty()) {
        if !is_first && days.len() > 1 {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = &mut stopped => return false,
            }
        }
        is_first = false;
        let turn = tokio::select! {
            turn = collector.turn(&camera) => turn,
            () = &mut stopped => return false,
        };
        match turn {
            Ok(turn) => {
                let done = tokio::select! {
                    done = collector.days(&turn, &days, lister, pause) => Some(done),
                    () = &mut stopped => None,
                };
                let Some(done) = done else {
                    turn.break_off().await;
                    return false;
                };
                reports.extend(done);
                turn.end().await;
            }
            Err(failure) => {
                tracing::error!(camera = %camera, kind = %failure.kind, "{failure}");
                for date in days {
                    let report = DayReport::of_failure(&camera, date, failure.clone());
                    context.tell(&report);
                    reports.push(report);
                }
            }
        }
    }
    true
}

/// Ctrl-C or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn finish(
    context: &Context,
    (reports, is_whole): (Vec<DayReport>, bool),
) -> Result<Status, CliError> {
    if !is_whole {
        let message = "stopped before the work was done; the next run goes on where this one ended";
        return Err(CliError::new(Kind::Interrupted, message));
    }
    Ok(summary(context, &reports))
}

/// The last lines for people, and the exit status.
fn summary(context: &Context, reports: &[DayReport]) -> Status {
    let sum = |count: fn(&DayReport) -> u64| reports.iter().map(count).sum::<u64>();
    let missing = sum(|report| report.missing);
    context.say(format!(
        "{} of {} days complete: {} frames listed, {} stored ({}), {} already there, {} missing, {} thumbnails only",
        reports.iter().filter(|report| report.outcome == Outcome::Complete).count(),
        reports.len(),
        sum(|report| report.listed),
        sum(|report| report.stored),
        indicatif::HumanBytes(sum(|report| report.bytes)),
        sum(|report| report.already),
        missing,
        sum(|report| report.thumbnails),
    ));
    let failed: Vec<&DayReport> = reports
        .iter()
        .filter(|report| report.outcome != Outcome::Complete)
        .collect();
    for report in failed
        .iter()
        .filter(|report| report.outcome == Outcome::Failed)
    {
        if context.bars || context.quiet {
            tracing::error!(camera = %report.camera_id, date = %report.date, "{}", report.errors.first().map(ToString::to_string).unwrap_or_default());
        }
    }
    if failed.is_empty() {
        return Status::AllWell;
    }
    context.say("What is missing stays in the ledger and is asked for again by the next fetch or backfill of the day; `draywatch gaps` lists it.");
    Status::SomethingMissing
}

fn refuse_future(date: NaiveDate, today: NaiveDate) -> Result<(), CliError> {
    if date > today {
        let message = format!("{date} is in the future: it is {today} where the portal is");
        return Err(CliError::new(Kind::Configuration, message));
    }
    Ok(())
}

fn told(failure: Failure) -> CliError {
    CliError::new(failure.kind, failure.message)
}

impl From<CollectError> for CliError {
    fn from(error: CollectError) -> Self {
        Self::new(error.kind(), draywatch_core::error::chain(&error))
    }
}
