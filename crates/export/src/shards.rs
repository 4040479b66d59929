//! Pictures as `WebDataset` shards: tar files in which the entries of a sample have one name and differ by their ending. Each picture
//! comes with its metadata; before the first picture of a day comes the gap mask of that day, for each camera, and again at the
//! beginning of a shard that goes on with a day: a shard can be read without the others. Masks are no samples. Must not know where
//! shards are kept.

mod ahead;
mod sample;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch_archive::Archive;
use draywatch_catalog::Catalog;
use serde::{Deserialize, Serialize};

use crate::rows::{self, Images, Mark};
use crate::{ExportError, Piece, Position, Request, columns, tar};
use ahead::{Ahead, Found};

/// Where a shard stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// Its bytes so far.
    bytes: u64,
    /// The pictures in it.
    pictures: u64,
    /// The masks in it.
    masks: u64,
    /// The day whose masks come next; the first one if nothing stands here.
    day: Option<NaiveDate>,
    /// The second of the last picture, and the names that pictures of it have.
    second: Option<DateTime<Utc>>,
    keys: Vec<String>,
}

/// Shards under way.
pub(crate) struct Shards {
    catalog: Arc<dyn Catalog>,
    request: Request,
    ahead: Ahead,
}

impl Shards {
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        archive: Archive,
        request: Request,
        after: Option<&Mark>,
    ) -> Self {
        let images = Images::new(Arc::clone(&catalog), &request.query, after);
        Self {
            catalog,
            request,
            ahead: Ahead::new(archive, images),
        }
    }

    pub(crate) async fn next(
        &mut self,
        position: &mut Position,
    ) -> Result<Option<Piece>, ExportError> {
        let query = &self.request.query;
        let due = position.shard.day.unwrap_or(query.from.date_naive());
        let last = (query.to - chrono::TimeDelta::microseconds(1)).date_naive();
        let found = self.ahead.peek().await?;
        let until = found.map_or(last, |found| found.key.timestamp.date_naive());
        if due <= until {
            return self.masks(position, due).await.map(Some);
        }
        let Some(found) = self.ahead.take() else {
            position.has_ended = true;
            return Ok(Some(end(&mut position.shard)));
        };
        Ok(Some(self.picture(position, found)))
    }

    /// The masks of a day, or the end of the shard that they don't go into.
    async fn masks(&self, position: &mut Position, day: NaiveDate) -> Result<Piece, ExportError> {
        let query = &self.request.query;
        let answers = rows::masks(&*self.catalog, query, day).await?;
        let parts = sample::masks(&query.cameras, day, &answers);
        let shard = &mut position.shard;
        if shard.masks + shard.pictures > 0 && self.is_full(shard, &parts) {
            return Ok(end(shard));
        }
        shard.day = Some(day.succ_opt().unwrap_or(NaiveDate::MAX));
        shard.masks += 1;
        Ok(grown(shard, parts))
    }

    /// A picture with its metadata, nothing if it cannot be had, or the end of the shard that it does not go into.
    fn picture(&mut self, position: &mut Position, found: Found) -> Piece {
        let shard = &mut position.shard;
        let bytes = match &found.bytes {
            Ok(bytes) => bytes.clone(),
            Err(fault) => {
                position.summary.leave_out(fault.clone());
                position.after = Some(Mark::Image(found.key));
                return nothing();
            }
        };
        let key = columns::key(&found.image).unwrap_or_default();
        let second = chrono::SubsecRound::trunc_subsecs(found.key.timestamp, 0);
        if shard.second == Some(second) && shard.keys.contains(&key) {
            position.summary.duplicates += 1;
            position.after = Some(Mark::Image(found.key));
            return nothing();
        }
        let parts = sample::picture(&key, &found.image, found.key.timestamp, bytes);
        if shard.pictures > 0 && self.is_full(shard, &parts) {
            // The next one begins with the masks of this day.
            shard.day = Some(found.key.timestamp.date_naive());
            self.ahead.put_back(found);
            return end(shard);
        }
        if shard.second != Some(second) {
            shard.keys.clear();
            shard.second = Some(second);
        }
        shard.keys.push(key);
        shard.pictures += 1;
        position.summary.rows += 1;
        position.after = Some(Mark::Image(found.key));
        grown(shard, parts)
    }

    /// Whether these bytes do not go into the shard any more.
    fn is_full(&self, shard: &Shard, parts: &[Bytes]) -> bool {
        let ended = shard.bytes + length(parts) + length(&[Bytes::from_static(&tar::END)]);
        self.request.shard_bytes.is_some_and(|most| ended > most)
    }
}

fn length(parts: &[Bytes]) -> u64 {
    u64::try_from(parts.iter().map(Bytes::len).sum::<usize>()).unwrap_or(0)
}

fn grown(shard: &mut Shard, parts: Vec<Bytes>) -> Piece {
    shard.bytes += length(&parts);
    Piece {
        parts,
        ends_file: false,
    }
}

fn nothing() -> Piece {
    Piece {
        parts: Vec::new(),
        ends_file: false,
    }
}

/// The end of a shard; the next one begins.
fn end(shard: &mut Shard) -> Piece {
    shard.bytes = 0;
    shard.pictures = 0;
    shard.masks = 0;
    Piece {
        parts: vec![Bytes::from_static(&tar::END)],
        ends_file: true,
    }
}
