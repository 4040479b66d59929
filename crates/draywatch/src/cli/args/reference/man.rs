//! The manual pages, written from clap's definition; a test keeps `deploy/man` up to date. The package installs them.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::super::Args;
use crate::config::testing::up_to_date;

/// Where they lie in the repository.
const FOLDER: &str = "deploy/man";

#[test]
fn the_manual_pages_are_up_to_date() {
    let pages = pages();
    for (name, page) in &pages {
        up_to_date(&format!("{FOLDER}/{name}"), page);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(FOLDER);
    let found = std::fs::read_dir(folder).unwrap();
    for name in found.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(
            pages.contains_key(&name),
            "{FOLDER}/{name} is of no command; remove it"
        );
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let pages = pages();
    for (name, words) in [
        ("draywatch.1", "draywatch\\-fetch(1)"),
        ("draywatch-fetch.1", "\\-\\-frames\\-from"),
        ("draywatch-config-check.1", "draywatch\\-config\\-check"),
    ] {
        let page = pages.get(name).unwrap_or_else(|| panic!("no page {name}"));
        assert!(page.contains(words), "{name}: {words}");
    }
}

/// All pages by their file names.
fn pages() -> BTreeMap<String, String> {
    let mut root = Args::command().disable_help_subcommand(true);
    root.build();
    let mut pages = BTreeMap::new();
    add(&mut pages, &root);
    pages
}

/// The page of one command, and those of the commands below it.
fn add(pages: &mut BTreeMap<String, String>, shown: &Command) {
    let man = Man::new(shown.clone());
    let mut page = Vec::new();
    man.render(&mut page).unwrap();
    pages.insert(man.get_filename(), String::from_utf8(page).unwrap());
    for below in shown.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(pages, below);
    }
}
