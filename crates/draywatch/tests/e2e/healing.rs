//! Files that were lost or damaged after they were stored: `verify` finds them, `backfill` and `fetch` bring them back, and rows of
//! older programs keep what is theirs.

use std::path::{Path, PathBuf};

use portal_sim::{Fault, FaultRule, Match, TruthFrame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{World, hourly};
use crate::{audit, store};

/// The status of a command whose account is not that of a collection.
async fn status(world: &World, args: &[&str]) -> i32 {
    let program = Path::new(env!("CARGO_BIN_EXE_draywatch"));
    let output = world.home.command(program, args).output().await.unwrap();
    output.status.code().unwrap()
}

/// A world with a day, the one before yesterday, that is collected.
async fn collected(name: &'static str) -> (World, String, Vec<TruthFrame>) {
    let mut world = World::new(name, hourly()).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let date = world.ended_day();
    let truth = world.truth("in_gate", date).await;
    let day = date.to_string();
    let args = [
        "backfill", "--camera", "in_gate", "--from", &day, "--to", &day,
    ];
    world.run(&args).await.expect(0);
    (world, day, truth)
}

/// The files of the collected day, in order of time.
async fn files(world: &World) -> Vec<PathBuf> {
    let rows = store::images(&world.home).await;
    let path = |row: &store::Image| world.home.path().join(&row.path);
    rows.iter().map(path).collect()
}

/// Without the mend, the day was final for ever, `already` whole, while two of its files were known to be missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_files_known_to_be_lost_is_not_final_and_backfill_heals_it() {
    let (world, day, truth) = collected("healing: a final day with lost files").await;
    let args = [
        "backfill", "--camera", "in_gate", "--from", &day, "--to", &day,
    ];
    assert_eq!(world.run(&args).await.expect(0).report()["final"], true);
    let files = files(&world).await;
    std::fs::remove_file(&files[3]).unwrap();
    std::fs::write(&files[7], b"<html>").unwrap();
    assert_eq!(status(&world, &["verify", "--repair"]).await, 1);
    // In the ledger, by which the service asks for them unattended, and `status` tells that something is missing.
    assert_eq!(store::ledger(&world.home).await.len(), 2);
    assert_eq!(status(&world, &["status"]).await, 1);
    let healed = world.run(&args).await;
    healed.expect(0);
    let told = ["stored", "already", "missing"].map(|name| healed.count(name));
    assert_eq!(
        (&healed.report()["final"], told),
        (&false.into(), [2, truth.len() as u64 - 2, 0])
    );
    audit::complete(&world, &truth).await;
    assert_eq!(store::ledger(&world.home).await.len(), 0);
    assert_eq!(world.run(&args).await.expect(0).report()["final"], true);
}

/// Without the mend, a row marked `bad` counted as `already` for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_files_of_an_older_program_are_replaced_once_there_is_better() {
    let (world, day, truth) = collected("healing: HTML and halves of an older program").await;
    let files = files(&world).await;
    // As the older program leaves rows: no hash, no address, nothing looked at; one with its own spelling of the path.
    store::execute(
        &world.home,
        "UPDATE images SET sha256 = NULL, url = NULL, media_type = NULL, width = NULL, height = NULL, file_size = NULL, \
         file_state = NULL, verified_at = NULL, origin = NULL, processed = 1, detection_count = 7; \
         UPDATE images SET filepath = './' || filepath, image_path = './' || image_path WHERE id = (SELECT MIN(id) FROM images)",
    )
    .await;
    let half = std::fs::read(&files[5]).unwrap();
    std::fs::write(&files[0], b"<html>0").unwrap();
    std::fs::write(&files[5], &half[..half.len() / 2]).unwrap();
    // Something that only a person can move away: it keeps nobody from mending the others.
    std::fs::remove_file(&files[9]).unwrap();
    std::fs::create_dir(&files[9]).unwrap();
    assert_eq!(status(&world, &["verify", "--repair"]).await, 1);
    assert_eq!(
        std::fs::read(&files[0]).unwrap(),
        b"<html>0",
        "there is no better yet"
    );

    // As long as the portal has nothing better, what is there stays.
    let args = ["fetch", "--camera", "in_gate", "--date", &day];
    world.faults(vec![FaultRule {
        matching: Match::default(),
        fault: Fault::NotFoundBoth,
        times: None,
    }]);
    let none = world.run(&args).await;
    none.expect(1);
    assert_eq!((none.count("missing"), none.count("stored")), (3, 0));
    assert_eq!(std::fs::read(&files[0]).unwrap(), b"<html>0");

    world.faults(Vec::new());
    let some = world.run(&args).await;
    some.expect(1).says(&["in_the_way", "move it away"]);
    assert_eq!((some.count("missing"), some.count("stored")), (1, 2));
    let aside = world.home.images().join(".draywatch/quarantine");
    let relative = files[0].strip_prefix(world.home.images());
    let relative = relative.unwrap_or_else(|_| files[0].as_path());
    let name = Path::new(relative.file_name().unwrap());
    let folder = files[0].parent().unwrap().file_name().unwrap();
    let aside = aside.join(folder).join(name);
    assert_eq!(
        std::fs::read(aside).unwrap(),
        b"<html>0",
        "set aside, not lost"
    );

    std::fs::remove_dir(&files[9]).unwrap();
    world.run(&args).await.expect(0);
    assert_eq!(status(&world, &["verify"]).await, 0);
    store::execute(
        &world.home,
        "UPDATE images SET filepath = substr(filepath, 3), image_path = substr(image_path, 3) WHERE filepath LIKE './%'; \
         UPDATE images SET url = 'x' WHERE url IS NULL",
    )
    .await;
    let rows = store::images(&world.home).await;
    assert_eq!(rows.len(), truth.len(), "a row was doubled or lost");
    assert!(rows.iter().all(|row| row.processed && row.detections == 7));
    let hashes: Vec<_> = rows.iter().map(|row| Some(row.sha256.clone())).collect();
    let wanted: Vec<_> = truth.iter().map(|frame| frame.sha256.clone()).collect();
    assert_eq!(hashes, wanted);
}

/// Answers every request with a picture as small as a thumbnail.
async fn small_pictures() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let pixels = vec![90; 320 * 180];
    let image = turbojpeg::Image {
        pixels: &pixels[..],
        width: 320,
        pitch: 320,
        height: 180,
        format: turbojpeg::PixelFormat::GRAY,
    };
    let mut compressor = turbojpeg::Compressor::new().unwrap();
    compressor.set_subsamp(turbojpeg::Subsamp::Gray).unwrap();
    let picture = compressor.compress_to_vec(image).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let picture = picture.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    picture.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&picture).await;
            });
        }
    });
    origin
}

/// Without the mend, such a frame counted as stored in full size, and its day as complete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_picture_at_a_full_ones_address_is_a_thumbnail() {
    let world = World::new("healing: a small picture at a full one's address", hourly()).await;
    let (truth, list) = world.some("in_gate", 2).await;
    let real = url::Url::parse(&truth[0].url).unwrap();
    let list = list.replace(
        &real.origin().ascii_serialization(),
        &small_pictures().await,
    );
    for stored in [2, 0] {
        let run = world.frames(&list, &[]).await;
        run.expect(1).says(&["only_a_thumbnail"]);
        let told = ["stored", "thumbnails", "missing"].map(|name| run.count(name));
        assert_eq!(
            (run.report()["outcome"].as_str(), told),
            (Some("incomplete"), [stored, 2, 0])
        );
    }
    let rows = store::images(&world.home).await;
    assert!(rows.len() == 2 && rows.iter().all(|row| row.is_thumbnail));
    // At the real addresses the full pictures are to be had.
    world
        .frames(&world.some("in_gate", 2).await.1, &[])
        .await
        .expect(0);
    audit::complete(&world, &truth).await;
}
