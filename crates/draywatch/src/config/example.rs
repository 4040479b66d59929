//! The example file: every setting with its default, and what it is for.

use std::fmt::Write as _;

use super::{SECTIONS, Setting, settings};

/// What the file begins with.
const HEAD: &str = "\
# draywatch.toml: every setting with its default.
#
# A value here is overridden by an environment variable (DRAYWATCH_TIMEOUT; DRAYWATCH_PORTAL__TIME_ZONE
# for a setting in a section), and that by a flag. Unknown names are errors. `draywatch config show` tells
# every value that counts and where it comes from.
";

/// What stands over each section.
const ABOUT: [&str; SECTIONS.len()] = [
    "Where the portal is, how it is read, and how we behave there.",
    "The browser that reads the portal's page; what is not set is found by itself.",
    "How much room pictures may take, and what stays all the same; how long they are kept is retention_days.",
    "From where on things are not well.",
    "How the service keeps time and keeps going.",
    "Where pages and API are served (on the port health_check_port), and who may do what there.",
    "Over which channels people hear of trouble, and when; where mails go to is alert_email.",
    "What the service writes about itself, always to standard error, and to a file where one is set.",
];

/// The text of a file with every setting, its default and its documentation.
#[must_use]
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    for setting in settings().filter(|setting| !setting.name.contains('.')) {
        push(&mut text, setting.name, setting);
    }
    for (section, about) in SECTIONS.iter().zip(ABOUT) {
        let _ = write!(text, "\n# {about}\n[{section}]\n");
        for setting in settings() {
            if let Some((_, key)) = setting.name.split_once('.').filter(|(s, _)| s == section) {
                push(&mut text, key, setting);
            }
        }
    }
    text
}

/// Adds one setting; one without a default is commented out.
fn push(text: &mut String, key: &str, setting: &Setting) {
    text.push('\n');
    for line in setting.doc() {
        let _ = writeln!(text, "# {line}");
    }
    let rule = setting.rule();
    let _ = match (setting.spec.default, setting.spec.example) {
        (Some(default), _) => write!(text, "# It must be {rule}.\n{key} = {default}\n"),
        (None, Some(example)) => {
            write!(
                text,
                "# It must be {rule}; not set by default.\n# {key} = {example}\n"
            )
        }
        (None, None) => Ok(()),
    };
}
