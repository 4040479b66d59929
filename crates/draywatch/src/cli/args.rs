//! The command line: what can be asked for, and in which words. It decides nothing and reads nothing but its arguments.
//!
//! Rules between arguments that clap cannot express are in `Args::check`; all of them end with exit status 2.

mod commands;
mod export;
mod keeping;
mod timelapse;
mod values;
mod verdicts;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};

pub use commands::{
    AdoptArgs, AlertArgs, AlertCommand, BackfillArgs, CameraArgs, CollectArgs, CompletionsArgs,
    ConfigArgs, ConfigCommand, DoctorArgs, FetchArgs, GapsArgs, RunArgs, RunsArgs, VerifyArgs,
};
pub use export::{ExportArgs, FormatName, TableName, Target};
pub use keeping::{HoldAddArgs, HoldArgs, HoldCommand, Moment, PruneArgs};
pub use timelapse::TimelapseArgs;
pub use values::{Backwards, Day, Input, Sample, range};
pub use verdicts::{ExamineArgs, PlaceholderArgs, PlaceholderCommand};

use crate::config::Overrides;

/// What stands under the help of the program.
const EXAMPLES: &str = "\
Examples:
  draywatch run                                collect all cameras from now on, unattended
  draywatch fetch                              today's pictures of all cameras
  draywatch fetch --date yesterday --json      yesterday's, with an account for programs
  draywatch backfill --from 2025-01-01 --to 2025-01-31
  draywatch gaps --days 30                     what is missing, and why
  draywatch doctor                             is everything here that is needed?

Exit status:
  0  all well
  1  something is missing or failed; it stays in the ledger and is tried again
  2  usage or configuration";

/// Keeps the history of container terminal gate cameras.
#[derive(Debug, Clone, Parser)]
#[command(name = "draywatch", version, after_help = EXAMPLES)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub struct Args {
    /// Options for every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that may stand before or after the command.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Options for every command")]
pub struct GlobalArgs {
    /// Read this configuration file [default: that of `DRAYWATCH_CONFIG`, else `draywatch.toml` here]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON document to standard output instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: -v what is done, -vv every request
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Print plain lines instead of progress bars, also on a terminal
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Keep pictures in this folder (setting `download_dir`)
    #[arg(long, global = true, value_name = "DIR")]
    pub download_dir: Option<String>,
    /// Use this database (setting `database_url`)
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run as a service: collect all cameras at their own pace, recover from outages, clean up
    Run(RunArgs),
    /// Serve pages and API over database and archive, without collecting anything
    #[command(after_help = "\
It listens where [web] and health_check_port say, as `draywatch run` does: beside a running service it takes another port. Health is \
what the service wrote of itself last.

Examples:
  draywatch serve
  DRAYWATCH_HEALTH_CHECK_PORT=8090 draywatch serve

Exit status: 0 told to stop, 1 it ended otherwise, 2 usage or configuration.")]
    Serve,
    /// Ask for a password and print its hash, for `password_hash` in the section `[web]`
    #[command(after_help = "\
The password is asked for on the terminal, or read from standard input if that is none.

Examples:
  draywatch password
  printf '%s' \"$PASSWORD\" | draywatch password

Exit status: 0 printed, 1 no password could be read, 2 usage or configuration.")]
    Password,
    /// Collect the pictures of one day
    Fetch(FetchArgs),
    /// Collect the pictures of many days, in order; days that are final are passed over
    Backfill(BackfillArgs),
    /// Show how much there is, what is owed, and how the last collections went
    #[command(
        after_help = "Exit status: 0 all well, 1 frames are owed or a last collection failed."
    )]
    Status,
    /// Say how the service is, by what it told of itself last
    #[command(
        after_help = "Exit status: 0 healthy or warning, 1 degraded, 2 critical, or the service is dead or was stopped."
    )]
    Health,
    /// List collections, the newest first
    Runs(RunsArgs),
    /// List the times without a picture, and why each is missing
    Gaps(GapsArgs),
    /// Write tables of what is stored or missing, or shards of the pictures themselves
    Export(Box<ExportArgs>),
    /// Play a stretch of a camera's pictures into a video file
    Timelapse(TimelapseArgs),
    /// Check database and archive against each other
    Verify(VerifyArgs),
    /// Take over a tree of pictures that was there before
    Adopt(AdoptArgs),
    /// Remove pictures by age, size budget and free disk, but nothing that is on hold
    Prune(PruneArgs),
    /// Keep stretches of time from every clean-up
    Hold(HoldArgs),
    /// Find out what pictures are worth: frozen ones, placeholders, dark and blank ones
    Examine(ExamineArgs),
    /// Keep the cards that cameras send when they have no picture
    Placeholder(PlaceholderArgs),
    /// Try the ways by which alerts go out
    Alert(AlertArgs),
    /// Show, check or write the configuration
    Config(ConfigArgs),
    /// Check browser, driver, portal, disk and database, and say how to mend each
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Args {
    /// Reads a command line and holds it against all rules.
    ///
    /// # Errors
    /// With what is wrong, or with the help or version that was asked for; `error.exit()` prints either and ends with the
    /// right status.
    pub fn parse_checked<I, T>(words: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let args = Self::try_parse_from(words)?;
        args.check()?;
        Ok(args)
    }

    /// The rules between arguments that clap cannot express, or not where one stands before the command and one after it.
    fn check(&self) -> Result<(), clap::Error> {
        if self.global.quiet && self.global.verbose > 0 {
            let message = "--quiet and --verbose exclude each other";
            return Err(Self::usage(ErrorKind::ArgumentConflict, message));
        }
        match &self.command {
            Command::Fetch(fetch)
                if fetch.frames_from.is_some() && fetch.cameras.cameras.len() != 1 =>
            {
                let message = "--frames-from needs exactly one --camera";
                Err(Self::usage(ErrorKind::WrongNumberOfValues, message))
            }
            Command::Backfill(BackfillArgs { from, to, .. })
            | Command::Gaps(GapsArgs {
                from: Some(from),
                to: Some(to),
                ..
            })
            | Command::Examine(ExamineArgs {
                from: Some(from),
                to: Some(to),
                ..
            }) if from.is_surely_after(*to) => Err(Self::usage_error(&Backwards {
                from: *from,
                to: *to,
            })),
            Command::Export(export) => self.check_export(export),
            _ => Ok(()),
        }
    }

    fn check_export(&self, export: &ExportArgs) -> Result<(), clap::Error> {
        let Some(format) = export.form() else {
            let message = "say --format, or let the name of OUTPUT end in .csv, .jsonl or .parquet";
            return Err(Self::usage(ErrorKind::MissingRequiredArgument, message));
        };
        let are_shards = format == FormatName::Webdataset;
        let message = if are_shards && export.table != TableName::Images {
            "--format webdataset is for --table images; it holds the slots, too"
        } else if export.shard_size.is_some() && !are_shards {
            "--shard-size is for --format webdataset"
        } else if export.output == Target::Stdout && self.global.json {
            "--json and the output - exclude each other: both go to standard output"
        } else if export.output == Target::Stdout && export.shard_size.is_some() {
            "--shard-size needs a folder: what goes to standard output is one shard"
        } else {
            return Ok(());
        };
        Err(Self::usage(ErrorKind::ArgumentConflict, message))
    }

    /// A mistake in usage that shows only when the command runs, such as a range of days that turns out to be backwards.
    #[must_use]
    pub fn usage_error(error: &dyn std::error::Error) -> clap::Error {
        Self::usage(ErrorKind::ValueValidation, &error.to_string())
    }

    /// A mistake in usage.
    fn usage(kind: ErrorKind, message: &str) -> clap::Error {
        Self::command().error(kind, message)
    }

    /// What the flags set, over file and environment.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let global = &self.global;
        let overrides = Overrides::none()
            .with(
                "download_dir",
                "--download-dir",
                global.download_dir.as_ref(),
            )
            .with(
                "database_url",
                "--database-url",
                global.database_url.as_ref(),
            );
        match &self.command {
            Command::Run(RunArgs { collect })
            | Command::Fetch(FetchArgs { collect, .. })
            | Command::Backfill(BackfillArgs { collect, .. }) => overrides
                .with(
                    "concurrent_downloads",
                    "--concurrent-downloads",
                    collect.concurrent_downloads,
                )
                .with("timeout", "--timeout", collect.timeout)
                .with("headless", "--headed", collect.headed.then_some(false)),
            _ => overrides,
        }
    }
}
