//! The plain case of many at a time: full pictures of which neither a row nor a tombstone is there. Three statements for a
//! batch of them take a tenth of the time of five for each. Must not touch anything else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{images, row, tombstones};
use crate::{FrameResult, NewImage};

/// Pictures in one statement, well below the engine's limit of parameters.
const MOST: usize = 200;

/// Whether a statement about so many rows is worth keeping prepared: single rows and whole batches come again and again, other lengths
/// only by chance.
pub(super) fn is_kept(rows: usize) -> bool {
    rows == 1 || rows.is_multiple_of(WHOLE)
}

/// The rows of a batch of the usual size (`batch_size`), and a divisor of larger portions.
const WHOLE: usize = 50;

/// A full picture: its place among the results, its row in the ledger.
struct Plain<'a> {
    nth: usize,
    ledger_id: i64,
    image: &'a NewImage,
}

/// Makes rows of the plain ones among `results` and takes them off the ledger; the ids of the image rows by place.
pub(super) async fn record(
    conn: &mut SqliteConnection,
    results: &[FrameResult],
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<usize, i64>> {
    let full = full(results);
    let mut ids = BTreeMap::new();
    for part in full.chunks(MOST).filter(|part| part.len() > 1) {
        let known = known(conn, part).await?;
        let plain: Vec<&Plain> = part
            .iter()
            .filter(|one| !known.contains(&one.nth))
            .collect();
        if plain.is_empty() {
            continue;
        }
        let new: Vec<&NewImage> = plain.iter().map(|one| one.image).collect();
        let by_path = images::insert_all(conn, &new, images::By::Us, now).await?;
        let id = |one: &&Plain| Some((one.nth, *by_path.get(&one.image.path)?));
        ids.extend(plain.iter().filter_map(id));
        take_off(conn, &plain).await?;
    }
    Ok(ids)
}

/// The full pictures, of several with the same path the first.
fn full(results: &[FrameResult]) -> Vec<Plain<'_>> {
    let mut paths = BTreeSet::new();
    let plain = |(nth, result)| match result {
        &FrameResult::Stored {
            ledger_id,
            ref image,
            ..
        } if !image.is_thumbnail => Some(Plain {
            nth,
            ledger_id,
            image,
        }),
        _ => None,
    };
    let full = results.iter().enumerate().filter_map(plain);
    full.filter(|one| paths.insert(one.image.path.as_str()))
        .collect()
}

/// Those that have a row or a tombstone, by place; also a row without a good file whose path another program spelled its own way.
async fn known(conn: &mut SqliteConnection, part: &[Plain<'_>]) -> sqlx::Result<BTreeSet<usize>> {
    let mut query =
        QueryBuilder::<Sqlite>::new("WITH new (nth, path, camera, second, next, ordinal) AS (");
    query.push_values(part, |mut new, one| {
        let frame = &one.image.frame;
        let second = frame.second();
        new.push_bind(i64::try_from(one.nth).unwrap_or(0));
        new.push_bind(one.image.path.clone());
        new.push_bind(frame.camera.as_str().to_owned());
        new.push_bind(tombstones::second_text(second));
        new.push_bind(tombstones::second_text(second + TimeDelta::seconds(1)));
        new.push_bind(i64::from(frame.ordinal));
    });
    query.push(
        ") SELECT nth FROM new WHERE EXISTS (SELECT 1 FROM images AS i WHERE i.filepath = new.path OR i.image_path = new.path) \
         OR EXISTS (SELECT 1 FROM tombstones AS t WHERE t.path = new.path OR (t.camera_id = new.camera \
         AND t.timestamp >= new.second AND t.timestamp < new.next AND t.ordinal = new.ordinal)) \
         OR EXISTS (SELECT 1 FROM images AS lost WHERE lost.camera_id = new.camera AND lost.timestamp >= new.second \
         AND lost.timestamp < new.next AND lost.file_state IN ('missing', 'bad'))",
    );
    let is_kept = is_kept(part.len());
    let rows = query.build().persistent(is_kept).fetch_all(conn).await?;
    let nth = |found| Ok(usize::try_from(row::count(found, "nth")?).unwrap_or(usize::MAX));
    rows.iter().map(nth).collect()
}

async fn take_off(conn: &mut SqliteConnection, plain: &[&Plain<'_>]) -> sqlx::Result<()> {
    let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM frame_ledger WHERE id IN (");
    let mut ids = query.separated(", ");
    for one in plain {
        ids.push_bind(one.ledger_id);
    }
    query.push(")");
    query
        .build()
        .persistent(is_kept(plain.len()))
        .execute(conn)
        .await
        .map(|_| ())
}
