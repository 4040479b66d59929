//! The log of collections with filters, and one collection with all that it found. Must not judge.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use draywatch_catalog::{LedgerEntry, LedgerFilter, LedgerState, NewObservation, RunQuery, RunRow};
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;
use serde::Deserialize;

use super::cameras;
use super::shell::{Shell, Visit};
use super::show;
use super::times::{Clock, Time, bytes};
use crate::cursor::Cursor;
use crate::params::{InPath, Params, filled};
use crate::problem::Problem;
use crate::state::App;

/// Runs on a page.
const LIMIT: u32 = 100;
/// Frames of the ledger on the page of a run.
const OWED: usize = 200;
/// What a filter may be set to.
const OUTCOMES: [Outcome; 4] = [
    Outcome::Complete,
    Outcome::Incomplete,
    Outcome::Failed,
    Outcome::Interrupted,
];

/// Which runs. What a form leaves empty is not asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    camera: String,
    #[serde(default)]
    outcome: String,
    #[serde(default, deserialize_with = "filled")]
    cursor: Option<Cursor>,
}

#[derive(Template)]
#[template(path = "runs.html")]
struct List {
    shell: Shell,
    cameras: Vec<Choice>,
    outcomes: Vec<Choice>,
    runs: Vec<Line>,
    is_filtered: bool,
    is_first: bool,
    newest: String,
    older: Option<String>,
}

/// An entry of a filter.
struct Choice {
    value: String,
    is_chosen: bool,
}

/// A run in the log.
struct Line {
    id: i64,
    address: String,
    started: Time,
    camera: String,
    command: String,
    date: Option<NaiveDate>,
    outcome: Ended,
    counts: Option<Counts>,
    took: String,
    refused: String,
    trouble: Option<String>,
}

/// How a run ended, in words and as a class.
struct Ended {
    words: &'static str,
    class: &'static str,
}

struct Counts {
    listed: u64,
    stored: u64,
    already: u64,
    missing: u64,
}

#[derive(Template)]
#[template(path = "run.html")]
struct One {
    shell: Shell,
    line: Line,
    started: Time,
    finished: Option<Time>,
    day: Option<String>,
    thumbnails: u64,
    bytes: String,
    requests: u64,
    retries: u64,
    listing: String,
    refused: Vec<(String, u64)>,
    errors: Vec<(String, String)>,
    owed: Vec<Owed>,
    all_owed: usize,
    seen: Option<Seen>,
}

/// A listed frame of the run's day that is not stored in full size, as the ledger has it now.
struct Owed {
    at: Time,
    state: &'static str,
    why: String,
    attempts: u32,
    tried: Option<Time>,
}

/// What a run saw at the portal.
struct Seen {
    at: Time,
    is_confirmed: bool,
    listed: Option<u64>,
    newest: Option<Time>,
    trouble: Option<String>,
}

/// The log.
pub async fn list(visit: Visit, Params(which): Params<Which>) -> Result<Response, Problem> {
    let shell = visit.shell("Runs", "Runs");
    let camera = camera_of(&visit.app, &which.camera).await?;
    let outcome = outcome_of(&which.outcome)?;
    let query = RunQuery {
        camera,
        outcome,
        after: which.cursor.as_ref().map(|cursor| cursor.0.clone()),
        limit: LIMIT,
        ..RunQuery::default()
    };
    let source = visit.app.source();
    let page = visit
        .app
        .ask(|catalog| async move { source.runs(&*catalog).page(query).await })
        .await?;
    let names = cameras::all(&visit.app).await?;
    let choice = |value: String, chosen: &str| Choice {
        is_chosen: value == chosen,
        value,
    };
    let same = form_urlencoded(&which);
    let clock = shell.clock();
    show(&List {
        cameras: names
            .into_iter()
            .map(|one| choice(one.id.to_string(), &which.camera))
            .collect(),
        outcomes: OUTCOMES
            .iter()
            .map(|one| choice(one.as_str().to_owned(), &which.outcome))
            .collect(),
        is_filtered: !which.camera.is_empty() || !which.outcome.is_empty(),
        is_first: which.cursor.is_none(),
        newest: shell.to(&format!("/runs?{same}")),
        older: page
            .next
            .map(|place| shell.to(&format!("/runs?{same}&cursor={}", Cursor(place)))),
        runs: page
            .rows
            .into_iter()
            .map(|row| Line::new(row, &shell, &clock))
            .collect(),
        shell,
    })
}

/// One run.
pub async fn one(
    visit: Visit,
    State(app): State<App>,
    InPath(id): InPath<i64>,
) -> Result<Response, Problem> {
    let source = app.source();
    let found = app
        .ask(|catalog| async move { source.runs(&*catalog).run(id).await })
        .await?;
    let (row, seen) = found.ok_or_else(|| Problem::absent(format!("there is no run {id}")))?;
    let shell = visit.shell("Runs", format!("Run {id}"));
    let clock = shell.clock();
    let owed = owed(&app, &row).await?;
    let end = row.end.clone();
    let counts = end
        .as_ref()
        .map(|end| end.counts.clone())
        .unwrap_or_default();
    let errors = end.iter().flat_map(|end| &end.errors);
    show(&One {
        started: clock.precise(row.run.started_at),
        finished: end.as_ref().map(|end| clock.precise(end.finished_at)),
        day: row
            .run
            .date
            .map(|date| shell.to(&format!("/day/{}/{date}", row.run.camera))),
        thumbnails: counts.thumbnails,
        bytes: bytes(counts.bytes),
        requests: counts.requests,
        retries: counts.retries,
        listing: end
            .as_ref()
            .map(|end| seconds(end.listing_took))
            .unwrap_or_default(),
        refused: counts.refused.into_iter().collect(),
        errors: errors
            .map(|error| (error.kind.as_str().replace('_', " "), error.message.clone()))
            .collect(),
        all_owed: owed.len(),
        owed: owed
            .into_iter()
            .take(OWED)
            .map(|entry| Owed::new(entry, &clock))
            .collect(),
        seen: seen.map(|seen| Seen::new(seen, &clock)),
        line: Line::new(row, &shell, &clock),
        shell,
    })
}

/// Listed frames of the day of a run that are not stored in full size, by time. The ledger keeps how each of them stands now, not how
/// it stood when the run ended.
async fn owed(app: &App, row: &RunRow) -> Result<Vec<LedgerEntry>, Problem> {
    let Some(date) = row.run.date else {
        return Ok(Vec::new());
    };
    let filter = LedgerFilter {
        camera: Some(row.run.camera.clone()),
        dates: Some((date, date)),
        states: Vec::new(),
    };
    let found = app.ask(|catalog| async move { catalog.ledger(&filter).await });
    let mut found = found.await?;
    found.sort_by(|a, b| a.entry.frame.cmp(&b.entry.frame));
    Ok(found)
}

/// The camera of a filter, which must be one that there is.
async fn camera_of(app: &App, name: &str) -> Result<Option<CameraId>, Problem> {
    if name.is_empty() {
        return Ok(None);
    }
    let camera = CameraId::new(name).map_err(|_| Problem::bad("no camera is called so"))?;
    app.camera(&camera).await?;
    Ok(Some(camera))
}

fn outcome_of(name: &str) -> Result<Option<Outcome>, Problem> {
    let found = OUTCOMES.into_iter().find(|one| one.as_str() == name);
    match (name, found) {
        ("", _) => Ok(None),
        (_, Some(outcome)) => Ok(Some(outcome)),
        _ => Err(Problem::bad(
            "outcome must be complete, incomplete, failed or interrupted",
        )),
    }
}

/// The filters as they stand in an address; both are of letters, digits and lines only.
fn form_urlencoded(which: &Which) -> String {
    format!("camera={}&outcome={}", which.camera, which.outcome)
}

fn seconds(took: std::time::Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

impl Line {
    fn new(row: RunRow, shell: &Shell, clock: &Clock) -> Self {
        let RunRow { id, run, end } = row;
        let refused = end.iter().flat_map(|end| &end.counts.refused);
        let refused: Vec<String> = refused
            .map(|(reason, count)| format!("{count} × {}", reason.replace('_', " ")))
            .collect();
        Self {
            id,
            address: shell.to(&format!("/runs/{id}")),
            started: clock.time(run.started_at),
            camera: run.camera.to_string(),
            command: run.command,
            date: run.date,
            outcome: Ended::new(end.as_ref().map(|end| end.outcome)),
            counts: end.as_ref().map(|end| Counts {
                listed: end.counts.listed,
                stored: end.counts.stored,
                already: end.counts.already,
                missing: end.counts.missing,
            }),
            took: end
                .as_ref()
                .map(|end| seconds(end.took))
                .unwrap_or_default(),
            refused: refused.join(", "),
            trouble: end.and_then(|end| Some(end.errors.first()?.message.clone())),
        }
    }
}

impl Owed {
    fn new(entry: LedgerEntry, clock: &Clock) -> Self {
        let state = match entry.state {
            LedgerState::Open => "wanted",
            LedgerState::Thumbnail => "thumbnail only",
            LedgerState::GivenUp => "given up",
        };
        let reason = entry.reason.map(|reason| reason.replace('_', " "));
        let message = entry.failure.map(|failure| failure.message);
        let why = match (reason, message) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            (reason, message) => reason.or(message).unwrap_or_default(),
        };
        Self {
            at: clock.hour(entry.entry.frame.instant),
            attempts: entry.attempts,
            tried: entry.last_tried.map(|at| clock.time(at)),
            state,
            why,
        }
    }
}

impl Ended {
    fn new(outcome: Option<Outcome>) -> Self {
        let (words, class) = match outcome {
            Some(Outcome::Complete) => ("complete", "is-healthy"),
            Some(Outcome::Incomplete) => ("incomplete", "is-warning"),
            Some(Outcome::Failed) => ("failed", "is-critical"),
            Some(Outcome::Interrupted) => ("interrupted", "is-degraded"),
            None => ("under way", "is-unknown"),
        };
        Self { words, class }
    }
}

impl Seen {
    fn new(seen: NewObservation, clock: &Clock) -> Self {
        Self {
            at: clock.precise(seen.observed_at),
            is_confirmed: seen.confirmed,
            listed: seen.listed,
            newest: seen.newest.map(|at| clock.precise(at)),
            trouble: seen.failure.map(|failure| failure.message),
        }
    }
}
