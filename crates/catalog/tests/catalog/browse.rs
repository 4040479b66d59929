//! Pages: every row once, in order, whatever comes and goes between two of them.

use draywatch_catalog::{
    Catalog, ImageQuery, NewRun, Order, Place, RunEnd, RunFilter, RunQuery, RunReader, VerdictIs,
};
use draywatch_core::outcome::Outcome;
use draywatch_core::verdict::Verdict;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// All pages of a query, and how many there were; `between` is done after each.
async fn pages(catalog: &dyn Catalog, query: &ImageQuery) -> (Vec<i64>, u32) {
    let (mut ids, mut count) = (Vec::new(), 0);
    let mut query = query.clone();
    loop {
        let page = catalog.image_page(&query).await.unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        ids.extend(page.rows.iter().map(|row| row.id));
        count += 1;
        query.after = page.next;
        if query.after.is_none() {
            return (ids, count);
        }
    }
}

fn update(id: usize, processed: bool) -> String {
    format!("UPDATE images SET processed = {processed} WHERE id = {id};")
}

fn query(order: Order, limit: u32) -> ImageQuery {
    ImageQuery {
        order,
        limit,
        ..ImageQuery::default()
    }
}

#[test]
fn pages_are_the_list_whatever_their_length_and_however_times_are_written() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let rows = prop::collection::vec((0_i64..200_000, 0_u8..3, 0_u8..2, any::<bool>()), 1..40);
    let given = (
        rows,
        1_u32..12,
        any::<bool>(),
        0_i64..200_000,
        0_i64..200_000,
    );
    let mut runner = TestRunner::new(Config::with_cases(24));
    let done = runner.run(&given, |(rows, limit, newest, from, length)| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("database.db");
            let catalog = open(&path).await;
            let mut sql = String::new();
            for (nth, (seconds, form, camera, processed)) in rows.iter().enumerate() {
                let form = ["%F %T%.6f", "%FT%T", "%F %T"][usize::from(*form)];
                let time = at(*seconds).format(form);
                let camera = ["in_gate", "out_gate"][usize::from(*camera)];
                let insert = v1_insert(&format!("x/{nth}.jpg"), camera, &time.to_string());
                let id = nth + 1;
                sql += &(insert + ";");
                sql += &update(id, *processed);
            }
            execute(&path, &sql).await;
            let (from, to) = (at(from), at(from + length));
            for order in [Order::Oldest, Order::Newest] {
                for processed in [None, Some(true)] {
                    for camera in [None, Some(camera("in_gate"))] {
                        let query = ImageQuery {
                            from: newest.then_some(from),
                            to: newest.then_some(to),
                            processed,
                            camera,
                            ..query(order, limit)
                        };
                        let (mut found, _) = pages(&*catalog, &query).await;
                        let whole = ImageQuery {
                            limit: 1000,
                            ..query.clone()
                        };
                        let (mut all, _) = pages(&*catalog, &whole).await;
                        assert_eq!(found, all);
                        found.sort_unstable();
                        found.dedup();
                        all.sort_unstable();
                        assert_eq!(found, all, "each once");
                        let expected: Vec<i64> = rows
                            .iter()
                            .zip(1..)
                            .filter(|((seconds, _, gate, done), _)| {
                                (!newest || (from..to).contains(&at(*seconds)))
                                    && processed.is_none_or(|wanted| wanted == *done)
                                    && (query.camera.is_none() || *gate == 0)
                            })
                            .map(|(_, id)| id)
                            .collect();
                        assert_eq!(found, expected);
                    }
                }
            }
            catalog.close().await;
        });
        Ok(())
    });
    done.unwrap();
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_ended_whatever_was_inserted_or_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    for minute in 0..10 {
        let time = at(minute * 600).format("%F %T%.6f").to_string();
        execute(
            &path,
            &v1_insert(&format!("x/{minute}.jpg"), "in_gate", &time),
        )
        .await;
    }
    let first = catalog.image_page(&query(Order::Newest, 4)).await.unwrap();
    let ids =
        |rows: &[draywatch_catalog::ImageRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(&first.rows), [10, 9, 8, 7]);
    // Newer rows, one in the midst of what was read, and the very row that the page ended with goes.
    for (nth, seconds) in [(20, 9000), (21, 8 * 600 + 5)] {
        let time = at(seconds).format("%F %T%.6f").to_string();
        execute(&path, &v1_insert(&format!("x/{nth}.jpg"), "in_gate", &time)).await;
    }
    execute(&path, "DELETE FROM images WHERE id = 7").await;
    let after = ImageQuery {
        after: first.next,
        ..query(Order::Newest, 100)
    };
    let rest = catalog.image_page(&after).await.unwrap();
    assert_eq!(ids(&rest.rows), [6, 5, 4, 3, 2, 1]);
    assert_eq!(rest.next, None);
    let nonsense = ImageQuery {
        after: Some(Place {
            time: "'; DROP TABLE images; --".into(),
            id: -5,
        }),
        ..query(Order::Oldest, 100)
    };
    assert_eq!(catalog.image_page(&nonsense).await.unwrap().rows.len(), 11);
    assert_eq!(catalog.newest_image().await.unwrap(), 12);
    assert_eq!(catalog.image(7).await.unwrap(), None);
    assert_eq!(catalog.image(8).await.unwrap().map(|row| row.id), Some(8));
    catalog.close().await;
}

#[tokio::test]
async fn few_of_many_are_found_over_several_bounded_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
        INSERT INTO images (timestamp, filepath, camera_id, processed) SELECT strftime('%Y-%m-%d %H:%M:%S.000000', \
        '2025-01-01', (i * 10) || ' minutes'), 'x/' || i, 'in_gate', i % 1000 = 0 FROM n; \
        UPDATE images SET verdict = 'dark' WHERE id = 4999";
    execute(&path, many).await;
    let processed = ImageQuery {
        processed: Some(true),
        ..query(Order::Oldest, 10)
    };
    let (ids, count) = pages(&*catalog, &processed).await;
    assert_eq!(ids, [1000, 2000, 3000, 4000, 5000]);
    assert_eq!(count, 17, "at most so many rows are looked at for one page");
    let dark = |verdict| ImageQuery {
        verdict: Some(verdict),
        ..query(Order::Newest, 10)
    };
    let (ids, count) = pages(&*catalog, &dark(VerdictIs::Known(Verdict::Dark))).await;
    assert_eq!(ids, [4999]);
    assert_eq!(count, 1, "bad pictures have an index of their own");
    let (ids, _) = pages(&*catalog, &dark(VerdictIs::Open)).await;
    assert_eq!(ids.len(), 4999);
    catalog.close().await;
}

#[tokio::test]
async fn runs_come_by_pages_the_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(&folder.path().join("database.db")).await;
    for nth in 0..7 {
        let run = NewRun {
            command: "fetch".into(),
            camera: camera(if nth % 2 == 0 { "in_gate" } else { "out_gate" }),
            date: Some(day()),
            started_at: at(nth / 2),
            pid: 1,
        };
        catalog.start_run(&run).await.unwrap();
    }
    let mut query = RunQuery {
        limit: 3,
        ..RunQuery::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = catalog.run_page(&query).await.unwrap();
        ids.extend(page.rows.iter().map(|run| run.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(ids, [7, 6, 5, 4, 3, 2, 1]);
    let of_one = RunQuery {
        camera: Some(camera("out_gate")),
        limit: 10,
        ..RunQuery::default()
    };
    assert_eq!(catalog.run_page(&of_one).await.unwrap().rows.len(), 3);
    let (run, seen) = catalog.run(3).await.unwrap().unwrap();
    assert_eq!((run.id, seen), (3, None));
    assert!(catalog.run(99).await.unwrap().is_none());
    catalog.close().await;
}

/// Whoever asked for interrupted runs did not find those that nobody had written down as such.
#[tokio::test]
async fn runs_of_the_dead_are_read_as_interrupted_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = open(&folder.path().join("database.db")).await;
    for nth in 0..8 {
        let run = NewRun {
            command: "fetch".into(),
            camera: camera(if nth % 2 == 0 { "in_gate" } else { "out_gate" }),
            date: None,
            started_at: at(nth / 3),
            pid: u32::try_from(nth).unwrap(),
        };
        let id = catalog.start_run(&run).await.unwrap();
        if nth % 4 == 0 {
            let end = RunEnd::interrupted(at(100));
            catalog.finish_run(id, &end, None).await.unwrap();
        }
    }
    // Of those without an end, the ids 2, 4 and 8 are of the dead, and 3, 6 and 7 of the living.
    let reader = RunReader::new(
        &*catalog,
        |run, _, _| run.run.pid % 2 == 1 && run.run.pid != 5,
        at(200),
    );
    let mut query = RunQuery {
        outcome: Some(Outcome::Interrupted),
        limit: 2,
        ..RunQuery::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = reader.page(query.clone()).await.unwrap();
        assert!(page.rows.len() == 2 || page.next.is_none(), "{page:?}");
        ids.extend(page.rows.iter().map(|run| (run.id, run.end.is_some())));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(ids, [8, 5, 4, 2, 1].map(|id| (id, true)));
    let filter = RunFilter {
        camera: Some(camera("out_gate")),
        outcome: query.outcome,
        since: Some(at(1)),
        limit: 1,
        ..RunFilter::default()
    };
    let newest = reader.runs(filter).await.unwrap();
    assert_eq!(newest.iter().map(|run| run.id).collect::<Vec<_>>(), [8]);
    let all = RunQuery {
        limit: 10,
        ..RunQuery::default()
    };
    let all = reader.page(all).await.unwrap().rows;
    let open: Vec<_> = all.iter().filter(|run| run.end.is_none()).collect();
    assert_eq!(open.iter().map(|run| run.id).collect::<Vec<_>>(), [7, 6, 3]);
    let failed = RunQuery {
        outcome: Some(Outcome::Failed),
        limit: 10,
        ..RunQuery::default()
    };
    assert_eq!(reader.page(failed).await.unwrap().rows, []);
    catalog.close().await;
}

#[tokio::test]
async fn cameras_are_known_by_their_rows_whoever_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    assert_eq!(catalog.seen_cameras().await.unwrap(), []);
    catalog
        .adopt(&[image(&frame(0)), image(&frame(600))], at(0))
        .await
        .unwrap();
    execute(&path, &v1_insert("x/1.jpg", "an odd name", "no time")).await;
    let seen = catalog.seen_cameras().await.unwrap();
    let told: Vec<_> = seen
        .iter()
        .map(|one| (one.name.as_str(), one.images, one.oldest, one.newest))
        .collect();
    assert_eq!(
        told,
        [
            ("an odd name", 1, None, None),
            ("in_gate", 2, Some(at(0)), Some(at(600)))
        ]
    );
    catalog.close().await;
}
