//! The words of alerts: what is wrong, since when, what to do. Must not know how they are sent.
//!
//! Whatever comes from outside is one line each, without control characters, so that nothing in it can begin a header.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_core::alert::{DAY, Event, Line, Message, Status};

/// The id in a test message.
pub(super) const TEST: &str = "test";

/// How many characters of one text from outside are shown.
const MOST: usize = 300;

/// The subject: `[draywatch] degraded: portal: it does not answer`.
pub(super) fn subject(message: &Message) -> String {
    let status = message.status;
    let word = match message.event {
        _ if message.about.iter().any(|id| id == TEST) => "test".to_owned(),
        Event::Raise => status.to_string(),
        Event::Update => format!("now {status}"),
        Event::Remind => format!("still {status}"),
        Event::Resolve => "over".to_owned(),
    };
    let lines = match message.event {
        Event::Resolve => &message.over,
        _ => &message.wrong,
    };
    let first = lines.iter().find(|line| message.about.contains(&line.id));
    let what = first
        .or(lines.first())
        .map_or_else(String::new, |line| match message.event {
            Event::Resolve => format!(": {}", name(&line.id)),
            _ => format!(": {}: {}", name(&line.id), line.message),
        });
    let more = match lines.len() {
        0 | 1 => String::new(),
        many => format!(" (and {} more)", many - 1),
    };
    let what = cut(&one_line(&what), 110);
    format!("[draywatch] {word}{what}{more}")
}

/// The text below it.
pub(super) fn body(message: &Message, zone: Tz) -> String {
    let mut text = head(message, zone);
    section(&mut text, "What is wrong", &message.wrong, zone);
    section(&mut text, "What was wrong and is over", &message.over, zone);
    if message.event != Event::Resolve {
        let advice: Vec<&str> = message.wrong.iter().map(|line| advice(&line.id)).collect();
        text.push_str("\nWhat to do:\n");
        for (number, words) in advice.iter().enumerate() {
            if !advice[..number].contains(words) {
                let _ = writeln!(text, "- {words}");
            }
        }
    }
    if message.is_last_for_now && message.event != Event::Resolve {
        let hours = DAY.num_hours();
        let _ = write!(
            text,
            "\nIt comes and goes: for up to {hours} hours nothing more is said of it but its end (alerts.max_per_day).\n"
        );
    }
    text
}

fn head(message: &Message, zone: Tz) -> String {
    let since = when(message.since, zone);
    let lasted = span(message.at - message.since);
    let host = "draywatch";
    match message.event {
        Event::Raise => format!("{host} is {} since {since}.\n", message.status),
        Event::Update => format!(
            "{host} is {} now; it began {since}, {lasted} ago.\n",
            message.status
        ),
        Event::Remind => format!(
            "{host} is still {}; it began {since}, {lasted} ago.\n",
            message.status
        ),
        Event::Resolve => format!(
            "This is over: {host} was {} from {since} to {}, {lasted}.\n",
            message.status,
            when(message.at, zone)
        ),
    }
}

fn section(text: &mut String, title: &str, lines: &[Line], zone: Tz) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(text, "\n{title}:\n");
    for line in lines {
        let (name, message) = (name(&line.id), cut(&one_line(&line.message), MOST));
        let since = when(line.since, zone);
        // It was not well then, but what it is now it is not since then.
        let how = match line.status {
            Status::Healthy => format!("over; it went wrong {since}"),
            status => format!("{status}, since {since}"),
        };
        let _ = writeln!(text, "- {name} ({how}): {message}");
    }
}

/// `camera in_gate` for `camera:in_gate`.
fn name(id: &str) -> String {
    cut(&one_line(&id.replacen(':', " ", 1)), MOST)
}

/// What to do about something of that id.
fn advice(id: &str) -> &'static str {
    match id.split(':').next().unwrap_or_default() {
        TEST => "Nothing: alerts arrive here.",
        "portal" | "cdn" => {
            "Open the portal in a browser. If it works there, run `draywatch doctor` on the server; if not, wait: draywatch goes on by itself and fetches what it missed."
        }
        "page" => {
            "The portal's page may have changed: run `draywatch doctor`, and look for a newer draywatch."
        }
        "camera" => {
            "See `draywatch gaps` and `draywatch status`; look at the camera on the portal's page. What the portal publishes later is fetched by itself."
        }
        "picture" => {
            "Look at the camera's newest pictures, here and on the portal's page: its lens, its light, its cable. `draywatch placeholder add` makes a card known that it sends."
        }
        "database" => {
            "Run `draywatch doctor`; see whether the database's disk is full or another program holds a lock."
        }
        "disk" | "archive" => {
            "Make room or mount the disk: `draywatch prune --dry-run` shows what could go, retention_days and [retention] what goes by itself."
        }
        "browser" => {
            "Run `draywatch doctor`: it says whether Chromium and its driver are there and start."
        }
        "clock" => {
            "Set the clock of the server and switch time synchronisation on (`timedatectl`)."
        }
        "alerts" => "Run `draywatch alert test`: it says what each channel answers.",
        "settings" => {
            "Correct the settings: `draywatch config check` says what is wrong with them."
        }
        "health_check_port" => {
            "Free the port, or set health_check_port to another; it is tried again by itself."
        }
        _ => "See `draywatch status` and `draywatch doctor`, and the log of the service.",
    }
}

/// UTC, and the terminal's time beside it.
fn when(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!(
        "{} UTC ({})",
        at.format("%Y-%m-%d %H:%M"),
        local.format("%H:%M %Z")
    )
}

fn span(span: TimeDelta) -> String {
    let minutes = span.num_minutes().max(0);
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1440 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes / 60 % 24),
    }
}

/// On one line, without anything that is not to be seen.
pub(super) fn one_line(text: &str) -> String {
    // The two separators end a line for some readers, although they are no control characters.
    let clean = |c: char| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        }
    };
    text.chars().map(clean).collect()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
