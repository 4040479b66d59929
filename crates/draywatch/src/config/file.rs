//! The layer of the configuration file: TOML, every value with its line and column.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::{Fault, Problem};
use super::raw::Raw;
use super::reader::Entry;
use super::source::{Place, Source};
use super::{SECTIONS, find, suggest};

/// Reads a file that somebody named, or that is there.
pub(super) fn read(path: &Path) -> (Vec<Entry>, Vec<Problem>) {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text),
        Err(error) => {
            let place = Source::File(path.to_owned()).into();
            (
                Vec::new(),
                vec![Problem::general(place, unreadable(&error))],
            )
        }
    }
}

/// Why a file cannot be read, and what to do.
fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "there is no such file; `draywatch config init` writes one".to_owned()
        }
        std::io::ErrorKind::InvalidData => "is not UTF-8 text".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// The values in the text of a file, and what is wrong with it.
pub(super) fn parse(path: &Path, text: &str) -> (Vec<Entry>, Vec<Problem>) {
    let mut file = File {
        path,
        text,
        entries: Vec::new(),
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        file.bad_toml(error);
    }
    if errors.is_empty() {
        file.table("", table.get_ref());
    }
    (file.entries, file.problems)
}

/// A file that is being read.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl File<'_> {
    /// Takes the values of a table: the whole file, or a section.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let place = self.place(key.span().start);
            if let Some(setting) = find(&name) {
                self.value(setting.name, value);
            } else if !SECTIONS.contains(&name.as_str()) {
                self.problems
                    .push(Problem::unknown(&name, place, &hint(&name)));
            } else if let DeValue::Table(table) = value.get_ref() {
                self.table(&format!("{name}."), table);
            } else {
                let message = format!("is a section, written [{name}] on a line of its own");
                self.problems.push(Problem {
                    place,
                    setting: Some(name),
                    value: None,
                    message,
                });
            }
        }
    }

    /// Takes the value of a setting.
    fn value(&mut self, name: &'static str, value: &Spanned<DeValue<'_>>) {
        let place = self.place(value.span().start);
        match toml::Value::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(value) => self.entries.push(Entry {
                name,
                raw: Raw::Toml(value),
                place,
            }),
            Err(error) => {
                let written = self.text.get(value.span()).unwrap_or_default();
                let fault = Fault::wrong(error.message().to_owned());
                let raw = Raw::Text(written.to_owned());
                self.problems
                    .push(Problem::value(name, &raw, place, &fault));
            }
        }
    }

    /// Takes an error of the TOML parser; only the first one of a line, since one slip makes many.
    fn bad_toml(&mut self, error: &toml::de::Error) {
        let start = error.span().map_or(0, |span| span.start);
        let place = self.place(start);
        let is_same_line = |problem: &Problem| {
            let line = |place: &Place| place.position.map(|(line, _)| line);
            line(&problem.place) == line(&place)
        };
        if self.problems.iter().any(is_same_line) {
            return;
        }
        let key = place.position.and_then(|(line, _)| self.key_near(line));
        let message = match key {
            Some(key) => format!("bad TOML at `{key}`: {}", error.message()),
            None => format!("bad TOML: {}", error.message()),
        };
        self.problems.push(Problem::general(place, message));
    }

    /// The key on a line, or on the nearest one before it that has one.
    fn key_near(&self, line: usize) -> Option<&str> {
        let lines: Vec<&str> = self.text.lines().take(line).collect();
        lines.into_iter().rev().find_map(|line| {
            let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
            (!key.is_empty() && key.chars().all(plain)).then_some(key)
        })
    }

    /// The place of a byte of the text.
    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[start..].chars().count() + 1;
        Place {
            source: Source::File(self.path.to_owned()),
            position: Some((line, column)),
        }
    }
}

/// What may have been meant by a key, or where to look.
fn hint(name: &str) -> String {
    match suggest::setting(name) {
        Some(setting) => {
            let (section, key) = setting.name.rsplit_once('.').unwrap_or(("", setting.name));
            match (name.rsplit_once('.'), section) {
                (Some((at, written)), "") if written == key => {
                    format!("`{key}` stands at the top of the file, before [{at}]")
                }
                (None, section) if !section.is_empty() => {
                    format!("did you mean `{key}` in the section [{section}]?")
                }
                _ => format!("did you mean `{}`?", setting.name),
            }
        }
        None => match suggest::nearest(name, SECTIONS) {
            Some(section) => format!("did you mean the section [{section}]?"),
            None => "remove it".to_owned(),
        },
    }
}
