//! The section `[log]`: what the service writes about itself, and where to.

use std::path::PathBuf;

use super::problem::Fault;
use super::raw::Raw;
use super::setting::{Spec, section};
use super::value::Value;

section! {
    /// What the service writes about itself, and where to; always to standard error.
    LogConfig = "log.", |config| config.log;

    /// How a line is written: `"text"` for people, `"json"` for programs. Other commands write text on a terminal
    /// whatever this says.
    format: LogFormat => Spec::default(r#""text""#).at_restart();
    /// How much the service writes; `-q`, `-v` and `DRAYWATCH_LOG` override it. Other commands write warnings.
    level: LogLevel => Spec::default(r#""info""#);
    /// A file that the service also writes to. Its folder must exist. One process writes to it at a time.
    file: Option<PathBuf> => Spec::unset(r#""/var/log/draywatch/draywatch.log""#).at_restart();
    /// When a new file is begun: at `"size"` or at each `"day"` (UTC). The old ones are numbered, `.1` is the newest.
    rotation: Rotation => Spec::default(r#""size""#).at_restart();
    /// The size of a file, in megabytes, at which a new one is begun where `rotation` is `"size"`.
    max_megabytes: u32 => Spec::default("10").within(1, 100_000).at_restart();
    /// Files that are kept, together with the one that is written.
    max_files: u32 => Spec::default("10").within(1, 1000).at_restart();
}

/// Writes an enum of words: its names in the file, and how it is read.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident, $kind:literal; $( $(#[doc = $doc:literal])* $word:ident = $text:literal, )*) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $doc])* $word, )* }

        impl $name {
            /// The word in the configuration.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$word => $text, )* }
            }
        }

        impl Value for $name {
            const KIND: &'static str = $kind;

            fn read(raw: &Raw) -> Result<Self, Fault> {
                match raw.text().map(str::trim) {
                    $( Some($text) => Ok(Self::$word), )*
                    _ => Err(Fault::RULE),
                }
            }

            fn to_toml(&self) -> Option<toml::Value> {
                Some(self.as_str().into())
            }
        }
    };
}

words! {
    /// The setting `log.format`.
    LogFormat, "\"text\" or \"json\"";
    /// For people.
    Text = "text",
    /// One JSON object a line.
    Json = "json",
}

words! {
    /// The setting `log.level`.
    LogLevel, "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"";
    /// Only what failed for good.
    Error = "error",
    /// Also what will be tried again.
    Warn = "warn",
    /// Also what was done.
    Info = "info",
    /// Also every request.
    Debug = "debug",
    /// Everything.
    Trace = "trace",
}

words! {
    /// The setting `log.rotation`.
    Rotation, "\"size\" or \"day\"";
    /// At a size.
    Size = "size",
    /// At the first line of a day.
    Day = "day",
}
