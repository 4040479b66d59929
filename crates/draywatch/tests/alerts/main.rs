//! Alerts against a real mail server and a real HTTP endpoint: what arrives, what is said where nothing does.

mod program;
mod servers;
mod stories;
#[path = "../e2e/tls_front.rs"]
mod tls_front;

use std::path::Path;

use draywatch::config::{Config, Overrides};
use draywatch::notify::NotifySettings;

/// A configuration of these variables and nothing else, with the state in `folder`.
fn settings(folder: &Path, variables: &[(&str, String)]) -> NotifySettings {
    let file = folder.join("draywatch.toml");
    if !file.exists() {
        std::fs::write(&file, "").expect("an empty configuration");
    }
    let mut all: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| (format!("DRAYWATCH_{name}"), value.clone()))
        .collect();
    let state = folder.join("alerts.json").display().to_string();
    all.push(("DRAYWATCH_ALERTS__STATE_FILE".to_owned(), state));
    let loaded = Config::load(Some(&file), all, &Overrides::none()).expect("a configuration");
    NotifySettings::of(&loaded.config)
}
