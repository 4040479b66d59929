//! The arguments of the commands about keeping pictures, and the words in which each is explained.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::Subcommand;
use draywatch_core::CameraId;
use draywatch_core::zone::day_bounds;

use super::Day;

/// `prune`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "\
What goes is decided by retention_days and by the section [retention]; what is on hold stays. Pictures that draywatch did
not collect itself go only by a number in retention_days.

Examples:
  draywatch prune --dry-run
  draywatch prune --json

Exit status: 0 all that was asked for is gone, 1 there is still too little room or a file could not be removed, 2 usage or
configuration.")]
pub struct PruneArgs {
    /// Remove nothing; print what would be printed
    #[arg(long)]
    pub dry_run: bool,
}

/// `hold`.
#[derive(Debug, Clone, clap::Args)]
pub struct HoldArgs {
    /// What to do with holds.
    #[command(subcommand)]
    pub command: HoldCommand,
}

/// What to do with holds.
#[derive(Debug, Clone, Subcommand)]
pub enum HoldCommand {
    /// Keep pictures of a stretch of time from every clean-up
    #[command(after_help = "\
Examples:
  draywatch hold add --camera in_gate --from 2025-01-15 --to 2025-01-17 --reason \"claim 4711\"
  draywatch hold add --from 2025-01-15T08:00:00-08:00 --to 2025-01-15T09:30:00-08:00 --reason accident

Exit status: 0 the hold is made, 1 it could not be, 2 usage or configuration.")]
    Add(HoldAddArgs),
    /// List all holds
    #[command(after_help = "Exit status: 0, also where there is none; 2 usage or configuration.")]
    List,
    /// Take a hold away; what it held may go from the next clean-up on
    #[command(
        after_help = "Exit status: 0 it is gone, 1 there is no such hold, 2 usage or configuration."
    )]
    Release {
        /// The number of the hold, as `hold list` shows it
        #[arg(value_name = "ID")]
        id: i64,
    },
}

/// `hold add`.
#[derive(Debug, Clone, clap::Args)]
pub struct HoldAddArgs {
    /// Only this camera [default: all, also those of other programs]
    #[arg(long, value_name = "CAMERA")]
    pub camera: Option<CameraId>,
    /// The first day of the portal, or the first instant: YYYY-MM-DD, today, yesterday, or 2025-01-15T08:00:00-08:00
    #[arg(long, value_name = "TIME")]
    pub from: Moment,
    /// The last day or instant, itself held, too
    #[arg(long, value_name = "TIME")]
    pub to: Moment,
    /// Why, in a few words
    #[arg(long, value_name = "WORDS", value_parser = words)]
    pub reason: String,
}

/// A day of the portal, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The whole day.
    Day(Day),
    /// That second.
    At(DateTime<Utc>),
}

impl Moment {
    /// The first instant of it.
    #[must_use]
    pub fn start(self, today: NaiveDate, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day_bounds(day.resolve(today), zone).0,
            Self::At(at) => at,
        }
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(self, today: NaiveDate, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day_bounds(day.resolve(today), zone).1,
            Self::At(at) => at + TimeDelta::seconds(1),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains(['T', ':']) {
            return text.parse().map(Self::Day);
        }
        DateTime::parse_from_rfc3339(text)
            .map(|at| Self::At(at.to_utc()))
            .map_err(|_| "write an instant with its zone, as 2025-01-15T08:00:00-08:00 or 2025-01-15T16:00:00Z".to_owned())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::At(at) => f.write_str(&at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        }
    }
}

/// A text with something in it, on one line.
fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err("say why in a few words on one line".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_held_to_their_ends() {
        let zone = chrono_tz::America::Los_Angeles;
        let today = NaiveDate::from_ymd_opt(2025, 11, 3).unwrap();
        // The day on which clocks go back has 25 hours.
        let yesterday: Moment = "yesterday".parse().unwrap();
        let held = yesterday.end(today, zone) - yesterday.start(today, zone);
        assert_eq!(held, TimeDelta::hours(25));
        let at: Moment = "2025-01-15T08:00:00-08:00".parse().unwrap();
        assert_eq!(at.to_string(), "2025-01-15T16:00:00Z");
        assert_eq!(
            at.end(today, zone) - at.start(today, zone),
            TimeDelta::seconds(1)
        );
    }

    #[test]
    fn what_is_no_moment_is_explained() {
        for (text, word) in [
            ("2025-01-15T08:00:00", "with its zone"),
            ("2025-02-30", "no such day"),
            ("soon", "YYYY-MM-DD"),
        ] {
            let told = text.parse::<Moment>().unwrap_err();
            assert!(told.contains(word), "{text}: {told}");
        }
    }
}
