//! `draywatch verify`: database and archive against each other, and `--repair` for what can be mended.

use super::args::VerifyArgs;
use super::context::{CliError, Context, Status};
use super::look::{self, Bar};
use crate::maintain::reconcile::{Options, reconcile};
use crate::maintain::{Problem, Report};
use crate::store::Store;

/// Carries out `verify`. A file that was found wrong before is read whatever the sample. A row is never deleted and no file
/// overwritten; without `--repair`, all that changes is what the database says of the files.
///
/// # Errors
/// When database or archive cannot be used, or, for a repair, a camera is being collected.
pub async fn run(args: &VerifyArgs, context: &Context) -> Result<Status, CliError> {
    // Neither of the two is made here: where nothing is, nothing can be verified.
    look::database(context).await?.close().await;
    let (config, clock) = (&context.config, &context.clock);
    // Where no archive is, there is nothing to repair, but rows may be there whose files are to be told as missing.
    let is_there = config.download_dir.exists();
    let repair = args.repair && is_there;
    let store = if repair {
        Store::open(config, clock).await
    } else {
        Store::open_for_verifying(config, clock).await
    };
    let store = store.map_err(look::explain)?;
    let cameras = config.stream_names.clone();
    let options = Options {
        repair,
        share: args.sample.share(),
        cameras,
    };
    let bar = Bar::new(context);
    let report = reconcile(&store, &context.clock, &options, &|progress| {
        bar.show(progress);
    })
    .await;
    drop(bar);
    store.catalog.close().await;
    let report = report?;
    context.tell(&report);
    say(context, &report);
    Ok(if report.is_well() {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

fn say(context: &Context, report: &Report) {
    for problem in &report.problems {
        context.say(line(problem));
    }
    context.say(format!(
        "{} rows checked, {} files read: {} ok ({} verified for the first time), {} missing, {} bad",
        report.checked, report.read, report.ok, report.unverified_now_verified, report.missing, report.bad
    ));
    context.say(format!(
        "{} files without a row: {} adopted, {} set aside",
        report.orphans, report.adopted, report.quarantined
    ));
    if report.deleted_on_purpose > 0 {
        context.say(format!(
            "{} files are left alone: their rows were deleted on purpose",
            report.deleted_on_purpose
        ));
    }
    for (camera, number) in &report.other_cameras {
        context.say(format!(
            "{number} files of {camera} are left alone: no such camera is configured or on record"
        ));
    }
    if report.in_flight > 0 {
        context.say(format!(
            "{} files are just being collected; not judged",
            report.in_flight
        ));
    }
    if report.swept > 0 {
        context.say(format!(
            "{} temporaries of earlier runs removed",
            report.swept
        ));
    }
    say_verdict(context, report);
}

fn say_verdict(context: &Context, report: &Report) {
    let open = report
        .problems
        .iter()
        .filter(|problem| !problem.repaired)
        .count();
    match (report.problems.len(), open) {
        (0, _) => context.say("all is as it should be"),
        (all, 0) => context.say(format!("{all} problems, all repaired")),
        (all, open) => context.say(format!("{all} problems, {open} of them not repaired")),
    }
}

/// A problem on a line: `missing  data/images/...: there is no such file in the archive`.
fn line(problem: &Problem) -> String {
    let mended = if problem.repaired { " (repaired)" } else { "" };
    let path = problem.path.as_deref().unwrap_or("the database");
    format!(
        "{:<10}  {path}: {}{mended}",
        problem.kind.as_str(),
        problem.what
    )
}
