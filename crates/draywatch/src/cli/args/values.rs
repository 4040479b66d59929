//! The values that arguments take, and what they mean once the portal's day is known.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{Days, NaiveDate};

use super::GapsArgs;

/// A day of the portal, as it is written on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// The portal's today.
    Today,
    /// The day before.
    Yesterday,
    /// That date.
    On(NaiveDate),
}

impl Day {
    /// The date, given the portal's today.
    #[must_use]
    pub fn resolve(self, today: NaiveDate) -> NaiveDate {
        match self {
            Self::Today => today,
            Self::Yesterday => today.pred_opt().unwrap_or(today),
            Self::On(date) => date,
        }
    }

    /// Whether this day is after `other`, where that can be told before today is known.
    pub(super) fn is_surely_after(self, other: Self) -> bool {
        match (self, other) {
            (Self::On(left), Self::On(right)) => left > right,
            (Self::Today, Self::Yesterday) => true,
            _ => false,
        }
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "today" => return Ok(Self::Today),
            "yesterday" => return Ok(Self::Yesterday),
            _ => {}
        }
        let digits = |at: usize, b: u8| {
            if at == 4 || at == 7 {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        };
        let is_date = text.len() == 10 && text.bytes().enumerate().all(|(at, b)| digits(at, b));
        if !is_date {
            return Err("write a day as YYYY-MM-DD, or today, or yesterday".to_owned());
        }
        text.parse()
            .map(Self::On)
            .map_err(|_| "there is no such day in the calendar".to_owned())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::On(date) => date.fmt(f),
        }
    }
}

/// A first day that is after the last one: a mistake in usage, exit status 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("--from {from} is after --to {to}")]
pub struct Backwards {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// The dates from one day to another, both included, given the portal's today.
///
/// # Errors
/// When the first is after the last.
pub fn range(from: Day, to: Day, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Backwards> {
    let (first, last) = (from.resolve(today), to.resolve(today));
    if first > last {
        return Err(Backwards { from, to });
    }
    Ok((first, last))
}

impl GapsArgs {
    /// The first and the last date that are asked for, given the portal's today.
    ///
    /// # Errors
    /// When the first is after the last.
    pub fn range(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Backwards> {
        if let Some(from) = self.from {
            return range(from, self.to.unwrap_or(Day::Today), today);
        }
        let before = Days::new(u64::from(self.days.saturating_sub(1)));
        let first = today.checked_sub_days(before).unwrap_or(NaiveDate::MIN);
        Ok((first, today))
    }
}

/// A share of all pictures, from nothing to all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample(f64);

impl Sample {
    /// All pictures.
    pub const ALL: Self = Self(1.0);

    /// The share, `0.0..=1.0`.
    #[must_use]
    pub fn share(self) -> f64 {
        self.0
    }
}

impl FromStr for Sample {
    type Err = String;

    /// A number is a percentage, with or without its sign; one below 1 without it is a fraction. `1.0` could be read as either,
    /// and is neither.
    fn from_str(text: &str) -> Result<Self, String> {
        let usage =
            || "write a share as a percentage, 5 or 5%, or as a fraction below 1, 0.05".to_owned();
        let (digits, has_sign) = match text.strip_suffix('%') {
            Some(digits) => (digits.trim_end(), true),
            None => (text, false),
        };
        let number: f64 = digits.trim_start().parse().map_err(|_| usage())?;
        if !has_sign && digits.contains('.') && (number - 1.0).abs() < f64::EPSILON {
            return Err(format!(
                "{text} may mean all or one hundredth: write 100% or 1%"
            ));
        }
        if !(0.0..=100.0).contains(&number) {
            return Err("a share goes from 0% to 100%".to_owned());
        }
        let is_fraction = !has_sign && number < 1.0;
        Ok(Self(if is_fraction { number } else { number / 100.0 }))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0 * 100.0)
    }
}

/// A file to read, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input, written `-`.
    Stdin,
    /// That file.
    File(PathBuf),
}

impl FromStr for Input {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
