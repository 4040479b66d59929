//! The example file and the reference page: complete, up to date, and true.

use std::fmt::Write as _;

use super::super::testing::up_to_date;
use super::*;

#[test]
fn the_example_file_is_the_reference_and_up_to_date() {
    up_to_date("draywatch.example.toml", &example());
}

#[test]
fn the_reference_page_of_settings_is_up_to_date() {
    up_to_date("docs/reference/settings.md", &page());
}

#[test]
fn the_example_file_is_exactly_the_defaults() {
    let loaded = from_file(&example()).unwrap();
    assert_eq!(loaded.config, Config::default());
    for setting in settings() {
        let is_set = matches!(loaded.sources[setting.name], Source::File(_));
        assert_eq!(is_set, setting.spec.default.is_some(), "{}", setting.name);
    }
}

#[test]
fn the_example_file_shows_every_setting_and_its_examples_are_valid() {
    let example = example();
    let uncommented: String = example
        .lines()
        .filter_map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") => Some(format!("{rest}\n")),
            Some(_) => None,
            None => Some(format!("{line}\n")),
        })
        .collect();
    let loaded = from_file(&uncommented).unwrap();
    for (name, source) in &loaded.sources {
        assert!(
            matches!(source, Source::File(_)),
            "{name} is not in the example"
        );
    }
}

#[test]
fn the_reference_page_has_every_setting() {
    let page = page();
    for setting in settings() {
        let (_, key) = setting.name.rsplit_once('.').unwrap_or(("", setting.name));
        assert!(page.contains(&format!("### `{key}`")), "{}", setting.name);
        assert!(page.contains(&setting.variable()), "{}", setting.name);
        assert!(
            setting.doc().count() > 0 && !setting.kind.is_empty(),
            "{}",
            setting.name
        );
    }
}

#[test]
fn names_are_unique_and_variables_are_too() {
    let mut names: Vec<&str> = settings().map(|setting| setting.name).collect();
    let mut variables: Vec<String> = settings().map(Setting::variable).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    variables.sort_unstable();
    variables.dedup();
    assert_eq!((names.len(), variables.len()), (count, count));
    for name in names {
        let (section, _) = name.rsplit_once('.').unwrap_or(("", name));
        assert!(section.is_empty() || SECTIONS.contains(&section), "{name}");
    }
}

/// What stands over the page.
const HEAD: &str = "\
# Settings

Written from the table of settings by `UPDATE_REFERENCE=1 cargo test -p draywatch reference`.

A value comes from the first of these that gives one: a flag, an environment variable, the configuration file, the
default. The file is TOML: the one of `--config`, else the one that `DRAYWATCH_CONFIG` names, else `draywatch.toml` in
the working directory if it is there. `draywatch config init` writes one with every setting, `draywatch config check` says
what is wrong with it, `draywatch config show` tells every value that counts and where it comes from.

Every value that is given must be valid, also one that another one overrides, and unknown names are errors. In the
environment a list is written with commas or as a TOML array, a switch as `true`, `false`, `1` or `0`; an empty value takes
back a setting that need not be set. Relative paths count from the working directory.

A running service reads everything again on SIGHUP (`systemctl reload`). What is wrong then changes nothing; what is right
counts from then on, except where a setting says that it waits for a restart.
";

/// The reference page.
fn page() -> String {
    let mut page = format!(
        "{HEAD}\nVariables that are no settings:\n\n| variable | what it is for |\n| --- | --- |\n"
    );
    for (name, what) in env::NO_SETTINGS {
        let _ = writeln!(page, "| `{name}` | {what} |");
    }
    page.push_str("\n## At the top level\n");
    let mut open = "";
    for setting in settings() {
        let (section, key) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if section != open {
            let _ = write!(page, "\n## `[{section}]`\n");
            open = section;
        }
        let doc: Vec<&str> = setting.doc().collect();
        let default = match setting.spec.default {
            Some(default) => format!("`{default}`"),
            None => format!(
                "not set, for example `{}`",
                setting.spec.example.unwrap_or_default()
            ),
        };
        let _ = write!(
            page,
            "\n### `{key}`\n\n{}\n\n- Value: {}\n- Default: {default}\n- Variable: `{}`\n",
            doc.join("\n"),
            setting.rule(),
            setting.variable()
        );
        if setting.spec.restart {
            page.push_str("- A running service takes a new value only when it is started again.\n");
        }
    }
    page
}
