//! The options of the benchmark, and what they mean in numbers.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::big::Big;

/// Measures draywatch beside curl, the machine's bound and the portal itself, on loopback.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
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
    /// A part that is measured by itself.
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// What is measured by itself.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Makes a large database, and measures the commands that read it.
    Big(Big),
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
