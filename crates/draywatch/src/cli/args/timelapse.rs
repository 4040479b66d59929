//! The arguments of `timelapse`, and the words in which each is explained.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use draywatch_core::CameraId;
use draywatch_core::verdict::Verdict;
use draywatch_export::Container;

use super::Moment;

/// `timelapse`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Videos are made by ffmpeg, which must be installed. Until a video is whole it lies beside its place under a name of its own.

Examples:
  draywatch timelapse --camera in_gate --from yesterday --to yesterday --output yesterday.mp4
  draywatch timelapse --camera in_gate --from 2025-01-01 --to 2025-01-31 --fps 30 --skip-nights --width 960 --output january.webm

Exit status: 0 all frames are in it, 1 a picture was left out (each is named, with the reason) or it failed, 2 usage or
configuration, or no ffmpeg.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub struct TimelapseArgs {
    /// Which camera
    #[arg(long, value_name = "CAMERA")]
    pub camera: CameraId,
    /// The first day of the portal, or the first instant: YYYY-MM-DD, today, yesterday, or 2025-01-15T08:00:00-08:00
    #[arg(long, value_name = "TIME")]
    pub from: Moment,
    /// The last day or instant, itself played, too
    #[arg(long, value_name = "TIME")]
    pub to: Moment,
    /// Frames a second, 1 to 60
    #[arg(long, value_name = "N", default_value = "12", value_parser = clap::value_parser!(u8).range(1..=60))]
    pub fps: u8,
    /// So many pixels wide, the height in proportion [default: the first frame's]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=7680))]
    pub width: Option<u32>,
    /// Pass over frames with this verdict; may be given more than once [default: placeholder, blank and frozen]
    #[arg(long = "skip", value_name = "VERDICT", value_parser = verdict(), conflicts_with = "all")]
    pub skip: Vec<Verdict>,
    /// Pass over nights: frames with the verdict dark, too
    #[arg(long)]
    pub skip_nights: bool,
    /// Play only frames from 6 to 20 h of the portal's zone
    #[arg(long, conflicts_with = "keep_pace")]
    pub by_day: bool,
    /// Pass over no frame for its verdict, unless --skip-nights says so
    #[arg(long)]
    pub all: bool,
    /// Play frames, too, of which only the thumbnail is stored
    #[arg(long)]
    pub thumbnails: bool,
    /// Hold a frame over the slots that lack one, so that time runs evenly
    #[arg(long, conflicts_with = "skip_nights")]
    pub keep_pace: bool,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    /// The video to make: .mp4 (H.264) or .webm (VP9)
    #[arg(long, value_name = "FILE", value_parser = video)]
    pub output: PathBuf,
}

impl TimelapseArgs {
    /// The verdicts of frames that are passed over.
    #[must_use]
    pub fn skipped(&self) -> Vec<Verdict> {
        let usual = [Verdict::Placeholder, Verdict::Blank, Verdict::Frozen];
        let mut skipped = match (self.all, self.skip.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => usual.to_vec(),
            (false, false) => self.skip.clone(),
        };
        if self.skip_nights {
            skipped.push(Verdict::Dark);
        }
        skipped
    }
}

fn video(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match Container::of(&path) {
        Some(_) => Ok(path),
        None => Err("let the name end in .mp4 or .webm".to_owned()),
    }
}

/// The names of verdicts.
fn verdict() -> impl TypedValueParser<Value = Verdict> {
    PossibleValuesParser::new(Verdict::ALL.map(Verdict::as_str))
        .try_map(|name| name.parse::<Verdict>())
}
