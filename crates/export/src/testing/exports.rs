//! Whole exports: the same bytes each time, also when taken up anywhere; shards and their limits; what is left out.

use draywatch_core::FrameId;
use proptest::prelude::*;

use super::*;
use crate::{ExportError, Output};

#[tokio::test]
async fn the_same_question_gives_the_same_bytes() {
    let site = Site::filled(30).await;
    for request in all() {
        let first = site.files(&request).await;
        let before = FrameId {
            ordinal: 3,
            ..FrameId::first(
                camera("in_gate"),
                at(-40 * 86_400 - request_number(&request)),
            )
        };
        site.store(&before).await;
        let again = Request {
            query: ImageFilter {
                cameras: vec![camera("in_gate"), camera("out_gate")],
                ..request.query.clone()
            },
            ..request.clone()
        };
        assert_eq!(site.files(&again).await, first, "{request:?}");
        assert!(
            first.iter().map(Vec::len).sum::<usize>() > 100,
            "{request:?}"
        );
    }
}

/// A number of its own for each request.
fn request_number(request: &Request) -> i64 {
    let text = serde_json::to_string(request).unwrap();
    text.bytes().map(i64::from).sum::<i64>() * 60
}

#[tokio::test]
async fn an_export_taken_up_behind_any_piece_goes_on_the_same() {
    let site = Site::filled(12).await;
    for request in all() {
        let whole = site.files(&request).await.concat();
        let (mut export, mut done) = (site.export(&request), Vec::new());
        loop {
            let text = serde_json::to_string(export.position()).unwrap();
            let position = serde_json::from_str(&text).unwrap();
            let (catalog, archive) = (site.catalog.clone(), Some(site.archive.clone()));
            let resumed = Export::resume(catalog, archive, request.clone(), position).unwrap();
            let is_over = export.position().has_ended;
            let left = if is_over {
                Vec::new()
            } else {
                rest(resumed).await.concat()
            };
            assert_eq!(
                [done.clone(), left].concat(),
                whole,
                "{request:?} from {text}"
            );
            let Some(piece) = export.next().await.unwrap() else {
                break;
            };
            piece
                .parts
                .iter()
                .for_each(|part| done.extend_from_slice(part));
        }
    }
}

/// Cut short at any byte after any save, the file on the disk becomes the same.
#[tokio::test]
async fn an_output_cut_short_at_any_byte_becomes_whole() {
    let site = Site::filled(6).await;
    for (nth, request) in all().into_iter().enumerate() {
        let request = request.settled();
        let whole = site.files(&request).await;
        let pieces = {
            let mut export = site.export(&request);
            let mut pieces = 0;
            while export.next().await.unwrap().is_some() {
                pieces += 1;
            }
            pieces
        };
        for (case, (save, kill, torn)) in [
            (0, 1, 0),
            (1, 2, 3),
            (2, 3, 700),
            (pieces / 2, pieces, 1),
            (pieces - 1, pieces, 0),
        ]
        .into_iter()
        .enumerate()
        {
            let target = site.folder.path().join(format!("{nth}-{case}"));
            cut_short(&site, &request, &target, (save, kill, torn)).await;
            assert!(!target.exists());
            let mut output = Output::open(&target, &request).unwrap();
            let (catalog, archive) = (site.catalog.clone(), Some(site.archive.clone()));
            let mut export =
                Export::resume(catalog, archive, request.clone(), output.position().clone())
                    .unwrap();
            while let Some(piece) = export.next().await.unwrap() {
                output.write(&piece, export.position()).unwrap();
            }
            output.finish().unwrap();
            assert_eq!(read(&target), whole, "{request:?} {save} {kill} {torn}");
            assert!(!target.with_extension("part").exists());
        }
    }
}

/// An export that is killed after `kill` pieces, with its state as it was after `save` of them, and some bytes of the next one.
async fn cut_short(
    site: &Site,
    request: &Request,
    target: &std::path::Path,
    (save, kill, torn): (usize, usize, usize),
) {
    let (mut export, mut output) = (site.export(request), Output::open(target, request).unwrap());
    for nth in 0..kill {
        if nth == save {
            output.save(export.position()).unwrap();
        }
        let Some(mut piece) = export.next().await.unwrap() else {
            break;
        };
        if nth + 1 == kill && torn > 0 {
            piece.ends_file = false;
            piece.parts.iter_mut().for_each(|part| part.truncate(torn));
        }
        output.write(&piece, export.position()).unwrap();
    }
}

fn read(target: &std::path::Path) -> Vec<Vec<u8>> {
    if target.is_file() {
        return vec![std::fs::read(target).unwrap()];
    }
    let mut files: Vec<_> = std::fs::read_dir(target)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

#[tokio::test]
async fn another_question_is_refused_and_a_name_that_is_taken() {
    let site = Site::filled(3).await;
    let request = request(Table::Images, Format::Csv).settled();
    let target = site.folder.path().join("out.csv");
    let mut output = Output::open(&target, &request).unwrap();
    assert!(matches!(
        Output::open(&target, &request),
        Err(ExportError::Busy { .. })
    ));
    output.save(&crate::Position::default()).unwrap();
    drop(output);
    let other = Request {
        query: ImageFilter {
            thumbnails: false,
            ..request.query.clone()
        },
        ..request.clone()
    };
    let refused = Output::open(&target, &other).unwrap_err().to_string();
    assert!(
        refused.contains("thumbnails was true, is false"),
        "{refused}"
    );
    std::fs::write(&target, "mine").unwrap();
    assert!(matches!(
        Output::open(&target, &request),
        Err(ExportError::Exists { .. })
    ));
}

#[tokio::test]
async fn what_is_gone_or_another_is_left_out_and_told() {
    let site = Site::filled(4).await;
    let frames = [0, 600, 1200].map(|seconds| FrameId::first(camera("in_gate"), at(seconds)));
    let path = |frame: &FrameId| {
        site.folder
            .path()
            .join("images")
            .join(frame.relative_path())
    };
    std::fs::remove_file(path(&frames[0])).unwrap();
    let mut other = contents(&frames[1]);
    other[5] ^= 1;
    std::fs::write(path(&frames[1]), &other).unwrap();
    std::fs::write(path(&frames[2]), &contents(&frames[2])[..100]).unwrap();
    let mut export = site.export(&request(Table::Images, Format::WebDataset));
    let mut bytes = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        piece
            .parts
            .iter()
            .for_each(|part| bytes.extend_from_slice(part));
    }
    let summary = export.position().summary();
    assert_eq!((summary.rows, summary.left_out), (5, 3));
    let told: Vec<&str> = summary.faults.iter().map(|fault| &*fault.problem).collect();
    assert!(
        told[0].contains("not there")
            && told[1].contains("contents")
            && told[2].contains("100 bytes"),
        "{told:?}"
    );
    for frame in &frames {
        let name = frame.file_name();
        assert!(
            !bytes
                .windows(name.len())
                .any(|window| window == name.as_bytes()),
            "{name}"
        );
    }
}

/// The names in a tar file with the lengths of what they are of.
fn names(tar: &[u8]) -> Vec<(String, usize)> {
    let (mut names, mut at) = (Vec::new(), 0);
    while tar[at] != 0 {
        let text =
            |from: usize, to: usize| String::from_utf8(tar[at + from..at + to].to_vec()).unwrap();
        let length = usize::from_str_radix(text(124, 136).trim_end_matches('\0'), 8).unwrap();
        names.push((text(0, 100).trim_end_matches('\0').to_owned(), length));
        at += 512 + length.next_multiple_of(512);
    }
    assert_eq!(tar.len() - at, 1024);
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn shards_keep_their_limit_and_hold_every_picture_once(limit in 1u64..60_000) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let site = Site::filled(9).await;
            let request = Request { shard_bytes: Some(limit), ..request(Table::Images, Format::WebDataset) };
            let mut pictures = Vec::new();
            for shard in site.files(&request).await {
                let names = names(&shard);
                let here: Vec<_> = names.iter().filter(|(name, _)| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "jpg")).cloned().collect();
                assert!(shard.len() <= usize::try_from(limit).unwrap() || here.len() <= 1, "{names:?}");
                assert!(names[0].0.starts_with("__masks__/"), "{names:?}");
                pictures.extend(here);
            }
            assert_eq!(pictures.len(), 18);
            assert!(pictures.is_sorted_by_key(|(name, _)| name.clone()));
        });
    }
}
