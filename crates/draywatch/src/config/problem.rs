//! What is wrong with a configuration, in words: which setting, which value, which rule, and where it came from.

use std::fmt;

use super::find;
use super::raw::Raw;
use super::redact::{HIDDEN, hide_parameters, hide_secrets};
use super::source::{Place, Source};

/// Why a value does not do; which value and whose is added by who knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The rule that it breaks; `None` until the setting's row fills it in.
    rule: Option<String>,
    /// What exactly breaks it, where that is not plain.
    detail: Option<String>,
}

impl Fault {
    /// The value is not what the setting takes.
    pub(super) const RULE: Self = Self {
        rule: None,
        detail: None,
    };

    /// A fault told in full.
    pub(super) fn wrong(rule: String) -> Self {
        Self {
            rule: Some(rule),
            detail: None,
        }
    }

    /// With what exactly is wrong.
    pub(super) fn because(self, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// With the rule, unless it has one.
    pub(super) fn with_rule(self, rule: impl FnOnce() -> String) -> Self {
        Self {
            rule: Some(self.rule.unwrap_or_else(rule)),
            ..self
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule.as_deref().unwrap_or("does not fit");
        match &self.detail {
            Some(detail) => write!(f, "{rule}; {detail}"),
            None => f.write_str(rule),
        }
    }
}

/// One thing that is wrong. Passwords in addresses are hidden already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The dotted name of the setting, where it is about one.
    pub setting: Option<String>,
    /// The value as it stands there, where it is about one.
    pub value: Option<String>,
    /// The rule that is broken, and what to write instead.
    pub message: String,
}

impl Problem {
    /// A value that breaks a rule.
    pub(super) fn value(name: &str, raw: &Raw, place: Place, fault: &Fault) -> Self {
        let mut message = fault.to_string();
        let parts = raw.list().unwrap_or_default();
        for text in parts.iter().map(String::as_str).chain(raw.text()) {
            if text.contains("://") {
                message = message.replace(text, &hide_secrets(text));
            }
        }
        let is_secret = find(name).is_some_and(|setting| setting.spec.secret);
        if is_secret && let Some(text) = raw.text().filter(|text| !text.is_empty()) {
            message = message.replace(text, HIDDEN);
        }
        let value = if is_secret {
            HIDDEN.to_owned()
        } else {
            hide_secrets(&raw.to_string())
        };
        Self {
            place,
            setting: Some(name.to_owned()),
            value: Some(value),
            message: hide_parameters(&message),
        }
    }

    /// A name that nobody knows. Its value is not repeated: nobody knows either whether it is a secret.
    pub(super) fn unknown(name: &str, place: Place, hint: &str) -> Self {
        Self {
            place,
            setting: Some(name.escape_debug().to_string()),
            value: None,
            message: format!("is not a setting; {hint}"),
        }
    }

    /// A setting that does not go together with others.
    pub(super) fn setting(name: &str, place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            setting: Some(name.to_owned()),
            value: None,
            message: message.into(),
        }
    }

    /// Something that is not about one setting.
    pub(super) fn general(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            setting: None,
            value: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match (&self.setting, &self.value) {
            (Some(setting), Some(value)) => write!(f, "{setting} = {value}: ")?,
            (Some(setting), None) => write!(f, "{setting} ")?,
            _ => {}
        }
        f.write_str(&self.message)
    }
}

/// All that is wrong with a configuration, one problem a line, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The problems: the file's from top to bottom, then the environment's, then the flags'.
    problems: Vec<Problem>,
}

impl ConfigError {
    /// An error of these problems.
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.place.order());
        Self { problems }
    }

    /// The problems: the file's from top to bottom, then the environment's, then the flags'.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether one of them is in the file.
    fn is_in_file(&self) -> bool {
        let mut sources = self.problems.iter().map(|problem| &problem.place.source);
        sources.any(|source| matches!(source, Source::File(_)))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let what = match (self.problems.len(), self.is_in_file()) {
            (1, true) => "Correct it",
            (_, true) => "Correct them",
            (1, false) => "Set it otherwise, or not at all",
            (_, false) => "Set them otherwise, or not at all",
        };
        write!(
            f,
            "{what}, then see `draywatch config check`; draywatch.example.toml explains every setting."
        )
    }
}

impl std::error::Error for ConfigError {}
