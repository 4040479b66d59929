//! A value before its type is known: as the file has it, or as the text of a variable or a flag.

use std::fmt::{self, Write as _};

/// A value before its type is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    /// A TOML value from a file.
    Toml(toml::Value),
    /// Text from the environment or a flag, to be read as whatever the setting is.
    Text(String),
}

impl Raw {
    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }

    /// The whole number, where it is one.
    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Toml(value) => value.as_integer(),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// The number, where it is one; whole numbers are numbers too.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Toml(toml::Value::Float(number)) => Some(*number),
            Self::Toml(value) => {
                let number = i32::try_from(value.as_integer()?).ok()?;
                Some(f64::from(number))
            }
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// The switch, where it is one.
    pub(super) fn switch(&self) -> Option<bool> {
        match self {
            Self::Toml(value) => value.as_bool(),
            Self::Text(text) => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
        }
    }

    /// The texts of a list, where it is one; in a variable as a TOML array, or with commas between them.
    pub(super) fn list(&self) -> Option<Vec<String>> {
        let values = match self {
            Self::Toml(value) => value.as_array()?.clone(),
            Self::Text(text) if text.trim_start().starts_with('[') => {
                let value: toml::Value = text.trim().parse().ok()?;
                value.as_array()?.clone()
            }
            Self::Text(text) if text.trim().is_empty() => Vec::new(),
            Self::Text(text) => {
                let parts = text.split(',').map(|part| part.trim().to_owned());
                return Some(parts.collect());
            }
        };
        let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
        texts.collect()
    }
}

impl fmt::Display for Raw {
    /// The value on one line, as it would stand in TOML; tables are only named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml(toml::Value::Table(_)) => f.write_str("a table"),
            Self::Toml(value) => f.write_str(&one_line(value)),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// A TOML value on one line.
#[must_use]
pub fn one_line(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(one_line).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text as a basic TOML string, which is always one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
