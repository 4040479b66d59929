//! `draywatch adopt`: takes over a tree of pictures that was there before.

use super::args::AdoptArgs;
use super::context::{CliError, Context, Status};
use super::look::Bar;
use crate::maintain::adopt::{self, Adopted};
use crate::store::{self, Store};

/// Carries out `adopt`. It may be broken off, and given again.
///
/// # Errors
/// When the folder is not there or lies inside the archive, or database or archive cannot be used.
pub async fn run(args: &AdoptArgs, context: &Context) -> Result<Status, CliError> {
    let config = &context.config;
    let is_archive = adopt::is_archive_itself(&args.dir, &config.download_dir)?;
    if is_archive {
        let catalog = store::open_catalog(config, &context.clock, true).await?;
        let married = adopt::marry(&*catalog, &config.download_dir).await;
        catalog.close().await;
        married?;
    }
    let store = Store::open(config, &context.clock).await?;
    let bar = Bar::new(context);
    let watch = |progress| bar.show(progress);
    let mut cameras = config.stream_names.clone();
    cameras.extend(args.cameras.iter().cloned());
    let clock = &context.clock;
    let done = if is_archive {
        adopt::in_place(&store, clock, &cameras, &watch).await
    } else {
        adopt::from_elsewhere(&store, clock, &args.dir, &cameras, &watch).await
    };
    drop(bar);
    store.catalog.close().await;
    let done = done?;
    context.tell(&done);
    say(context, args, &done);
    Ok(if done.is_whole() {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

fn say(context: &Context, args: &AdoptArgs, done: &Adopted) {
    for problem in &done.problems {
        context.say(format!(
            "{:<10}  {}: {}",
            problem.reason, problem.path, problem.what
        ));
    }
    let dir = args.dir.display();
    context.say(format!("{dir}: {} pictures with names of ours", done.found));
    let lines = [
        (done.copied, "copied into the archive"),
        (done.adopted, "have a row now"),
        (done.already, "were there already"),
        (
            done.deleted_on_purpose,
            "are left out: their rows were deleted on purpose",
        ),
        (done.bad, "are no whole pictures"),
        (done.differs, "differ from what is there, which is kept"),
        (done.other_names, "more have names that are not ours"),
        (
            done.other_files,
            "more files are no pictures by their names",
        ),
    ];
    for (number, what) in lines.into_iter().filter(|(number, _)| *number > 0) {
        context.say(format!("{number:>8}  {what}"));
    }
    for (camera, number) in &done.other_cameras {
        context.say(format!(
            "{number:>8}  of {camera}, which is neither in stream_names nor on record: --camera {camera} takes them over, too"
        ));
    }
    if !done.is_whole() {
        context.say("not everything was taken over; the originals are as they were");
    }
}
