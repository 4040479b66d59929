//! A table as pieces: one for each block of rows.

use std::sync::Arc;

use draywatch_catalog::Catalog;

use crate::encode::{self, Memory};
use crate::rows::{Mark, Rows};
use crate::{ExportError, Piece, Position, Request};

/// A table under way.
pub(crate) struct Tables {
    request: Request,
    rows: Rows,
}

impl Tables {
    pub(crate) fn new(catalog: Arc<dyn Catalog>, request: Request, after: Option<&Mark>) -> Self {
        let rows = Rows::new(catalog, request.query.clone(), request.table, after);
        Self { request, rows }
    }

    pub(crate) async fn next(
        &mut self,
        position: &mut Position,
    ) -> Result<Option<Piece>, ExportError> {
        let of = (self.request.table, self.request.format);
        let (rows, last) = self.rows.take(encode::block(self.request.format)).await?;
        let count = u64::try_from(rows.len()).unwrap_or(0);
        let memory = std::mem::take(&mut position.memory);
        let (bytes, memory) = tokio::task::spawn_blocking(move || {
            let mut memory: Memory = memory;
            let bytes = if rows.is_empty() {
                encode::end(&mut memory, of)
            } else {
                encode::encode(&mut memory, of, &rows)
            };
            bytes.map(|bytes| (bytes, memory))
        })
        .await
        .unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()))?;
        position.memory = memory;
        position.summary.rows += count;
        position.has_ended = last.is_none();
        if let Some(last) = last {
            position.after = Some(last);
        }
        Ok(Some(Piece {
            parts: vec![bytes.into()],
            ends_file: position.has_ended,
        }))
    }
}
