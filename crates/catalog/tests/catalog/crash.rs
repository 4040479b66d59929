//! Killed while it adopts: the old shape or the new one, never less.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::*;

const ROWS: i64 = 40_000;
const DATABASE: &str = "DRAYWATCH_TEST_ADOPT";

/// The process that is killed: this test binary again. Without the variable it has nothing to do.
#[tokio::test]
async fn adopting_in_a_process_of_its_own() {
    if let Some(path) = std::env::var_os(DATABASE) {
        open(&PathBuf::from(path)).await.close().await;
    }
}

async fn large(path: &Path) {
    let (_folder, fixture) = fixture("legacy-v1.db");
    std::fs::copy(fixture, path).unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
               INSERT INTO images (timestamp, filepath, camera_id, processed, file_size) SELECT strftime('%Y-%m-%d \
               %H:%M:%f000', 1700000000 + i, 'unixepoch'), 'data/images/' || i || '.jpg', 'gate_' || (i % 7), i % 2, i FROM n";
    execute(path, &sql.replace("{ROWS}", &ROWS.to_string())).await;
}

fn adopt(path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "crash::adopting_in_a_process_of_its_own"])
        .env(DATABASE, path);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_the_old_shape_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original.db");
    large(&original).await;
    let before = rows(&original, &V1, "images ORDER BY id").await;
    let began = std::time::Instant::now();
    let trial = folder.path().join("trial.db");
    std::fs::copy(&original, &trial).unwrap();
    assert!(adopt(&trial).status().unwrap().success());
    let whole = began.elapsed();
    let mut shapes = [0, 0];
    for step in 1..=12_u32 {
        let path = folder.path().join(format!("killed-{step}.db"));
        std::fs::copy(&original, &path).unwrap();
        let mut child = adopt(&path).spawn().unwrap();
        tokio::time::sleep(whole * step / 12).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let adopted = number(
            &path,
            "SELECT COUNT(*) FROM pragma_table_info('images') WHERE name = 'sha256'",
        )
        .await;
        let ours = number(
            &path,
            "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'draywatch%'",
        )
        .await;
        assert!(
            (adopted == 0) == (ours == 0),
            "half of the new shape after {step}/12: {adopted} {ours}"
        );
        assert!(
            rows(&path, &V1, "images ORDER BY id").await == before,
            "rows changed after {step}/12"
        );
        shapes[usize::try_from(adopted).unwrap()] += 1;
        let catalog = open(&path).await;
        assert!(
            rows(&path, &V1, "images ORDER BY id").await == before,
            "rows changed by the next start"
        );
        assert_eq!(catalog.check().await.unwrap(), Vec::<String>::new());
        catalog.close().await;
    }
    eprintln!("old shape {}, new shape {}", shapes[0], shapes[1]);
    assert!(shapes[0] > 0, "no kill came in time: {shapes:?}");
}
