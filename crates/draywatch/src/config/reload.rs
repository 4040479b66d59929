//! What is different between two configurations, and which of it a running service can take. It must not read any.

use std::fmt;

use super::{Config, settings};
use crate::config::raw::one_line;

/// A setting that has another value now. Passwords are hidden, so that both may look the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The dotted name.
    pub name: &'static str,
    /// The value before, `None` where it was not set.
    pub before: Option<toml::Value>,
    /// The value now, `None` where it is not set.
    pub after: Option<toml::Value>,
    /// Whether it has to wait until the service is started again.
    pub needs_restart: bool,
}

impl fmt::Display for Change {
    /// `timeout = 60 (was 30)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |value: &Option<toml::Value>| value.as_ref().map(one_line);
        let after = words(&self.after).unwrap_or_else(|| "unset".to_owned());
        let before = words(&self.before).unwrap_or_else(|| "unset".to_owned());
        write!(f, "{} = {after} (was {before})", self.name)
    }
}

impl Config {
    /// The settings that have another value in `new`, in the order in which they are shown.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        let changed = settings().filter_map(|setting| {
            let (before, after) = ((setting.get)(self), (setting.get)(new));
            (before != after).then(|| Change {
                name: setting.name,
                before: before.map(|value| setting.show(value)),
                after: after.map(|value| setting.show(value)),
                needs_restart: setting.spec.restart,
            })
        });
        changed.collect()
    }

    /// This configuration, but with the values of `running` where a new one has to wait for a restart.
    #[must_use]
    pub fn for_running(mut self, running: &Self) -> Self {
        self.keep(running);
        self
    }
}
