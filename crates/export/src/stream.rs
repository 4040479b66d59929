//! An export as a stream of bytes, for a server.

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use crate::{Export, ExportError, Piece, Summary};

/// All bytes of an export, one file behind the other: ask for shards without a limit, so that they are one. `end` is told what was
/// written, and what was left out, when all is handed over; a reader that goes away ends it without that.
pub fn stream(
    export: Export,
    end: impl FnOnce(&Summary) + Send + 'static,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send {
    let begun = (export, Some(end));
    let pieces = stream::try_unfold(begun, |(mut export, mut end)| async move {
        let piece: Option<Piece> = export.next().await?;
        let Some(piece) = piece else {
            if let Some(end) = end.take() {
                end(export.position().summary());
            }
            return Ok::<_, ExportError>(None);
        };
        Ok(Some((piece.parts, (export, end))))
    });
    let parts = pieces.map_ok(|parts| stream::iter(parts).map(Ok::<Bytes, ExportError>));
    parts.try_flatten()
}
