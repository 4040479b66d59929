//! What is asked for: which rows, of which table, in which form. Must not read anything.

use draywatch_catalog::ImageFilter;
use serde::{Deserialize, Serialize};

use crate::ExportError;

/// The length from which on a shard is full, where nobody says otherwise.
pub const SHARD: u64 = 1_000_000_000;

/// What the rows are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// A row for each picture.
    Images,
    /// A row for each camera and ten-minute slot: the gap mask.
    Slots,
    /// A row for each stretch of slots without a full picture.
    Gaps,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated values, with a heading.
    Csv,
    /// A JSON object on each line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// Tar shards of pictures, each with its metadata, and the gap mask.
    #[serde(rename = "webdataset")]
    WebDataset,
}

impl Format {
    /// How a file's name ends.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
            Self::WebDataset => "tar",
        }
    }

    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::WebDataset => "application/x-tar",
        }
    }
}

/// All that decides which bytes come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which rows.
    pub query: ImageFilter,
    /// Of what.
    pub table: Table,
    /// In which form.
    pub format: Format,
    /// A shard takes no further picture that would make it longer than this; `None` makes one of all.
    pub shard_bytes: Option<u64>,
}

impl Request {
    /// Finds what does not go together.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check(&self) -> Result<(), ExportError> {
        let wrong = |words: &str| Err(ExportError::Request(words.to_owned()));
        if self.query.cameras.is_empty() {
            return wrong("no camera is asked for");
        }
        if self.query.from >= self.query.to {
            return wrong("the first instant is not before the last one");
        }
        if self.format == Format::WebDataset && self.table != Table::Images {
            return wrong(
                "shards are of images; slots and gaps go as csv, jsonl or parquet, and the slots are in the shards, too",
            );
        }
        Ok(())
    }

    /// The same with cameras in order, once each: their order on the command line is no other question.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.query.cameras.sort();
        self.query.cameras.dedup();
        self.query.verdicts.sort();
        self.query.verdicts.dedup();
        if self.format != Format::WebDataset {
            self.shard_bytes = None;
        }
        self
    }

    /// What differs from another request, in words.
    #[must_use]
    pub fn differences(&self, other: &Self) -> String {
        let told = |request: &Self| serde_json::to_value(request).unwrap_or_default();
        let (ours, theirs) = (flat(&told(self)), flat(&told(other)));
        let differing = ours.iter().zip(&theirs).filter(|(a, b)| a != b);
        let words =
            differing.map(|((name, now), (_, then))| format!("{name} was {then}, is {now}"));
        words.collect::<Vec<_>>().join("; ")
    }
}

/// The fields of a request with what they say.
fn flat(value: &serde_json::Value) -> Vec<(String, String)> {
    let Some(fields) = value.as_object() else {
        return Vec::new();
    };
    let one = |(name, value): (&String, &serde_json::Value)| {
        if value.is_object() {
            flat(value)
        } else {
            vec![(name.clone(), value.to_string())]
        }
    };
    fields.iter().flat_map(one).collect()
}
