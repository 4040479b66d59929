//! `draywatch examine`: what pictures are worth, found out at once.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_archive::{Access, Archive};
use draywatch_catalog::Catalog;
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Kind};
use serde::Serialize;

use super::args::ExamineArgs;
use super::context::{CliError, Context, Status};
use super::look::{self, Bar};
use crate::examine::{self, Account, Cards, ExamineError, Pace, Scope};
use crate::maintain::Progress;
use crate::store::Store;

/// Before the first and after the last picture of any camera.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1000, 1, 1).expect("a day");
const LATEST: NaiveDate = NaiveDate::from_ymd_opt(9000, 1, 1).expect("a day");

/// From one instant to another.
type Span = (DateTime<Utc>, DateTime<Utc>);

/// What was found of a camera.
#[derive(Serialize)]
struct Examined {
    camera_id: String,
    #[serde(flatten)]
    account: Account,
}

/// Carries out `examine`.
///
/// # Errors
/// When a camera is unknown, the days are backwards, or database or archive cannot be used.
pub async fn run(args: &ExamineArgs, context: &Context) -> Result<Status, CliError> {
    // Neither of the two is made here: where nothing is, nothing can be examined.
    look::database(context).await?.close().await;
    Archive::open(&context.config.download_dir, Access::ReadOnly)?;
    let span = span(args, context)?;
    let store = Store::open(&context.config, &context.clock).await;
    let store = store.map_err(look::explain)?;
    let done = examine(args, context, &store, span).await;
    store.catalog.close().await;
    let done = done?;
    context.tell(&done);
    let is_well = |one: &Examined| one.account.problems + one.account.left_open == 0;
    for one in &done {
        say(context, one);
    }
    Ok(if done.iter().all(is_well) {
        Status::AllWell
    } else {
        Status::SomethingMissing
    })
}

/// The days that are asked for.
fn span(args: &ExamineArgs, context: &Context) -> Result<Option<Span>, CliError> {
    if args.from.is_none() && args.to.is_none() {
        return Ok(None);
    }
    let (today, zone) = (context.today(), context.config.portal.time_zone);
    let first = args.from.map_or(EARLIEST, |day| day.resolve(today));
    let last = args.to.map_or(LATEST, |day| day.resolve(today));
    if first > last {
        let words = format!("--from {first} is after --to {last}");
        return Err(CliError::new(Kind::Configuration, words));
    }
    Ok(Some((day_bounds(first, zone).0, day_bounds(last, zone).1)))
}

async fn examine(
    args: &ExamineArgs,
    context: &Context,
    store: &Store,
    span: Option<Span>,
) -> Result<Vec<Examined>, CliError> {
    let cards = Cards::default();
    cards.refresh(&*store.catalog).await;
    let scopes: Vec<Scope> = cameras(&args.cameras, &*store.catalog)
        .await?
        .into_iter()
        .map(|camera_id| Scope {
            camera_id,
            span,
            again: args.again,
        })
        .collect();
    let mut total = 0;
    for scope in &scopes {
        let catalog = &store.catalog;
        total += catalog
            .to_examine(&scope.camera_id, span, args.again)
            .await?;
    }
    let (bar, done) = (Bar::new(context), AtomicU64::new(0));
    let watch = |count: u64| {
        bar.show(Progress {
            doing: "pictures",
            done: done.fetch_add(count, Ordering::Relaxed) + count,
            total: Some(total),
        });
    };
    let mut examined = Vec::new();
    for scope in scopes {
        let account = examine::camera(store, &cards, &scope, &Pace::full(), &watch).await?;
        account.tell_problems(&scope.camera_id);
        examined.push(Examined {
            camera_id: scope.camera_id,
            account,
        });
    }
    Ok(examined)
}

/// The cameras that have pictures, or those of them that were asked for.
async fn cameras(wanted: &[CameraId], catalog: &dyn Catalog) -> Result<Vec<String>, CliError> {
    let totals = catalog.totals().await?;
    let there: Vec<String> = totals
        .cameras
        .into_iter()
        .map(|camera| camera.camera_id)
        .collect();
    for camera in wanted {
        if !there.iter().any(|one| one == camera.as_str()) {
            let words = format!(
                "there are no pictures of a camera {camera}: `draywatch status` shows all cameras"
            );
            return Err(CliError::new(Kind::Configuration, words));
        }
    }
    let is_wanted =
        |one: &String| wanted.is_empty() || wanted.iter().any(|camera| camera.as_str() == one);
    Ok(there.into_iter().filter(is_wanted).collect())
}

fn say(context: &Context, examined: &Examined) {
    let Account {
        looked,
        verdicts,
        problems,
        first_problem,
        left_open,
    } = &examined.account;
    let found: Vec<String> = verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let found = if found.is_empty() {
        "nothing to examine".to_owned()
    } else {
        found.join(", ")
    };
    context.say(format!(
        "{}: {found} ({looked} pictures read)",
        examined.camera_id
    ));
    if let Some(first) = first_problem {
        context.say(format!(
            "    {problems} could not be examined, such as {first}"
        ));
    }
    if *left_open > 0 {
        context.say(format!("    {left_open} changed meanwhile: examine again"));
    }
}

impl From<ExamineError> for CliError {
    fn from(error: ExamineError) -> Self {
        Self::new(error.kind(), draywatch_core::error::chain(&error))
    }
}
