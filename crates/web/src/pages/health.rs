//! Health: how things are, why, the jobs, and the last thirty days. Must not judge.

use askama::Template;
use axum::response::Response;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::HealthChange;
use draywatch_core::health::{Reason, Status};
use draywatch_core::zone::day_bounds;

use super::shell::{Badge, Shell, Visit};
use super::times::{Age, Clock, Time, length};
use super::{prose, show};
use crate::problem::Problem;

/// Days that are shown, today included.
const DAYS: u64 = 30;
/// Changes that are read: of as many days as they take, since the one before the first day tells how that day began.
const CHANGES: u32 = 2_000;
/// Changes that are told in words.
const TOLD: usize = 100;
/// Minutes of a day, and so the width of a bar that lasts all of it.
const MINUTES: i64 = 24 * 60;

#[derive(Template)]
#[template(path = "health.html")]
struct Page {
    shell: Shell,
    status: Badge,
    looked: Age,
    is_running: bool,
    reasons: Vec<Told>,
    facts: Vec<(&'static str, String)>,
    jobs: Vec<Job>,
    days: Vec<Day>,
    changes: Vec<Change>,
    is_cut: bool,
}

/// A reason in words.
struct Told {
    badge: Badge,
    id: String,
    message: String,
}

struct Job {
    name: String,
    next: Option<Time>,
    is_pending: bool,
}

/// A day of the history.
struct Day {
    date: NaiveDate,
    bars: Vec<Bar>,
    words: String,
}

/// A stretch of a day, in minutes.
#[derive(Debug, PartialEq, Eq)]
struct Bar {
    from: i64,
    minutes: i64,
    badge: Badge,
}

struct Change {
    at: Time,
    badge: Badge,
    lasted: String,
    reasons: Vec<Told>,
}

/// The page.
pub async fn page(visit: Visit) -> Result<Response, Problem> {
    let shell = visit.shell("Health", "Health");
    let clock = shell.clock();
    let snapshot = visit.app.source().snapshot();
    let report = &snapshot.report;
    let changes = changes(&visit).await;
    let is_cut = changes.is_none();
    let changes = changes.unwrap_or_default();
    let first = clock.today().checked_sub_days(Days::new(DAYS - 1));
    let first = first.unwrap_or(NaiveDate::MIN);
    let days = first.iter_days().take_while(|date| *date <= clock.today());
    show(&Page {
        status: report.status.into(),
        looked: clock.age(report.timestamp),
        is_running: report.is_running,
        reasons: report.reasons.iter().map(Told::new).collect(),
        facts: facts(&visit),
        jobs: report
            .jobs
            .iter()
            .map(|job| Job {
                name: job.name.clone(),
                next: job.next_run.map(|at| clock.time(at)),
                is_pending: job.pending,
            })
            .collect(),
        days: days.map(|date| Day::new(date, &changes, &shell)).collect(),
        changes: told(&changes, day_bounds(first, shell.zone).0, &clock, visit.now),
        is_cut,
        shell,
    })
}

/// The newest changes, the oldest first; `None` while the database does not answer: health is told all the same.
async fn changes(visit: &Visit) -> Option<Vec<HealthChange>> {
    let question = |catalog: std::sync::Arc<dyn draywatch_catalog::Catalog>| async move {
        catalog.health_changes(DateTime::UNIX_EPOCH, CHANGES).await
    };
    let mut found = visit.app.ask(question).await.ok()?;
    found.reverse();
    Some(found)
}

/// Figures beside the reasons.
fn facts(visit: &Visit) -> Vec<(&'static str, String)> {
    let snapshot = visit.app.source().snapshot();
    let report = &snapshot.report;
    let mut facts = vec![("Database", report.database.clone())];
    if let Some(latency) = report.database_latency_seconds {
        facts.push(("Its smallest answer", format!("{:.1} ms", latency * 1000.0)));
    }
    if let Some(used) = report.disk_usage_percent {
        facts.push(("Disk in use", format!("{used:.0} %")));
    }
    if report.is_running {
        facts.push(("Browser processes", snapshot.browsers.to_string()));
    }
    let readings = snapshot.readings.iter().flat_map(|all| &all.cameras);
    let lags = readings.filter_map(|one| Some(format!("{} {}", one.camera, length(one.lag?))));
    let lags: Vec<String> = lags.collect();
    if !lags.is_empty() {
        facts.push(("Newest frame stored after", lags.join(", ")));
    }
    facts
}

impl Told {
    fn new(reason: &Reason) -> Self {
        Self {
            badge: reason.status.into(),
            id: reason.id.clone(),
            message: reason.message.clone(),
        }
    }

    /// The message as HTML.
    fn words(&self) -> String {
        prose::html(&self.message)
    }
}

impl Day {
    fn new(date: NaiveDate, changes: &[HealthChange], shell: &Shell) -> Self {
        let (from, to) = day_bounds(date, shell.zone);
        let bars = bars(changes, (from, to.min(shell.now)));
        Self {
            words: words(date, &bars),
            date,
            bars,
        }
    }

    /// Clocks that change make a day shorter or longer.
    fn width(&self) -> i64 {
        let end = self.bars.last().map_or(0, |bar| bar.from + bar.minutes);
        end.max(MINUTES)
    }
}

/// The states of a stretch of time; nothing is told of what was before the first change.
fn bars(changes: &[HealthChange], (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Vec<Bar> {
    let begin = changes.partition_point(|change| change.at <= from).max(1) - 1;
    let mut bars: Vec<Bar> = Vec::new();
    for (nth, change) in changes.iter().enumerate().skip(begin) {
        let next = changes.get(nth + 1).map_or(to, |next| next.at.min(to));
        let start = change.at.max(from);
        if start >= next {
            continue;
        }
        let at = (start - from).num_minutes();
        let badge = Badge::from(change.health.status);
        match bars.last_mut() {
            Some(last) if last.badge == badge => {
                last.minutes = (next - from).num_minutes() - last.from;
            }
            _ => bars.push(Bar {
                from: at,
                // What lasts for seconds is to be seen as well.
                minutes: (next - start).num_minutes().max(1),
                badge,
            }),
        }
    }
    bars
}

/// A day for who does not see it.
fn words(date: NaiveDate, bars: &[Bar]) -> String {
    if bars.is_empty() {
        return format!("{date}: nothing is known");
    }
    let states = [
        Status::Critical,
        Status::Degraded,
        Status::Warning,
        Status::Healthy,
    ];
    let parts = states.into_iter().filter_map(|status| {
        let badge = Badge::from(status);
        let minutes: i64 = bars
            .iter()
            .filter(|bar| bar.badge == badge)
            .map(|bar| bar.minutes)
            .sum();
        (minutes > 0).then(|| format!("{} {}", badge.word, length(TimeDelta::minutes(minutes))))
    });
    format!("{date}: {}", parts.collect::<Vec<_>>().join(", "))
}

/// Changes in words, the newest first.
fn told(
    changes: &[HealthChange],
    since: DateTime<Utc>,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Vec<Change> {
    let ends = changes.iter().skip(1).map(|next| next.at);
    let pairs = changes.iter().zip(ends.chain([now]));
    let recent = pairs.filter(|(change, _)| change.at >= since);
    let mut all: Vec<Change> = recent
        .map(|(change, end)| Change {
            at: clock.time(change.at),
            badge: change.health.status.into(),
            lasted: length(end - change.at),
            reasons: change.health.reasons.iter().map(Told::new).collect(),
        })
        .collect();
    all.reverse();
    all.truncate(TOLD);
    all
}

#[cfg(test)]
mod tests {
    use draywatch_core::health::Health;

    use super::*;

    fn change(minutes: i64, status: Status) -> HealthChange {
        let reasons = match status {
            Status::Healthy => Vec::new(),
            status => vec![Reason::new("disk", status, "full")],
        };
        HealthChange {
            at: at(minutes),
            health: Health::of(reasons),
        }
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_203_200, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_day_has_what_was_before_it_began_and_ends_now() {
        let changes = [
            change(-500, Status::Warning),
            change(-100, Status::Critical),
            change(60, Status::Healthy),
            change(100, Status::Degraded),
            change(130, Status::Degraded),
            change(5000, Status::Healthy),
        ];
        let told = |bars: &[Bar]| {
            let one = |bar: &Bar| (bar.from, bar.minutes, bar.badge.word);
            bars.iter().map(one).collect::<Vec<_>>()
        };
        let bars_of_day = bars(&changes, (at(0), at(200)));
        assert_eq!(
            told(&bars_of_day),
            [
                (0, 60, "critical"),
                (60, 40, "healthy"),
                (100, 100, "degraded")
            ]
        );
        assert_eq!(
            words(at(0).date_naive(), &bars_of_day),
            "2025-09-07: critical 1 h, degraded 1 h 40 min, healthy 40 min"
        );
        assert_eq!(
            told(&bars(&changes, (at(-1000), at(-400)))),
            [(500, 100, "warning")]
        );
        assert_eq!(told(&bars(&changes, (at(-1000), at(-600)))), []);
        assert_eq!(told(&bars(&[], (at(0), at(10)))), []);
        let seconds = HealthChange {
            at: at(0) + TimeDelta::seconds(10),
            ..change(0, Status::Critical)
        };
        let short = [seconds, change(1, Status::Healthy)];
        assert_eq!(
            told(&bars(&short, (at(0), at(10)))),
            [(0, 1, "critical"), (1, 9, "healthy")]
        );
    }
}
