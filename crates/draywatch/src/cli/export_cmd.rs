//! `draywatch export`: what is stored or missing as a table, or the pictures as shards; to a file, a folder or standard output.

mod write;

use draywatch_archive::Archive;
use draywatch_catalog::Catalog;
use draywatch_core::error::chain;
use draywatch_core::{CameraId, Kind};
use draywatch_export::{
    ExportError, Finished, Format, ImageFilter, MOST_FAULTS, Request, SHARD, Summary, Table,
};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;

use super::args::{ExportArgs, FormatName, TableName, Target};
use super::context::{CliError, Context, Status};
use super::{look, table};
use crate::store::Store;

/// What an export reads.
struct Sources {
    catalog: Arc<dyn Catalog>,
    /// Only for shards.
    archive: Option<Archive>,
}

/// How an export ended.
enum Ended {
    /// It is whole, and has its name if it has one.
    Whole(Option<Finished>, Summary),
    /// It was told to stop.
    Stopped,
}

/// Carries out `export`. A picture whose file is gone or is not what its row says is left out and told at the end.
///
/// # Errors
/// When what is asked for does not go together, database or archive cannot be used, or the output cannot be written.
pub async fn run(args: &ExportArgs, context: &Context) -> Result<Status, CliError> {
    let request = request(args, context)?;
    let sources = sources(&request, context).await?;
    let catalog = Arc::clone(&sources.catalog);
    let ended = carry_out(args, request, sources, context).await;
    catalog.close().await;
    match ended? {
        Ended::Stopped => {
            complain("stopped: the same command goes on from here");
            Ok(Status::SomethingMissing)
        }
        Ended::Whole(finished, summary) => {
            tell(context, finished.as_ref(), &summary);
            Ok(if summary.left_out == 0 {
                Status::AllWell
            } else {
                Status::SomethingMissing
            })
        }
    }
}

async fn carry_out(
    args: &ExportArgs,
    mut request: Request,
    sources: Sources,
    context: &Context,
) -> Result<Ended, CliError> {
    let cameras = &args.cameras.cameras;
    request.query.cameras = look::cameras(context, cameras, &*sources.catalog).await?;
    let request = request.settled();
    match &args.output {
        Target::Stdout => write::to_stdout(sources, request, context).await,
        Target::Path(path) => write::to_path(sources, request, path, context).await,
    }
}

/// What is asked for, with cameras of which it is not known yet whether they exist.
fn request(args: &ExportArgs, context: &Context) -> Result<Request, CliError> {
    let (today, zone) = (context.today(), context.config.portal.time_zone);
    let (from, to) = (args.from.start(today, zone), args.to.end(today, zone));
    if from >= to {
        let words = format!("--from {} is after --to {}", args.from, args.to);
        return Err(CliError::new(Kind::Configuration, words));
    }
    let format = match args.form() {
        Some(FormatName::Csv) | None => Format::Csv,
        Some(FormatName::Jsonl) => Format::Jsonl,
        Some(FormatName::Parquet) => Format::Parquet,
        Some(FormatName::Webdataset) => Format::WebDataset,
    };
    let shard_bytes = match args.output {
        Target::Stdout => None,
        Target::Path(_) => Some(args.shard_size.map_or(SHARD, |size| size * 1_000_000)),
    };
    let request = Request {
        query: ImageFilter {
            cameras: named(&args.cameras.cameras, context),
            from,
            to,
            processed: args.processed,
            verdicts: args.verdicts.clone(),
            thumbnails: !args.no_thumbnails,
        },
        table: match args.table {
            TableName::Images => Table::Images,
            TableName::Slots => Table::Slots,
            TableName::Gaps => Table::Gaps,
        },
        format,
        shard_bytes,
    };
    request.check()?;
    Ok(request)
}

/// The cameras that are named, or all that are configured.
fn named(cameras: &[CameraId], context: &Context) -> Vec<CameraId> {
    if cameras.is_empty() {
        return context.config.stream_names.clone();
    }
    cameras.to_vec()
}

/// The database, and for shards the archive that belongs to it. Neither is made here.
async fn sources(request: &Request, context: &Context) -> Result<Sources, CliError> {
    if request.format != Format::WebDataset {
        let catalog = look::database(context).await?;
        let archive = None;
        return Ok(Sources { catalog, archive });
    }
    let store = Store::open_for_reading(&context.config, &context.clock).await;
    let store = store.map_err(look::explain)?;
    Ok(Sources {
        catalog: store.catalog,
        archive: Some(store.archive),
    })
}

/// Prints the account; to standard error what was left out, since the export may be on standard output.
fn tell(context: &Context, finished: Option<&Finished>, summary: &Summary) {
    for fault in &summary.faults {
        complain(&format!("{} was left out: {}", fault.path, fault.problem));
    }
    let told = u64::try_from(summary.faults.len()).unwrap_or(0);
    if summary.left_out > told {
        complain(&format!(
            "and {} more: only the first {MOST_FAULTS} are named",
            summary.left_out - told
        ));
    }
    let path = finished.map(|finished| finished.path.display().to_string());
    context.tell(&json!({
        "path": path,
        "rows": summary.rows,
        "files": summary.files,
        "bytes": summary.bytes,
        "duplicates": summary.duplicates,
        "left_out": summary.left_out,
        "faults": summary.faults,
    }));
    if let Some(path) = path {
        let files = match summary.files {
            1 => String::new(),
            files => format!(" in {files} files"),
        };
        let left_out = match summary.left_out {
            0 => String::new(),
            count => format!(", {count} left out"),
        };
        context.say(format!(
            "{path}: {} rows, {}{files}{left_out}",
            summary.rows,
            table::bytes(summary.bytes)
        ));
    }
}

fn complain(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        Self::new(error.kind(), chain(&error))
    }
}
