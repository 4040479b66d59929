//! The arguments of the commands about what pictures are worth, and the words in which each is explained.

use std::path::PathBuf;

use clap::Subcommand;
use draywatch_core::CameraId;

use super::Day;

/// `examine`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "\
What draywatch collects is examined as it comes, and `draywatch run` examines the rest bit by bit. This does it at once, and
looks at pictures again after a placeholder was added or removed. Days are taken as a whole.

Examples:
  draywatch examine
  draywatch examine --again --camera in_gate --from 2025-01-01 --to 2025-01-31

Exit status: 0 every picture has its verdict, 1 some could not be examined, 2 usage or configuration.")]
pub struct ExamineArgs {
    /// Also pictures that have a verdict
    #[arg(long)]
    pub again: bool,
    /// Only this camera; may be given more than once [default: all, also those of other programs]
    #[arg(long = "camera", value_name = "CAMERA")]
    pub cameras: Vec<CameraId>,
    /// The first day of the portal: YYYY-MM-DD, today or yesterday
    #[arg(long, value_name = "DAY")]
    pub from: Option<Day>,
    /// The last day
    #[arg(long, value_name = "DAY")]
    pub to: Option<Day>,
}

/// `placeholder`.
#[derive(Debug, Clone, clap::Args)]
pub struct PlaceholderArgs {
    /// What to do with placeholders.
    #[command(subcommand)]
    pub command: PlaceholderCommand,
}

/// What to do with placeholders.
#[derive(Debug, Clone, Subcommand)]
pub enum PlaceholderCommand {
    /// Add a card that cameras send when they have no picture; such pictures get the verdict placeholder
    #[command(after_help = "\
Add cards, not pictures of the scene: those would be found in every quiet picture like them.

Examples:
  draywatch placeholder add no-signal.jpg --name \"no signal\"
  draywatch examine --again --from 2025-01-01       look at older pictures again

Exit status: 0 it is known now, 1 it could not be added, 2 usage or configuration.")]
    Add {
        /// The picture, a JPEG of any size
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What it is called; several pictures may have the same name
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: String,
    },
    /// List all placeholders
    #[command(after_help = "Exit status: 0, also where there is none; 2 usage or configuration.")]
    List,
    /// Take away all placeholders of a name
    #[command(
        after_help = "Exit status: 0 it is gone, 1 there is none of that name, 2 usage or configuration."
    )]
    Remove {
        /// The name, as `placeholder list` shows it
        #[arg(value_name = "NAME", value_parser = name)]
        name: String,
    },
}

/// A name on one line.
fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err("give it a name of a few words on one line".to_owned());
    }
    Ok(text.to_owned())
}
