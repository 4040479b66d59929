//! The columns of the tables, their types, and how a row gets them. Must not know a format.

use chrono::{DateTime, Timelike, Utc};
use draywatch_catalog::ImageRow;
use draywatch_core::CameraId;
use draywatch_core::coverage::{Answer, SLOT, Stretch, slot_of};
use draywatch_core::verdict::Verdict;

use crate::Table;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words.
    Text,
    /// A whole number that fits 32 bits.
    Small,
    /// A whole number.
    Big,
    /// Yes or no.
    Flag,
    /// An instant, UTC, to the microsecond.
    Time,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether there may be nothing in it.
    pub(crate) optional: bool,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Number(i64),
    Flag(bool),
    Time(DateTime<Utc>),
}

/// A row of a table, in the order of its columns.
pub(crate) type Row = Vec<Value>;

const fn must(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        optional: false,
    }
}

const fn may(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        optional: true,
    }
}

/// What is left out of `images`: when a file was last looked at says nothing of the picture, and changes every night.
const IMAGES: [Column; 17] = [
    must("id", Kind::Big),
    must("camera_id", Kind::Text),
    must("timestamp", Kind::Time),
    must("ordinal", Kind::Small),
    must("slot", Kind::Time),
    must("slot_index", Kind::Small),
    may("key", Kind::Text),
    must("path", Kind::Text),
    may("file_size", Kind::Big),
    may("sha256", Kind::Text),
    may("width", Kind::Small),
    may("height", Kind::Small),
    must("is_thumbnail", Kind::Flag),
    must("processed", Kind::Flag),
    may("verdict", Kind::Text),
    may("file_state", Kind::Text),
    may("url", Kind::Text),
];

const SLOTS: [Column; 5] = [
    must("slot", Kind::Time),
    must("camera_id", Kind::Text),
    must("slot_index", Kind::Small),
    must("answer", Kind::Text),
    may("reason", Kind::Text),
];

const GAPS: [Column; 6] = [
    must("camera_id", Kind::Text),
    must("from", Kind::Time),
    must("to", Kind::Time),
    must("slots", Kind::Small),
    must("answer", Kind::Text),
    may("reason", Kind::Text),
];

/// The columns of a table.
pub(crate) fn of(table: Table) -> &'static [Column] {
    match table {
        Table::Images => &IMAGES,
        Table::Slots => &SLOTS,
        Table::Gaps => &GAPS,
    }
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn number(number: Option<impl Into<i64>>) -> Value {
    number.map_or(Value::Null, |number| Value::Number(number.into()))
}

/// A number of pixels as 32 bits hold it.
fn pixels(pixels: Option<u32>) -> Value {
    number(pixels.and_then(|pixels| i32::try_from(pixels).ok()))
}

/// Which slot of its UTC day begins at that instant.
pub(crate) fn slot_index(slot: DateTime<Utc>) -> i64 {
    i64::from(slot.num_seconds_from_midnight()) / SLOT.num_seconds()
}

/// The name under which a picture stands in a shard: that of its file without the ending.
pub(crate) fn key(image: &ImageRow) -> Option<String> {
    let place = draywatch_core::frame::place_of(&image.path)?;
    let name = place.rsplit('/').next()?;
    name.strip_suffix(".jpg").map(str::to_owned)
}

/// The row of a picture that was taken at that instant.
pub(crate) fn image(image: &ImageRow, at: DateTime<Utc>) -> Row {
    let slot = slot_of(at);
    vec![
        Value::Number(image.id),
        Value::Text(image.camera_id.clone()),
        Value::Time(at),
        Value::Number(image.ordinal.into()),
        Value::Time(slot),
        Value::Number(slot_index(slot)),
        text(key(image).as_deref()),
        Value::Text(image.path.clone()),
        number(image.file_size),
        text(image.sha256.as_deref()),
        pixels(image.width),
        pixels(image.height),
        Value::Flag(image.is_thumbnail),
        Value::Flag(image.processed),
        text(image.verdict.map(Verdict::as_str)),
        text(image.file_state.as_deref()),
        text(image.url.as_deref()),
    ]
}

/// The reason of an answer, where there is one beyond the answer itself.
pub(crate) fn reason(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::NotDownloaded(reason) => Some(reason),
        _ => None,
    }
}

/// The row of a slot.
pub(crate) fn slot(camera: &CameraId, slot: DateTime<Utc>, answer: &Answer) -> Row {
    vec![
        Value::Time(slot),
        Value::Text(camera.to_string()),
        Value::Number(slot_index(slot)),
        Value::Text(answer.as_str().to_owned()),
        text(reason(answer)),
    ]
}

/// The row of a gap.
pub(crate) fn gap(camera: &CameraId, gap: &Stretch) -> Row {
    vec![
        Value::Text(camera.to_string()),
        Value::Time(gap.from),
        Value::Time(gap.to),
        Value::Number(i32::try_from(gap.slots).unwrap_or(i32::MAX).into()),
        Value::Text(gap.answer.as_str().to_owned()),
        text(reason(&gap.answer)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_counted_from_midnight() {
        let at: DateTime<Utc> = "2025-09-07T10:17:34.5Z".parse().unwrap();
        assert_eq!(slot_index(slot_of(at)), 61);
        let last: DateTime<Utc> = "2025-09-07T23:59:59Z".parse().unwrap();
        assert_eq!(slot_index(slot_of(last)), 143);
    }
}
