//! The arguments of `export`, and the words in which each is explained.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use draywatch_core::verdict::Verdict;

use super::{CameraArgs, Moment};

/// `export`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
The same question gives the same bytes. It may be stopped at any time; the same command goes on where it stopped. Until an
export is whole it lies in <OUTPUT>.part, then it gets its name. What each column is: docs/guide/export.md.

Examples:
  draywatch export --from 2025-01-01 --to 2025-01-31 january.parquet
  draywatch export --from 2025-01-01 --to 2025-01-31 --table slots mask.csv
  draywatch export --from 2025-01-01 --to 2025-01-31 --format webdataset january
  draywatch export --from yesterday --to yesterday --format jsonl - | jq .sha256

Exit status: 0 all is exported, 1 a picture was left out (each is named, with the reason) or it failed, 2 usage or configuration.")]
pub struct ExportArgs {
    /// The first day of the portal, or the first instant: YYYY-MM-DD, today, yesterday, or 2025-01-15T08:00:00-08:00
    #[arg(long, value_name = "TIME")]
    pub from: Moment,
    /// The last day or instant, itself exported, too
    #[arg(long, value_name = "TIME")]
    pub to: Moment,
    /// Which cameras.
    #[command(flatten)]
    pub cameras: CameraArgs,
    /// What to export: a row for each picture, each ten-minute slot, or each stretch without a full picture
    #[arg(long, value_enum, value_name = "TABLE", default_value = "images")]
    pub table: TableName,
    /// In which form [default: by the ending of OUTPUT, .csv, .jsonl or .parquet]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatName>,
    /// Only pictures with this verdict; may be given more than once [default: all, also those not examined]
    #[arg(long = "verdict", value_name = "VERDICT", value_parser = verdict())]
    pub verdicts: Vec<Verdict>,
    /// Only pictures that the detector has read (true), or that it has not (false)
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
    pub processed: Option<bool>,
    /// Leave frames out of which only the thumbnail is stored
    #[arg(long)]
    pub no_thumbnails: bool,
    /// A shard is no longer than so many MB (of a million bytes), unless a single picture is [default: 1000]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub shard_size: Option<u64>,
    /// The file, or for webdataset the folder, to make; - for standard output
    #[arg(value_name = "OUTPUT")]
    pub output: Target,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableName {
    /// A row for each picture
    Images,
    /// A row for each camera and ten-minute slot: the gap mask
    Slots,
    /// A row for each stretch of slots without a full picture
    Gaps,
}

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// Comma-separated values
    Csv,
    /// A JSON object on each line
    Jsonl,
    /// Apache Parquet
    Parquet,
    /// Tar shards of pictures with metadata and gap mask
    Webdataset,
}

/// Where an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output, written `-`.
    Stdout,
    /// That file or folder.
    Path(PathBuf),
}

impl FromStr for Target {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "-" => Self::Stdout,
            path => Self::Path(path.trim_end_matches('/').into()),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl ExportArgs {
    /// The form: as it was said, else as the name of the output ends.
    #[must_use]
    pub fn form(&self) -> Option<FormatName> {
        let by_name = || match &self.output {
            Target::Path(path) => match path.extension()?.to_str()? {
                "csv" => Some(FormatName::Csv),
                "jsonl" => Some(FormatName::Jsonl),
                "parquet" => Some(FormatName::Parquet),
                _ => None,
            },
            Target::Stdout => None,
        };
        self.format.or_else(by_name)
    }
}

/// The names of verdicts.
fn verdict() -> impl TypedValueParser<Value = Verdict> {
    PossibleValuesParser::new(Verdict::ALL.map(Verdict::as_str))
        .try_map(|name| name.parse::<Verdict>())
}
