//! `draywatch prune`: removes what is to go, or tells what would go, in the same words.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use draywatch_archive::{Access, Archive};
use draywatch_core::retention::Reason;
use serde_json::Value;

use super::args::PruneArgs;
use super::context::{CliError, Context, Status};
use super::look::{self, Bar};
use super::table;
use crate::maintain::prune::{self, Keep, Mode};
use crate::maintain::{Gone, Pruned};
use crate::store::Store;

/// Carries out `prune`. What is printed to standard output does not depend on `--dry-run`.
///
/// # Errors
/// When database or archive cannot be used or do not belong together, or another clean-up is at work.
pub async fn run(args: &PruneArgs, context: &Context) -> Result<Status, CliError> {
    // Neither of the two is made here: where nothing is, nothing can be removed.
    look::database(context).await?.close().await;
    Archive::open(&context.config.download_dir, Access::ReadOnly)?;
    let store = Store::open(&context.config, &context.clock)
        .await
        .map_err(look::explain)?;
    let keep = Keep {
        newest: None,
        age: context.config.retention_days,
        room: context.config.retention.clone(),
    };
    let mode = if args.dry_run {
        Mode::Rehearse
    } else {
        Mode::Remove
    };
    let (bar, list) = (Bar::new(context), List::new(context));
    let tell = |gone: &Gone| list.show(gone);
    let watch = |progress| bar.show(progress);
    let pruned = prune::prune(&store, &context.clock, &keep, mode, &tell, &watch).await;
    drop(bar);
    store.catalog.close().await;
    let pruned = pruned?;
    list.end(&pruned);
    say(context, &pruned);
    if args.dry_run && !context.quiet {
        let _ = writeln!(std::io::stderr(), "nothing was removed: this was a dry run");
    }
    Ok(if pruned.is_well() {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

/// The frames that go, printed as they come: there may be millions. In JSON they are a list in one document with the account.
struct List<'a> {
    context: &'a Context,
    has_begun: AtomicBool,
}

impl<'a> List<'a> {
    fn new(context: &'a Context) -> Self {
        Self {
            context,
            has_begun: AtomicBool::new(false),
        }
    }

    fn show(&self, gone: &Gone) {
        let (reason, camera) = (gone.reason.as_str(), &gone.camera_id);
        let (time, bytes) = (table::utc(gone.timestamp), table::bytes(gone.bytes));
        self.context.say(format!(
            "{reason:<6}  {camera}  {time}  {}  {bytes}",
            gone.path
        ));
        if self.context.json {
            let text = serde_json::to_string(gone).unwrap_or_default();
            print(&format!("{}{text}", self.before()));
        }
    }

    /// What stands before the next element.
    fn before(&self) -> &'static str {
        if self.has_begun.swap(true, Ordering::Relaxed) {
            ","
        } else {
            "{\"removed\":["
        }
    }

    /// Ends the document with the account.
    fn end(&self, pruned: &Pruned) {
        if !self.context.json {
            return;
        }
        if !self.has_begun.load(Ordering::Relaxed) {
            print(self.before());
        }
        let account = match serde_json::to_value(pruned) {
            Ok(Value::Object(account)) => serde_json::to_string(&account).unwrap_or_default(),
            _ => String::from("{}"),
        };
        print(&format!("],{}\n", account.trim_start_matches('{')));
    }
}

/// A reader that has gone away is no failure.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn say(context: &Context, pruned: &Pruned) {
    let count = |reason: Reason, words: &str| {
        let count = pruned.by_reason.get(&reason)?;
        Some(format!("{} {words}", count.frames))
    };
    let reasons: Vec<String> = [
        count(Reason::Age, "by age"),
        count(Reason::Budget, "by the size budget"),
        count(Reason::Disk, "for want of free disk"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let reasons = if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join(", "))
    };
    context.say(format!(
        "{} frames, {}{reasons}",
        pruned.frames,
        table::bytes(pruned.bytes)
    ));
    for line in pruned.obstacles_in_words() {
        context.say(line);
    }
    for line in pruned.lacks_in_words() {
        context.say(line);
    }
    for words in &pruned.failed {
        context.say(format!(
            "a file could not be removed and is tried again: {words}"
        ));
    }
}
