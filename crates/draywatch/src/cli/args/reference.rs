//! The reference page of the command line, written from clap's definition; a test keeps docs/reference/cli.md up to date.

mod man;

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};

use super::Args;
use crate::config::testing::up_to_date;

#[test]
fn the_reference_page_is_up_to_date() {
    up_to_date("docs/reference/cli.md", &page());
}

#[test]
fn the_reference_page_has_every_command_and_option() {
    let page = page();
    for words in [
        "## `draywatch config init`",
        "## `draywatch runs`",
        "`--frames-from FILE`",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for words in [
        "--headed",
        "--offline",
        "--sample",
        "--again",
        "`-q`, `--quiet`",
        "`SHELL`",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

/// The whole page.
fn page() -> String {
    let mut root = Args::command();
    root.build();
    let mut page = String::from(
        "# Command line\n\n\
         Written from the program's own definition by `UPDATE_REFERENCE=1 cargo test -p draywatch reference`.\n\
         `draywatch COMMAND --help` says the same.\n",
    );
    command(&mut page, &root, "draywatch");
    page
}

/// One command, and those below it. Options for every command are told once, at the top.
fn command(page: &mut String, shown: &Command, path: &str) {
    let _ = write!(page, "\n## `{path}`\n\n{}.\n", about(shown));
    let usage = shown.clone().render_usage().to_string();
    let _ = write!(
        page,
        "\n```text\n{}\n```\n",
        usage.trim_start_matches("Usage: ")
    );
    let is_root = path == "draywatch";
    let arguments: Vec<&Arg> = shown
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
        .filter(|arg| is_root || !arg.is_global_set())
        .collect();
    if !arguments.is_empty() {
        page.push_str("\n| argument | meaning |\n| --- | --- |\n");
    }
    for argument in arguments {
        let _ = writeln!(page, "| {} | {} |", names(argument), meaning(argument));
    }
    let below: Vec<&Command> = shown
        .get_subcommands()
        .filter(|below| below.get_name() != "help" && !below.is_hide_set())
        .collect();
    if !below.is_empty() {
        page.push_str("\n| command | what it does |\n| --- | --- |\n");
    }
    for below in &below {
        let path = format!("{path} {}", below.get_name());
        let link = path.replace(' ', "-");
        let _ = writeln!(
            page,
            "| [`{}`](#{link}) | {} |",
            below.get_name(),
            about(below)
        );
    }
    if let Some(after) = shown.get_after_help() {
        let _ = write!(page, "\n```text\n{}\n```\n", after.to_string().trim_end());
    }
    for below in below {
        command(page, below, &format!("{path} {}", below.get_name()));
    }
}

/// What a command does.
fn about(shown: &Command) -> String {
    let about = shown.get_about().map(ToString::to_string);
    about.unwrap_or_default().trim_end_matches('.').to_owned()
}

/// The names of an argument, with its value.
fn names(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first());
    let takes_value = argument.get_action().takes_values();
    let value = value.filter(|_| takes_value);
    let long = argument.get_long().map(|long| match value {
        Some(value) => format!("`--{long} {value}`"),
        None => format!("`--{long}`"),
    });
    let short = argument.get_short().map(|short| format!("`-{short}`"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    if names.is_empty() {
        return format!("`{}`", value.map_or("", |value| value.as_str()));
    }
    names.join(", ")
}

/// What an argument means, its values and its default.
fn meaning(argument: &Arg) -> String {
    let mut text = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if !argument.get_action().takes_values() {
        return text;
    }
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(text, ": {}", values.join(", "));
    }
    let defaults = argument.get_default_values().iter();
    let defaults: Vec<String> = defaults
        .map(|text| text.to_string_lossy().into_owned())
        .collect();
    if !defaults.is_empty() {
        let _ = write!(text, " [default: {}]", defaults.join(", "));
    }
    text
}
