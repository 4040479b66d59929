//! Imports run downward only, as the plan of the house says (CONTRIBUTING.md): the compiler holds the edges between crates, this
//! test those between the modules of this one, and the crates that the lower ones may not name.

use std::fs;
use std::path::{Path, PathBuf};

/// For each module, what it must not import.
const FORBIDDEN: [(&str, &[&str]); 11] = [
    (
        "fetch",
        &["archive", "collect", "maintain", "cli", "config", "store"],
    ),
    (
        "config",
        &["archive", "fetch", "collect", "maintain", "cli", "store"],
    ),
    (
        "notify",
        &[
            "archive", "fetch", "collect", "maintain", "service", "cli", "store", "lease",
        ],
    ),
    ("store", &["fetch", "collect", "maintain", "cli", "removal"]),
    (
        "removal",
        &["fetch", "collect", "maintain", "service", "cli", "config"],
    ),
    (
        "examine",
        &["fetch", "collect", "maintain", "service", "cli", "config"],
    ),
    (
        "lease",
        &[
            "archive", "fetch", "collect", "maintain", "service", "cli", "config", "store",
        ],
    ),
    ("service", &["cli"]),
    ("collect", &["maintain", "service", "cli"]),
    ("maintain", &["fetch", "collect", "cli"]),
    (
        "main",
        &["archive", "fetch", "collect", "maintain", "store"],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The module of the first level that a file belongs to.
fn module(file: &Path, root: &Path) -> String {
    let inside = file.strip_prefix(root).expect("a file below src");
    let first = inside.components().next().expect("a name");
    first
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

#[test]
fn modules_import_downward_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 40, "only {} sources were found", files.len());
    let mut broken = Vec::new();
    for file in files {
        let module = module(&file, &root);
        let Some((_, forbidden)) = FORBIDDEN.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        let text = fs::read_to_string(&file).expect("a source");
        for name in *forbidden {
            let import = format!("crate::{name}::");
            let sibling = format!("draywatch_{name}::");
            if text.contains(&sibling)
                || text.contains(&import)
                || text.contains(&format!("crate::{name};"))
            {
                broken.push(format!("{} imports {import}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_lower_crates_name_no_input_or_output() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let forbidden = [
        (
            "core",
            vec![
                "tokio",
                "sqlx",
                "reqwest",
                "turbojpeg",
                "thirtyfour",
                "draywatch-catalog",
            ],
        ),
        (
            "picture",
            vec!["tokio", "sqlx", "reqwest", "thirtyfour", "draywatch-portal"],
        ),
        (
            "catalog",
            vec!["reqwest", "turbojpeg", "thirtyfour", "draywatch-portal"],
        ),
        (
            "archive",
            vec![
                "tokio",
                "sqlx",
                "reqwest",
                "turbojpeg",
                "thirtyfour",
                "draywatch-catalog",
                "draywatch-picture",
            ],
        ),
        (
            "web",
            vec![
                "sqlx",
                "reqwest",
                "turbojpeg",
                "thirtyfour",
                "draywatch-portal",
            ],
        ),
        (
            "export",
            vec![
                "sqlx",
                "reqwest",
                "axum",
                "turbojpeg",
                "thirtyfour",
                "draywatch-portal",
            ],
        ),
        (
            "portal",
            vec![
                "sqlx",
                "turbojpeg",
                "draywatch-catalog",
                "draywatch-picture",
            ],
        ),
    ];
    for (name, dependencies) in forbidden {
        let manifest =
            fs::read_to_string(crates.join(name).join("Cargo.toml")).expect("a manifest");
        let own = manifest
            .split("[dev-dependencies]")
            .next()
            .expect("a first part");
        for dependency in dependencies {
            assert!(
                !own.contains(&format!("\n{dependency}.")),
                "crates/{name} names {dependency}"
            );
            assert!(
                !own.contains(&format!("\n{dependency} =")),
                "crates/{name} names {dependency}"
            );
        }
    }
}
