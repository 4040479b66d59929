//! How `SQLite` finds what is asked for often: by an index, never by going through a table.

use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;
use draywatch_core::verdict::Verdict;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::triggers::words;
use super::{
    SqliteCatalog, browse, connect, days, known, leases, pages, portal_days, runs, slots, ticks,
    totals, verdicts,
};
use crate::{Catalog, ImageQuery, OpenOptions, Order, Place, RunFilter, RunQuery, VerdictIs};

async fn plan(conn: &mut SqliteConnection, sql: &str) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(conn)
        .await
        .unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    lines.join("; ")
}

fn runs_by(camera: bool, outcome: bool, since: bool) -> String {
    let filter = RunFilter {
        camera: camera.then(|| CameraId::new("in_gate").unwrap()),
        outcome: outcome.then_some(Outcome::Failed),
        since: since.then(|| chrono::DateTime::from_timestamp(0, 0).unwrap()),
        limit: 5,
        ..RunFilter::default()
    };
    runs::query(&filter).sql().as_str().to_owned()
}

/// A new database, and a connection to it.
async fn made() -> (tempfile::TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let options = OpenOptions {
        create: true,
        busy_timeout: std::time::Duration::from_secs(5),
        now: chrono::DateTime::from_timestamp(0, 0).unwrap(),
    };
    SqliteCatalog::open(&path, options)
        .await
        .unwrap()
        .close()
        .await;
    let busy = std::time::Duration::ZERO;
    let conn = connect::connect_options(&path, busy)
        .connect()
        .await
        .unwrap();
    (folder, conn)
}

#[tokio::test]
async fn nothing_that_is_asked_often_goes_through_a_table() {
    let (_folder, mut conn) = made().await;
    let twins = words::twins("images", "OLD", "1");
    let twins = format!("SELECT {twins} FROM images AS OLD WHERE id = 1");
    let [oldest, newest] = ["ASC", "DESC"].map(|order| words::edge("'in_gate'", order));
    let edges = format!("SELECT {oldest}, {newest}");
    let cameras = [
        CameraId::new("in_gate").unwrap(),
        CameraId::new("out_gate").unwrap(),
    ];
    let day = chrono::NaiveDate::default();
    let slots = slots::query(&cameras, (day, day)).sql().as_str().to_owned();
    let page = pages::query(&cameras, day).sql().as_str().to_owned();
    let often = [
        &slots,
        &page,
        days::IMAGES,
        known::IMAGES,
        days::TOMBSTONES,
        days::LEDGER,
        days::LISTINGS,
        portal_days::NEWEST,
        &twins,
        &edges,
        "SELECT 1 FROM images WHERE filepath IN ($1, $2) OR image_path IN ($1, $2) OR id = $3",
    ];
    for sql in often {
        let found = plan(&mut conn, sql).await;
        // What was found by then may be gone through.
        let known = [
            "SCAN CONSTANT ROW",
            "SCAN (subquery-",
            "SCAN SUBQUERY ",
            "SCAN stored",
        ];
        let found_by = known
            .iter()
            .fold(found.clone(), |plan, scan| plan.replace(scan, ""));
        assert!(!found_by.contains("SCAN"), "{sql}: {found}");
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn open_frames_are_found_by_an_index_of_them_alone() {
    let (_folder, mut conn) = made().await;
    let again = words::compared_anew("images").replace("images.", "$9.");
    let again = again
        .replace("$9.camera_id", "$1")
        .replace("$9.timestamp", "$2");
    let (first, every) = ("ORDER BY timestamp LIMIT 1", "idx_image_camera_timestamp");
    for (sql, index) in [
        (
            verdicts::query("timestamp", false, first),
            "draywatch_image_unexamined",
        ),
        (
            verdicts::query("COUNT(*)", false, ""),
            "draywatch_image_unexamined",
        ),
        (verdicts::query("timestamp", true, first), every),
        (
            verdicts::query("verdict", true, "ORDER BY timestamp DESC LIMIT $4"),
            every,
        ),
        (again, every),
    ] {
        let found = plan(&mut conn, sql.trim().trim_end_matches(';')).await;
        let is_found =
            found.contains(index) && !found.contains("B-TREE") && !found.contains("SCAN");
        assert!(is_found, "{sql}: {found}");
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_job_is_found_without_its_old_ticks() {
    let (_folder, mut conn) = made().await;
    for (sql, index) in [
        (ticks::JOBS, "idx_tick_open"),
        (ticks::OPEN, "idx_tick_open"),
        (ticks::PENDING, "idx_tick_open"),
        (ticks::START, "idx_tick_open"),
        (ticks::END, "idx_tick_open"),
        (ticks::MISS, "job=? AND due_at=?"),
        (ticks::INTERRUPT, "idx_tick_open"),
        (ticks::SETTLE, "idx_tick_job"),
        (ticks::LIST, "SCAN ticks"),
        (ticks::LIST_OF, "idx_tick_job"),
        (
            ticks::LIST_EACH,
            "SEARCH t USING COVERING INDEX idx_tick_job",
        ),
        (ticks::FORGET, "idx_tick_finished"),
    ] {
        let found = plan(&mut conn, sql).await;
        assert!(
            found.contains(index) && !found.contains("B-TREE"),
            "{sql}: {found}"
        );
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn runs_are_found_in_the_order_of_an_index() {
    let (_folder, mut conn) = made().await;
    let found = plan(&mut conn, totals::LEDGER).await;
    let by_state = "COVERING INDEX idx_frame_ledger_state (camera_id=? AND state=?)";
    assert_eq!(found.matches(by_state).count(), 2, "{found}");
    assert!(!found.contains("SCAN frame_ledger"), "{found}");
    for nth in 0..8 {
        let sql = runs_by(nth & 1 > 0, nth & 2 > 0, nth & 4 > 0);
        let found = plan(&mut conn, &sql).await;
        assert!(
            found.contains("USING INDEX") && !found.contains("B-TREE"),
            "{sql}: {found}"
        );
    }
    let cameras = ["in_gate", "out_gate"].map(|name| CameraId::new(name).unwrap());
    let newest = runs::newest_query(&cameras, 2).sql().as_str().to_owned();
    let found = plan(&mut conn, &newest).await;
    assert!(
        !found.contains("SCAN runs") && !found.contains("SCAN r;"),
        "{found}"
    );
    assert!(found.contains("runs USING INTEGER PRIMARY KEY"), "{found}");
    conn.close().await.unwrap();
}

#[tokio::test]
async fn pages_are_read_in_the_order_of_an_index() {
    let (_folder, mut conn) = made().await;
    let camera = CameraId::new("in_gate").unwrap();
    let instant = chrono::DateTime::from_timestamp(0, 0);
    let place = Place {
        time: "2025-09-07".to_owned(),
        id: 1,
    };
    for nth in 0..16 {
        let query = ImageQuery {
            camera: (nth & 1 > 0).then(|| camera.clone()),
            from: instant.filter(|_| nth & 2 > 0),
            to: instant.filter(|_| nth & 2 > 0),
            order: if nth & 4 > 0 {
                Order::Oldest
            } else {
                Order::Newest
            },
            ..ImageQuery::default()
        };
        let after = Some(&place).filter(|_| nth & 8 > 0);
        let sql = browse::image_query(&query, after, 10);
        let found = plan(&mut conn, sql.sql().as_str()).await;
        let index = ["idx_image_timestamp", "idx_image_camera_timestamp"][nth & 1];
        assert!(
            found.contains(index) && !found.contains("B-TREE"),
            "{found}"
        );
    }
    for nth in 0..4 {
        let query = ImageQuery {
            camera: (nth & 1 > 0).then(|| camera.clone()),
            from: instant.filter(|_| nth & 2 > 0),
            verdict: Some(VerdictIs::Known(Verdict::Frozen)),
            ..ImageQuery::default()
        };
        let sql = browse::image_query(&query, Some(&place), 10);
        let found = plan(&mut conn, sql.sql().as_str()).await;
        let index = [
            "draywatch_image_bad_of_all (verdict=?",
            "draywatch_image_bad (camera_id=? AND verdict=?",
        ][nth & 1];
        assert!(
            found.contains(index) && !found.contains("B-TREE"),
            "{found}"
        );
    }
    for nth in 0..8 {
        let query = RunQuery {
            camera: (nth & 1 > 0).then(|| camera.clone()),
            outcome: (nth & 2 > 0).then_some(Outcome::Failed),
            after: (nth & 4 > 0).then(|| place.clone()),
            limit: 10,
            ..RunQuery::default()
        };
        let found = plan(&mut conn, browse::run_query(&query).sql().as_str()).await;
        assert!(
            found.contains("USING INDEX") && !found.contains("B-TREE"),
            "{found}"
        );
        // With a few open ones beside them the others are still in the order of an index.
        let query = RunQuery {
            outcome: Some(Outcome::Interrupted),
            open: vec![1, 2],
            ..query
        };
        let found = plan(&mut conn, browse::run_query(&query).sql().as_str()).await;
        let (left, _) = found.split_once("RIGHT").unwrap();
        assert!(
            left.contains("USING INDEX")
                && !left.contains("B-TREE")
                && !found.contains("SCAN runs"),
            "{found}"
        );
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn what_detectors_are_lent_is_found_by_an_index_of_its_own() {
    let (_folder, mut conn) = made().await;
    for (sql, index) in [
        (leases::FREE, "draywatch_image_unprocessed"),
        (leases::FORGET, "idx_lease_expires"),
        (
            "SELECT 1 FROM image_leases WHERE lease = $1",
            "idx_lease_name",
        ),
        ("SELECT COALESCE(MAX(id), 0) FROM images", "SEARCH images"),
    ] {
        let found = plan(&mut conn, sql).await;
        assert!(
            found.contains(index) && !found.contains("B-TREE"),
            "{sql}: {found}"
        );
    }
    conn.close().await.unwrap();
}
