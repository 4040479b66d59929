//! The options of the benchmark, and what they mean in numbers.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::big::Big;
use crate::exporting::ExportArgs;
use crate::serving::Web;

/// Measures draywatch beside curl, the machine's bound and the portal itself, on loopback.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What is measured instead of that.
    #[command(subcommand)]
    pub part: Option<Part>,
    /// One short round: does the benchmark itself work? Its figures say little.
    #[arg(long)]
    pub quick: bool,
    /// Write all figures to this file as well.
    #[arg(long, value_name = "FILE", global = true)]
    pub json: Option<PathBuf>,
    /// Rounds of the fetching contest; medians are reported.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Keep temporary files in this folder; its disk is what is measured [default: beside the programs]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Begin no further round after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 480)]
    pub limit_seconds: u64,
    /// Only these combinations of the contest, such as `50x16` (repeat for more).
    #[arg(long = "only", value_name = "LATENCYxCONCURRENCY", value_parser = pair)]
    only: Vec<(u64, usize)>,
}

/// What is measured by itself.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Makes a large database, and measures the commands that read it.
    Big(Big),
    /// Shards of pictures by `draywatch export` beside `cp -r` of the same files.
    Export(ExportArgs),
    /// Answers of `draywatch serve` over a large database, its memory, and its files beside nginx.
    Web(Web),
    /// Many collections in a row, each with a browser session of its own: do processes, files and memory stay what they are?
    Soak(SoakArgs),
    /// Two services beside each other, one by the cameras' rhythm and one by the plain interval: how late are frames?
    Lag(LagArgs),
}

/// Options of the soak.
#[derive(Debug, Args)]
pub struct SoakArgs {
    /// Collections.
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub collections: usize,
    /// Seconds between two collections of a camera; they are as close as the machine lets them be.
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    pub interval: u32,
    /// Fail if they take longer.
    #[arg(long, value_name = "MINUTES", default_value_t = 90)]
    pub limit_minutes: u64,
    /// Draw the curves into this file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Options of the comparison of lags.
#[derive(Debug, Args)]
pub struct LagArgs {
    /// How long frames are counted.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    pub minutes: u32,
    /// Seconds between two collections; cameras take their frames at nearly the same interval.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub interval: u32,
    /// Each frame is off by up to so many seconds [default: a twentieth of the interval]
    #[arg(long, value_name = "SECONDS")]
    pub jitter: Option<u32>,
    /// The cadence wanders by up to so many seconds [default: a fifth of the interval]
    #[arg(long, value_name = "SECONDS")]
    pub drift: Option<u32>,
    /// Share of frames that are never taken.
    #[arg(long, value_name = "0..1", default_value_t = 0.02)]
    pub skip_probability: f64,
    /// Seconds from a frame's instant until it appears, and up to so many more.
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    pub publish_delay: u32,
}

fn pair(text: &str) -> Result<(u64, usize), String> {
    let (latency, concurrency) = text.split_once('x').ok_or("expected such as 50x16")?;
    let number = |text: &str| {
        text.parse()
            .map_err(|_| format!("{text:?} is not a number"))
    };
    Ok((
        number(latency)?,
        usize::try_from(number(concurrency)?).unwrap_or(1),
    ))
}

impl Cli {
    /// Frames that are fetched in the contest: ten days of one camera.
    pub fn frames(&self) -> usize {
        if self.quick { 288 } else { 1_440 }
    }

    /// Days that are listed in a warm session, and days of the test from end to end.
    pub fn days(&self) -> usize {
        if self.quick { 2 } else { 5 }
    }

    /// Rounds of the contest.
    pub fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    /// Interleaved rounds over a few dozen pictures.
    pub fn decode_rounds(&self) -> usize {
        if self.quick { 5 } else { 25 }
    }

    /// CDN latency in milliseconds and concurrency of every part of the contest.
    pub fn cells(&self) -> Vec<(u64, usize)> {
        if !self.only.is_empty() {
            return self.only.clone();
        }
        if self.quick {
            return vec![(0, 16), (50, 16)];
        }
        vec![(0, 3), (0, 16), (0, 64), (50, 3), (50, 16), (50, 64)]
    }
}
