//! `draywatch timelapse`: a stretch of a camera's pictures as a video file.

use std::io::Write;
use std::sync::Arc;

use draywatch_core::Kind;
use draywatch_core::error::chain;
use draywatch_export::{Film, Timelapse, TimelapseError};
use serde_json::json;

use super::args::TimelapseArgs;
use super::context::{CliError, Context, Status};
use super::look::{self, Bar};
use super::table;
use crate::maintain::Progress;
use crate::store::Store;

/// Carries out `timelapse`. A picture whose file is gone or damaged is left out and told at the end.
///
/// # Errors
/// When what is asked for does not go together, database or archive cannot be used, or ffmpeg is missing or fails.
pub async fn run(args: &TimelapseArgs, context: &Context) -> Result<Status, CliError> {
    let plan = plan(args, context)?;
    let store = Store::open_for_reading(&context.config, &context.clock).await;
    let store = store.map_err(look::explain)?;
    let catalog = Arc::clone(&store.catalog);
    let camera = std::slice::from_ref(&args.camera);
    if let Err(stranger) = look::cameras(context, camera, &*catalog).await {
        catalog.close().await;
        return Err(stranger);
    }
    let bar = Bar::new(context);
    let show = |done, total| {
        bar.show(Progress {
            doing: "encoding",
            done,
            total: Some(total),
        });
    };
    let save = plan.save(
        Arc::clone(&catalog),
        store.archive,
        &args.output,
        args.force,
        show,
    );
    let saved = tokio::select! {
        saved = save => Some(saved),
        () = asked_to_stop() => None,
    };
    drop(bar);
    catalog.close().await;
    let Some(saved) = saved else {
        let words = "stopped: no video was made";
        return Err(CliError::new(Kind::Interrupted, words));
    };
    let film = saved?;
    tell(args, context, &film);
    Ok(if film.left_out == 0 {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

fn plan(args: &TimelapseArgs, context: &Context) -> Result<Timelapse, CliError> {
    let (today, zone) = (context.today(), context.config.portal.time_zone);
    let (from, to) = (args.from.start(today, zone), args.to.end(today, zone));
    if from >= to {
        let words = format!("--from {} is after --to {}", args.from, args.to);
        return Err(CliError::new(Kind::Configuration, words));
    }
    Ok(Timelapse {
        camera: args.camera.clone(),
        from,
        to,
        fps: args.fps,
        width: args.width,
        skip: args.skipped(),
        by_day_in: args.by_day.then_some(zone),
        thumbnails: args.thumbnails,
        keep_pace: args.keep_pace,
    })
}

/// Until Ctrl-C is pressed or SIGTERM comes.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => std::future::pending().await,
    }
}

fn tell(args: &TimelapseArgs, context: &Context, film: &Film) {
    let mut errors = std::io::stderr();
    for fault in &film.faults {
        let _ = writeln!(errors, "{} was left out: {}", fault.path, fault.problem);
    }
    let path = args.output.display().to_string();
    let mut told = json!(film);
    told["path"] = json!(path);
    told["fps"] = json!(args.fps);
    context.tell(&told);
    let more = [(film.skipped, "passed over"), (film.left_out, "left out")];
    let more: String = more
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {count} {what}"))
        .collect();
    context.say(format!(
        "{path}: {} frames, {}x{}, {}{more}",
        film.frames,
        film.width,
        film.height,
        table::bytes(film.bytes)
    ));
}

impl From<TimelapseError> for CliError {
    fn from(error: TimelapseError) -> Self {
        Self::new(error.kind(), chain(&error))
    }
}
