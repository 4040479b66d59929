//! Tables and numbers for people: aligned columns of plain text. Must not know what they are about.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// On which side a column is flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table; displayed with its heading, two spaces between columns, without a line end.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(&'static str, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    #[must_use]
    pub fn new(columns: &[(&'static str, Side)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain([self.columns[column].0.chars().count()])
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| self.width(column))
            .collect();
        let heading: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        for (number, row) in std::iter::once(&heading).chain(&self.rows).enumerate() {
            let mut line = String::new();
            for (cell, ((_, side), width)) in row.iter().zip(self.columns.iter().zip(&widths)) {
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                match side {
                    Side::Left => line.extend([cell, &padding, "  "]),
                    Side::Right => line.extend([&padding, cell, "  "]),
                }
            }
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number of bytes: `1.2 GiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// An instant, UTC, to the second.
#[must_use]
pub fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// An instant in a zone, to the minute: `2025-09-07 03:10 PDT`.
#[must_use]
pub fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone)
        .format("%Y-%m-%d %H:%M %Z")
        .to_string()
}

/// A stretch of time in two units at most: `3 d 4 h`, `12 min`, `40 s`.
#[must_use]
pub fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    match seconds {
        ..0 => "in the future".to_owned(),
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// The first line of a text, cut to so many characters.
#[must_use]
pub fn brief(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= most {
        return line.to_owned();
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_flush() {
        let mut table = Table::new(&[("camera", Side::Left), ("n", Side::Right)]);
        table.row(["é".to_owned(), "1".to_owned()]);
        table.row(["out_gate".to_owned(), "1234".to_owned()]);
        assert_eq!(
            table.to_string(),
            "camera       n\né            1\nout_gate  1234"
        );
    }

    #[test]
    fn spans_and_cuts_read_well() {
        assert_eq!(span(TimeDelta::seconds(59)), "59 s");
        assert_eq!(span(TimeDelta::minutes(61)), "1 h 1 min");
        assert_eq!(span(TimeDelta::hours(50)), "2 d 2 h");
        assert_eq!(span(TimeDelta::seconds(-1)), "in the future");
        assert_eq!(brief("abc\ndef", 3), "abc");
        assert_eq!(brief("abcdef", 3), "ab…");
    }

    #[test]
    fn local_times_name_their_zone() {
        let at = DateTime::from_timestamp(1_757_240_254, 0).unwrap();
        assert_eq!(
            local(at, chrono_tz::America::Los_Angeles),
            "2025-09-07 03:17 PDT"
        );
        assert_eq!(utc(at), "2025-09-07 10:17:34");
    }
}
