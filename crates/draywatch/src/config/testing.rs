//! For tests: whether a generated file is up to date.

use std::path::Path;

/// Holds a file of the repository against what it should be; with `UPDATE_REFERENCE` set, writes it instead.
pub(crate) fn up_to_date(path: &str, wanted: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&file, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == wanted,
        "{path} is out of date; write it with `UPDATE_REFERENCE=1 cargo test -p draywatch reference`"
    );
}
