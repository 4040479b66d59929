//! Verdicts: what is open and what is settled, whoever inserts rows and in whichever order.

use std::collections::BTreeMap;
use std::path::Path;

use draywatch_catalog::{
    Catalog, DayOfFrames, Finding, FoundOfFrame, FrameResult, FrameToExamine, Look, NewImage,
    Placeholder,
};
use draywatch_core::verdict::Verdict;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

const CAMERA: &str = "in_gate";

/// What a picture shows, in a letter: `d` is dark, `?` cannot be read, and the same letter is the same picture.
fn look(letter: char) -> Option<Look> {
    (letter != '?').then(|| Look {
        fingerprint: letter.to_string(),
        verdict: (letter == 'd').then_some(Verdict::Dark),
    })
}

/// The picture of a path, as the last one who wrote there left it.
type Files = BTreeMap<String, char>;

/// The frames before it that somebody looked at.
fn known(day: &DayOfFrames, nth: usize) -> Vec<&FrameToExamine> {
    let before = day.before(nth).iter();
    before.filter(|frame| frame.fingerprint.is_some()).collect()
}

fn found(frame: &FrameToExamine, finding: Finding) -> FoundOfFrame {
    FoundOfFrame {
        frame: frame.clone(),
        finding,
    }
}

/// Looks at what nobody looked at in all open days, then compares what is open; how many days there were.
async fn examine(catalog: &dyn Catalog, files: &Files) -> usize {
    let (mut after, mut days) = (None, 0);
    while let Some(day) = catalog
        .next_day_to_examine(CAMERA, None, after.as_ref(), false)
        .await
        .unwrap()
    {
        let frames = catalog.frames_to_examine(&day).await.unwrap();
        let unseen =
            |frame: &&FrameToExamine| frame.fingerprint.is_none() && frame.problem.is_none();
        let looks = frames.frames().iter().filter(unseen).map(|frame| {
            let look = look(files[&frame.path]);
            let finding =
                look.map_or_else(|| Finding::Problem("unreadable".into()), Finding::Looked);
            found(frame, finding)
        });
        let looks = looks.collect::<Vec<_>>();
        assert_eq!(catalog.note_found(&day, &looks).await.unwrap(), 0);
        let frames = catalog.frames_to_examine(&day).await.unwrap();
        let mut compared = Vec::new();
        for (nth, frame) in frames.frames().iter().enumerate() {
            if frame.verdict.is_some() || frame.fingerprint.is_none() {
                continue;
            }
            let is_same = |one: &&FrameToExamine| one.fingerprint == frame.fingerprint;
            let verdict = if known(&frames, nth).iter().any(is_same) {
                Verdict::Frozen
            } else {
                Verdict::Ok
            };
            let with = frames.before(nth).iter();
            let with = with.map(|one| (one.id, one.fingerprint.clone())).collect();
            compared.push(found(frame, Finding::Compared(verdict, with)));
        }
        assert_eq!(catalog.note_found(&day, &compared).await.unwrap(), 0);
        days += 1;
        after = Some(day);
    }
    days
}

/// What the rows should say, by their times alone.
fn expected(rows: &BTreeMap<(i64, u16), (String, char)>) -> BTreeMap<String, Option<Verdict>> {
    let mut expected = BTreeMap::new();
    for ((at, _), (path, letter)) in rows {
        let last = rows
            .keys()
            .map(|(other, _)| other)
            .filter(|other| *other < at)
            .max();
        let before = rows.iter().filter(|((other, _), _)| Some(other) == last);
        let is_same = before.map(|(_, (_, seen))| seen).any(|seen| seen == letter);
        let verdict = match letter {
            '?' => None,
            'd' => Some(Verdict::Dark),
            _ if is_same => Some(Verdict::Frozen),
            _ => Some(Verdict::Ok),
        };
        expected.insert(path.clone(), verdict);
    }
    expected
}

async fn stored(catalog: &dyn Catalog) -> BTreeMap<String, Option<Verdict>> {
    let rows = catalog.images_after(0, 1000).await.unwrap();
    rows.into_iter()
        .map(|row| (row.path, row.verdict))
        .collect()
}

/// One who brings a picture: draywatch with a look, draywatch without (it adopts), a program of the first or the second shape.
#[derive(Debug, Clone)]
struct Arrival {
    by: u8,
    /// In steps of ten minutes; some are on the next days.
    slot: i64,
    twin: bool,
    letter: char,
    then_examined: bool,
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let letter = prop::sample::select(vec!['a', 'a', 'a', 'b', 'b', 'd', '?']);
    let slot = prop_oneof![4 => 0_i64..8, 1 => 80_i64..90, 1 => 400_i64..403];
    let one = (
        0_u8..4,
        slot,
        prop::bool::weighted(0.15),
        letter,
        prop::bool::weighted(0.25),
    );
    let one = one.prop_map(|(by, slot, twin, letter, then_examined)| Arrival {
        by,
        slot,
        twin,
        letter,
        then_examined,
    });
    prop::collection::vec(one, 1..25)
}

async fn arrive(
    catalog: &dyn Catalog,
    path: &Path,
    arrival: &Arrival,
    files: &mut Files,
) -> (i64, u16, String) {
    let mut frame = frame(arrival.slot * 600);
    frame.ordinal = if arrival.twin { 2 } else { 1 };
    let place = super::support::path(&frame);
    let is_new = !files.contains_key(&place);
    // Nobody but draywatch puts another picture in the place of one.
    let by = if is_new { arrival.by } else { 0 };
    files.insert(place.clone(), arrival.letter);
    let time = frame.instant.format("%Y-%m-%d %H:%M:%S.000000").to_string();
    let image = NewImage {
        look: look(arrival.letter).filter(|_| by == 0),
        facts: draywatch_catalog::PictureFacts {
            sha256: format!("{}{}", arrival.letter, files.len()),
            ..facts(9)
        },
        ..image(&frame)
    };
    match by {
        0 => {
            let id = catalog
                .enlist(&[entry(frame.clone())], at(0))
                .await
                .unwrap()[0]
                .id;
            let stored = FrameResult::Stored {
                ledger_id: id,
                image,
                failure: None,
            };
            catalog.record(&[stored], at(0)).await.unwrap();
        }
        1 => assert_eq!(catalog.adopt(&[image], at(0)).await.unwrap(), 1),
        2 => execute(path, &v1_insert(&place, CAMERA, &time)).await,
        _ => execute(path, &v2_insert(&place, CAMERA, &time)).await,
    }
    (arrival.slot, frame.ordinal, place)
}

async fn holds(arrivals: &[Arrival]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let (mut files, mut rows) = (Files::new(), BTreeMap::new());
    for arrival in arrivals {
        let (slot, ordinal, place) = arrive(&*catalog, &path, arrival, &mut files).await;
        rows.insert((slot, ordinal), (place, arrival.letter));
        if arrival.then_examined {
            examine(&*catalog, &files).await;
        }
    }
    examine(&*catalog, &files).await;
    prop_assert_eq!(stored(&*catalog).await, expected(&rows));
    prop_assert_eq!(examine(&*catalog, &files).await, 0, "something stays open");
    catalog.close().await;
    Ok(())
}

#[test]
fn a_verdict_at_rest_does_not_depend_on_the_order_of_arrival() {
    let cases = if std::env::var_os("DRAYWATCH_TEST_FULL").is_some() {
        600
    } else {
        40
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let done = runner.run(&arrivals(), |arrivals| runtime.block_on(holds(&arrivals)));
    done.unwrap();
}

#[tokio::test]
async fn a_frame_that_comes_between_two_opens_the_question_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let mut files = Files::new();
    let arrival = |slot, letter| Arrival {
        by: 0,
        slot,
        twin: false,
        letter,
        then_examined: false,
    };
    for slot in [0, 6] {
        arrive(&*catalog, &path, &arrival(slot, 'a'), &mut files).await;
    }
    examine(&*catalog, &files).await;
    let verdicts = || async {
        let rows = catalog
            .newest_verdicts(&camera(CAMERA), at(1_000_000), 9)
            .await
            .unwrap();
        rows.into_iter()
            .map(|(_, verdict)| verdict)
            .collect::<Vec<_>>()
    };
    assert_eq!(verdicts().await, [Some(Verdict::Frozen), Some(Verdict::Ok)]);
    arrive(&*catalog, &path, &arrival(3, 'b'), &mut files).await;
    assert_eq!(verdicts().await, [None, None, Some(Verdict::Ok)]);
    examine(&*catalog, &files).await;
    assert_eq!(verdicts().await, [Some(Verdict::Ok); 3]);
    // One that goes opens none: that the next was another picture stays true.
    execute(&path, "DELETE FROM images WHERE timestamp LIKE '% 10:30:%'").await;
    assert_eq!(verdicts().await, [Some(Verdict::Ok); 2]);
    execute(&path, "UPDATE images SET timestamp = '2025-09-09 01:00:00.000000' WHERE timestamp LIKE '% 10:00:%'").await;
    assert_eq!(verdicts().await, [None, None]);
    catalog.close().await;
}

#[tokio::test]
async fn what_is_not_true_any_more_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let mut files = Files::new();
    let arrival = |by, slot, letter| Arrival {
        by,
        slot,
        twin: false,
        letter,
        then_examined: false,
    };
    arrive(&*catalog, &path, &arrival(0, 0, 'a'), &mut files).await;
    arrive(&*catalog, &path, &arrival(0, 2, 'a'), &mut files).await;
    arrive(&*catalog, &path, &arrival(1, 4, 'b'), &mut files).await;
    let day = catalog
        .next_day_to_examine(CAMERA, None, None, false)
        .await
        .unwrap()
        .unwrap();
    let seen = catalog.frames_to_examine(&day).await.unwrap();
    let [first, second, third] = seen.frames() else {
        panic!("{seen:?}")
    };
    let with = vec![(first.id, first.fingerprint.clone())];
    let frozen = found(second, Finding::Compared(Verdict::Frozen, with));
    let looked = found(third, Finding::Looked(look('b').unwrap()));
    // Meanwhile a frame comes between, and the file of another becomes a better one.
    arrive(&*catalog, &path, &arrival(0, 1, 'c'), &mut files).await;
    arrive(&*catalog, &path, &arrival(0, 4, 'd'), &mut files).await;
    assert_eq!(
        catalog.note_found(&day, &[frozen, looked]).await.unwrap(),
        2
    );
    let rows = catalog.images_after(0, 10).await.unwrap();
    let verdicts: Vec<_> = rows.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, [None, None, Some(Verdict::Dark), None]);
    catalog.close().await;
}

#[tokio::test]
async fn a_problem_is_not_met_again_until_the_file_is_found_well() {
    for name in ["legacy-v1.db", "legacy-v2.db"] {
        let (_folder, path) = fixture(name);
        let catalog = open(&path).await;
        let rows = catalog.images_after(0, 100).await.unwrap();
        assert!(rows.iter().all(|row| row.verdict.is_none()), "{name}");
        let open = catalog.to_examine(CAMERA, None, false).await.unwrap();
        assert_eq!(open, catalog.to_examine(CAMERA, None, true).await.unwrap());
        let files: Files = rows.iter().map(|row| (row.path.clone(), '?')).collect();
        assert!(examine(&*catalog, &files).await > 0);
        assert_eq!(catalog.to_examine(CAMERA, None, false).await.unwrap(), 0);
        assert_eq!(examine(&*catalog, &files).await, 0, "{name}");
        let ours = rows.iter().find(|row| row.camera_id == CAMERA).unwrap();
        let well = draywatch_catalog::FileState::Ok(facts(17));
        catalog.set_file_state(ours.id, &well, at(9)).await.unwrap();
        assert_eq!(catalog.to_examine(CAMERA, None, false).await.unwrap(), 1);
        // What is no time is passed over for ever.
        execute(&path, &v1_insert("never.jpg", CAMERA, "yesterday")).await;
        assert_eq!(catalog.to_examine(CAMERA, None, false).await.unwrap(), 1);
        catalog.close().await;
    }
}

#[tokio::test]
async fn cards_are_kept_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(&folder.path().join("database.db")).await;
    let card = |name: &str, sha256: &str| Placeholder {
        name: name.into(),
        sha256: sha256.into(),
        added_at: at(5),
    };
    assert!(
        catalog
            .add_placeholder(&card("b", "1"), b"one")
            .await
            .unwrap()
    );
    assert!(
        catalog
            .add_placeholder(&card("a", "1"), b"one")
            .await
            .unwrap()
    );
    assert!(
        catalog
            .add_placeholder(&card("b", "2"), b"two")
            .await
            .unwrap()
    );
    assert!(
        !catalog
            .add_placeholder(&card("b", "2"), b"two")
            .await
            .unwrap()
    );
    let all = [card("a", "1"), card("b", "1"), card("b", "2")];
    assert_eq!(catalog.placeholders().await.unwrap(), all);
    let pictures = catalog.placeholder_pictures().await.unwrap();
    assert_eq!(pictures[2], (card("b", "2"), b"two".to_vec()));
    assert_eq!(catalog.remove_placeholders("b").await.unwrap().len(), 2);
    assert_eq!(catalog.remove_placeholders("b").await.unwrap(), []);
    assert_eq!(catalog.placeholders().await.unwrap(), all[..1]);
    catalog.close().await;
}
