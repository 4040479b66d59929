//! The layer of environment variables: `DRAYWATCH_TIMEOUT`, and `DRAYWATCH_PORTAL__TIME_ZONE` for what is in a section.

use std::time::Duration;

use super::problem::Problem;
use super::raw::Raw;
use super::reader::Entry;
use super::source::Source;
use super::{settings, suggest};

/// What the names of our variables begin with.
pub const PREFIX: &str = "DRAYWATCH_";

/// The variable that names the configuration file.
pub const CONFIG_FILE: &str = "DRAYWATCH_CONFIG";

/// The variable by which tests make the service's interval short.
const TEST_INTERVAL: &str = "DRAYWATCH_TEST_INTERVAL_SECONDS";

/// Variables of ours that are no settings, and what they are for. A name that ends in `*` stands for all that begin so.
pub const NO_SETTINGS: [(&str, &str); 3] = [
    (CONFIG_FILE, "the configuration file, as `--config`"),
    (
        "DRAYWATCH_LOG",
        "what is logged, such as `debug` or `draywatch=trace`",
    ),
    ("DRAYWATCH_TEST_*", "for the tests of draywatch itself"),
];

/// Our variables of this process. Bytes that are not UTF-8 are replaced, so that they are found wrong and not passed over.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            (name, value.to_string_lossy().into_owned())
        })
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

/// The values that variables give, and what is wrong with their names.
pub(super) fn read(variables: &[(String, String)]) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in variables {
        let place = Source::Env(name.clone()).into();
        if let Some(setting) = settings().find(|setting| setting.variable() == *name) {
            entries.push(Entry {
                name: setting.name,
                raw: Raw::Text(value.clone()),
                place,
            });
        } else if name.starts_with(PREFIX) && !is_no_setting(name) {
            let dotted = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            problems.push(Problem::unknown(&dotted, place, &hint(&dotted)));
        }
    }
    (entries, problems)
}

/// The interval that a test asked for instead of `download_interval_minutes`: it may be below that one's bound.
pub(super) fn test_interval(
    variables: &[(String, String)],
) -> Result<Option<Duration>, Box<Problem>> {
    let Some((name, value)) = variables.iter().find(|(name, _)| name == TEST_INTERVAL) else {
        return Ok(None);
    };
    if let Ok(seconds @ 1_u32..) = value.trim().parse() {
        return Ok(Some(Duration::from_secs(seconds.into())));
    }
    let message = format!("{value:?} is not a whole number of seconds of at least 1");
    let place = Source::Env(name.clone()).into();
    Err(Problem::general(place, message).into())
}

/// Whether the variable is ours but no setting.
fn is_no_setting(name: &str) -> bool {
    NO_SETTINGS
        .iter()
        .any(|(known, _)| match known.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *known,
        })
}

/// What may have been meant.
fn hint(dotted: &str) -> String {
    match suggest::setting(dotted) {
        Some(setting) => format!("did you mean {}?", setting.variable()),
        None => format!("names that begin with {PREFIX} are kept for settings: unset it"),
    }
}
