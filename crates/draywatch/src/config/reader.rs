//! Puts the layers together: of all values given for a setting the last one counts, and every one must be right.

use std::collections::BTreeMap;

use super::find;
use super::problem::Problem;
use super::raw::Raw;
use super::setting::Setting;
use super::source::{Place, Source};
use super::value::Value;

/// A value that some layer gives to a setting.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The dotted name of the setting.
    pub(super) name: &'static str,
    /// The value.
    pub(super) raw: Raw,
    /// Where it stands.
    pub(super) place: Place,
}

/// Reads settings from values in rising order of precedence, and gathers what is wrong with any of them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    entries: &'a [Entry],
    /// What is wrong so far.
    pub(super) problems: Vec<Problem>,
    /// Where each value came from.
    pub(super) sources: BTreeMap<&'static str, Source>,
}

impl<'a> Reader<'a> {
    /// A reader of these values.
    pub(super) fn new(entries: &'a [Entry]) -> Self {
        Self {
            entries,
            problems: Vec::new(),
            sources: BTreeMap::new(),
        }
    }

    /// The value of a setting; `None` where one that was given is wrong, which is then among the problems.
    pub(super) fn read<T: Value>(&mut self, name: &'static str) -> Option<T> {
        let setting = find(name)?;
        let mut value = self.default(setting);
        let mut source = Source::Default;
        let entries = self.entries;
        for entry in entries.iter().filter(|entry| entry.name == name) {
            value = self.one(setting, &entry.raw, &entry.place);
            source = entry.place.source.clone();
        }
        self.sources.insert(name, source);
        value
    }

    /// The value where nobody gives one.
    fn default<T: Value>(&mut self, setting: &Setting) -> Option<T> {
        let Some(text) = setting.spec.default else {
            return T::unset();
        };
        let place = Source::Default.into();
        match text.parse() {
            Ok(value) => self.one(setting, &Raw::Toml(value), &place),
            Err(error) => {
                self.problems.push(Problem::general(place, error.message()));
                None
            }
        }
    }

    /// One value, or one problem more.
    fn one<T: Value>(&mut self, setting: &Setting, raw: &Raw, place: &Place) -> Option<T> {
        setting
            .read(raw)
            .map_err(|fault| {
                let problem = Problem::value(setting.name, raw, place.clone(), &fault);
                self.problems.push(problem);
            })
            .ok()
    }
}
