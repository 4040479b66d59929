//! The ledger, and what is known of frames.

use std::sync::Arc;

use draywatch_catalog::{Catalog, FrameResult, LedgerFilter, LedgerState, NewLedgerEntry};
use draywatch_core::FrameId;
use draywatch_core::plan::KnownState;

use crate::support::*;

type Db = Arc<dyn Catalog>;

async fn known(db: &Db) -> Vec<(i64, KnownState)> {
    let known = db
        .known(&camera("in_gate"), at(0), at(86_400))
        .await
        .unwrap();
    known
        .iter()
        .map(|k| ((k.id.instant - at(0)).num_seconds(), k.state))
        .collect()
}

fn stored(ledger_id: i64, frame: &FrameId) -> FrameResult {
    FrameResult::Stored {
        ledger_id,
        image: image(frame),
        failure: None,
    }
}

fn failed(ledger_id: i64) -> FrameResult {
    FrameResult::Failed {
        ledger_id,
        failure: failure("timed out"),
        reason: "timeout".into(),
        not_before: Some(at(500)),
    }
}

async fn enlist(db: &Db, frame: &FrameId) -> i64 {
    db.enlist(&[entry(frame.clone())], at(100)).await.unwrap()[0].id
}

pub async fn a_listed_frame_is_open_until_it_is_stored(db: Db) {
    let listed = db
        .enlist(&[entry(frame(20)), entry(frame(10))], at(100))
        .await
        .unwrap();
    assert_eq!(
        listed[0].entry,
        entry(frame(20)),
        "the answers are in the order of the entries"
    );
    assert_eq!(listed[1].entry, entry(frame(10)));
    assert_eq!(
        (listed[0].state, listed[0].attempts, listed[0].first_listed),
        (LedgerState::Open, 0, at(100))
    );
    assert_eq!(
        known(&db).await,
        [(10, KnownState::Open), (20, KnownState::Open)]
    );
    let ids = db
        .record(&[stored(listed[0].id, &frame(20))], at(200))
        .await
        .unwrap();
    let image = db.image_at(&path(&frame(20))).await.unwrap().unwrap();
    assert_eq!(ids, [Some(image.id)]);
    assert_eq!(
        (image.timestamp, image.file_size, image.ordinal),
        (Some(at(20)), Some(200_000), 1)
    );
    assert_eq!(
        (
            image.width,
            image.height,
            image.is_thumbnail,
            image.processed
        ),
        (Some(1200), Some(675), false, false)
    );
    assert_eq!(
        (image.file_state.as_deref(), image.verified_at),
        (Some("ok"), Some(at(200)))
    );
    assert_eq!(
        (image.url, image.sha256),
        (Some(entry(frame(20)).url), Some(facts(200_000).sha256))
    );
    assert_eq!(
        known(&db).await,
        [(10, KnownState::Open), (20, KnownState::Stored)]
    );
    assert_eq!(db.ledger(&LedgerFilter::default()).await.unwrap().len(), 1);
}

pub async fn listing_again_keeps_what_was_tried(db: Db) {
    let id = enlist(&db, &frame(10)).await;
    db.record(&[failed(id)], at(200)).await.unwrap();
    let moved = NewLedgerEntry {
        url: "https://other.example/x.jpg".into(),
        url_is_listed: false,
        thumbnail_url: None,
        path: "elsewhere.jpg".into(),
        ..entry(frame(10))
    };
    let again = &db.enlist(&[moved], at(300)).await.unwrap()[0];
    assert_eq!(
        (
            again.id,
            again.attempts,
            again.first_listed,
            again.last_listed
        ),
        (id, 1, at(100), at(300))
    );
    assert_eq!(again.entry.url, "https://other.example/x.jpg");
    assert_eq!(
        (again.entry.url_is_listed, again.entry.thumbnail_url.clone()),
        (false, None)
    );
    assert_eq!(again.entry.path, path(&frame(10)), "its place stays");
    assert_eq!(again.failure, Some(failure("timed out")));
}

pub async fn a_failure_is_counted_and_told(db: Db) {
    let id = enlist(&db, &frame(10)).await;
    assert_eq!(
        db.record(&[failed(id), failed(id)], at(200)).await.unwrap(),
        [None, None]
    );
    let row = &db.ledger(&LedgerFilter::default()).await.unwrap()[0];
    assert_eq!(
        (row.attempts, row.state, row.last_tried),
        (2, LedgerState::Open, Some(at(200)))
    );
    assert_eq!(
        (row.failure.clone(), row.reason.as_deref()),
        (Some(failure("timed out")), Some("timeout"))
    );
    assert_eq!(row.not_before, Some(at(500)));
}

pub async fn a_thumbnail_is_upgraded(db: Db) {
    let id = enlist(&db, &frame(10)).await;
    let why = Some((failure("404"), "http_404".to_owned()));
    let small = FrameResult::Stored {
        ledger_id: id,
        image: thumbnail(&frame(10)),
        failure: why,
    };
    let ids = db.record(&[small], at(200)).await.unwrap();
    assert!(
        db.image_at(&path(&frame(10)))
            .await
            .unwrap()
            .unwrap()
            .is_thumbnail
    );
    let row = &db.ledger(&LedgerFilter::default()).await.unwrap()[0];
    assert_eq!(
        (row.state, row.attempts, row.reason.as_deref()),
        (LedgerState::Thumbnail, 1, Some("http_404"))
    );
    assert_eq!(known(&db).await, [(10, KnownState::Thumbnail)]);
    db.record(&[failed(id)], at(250)).await.unwrap();
    assert_eq!(
        db.ledger(&LedgerFilter::default()).await.unwrap()[0].state,
        LedgerState::Thumbnail
    );
    assert_eq!(
        db.enlist(&[entry(frame(10))], at(260)).await.unwrap()[0].state,
        LedgerState::Thumbnail
    );
    db.intend_replacement(id, &facts(200_000)).await.unwrap();
    assert_eq!(
        db.record(&[stored(id, &frame(10))], at(300)).await.unwrap(),
        ids,
        "the same row"
    );
    let image = db.image_at(&path(&frame(10))).await.unwrap().unwrap();
    assert_eq!(
        (image.is_thumbnail, image.file_size),
        (false, Some(200_000))
    );
    assert_eq!(db.ledger(&LedgerFilter::default()).await.unwrap(), []);
    assert_eq!(known(&db).await, [(10, KnownState::Stored)]);
}

pub async fn a_given_up_frame_opens_again(db: Db) {
    let id = enlist(&db, &frame(10)).await;
    db.record(&[failed(id)], at(200)).await.unwrap();
    let unknown = frame(99);
    assert_eq!(
        db.give_up(&[frame(10), unknown], "withdrawn", at(300))
            .await
            .unwrap(),
        1
    );
    assert_eq!(db.give_up(&[frame(10)], "again", at(301)).await.unwrap(), 0);
    let row = &db.ledger(&LedgerFilter::default()).await.unwrap()[0];
    assert_eq!(
        (row.state, row.reason.as_deref(), row.attempts),
        (LedgerState::GivenUp, Some("withdrawn"), 1)
    );
    assert_eq!(known(&db).await, [(10, KnownState::GivenUp)]);
    let again = &db.enlist(&[entry(frame(10))], at(400)).await.unwrap()[0];
    assert_eq!(
        (again.id, again.state, again.attempts),
        (id, LedgerState::Open, 1)
    );
    assert_eq!(again.reason.as_deref(), Some("timeout"));
}

pub async fn a_given_up_thumbnail_keeps_its_image(db: Db) {
    let id = enlist(&db, &frame(10)).await;
    let small = FrameResult::Stored {
        ledger_id: id,
        image: thumbnail(&frame(10)),
        failure: None,
    };
    db.record(&[small], at(200)).await.unwrap();
    assert_eq!(
        db.give_up(&[frame(10)], "withdrawn", at(300))
            .await
            .unwrap(),
        1
    );
    assert!(
        db.image_at(&path(&frame(10)))
            .await
            .unwrap()
            .unwrap()
            .is_thumbnail
    );
    assert_eq!(known(&db).await, [(10, KnownState::Thumbnail)]);
    let again = &db.enlist(&[entry(frame(10))], at(400)).await.unwrap()[0];
    assert_eq!(
        again.state,
        LedgerState::Thumbnail,
        "its thumbnail is still there"
    );
}

pub async fn the_ledger_is_filtered(db: Db) {
    let other = FrameId::first(camera("out_gate"), at(5));
    let later = FrameId::first(camera("in_gate"), at(2 * 86_400));
    db.enlist(
        &[entry(later.clone()), entry(frame(10)), entry(other.clone())],
        at(100),
    )
    .await
    .unwrap();
    db.give_up(&[frame(10)], "withdrawn", at(200))
        .await
        .unwrap();
    let found = async |filter: LedgerFilter| -> Vec<FrameId> {
        db.ledger(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.entry.frame)
            .collect()
    };
    let all = LedgerFilter::default();
    assert_eq!(
        found(all.clone()).await,
        [other.clone(), frame(10), later.clone()],
        "oldest first"
    );
    let mine = LedgerFilter {
        camera: Some(camera("in_gate")),
        ..all.clone()
    };
    assert_eq!(found(mine.clone()).await, [frame(10), later.clone()]);
    assert_eq!(
        found(LedgerFilter {
            dates: Some((day(), day())),
            ..mine.clone()
        })
        .await,
        [frame(10)]
    );
    let open = vec![LedgerState::Open, LedgerState::Thumbnail];
    assert_eq!(
        found(LedgerFilter {
            states: open,
            ..mine
        })
        .await,
        [later]
    );
    assert_eq!(
        found(LedgerFilter {
            states: vec![LedgerState::GivenUp],
            ..all
        })
        .await,
        [frame(10)]
    );
}

pub async fn a_replacement_is_remembered(db: Db) {
    let id = enlist(&db, &frame(10)).await;
    assert_eq!(
        db.ledger(&LedgerFilter::default()).await.unwrap()[0].replacement,
        None
    );
    db.intend_replacement(id, &facts(77)).await.unwrap();
    assert_eq!(
        db.ledger(&LedgerFilter::default()).await.unwrap()[0].replacement,
        Some(facts(77))
    );
    db.record(&[failed(id)], at(200)).await.unwrap();
    assert_eq!(
        db.ledger(&LedgerFilter::default()).await.unwrap()[0].replacement,
        None,
        "it failed"
    );
}

pub async fn every_frame_is_known_once(db: Db) {
    let ids = [enlist(&db, &frame(10)).await, enlist(&db, &frame(20)).await];
    db.record(&[stored(ids[0], &frame(10))], at(200))
        .await
        .unwrap();
    enlist(&db, &frame(10)).await;
    db.adopt(&[image(&frame(30))], at(200)).await.unwrap();
    let all = [
        (10, KnownState::Stored),
        (20, KnownState::Open),
        (30, KnownState::Stored),
    ];
    assert_eq!(known(&db).await, all);
    let gate = camera("in_gate");
    let between = async |from, to| db.known(&gate, from, to).await.unwrap().len();
    assert_eq!(
        between(at(10), at(30)).await,
        2,
        "from is included, to is not"
    );
    assert_eq!(between(at(11), at(20)).await, 0);
    assert_eq!(
        db.known(&camera("out_gate"), at(0), at(86_400))
            .await
            .unwrap(),
        []
    );
    let known = db.known(&gate, at(0), at(25)).await.unwrap();
    assert!(
        known.iter().all(|k| k.url == Some(entry(k.id.clone()).url)),
        "{known:?}"
    );
}

pub async fn an_empty_batch_is_nothing(db: Db) {
    assert_eq!(db.enlist(&[], at(0)).await.unwrap(), []);
    assert_eq!(db.record(&[], at(0)).await.unwrap(), []);
    assert_eq!(db.adopt(&[], at(0)).await.unwrap(), 0);
    assert_eq!(db.give_up(&[], "", at(0)).await.unwrap(), 0);
    assert_eq!(known(&db).await, []);
}

pub async fn two_frames_of_one_second_are_two(db: Db) {
    let second = FrameId {
        ordinal: 2,
        ..frame(10)
    };
    let rows = db
        .enlist(&[entry(frame(10)), entry(second.clone())], at(100))
        .await
        .unwrap();
    db.record(
        &[stored(rows[0].id, &frame(10)), stored(rows[1].id, &second)],
        at(200),
    )
    .await
    .unwrap();
    let known = db.known(&camera("in_gate"), at(0), at(60)).await.unwrap();
    assert_eq!(
        known.iter().map(|k| k.id.clone()).collect::<Vec<_>>(),
        [frame(10), second]
    );
}

pub async fn instants_keep_their_microseconds(db: Db) {
    for (ordinal, micro) in [(1, 1), (2, 999_999), (3, 500_000)] {
        let frame = FrameId {
            ordinal,
            ..FrameId::first(camera("in_gate"), micros(micro))
        };
        let row = &db.enlist(&[entry(frame.clone())], micros(7)).await.unwrap()[0];
        assert_eq!(
            (row.entry.frame.instant, row.first_listed),
            (micros(micro), micros(7))
        );
        db.record(&[stored(row.id, &frame)], micros(8))
            .await
            .unwrap();
        let image = db
            .images_between(&camera("in_gate"), micros(micro), micros(micro + 1))
            .await
            .unwrap();
        assert_eq!((image.len(), image[0].timestamp), (1, Some(micros(micro))));
        let known = db
            .known(&camera("in_gate"), micros(micro), micros(micro + 1))
            .await
            .unwrap();
        assert_eq!(known[0].id, frame);
    }
}
