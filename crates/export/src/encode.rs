//! Rows of a table in a format, block by block. Must not know where rows come from or where bytes go.

mod csv;
mod json;
mod parquet;

use serde::{Deserialize, Serialize};

pub(crate) use json::object;

use crate::columns::{self, Row};
use crate::{ExportError, Format, Table};

/// What an encoder must remember from one block to the next. It is all that a resumed one needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Whether anything was written yet.
    begun: bool,
    /// Bytes so far.
    length: u64,
    /// Of Parquet: the end of a file that would end here, with where everything is.
    #[serde(with = "crate::hex", default, skip_serializing_if = "Vec::is_empty")]
    footer: Vec<u8>,
}

/// Rows in a block: always so many, whatever was read at once, since blocks show in Parquet.
pub(crate) fn block(format: Format) -> usize {
    match format {
        Format::Parquet => 16_384,
        _ => 2_048,
    }
}

/// The bytes of the next block of rows.
pub(crate) fn encode(
    memory: &mut Memory,
    (table, format): (Table, Format),
    rows: &[Row],
) -> Result<Vec<u8>, ExportError> {
    let columns = columns::of(table);
    let mut out = Vec::new();
    match format {
        Format::Csv => {
            if !memory.begun {
                csv::heading(&mut out, columns);
            }
            for row in rows {
                csv::row(&mut out, row);
            }
        }
        Format::Parquet => parquet::block(memory, columns, rows, &mut out)?,
        Format::Jsonl | Format::WebDataset => {
            for row in rows {
                json::line(&mut out, columns, row);
            }
        }
    }
    memory.begun = true;
    memory.length += u64::try_from(out.len()).unwrap_or(0);
    Ok(out)
}

/// The bytes after the last block.
pub(crate) fn end(
    memory: &mut Memory,
    (table, format): (Table, Format),
) -> Result<Vec<u8>, ExportError> {
    let mut out = Vec::new();
    if !memory.begun {
        out = encode(memory, (table, format), &[])?;
    }
    if format == Format::Parquet {
        out.append(&mut memory.footer);
    }
    Ok(out)
}
