//! Progress of a collection: bars on a terminal, plain lines otherwise, both on standard error. Must not decide anything.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::context::Context;
use crate::collect::{DayReport, Event, Observer};

/// An observer for the context: bars, lines or silence.
pub fn observer(context: &Context) -> Observer {
    if context.bars {
        bars()
    } else if context.quiet || context.json {
        Arc::new(|_| {})
    } else {
        Arc::new(|event| lines(&event))
    }
}

fn lines(event: &Event<'_>) {
    if let Event::Day(report) = event {
        let _ = writeln!(std::io::stderr(), "{}", line(report));
    }
}

/// One day in words.
#[must_use]
pub fn line(report: &DayReport) -> String {
    let DayReport {
        camera_id,
        date,
        outcome,
        listed,
        stored,
        already,
        missing,
        thumbnails,
        ..
    } = report;
    let state = if report.is_final {
        "final before"
    } else {
        outcome.as_str()
    };
    let counts = [(missing, "missing"), (thumbnails, "thumbnails only")];
    let lacks: String = counts
        .iter()
        .filter(|(count, _)| **count > 0)
        .flat_map(|(count, what)| [", ".to_owned(), count.to_string(), format!(" {what}")])
        .collect();
    let bytes = indicatif::HumanBytes(report.bytes);
    let first = format!(
        "{camera_id}  {date}  {state}: {listed} listed, {stored} stored, {already} already there{lacks}  \
         ({bytes} in {:.1} s)",
        report.seconds
    );
    let errors = report
        .errors
        .iter()
        .map(|error| format!("    {}: {error}", error.kind));
    let lines: Vec<String> = std::iter::once(first).chain(errors).collect();
    lines.join("\n")
}

fn bars() -> Observer {
    let style = ProgressStyle::with_template(
        "{spinner:.cyan} {prefix}  {wide_bar:.cyan/blue} {pos:>4}/{len:<4} {msg}",
    );
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0)
        .with_style(style)
        .with_finish(ProgressFinish::AndClear);
    bar.enable_steady_tick(Duration::from_millis(120));
    Arc::new(move |event| match event {
        Event::Listing(camera, date) => {
            if bar.length() == Some(bar.position()) {
                bar.set_prefix(format!("{camera}  {date}"));
                bar.set_message("reading the portal's page");
            }
        }
        Event::Listed(camera, date, listed, wanted) => {
            bar.set_prefix(format!("{camera}  {date}"));
            bar.set_message(format!("of {listed} listed"));
            if bar.length() > Some(bar.position()) {
                // Another day is under way.
                bar.inc_length(wanted);
            } else {
                bar.set_length(wanted);
                bar.set_position(0);
            }
        }
        Event::Frame(_, count) => bar.inc(count),
        Event::Day(report) => bar.println(line(report)),
    })
}
