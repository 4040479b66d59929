//! The arguments of each command, and the words in which each is explained.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap_complete::Shell;
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;

use super::values::{Day, Input, Sample};

/// Which cameras.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CameraArgs {
    /// Only this camera; may be given more than once [default: all in `stream_names`]
    #[arg(long = "camera", value_name = "CAMERA")]
    pub cameras: Vec<CameraId>,
}

/// How to collect: these override settings.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct CollectArgs {
    /// Download so many pictures at the same time (setting `concurrent_downloads`)
    #[arg(long, value_name = "N")]
    pub concurrent_downloads: Option<u32>,
    /// Wait so long for a page or a picture (setting `timeout`)
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// Show the browser's window (setting `headless = false`)
    #[arg(long)]
    pub headed: bool,
}

/// `run`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "\
It runs until it is told to stop. SIGTERM or Ctrl-C: no new work, what is under way is finished or put back, exit status 0; a
second one ends it at once. SIGHUP: the settings are read again; bad ones are refused and the old ones stay.

Exit status: 0 told to stop, 1 it ended otherwise, 2 usage or configuration.")]
pub struct RunArgs {
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// `fetch`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "\
Examples:
  draywatch fetch
  draywatch fetch --date 2025-01-15 --camera in_gate
  draywatch fetch --camera in_gate --frames-from frames.txt
  echo 2025-01-15T10:07:34 | draywatch fetch --camera in_gate --frames-from -

Exit status: 0 every listed picture is stored, 1 some are missing or it failed, 2 usage or configuration.")]
pub struct FetchArgs {
    /// The portal's day: YYYY-MM-DD, today or yesterday [default: today]
    #[arg(long, value_name = "DAY")]
    pub date: Option<Day>,
    /// Which cameras.
    #[command(flatten)]
    pub cameras: CameraArgs,
    /// Download known frames of one camera without a browser: a time or an address a line, - for standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "date",
        requires = "cameras"
    )]
    pub frames_from: Option<Input>,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// `backfill`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
It may be stopped at any time; the same command goes on where it stopped.

Examples:
  draywatch backfill --from 2025-01-01 --to 2025-01-31
  draywatch backfill --from 2025-01-01 --to yesterday --camera out_gate --again

Exit status: 0 every day is complete, 1 something is missing or failed, 2 usage or configuration.")]
pub struct BackfillArgs {
    /// The first day: YYYY-MM-DD, today or yesterday
    #[arg(long, value_name = "DAY")]
    pub from: Day,
    /// The last day
    #[arg(long, value_name = "DAY")]
    pub to: Day,
    /// Which cameras.
    #[command(flatten)]
    pub cameras: CameraArgs,
    /// Ask for days again that are final
    #[arg(long)]
    pub again: bool,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// `runs`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  draywatch runs --limit 5
  draywatch runs --outcome failed --since yesterday --json

Exit status: 0, whatever the outcomes; 2 usage or configuration.")]
pub struct RunsArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Which cameras.
    #[command(flatten)]
    pub cameras: CameraArgs,
    /// Only those that ended so
    #[arg(long, value_parser = outcome())]
    pub outcome: Option<Outcome>,
    /// Only those that began on this day (in the portal's zone) or later: YYYY-MM-DD, today or yesterday
    #[arg(long, value_name = "DAY")]
    pub since: Option<Day>,
}

/// `gaps`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  draywatch gaps
  draywatch gaps --from 2025-01-01 --to 2025-01-31 --camera in_gate --json

Exit status: 0 nothing is missing, 1 there are gaps, 2 usage or configuration.")]
pub struct GapsArgs {
    /// The last N days of the portal, today included
    #[arg(long, value_name = "N", default_value_t = 7, conflicts_with_all = ["from", "to"])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub days: u32,
    /// The first day: YYYY-MM-DD, today or yesterday
    #[arg(long, value_name = "DAY")]
    pub from: Option<Day>,
    /// The last day [default: today]
    #[arg(long, value_name = "DAY", requires = "from")]
    pub to: Option<Day>,
    /// Which cameras.
    #[command(flatten)]
    pub cameras: CameraArgs,
}

/// `verify`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  draywatch verify
  draywatch verify --sample 5% --repair

Exit status: 0 all is as it should be (or was repaired), 1 something is wrong, 2 usage or configuration.")]
pub struct VerifyArgs {
    /// Mend what can be mended: adopt whole pictures, set broken ones aside, ask for lost ones again
    #[arg(long)]
    pub repair: bool,
    /// Read only so many per cent of the pictures, taken at random: 5 or 5%, or as a fraction below 1, 0.05; sizes are checked for all
    #[arg(long, value_name = "SHARE", default_value_t = Sample::ALL)]
    pub sample: Sample,
}

/// `adopt`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Example:
  draywatch adopt /srv/old/images
  draywatch adopt /srv/old/images --camera south_gate

Pictures are told by their names, <time>_<camera>.jpg. Those of cameras that are neither in stream_names nor in the database are
counted and passed over, unless --camera names them: other programs write names like <time>_in_gate_boxes.jpg.

Exit status: 0 every picture is taken over, 1 some were not (each is named, with the reason), 2 usage or configuration.")]
pub struct AdoptArgs {
    /// The folder with the pictures
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Also take over pictures of this camera, which is neither configured nor in the database; may be given more than once
    #[arg(long = "camera", value_name = "CAMERA")]
    pub cameras: Vec<CameraId>,
}

/// `alert`.
#[derive(Debug, Clone, clap::Args)]
pub struct AlertArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AlertCommand,
}

/// What to do with alerts.
#[derive(Debug, Clone, Subcommand)]
pub enum AlertCommand {
    /// Send a test message over every channel that is set up, call the heartbeat, and say what came of each
    #[command(
        after_help = "Exit status: 0 every channel took it, 1 one failed, 2 none is set up or the configuration is wrong."
    )]
    Test,
}

/// `config`.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// What to do with the configuration.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print the configuration that counts, as TOML, each value with where it comes from
    #[command(
        after_help = "Passwords in addresses are hidden.\n\nExit status: 0, or 2 where something is wrong."
    )]
    Show,
    /// Say everything that is wrong with the configuration
    #[command(after_help = "Exit status: 0 nothing is wrong, 2 something is.")]
    Check,
    /// Write a configuration file with every setting, its default and what it is for
    #[command(
        after_help = "Exit status: 0 it is written, 1 it cannot be, 2 there is a file already."
    )]
    Init {
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
        /// Where to write it [default: the file of --config, else draywatch.toml]
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
}

/// `doctor`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Exit status: 0 all is well, 1 something needs mending, 2 usage or configuration."
)]
pub struct DoctorArgs {
    /// Ask nothing of the portal
    #[arg(long)]
    pub offline: bool,
}

/// `completions`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  draywatch completions bash > /etc/bash_completion.d/draywatch
  draywatch completions fish > ~/.config/fish/completions/draywatch.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// The names of outcomes.
fn outcome() -> impl TypedValueParser<Value = Outcome> {
    PossibleValuesParser::new(["complete", "incomplete", "failed", "interrupted"])
        .try_map(|name| Outcome::parse(&name).ok_or("no such outcome"))
}
