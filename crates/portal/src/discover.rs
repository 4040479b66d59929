//! Where the browser and its driver are. Must not start them.

use std::path::{Path, PathBuf};

/// A program that was found, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path.
    pub path: PathBuf,
    /// Whether a setting names it, rather than a search.
    pub is_set: bool,
}

const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
const CHROMEDRIVER: [&str; 2] = ["chromedriver", "chromium.chromedriver"];
const PLACES: [&str; 6] = [
    "/usr/bin",
    "/usr/local/bin",
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/snap/bin",
    "/opt/google/chrome",
];

/// The Chromium (or Chrome) to use: the setting `browser.chromium`, else the first one in `PATH` or the usual places.
///
/// # Errors
/// Words that say what was looked for and what to install.
pub fn find_chromium(setting: Option<&Path>) -> Result<Found, String> {
    find(
        setting,
        &CHROMIUM,
        "browser.chromium",
        "Chromium",
        "chromium",
    )
}

/// The chromedriver to use: the setting `browser.chromedriver`, else the first one in `PATH` or the usual places.
///
/// # Errors
/// Words that say what was looked for and what to install.
pub fn find_chromedriver(setting: Option<&Path>) -> Result<Found, String> {
    find(
        setting,
        &CHROMEDRIVER,
        "browser.chromedriver",
        "chromedriver",
        "chromium-driver",
    )
}

fn find(
    setting: Option<&Path>,
    names: &[&str],
    key: &str,
    what: &str,
    package: &str,
) -> Result<Found, String> {
    if let Some(path) = setting {
        return if is_program(path) {
            Ok(Found {
                path: path.to_path_buf(),
                is_set: true,
            })
        } else {
            Err(format!(
                "{key} = {}: there is no program at that path",
                path.display()
            ))
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(PLACES.iter().map(PathBuf::from))
        .collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| is_program(candidate))
        .map(|path| Found { path, is_set: false })
        .ok_or_else(|| {
            format!(
                "{what} was not found ({} in PATH or the usual places): install it (Debian/Ubuntu: apt install {package}), \
                 set {key}, or set browser.webdriver_url to a Selenium server",
                names.join(", ")
            )
        })
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_taken_or_named_in_the_error() {
        let shell = find_chromium(Some(Path::new("/bin/sh"))).unwrap();
        assert!(shell.is_set);
        let error = find_chromedriver(Some(Path::new("/no/such"))).unwrap_err();
        assert!(
            error.contains("browser.chromedriver") && error.contains("/no/such"),
            "{error}"
        );
        let folder = find_chromium(Some(Path::new("/etc"))).unwrap_err();
        assert!(folder.contains("/etc"), "{folder}");
    }
}
