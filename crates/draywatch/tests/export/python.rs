//! The programs that exports are for: pandas, `DuckDB`, webdataset, in an environment of their own in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// With these versions, exactly.
const PACKAGES: [&str; 6] = [
    "duckdb==2.0.0",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "pyarrow==26.0.1",
    "pytz==2026.6",
    "webdataset==1.0.2",
];
/// To be counted up when they change.
const NAME: &str = "export-readers-2";

/// A Python with them, made once in the target folder.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join(NAME);
        let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
        if !ready.exists() {
            let mut make = Command::new("python3");
            done(make.args(["-m", "venv", "--clear"]).arg(&venv));
            let pip = [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ];
            done(Command::new(&python).args(pip).args(PACKAGES));
            std::fs::write(&ready, "").expect("a mark that it is ready");
        }
        python
    })
}

fn done(command: &mut Command) -> Vec<u8> {
    let told = "this test needs python3 with venv, and the Python package index";
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {told}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}; {told}");
    output.stdout
}

/// What a part of `readers.py` makes of a file.
pub fn read(part: &str, paths: &[&Path]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/readers.py");
    let mut command = Command::new(python());
    let out = done(command.arg("-I").arg(script).arg(part).args(paths));
    serde_json::from_slice(&out).expect("JSON")
}
