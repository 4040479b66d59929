//! An export under way: the next piece, and where it stands. Must not know where the pieces go.

use std::sync::Arc;

use bytes::Bytes;
use draywatch_archive::Archive;
use draywatch_catalog::Catalog;
use serde::{Deserialize, Serialize};

use crate::encode::Memory;
use crate::rows::Mark;
use crate::shards::{Shard, Shards};
use crate::tables::Tables;
use crate::{ExportError, Format, Request, Summary, Table};

/// Bytes that belong together: an export may be taken up behind any of them, never within.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The bytes, in order.
    pub parts: Vec<Bytes>,
    /// Whether the file ends with them; what follows, if anything, goes into the next one.
    pub ends_file: bool,
}

/// Where an export stands: all that is needed to take it up behind the last piece.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub(crate) after: Option<Mark>,
    pub(crate) memory: Memory,
    pub(crate) shard: Shard,
    pub(crate) has_ended: bool,
    pub(crate) summary: Summary,
}

impl Position {
    /// What was written so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The number of the file that the next piece goes into.
    #[must_use]
    pub fn file(&self) -> u64 {
        self.summary.files
    }
}

/// An export under way.
pub struct Export {
    request: Request,
    catalog: Arc<dyn Catalog>,
    kind: Kind,
    position: Position,
}

enum Kind {
    Tables(Box<Tables>),
    Shards(Box<Shards>),
}

impl Export {
    /// Begins an export. The archive is needed for shards only.
    ///
    /// # Errors
    /// When what is asked for does not go together.
    pub fn start(
        catalog: Arc<dyn Catalog>,
        archive: Option<Archive>,
        request: Request,
    ) -> Result<Self, ExportError> {
        Self::resume(catalog, archive, request, Position::default())
    }

    /// Takes an export up where it stood; the request must be the same.
    ///
    /// # Errors
    /// When what is asked for does not go together.
    pub fn resume(
        catalog: Arc<dyn Catalog>,
        archive: Option<Archive>,
        request: Request,
        position: Position,
    ) -> Result<Self, ExportError> {
        let request = request.settled();
        request.check()?;
        let (of, after) = (Arc::clone(&catalog), position.after.as_ref());
        let kind = match (request.format, archive) {
            (Format::WebDataset, Some(archive)) => {
                Kind::Shards(Box::new(Shards::new(of, archive, request.clone(), after)))
            }
            (Format::WebDataset, None) => {
                let words =
                    "shards need the archive: this is a mistake in draywatch, please report it";
                return Err(ExportError::Request(words.to_owned()));
            }
            _ => Kind::Tables(Box::new(Tables::new(of, request.clone(), after))),
        };
        Ok(Self {
            request,
            catalog,
            kind,
            position,
        })
    }

    /// The next piece; nothing after the last one. Dropping the future loses no more than dropping the export does.
    ///
    /// # Errors
    /// When the database fails. The export may be taken up at its position.
    pub async fn next(&mut self) -> Result<Option<Piece>, ExportError> {
        if self.position.has_ended {
            return Ok(None);
        }
        let piece = match &mut self.kind {
            Kind::Tables(tables) => tables.next(&mut self.position).await?,
            Kind::Shards(shards) => shards.next(&mut self.position).await?,
        };
        if let Some(piece) = &piece {
            let bytes: usize = piece.parts.iter().map(Bytes::len).sum();
            self.position.summary.bytes += u64::try_from(bytes).unwrap_or(0);
            self.position.summary.files += u64::from(piece.ends_file);
        }
        Ok(piece)
    }

    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// What is asked for, as it was settled.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// About how many rows there will be: for a progress bar. Nothing where that cannot be told cheaply.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expected(&self) -> Result<Option<u64>, ExportError> {
        let query = &self.request.query;
        let (first, last) = (query.from.date_naive(), query.to.date_naive());
        match self.request.table {
            Table::Gaps => Ok(None),
            Table::Slots => {
                let slots = (query.to - query.from).num_minutes() / 10;
                let cameras = u64::try_from(query.cameras.len()).unwrap_or(0);
                Ok(Some(u64::try_from(slots).unwrap_or(0) * cameras))
            }
            Table::Images => {
                let mut rows = 0;
                for camera in &query.cameras {
                    let days = self.catalog.day_totals(camera, first, last).await?;
                    rows += days.iter().map(|day| day.images).sum::<u64>();
                }
                Ok(Some(rows))
            }
        }
    }
}
