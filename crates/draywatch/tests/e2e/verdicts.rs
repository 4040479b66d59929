//! What cameras send that is no picture of the gate: stored like any other frame, and told by its verdict.

use std::path::Path;

use portal_sim::{Fault, FaultRule, TruthFrame};
use sqlx::Row;

use crate::harness::{World, addresses, hourly};
use crate::store;

/// Each frame's verdict in the order of time, those included that fetching left open.
async fn verdicts(world: &World) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_draywatch"));
    let examined = world.home.command(program, &["examine"]).output().await;
    let examined = examined.expect("the program starts");
    assert!(examined.status.success(), "{examined:?}");
    let mut database = store::connect(&world.home.database()).await;
    let sql = "SELECT COALESCE(verdict, '-') AS verdict FROM images ORDER BY timestamp";
    let rows = sqlx::query(sql).fetch_all(&mut database).await.expect(sql);
    rows.iter().map(|row| row.get("verdict")).collect()
}

/// Fetches frames while the camera sends something else.
async fn fetch(world: &World, frames: &[TruthFrame], fault: Option<Fault>) {
    world.faults(fault.map(FaultRule::always).into_iter().collect());
    world.frames(&addresses(frames), &[]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_camera_sends_has_its_verdict_in_whichever_order_it_comes() {
    let world = World::new("verdicts: lies, out of order", hourly()).await;
    let (frames, _) = world.some("in_gate", 13).await;
    // The newest first, as a backfill goes; one in the middle is missing.
    fetch(&world, &frames[10..13], None).await;
    fetch(&world, &frames[9..10], Some(Fault::Frozen)).await;
    fetch(&world, &frames[7..8], Some(Fault::Frozen)).await;
    assert_eq!(
        verdicts(&world).await,
        ["ok", "frozen", "ok", "ok", "ok"],
        "two that follow on each other, until another comes between"
    );
    fetch(&world, &frames[6..7], Some(Fault::Frozen)).await;
    fetch(&world, &frames[4..6], Some(Fault::Blank)).await;
    fetch(&world, &frames[2..4], Some(Fault::Dark)).await;
    fetch(&world, &frames[..2], Some(Fault::Placeholder)).await;
    fetch(&world, &frames[8..9], None).await;
    assert_eq!(
        verdicts(&world).await,
        [
            "placeholder",
            "placeholder",
            "dark",
            "dark",
            "blank",
            "blank",
            "ok",
            "frozen",
            "ok",
            "ok",
            "ok",
            "ok",
            "ok"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_full_picture_in_place_of_a_thumbnail_has_its_own_verdict() {
    let world = World::new("verdicts: a thumbnail, then the picture", hourly()).await;
    let (frames, list) = world.some("in_gate", 3).await;
    world.faults(vec![FaultRule::always(Fault::NotFound)]);
    world.frames(&list, &[]).await.expect(1);
    assert_eq!(verdicts(&world).await, ["ok", "ok", "ok"]);
    fetch(&world, &frames, Some(Fault::Blank)).await;
    assert_eq!(verdicts(&world).await, ["blank", "blank", "blank"]);
    assert_eq!(store::images(&world.home).await.len(), 3);
    assert!(
        store::images(&world.home)
            .await
            .iter()
            .all(|image| !image.is_thumbnail)
    );
}
