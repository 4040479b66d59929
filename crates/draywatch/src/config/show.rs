//! The effective configuration for people and programs: every value with its source, passwords hidden.

use std::fmt::Write as _;

use serde_json::{Map, json};

use super::raw::one_line;
use super::{Loaded, Source, settings};

/// A setting with its effective value.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The dotted name.
    pub name: &'static str,
    /// The value, passwords hidden; `None` where it is not set.
    pub value: Option<toml::Value>,
    /// Where it comes from.
    pub source: Source,
    /// What it is for, in one line.
    pub doc: String,
}

impl Loaded {
    /// Every setting with its effective value and source, passwords hidden.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        settings().map(|setting| Shown {
            name: setting.name,
            value: (setting.get)(&self.config).map(|value| setting.show(value)),
            source: self
                .sources
                .get(setting.name)
                .cloned()
                .unwrap_or(Source::Default),
            doc: setting.doc().map(str::trim).collect::<Vec<_>>().join(" "),
        })
    }

    /// Which file was read, in words.
    #[must_use]
    pub fn file_in_words(&self) -> String {
        match &self.file {
            Some(path) => path.display().to_string(),
            None => format!("none (there is no ./{} here)", super::DEFAULT_FILE),
        }
    }

    /// The configuration as TOML, each value with its source as a comment.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!("# Configuration file: {}\n", self.file_in_words());
        let mut open = "";
        for shown in self.shown() {
            let (section, key) = shown.name.split_once('.').unwrap_or(("", shown.name));
            if section != open {
                let _ = write!(text, "\n[{section}]\n");
                open = section;
            }
            let line = match &shown.value {
                Some(value) => format!("{key} = {}", one_line(value)),
                None => format!("# {key} is not set"),
            };
            let _ = writeln!(text, "{line:<50} # {}", shown.source);
        }
        text
    }

    /// The configuration as JSON: `{name: {"value": ..., "source": ...}}`; what is not set is `null`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let rows = self.shown().map(|shown| {
            let row = json!({ "value": shown.value, "source": shown.source.to_string() });
            (shown.name.to_owned(), row)
        });
        rows.collect::<Map<_, _>>().into()
    }
}
