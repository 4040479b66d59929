//! Reading rows. Columns that other programs write are read leniently: whatever stands in them, a row never breaks a query.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::verdict::Verdict;
use draywatch_core::{CameraId, Failure, FrameId, Kind};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::time;

/// The column as text, whatever its storage class; bytes that are no UTF-8 are replaced.
pub(super) fn text(row: &SqliteRow, column: &str) -> sqlx::Result<Option<String>> {
    Ok(words(row, column)?.map(Cow::into_owned))
}

/// The same where the words are only looked at.
fn words<'a>(row: &'a SqliteRow, column: &str) -> sqlx::Result<Option<Cow<'a, str>>> {
    let bytes: Option<&[u8]> = row.try_get_unchecked(column)?;
    Ok(bytes.map(String::from_utf8_lossy))
}

/// The column as a number, whatever its storage class.
pub(super) fn int(row: &SqliteRow, column: &str) -> sqlx::Result<Option<i64>> {
    row.try_get_unchecked(column)
}

/// The column as a count; nothing and negative numbers count as zero.
pub(super) fn count(row: &SqliteRow, column: &str) -> sqlx::Result<u64> {
    Ok(int(row, column)?
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(0))
}

/// The column as a count that fits 32 bits; larger ones are cut.
pub(super) fn small(row: &SqliteRow, column: &str) -> sqlx::Result<u32> {
    Ok(u32::try_from(count(row, column)?).unwrap_or(u32::MAX))
}

/// The column as truth.
pub(super) fn flag(row: &SqliteRow, column: &str) -> sqlx::Result<bool> {
    Ok(int(row, column)?.is_some_and(|n| n != 0))
}

/// The column as an instant, `None` for what is no time.
pub(super) fn instant(row: &SqliteRow, column: &str) -> sqlx::Result<Option<DateTime<Utc>>> {
    Ok(words(row, column)?.and_then(|text| time::parse(&text)))
}

/// The place of a frame in its second; 1 where nothing sensible stands.
pub(super) fn ordinal(row: &SqliteRow) -> sqlx::Result<u16> {
    Ok(int(row, "ordinal")?
        .and_then(|n| u16::try_from(n).ok())
        .unwrap_or(1))
}

/// The frame of a row of a camera, from `timestamp` and `ordinal`; nothing for what is no time in the range.
pub(super) fn frame_in(
    row: &SqliteRow,
    camera: &CameraId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Option<FrameId>> {
    let Some(instant) = instant(row, "timestamp")?.filter(|at| (from..to).contains(at)) else {
        return Ok(None);
    };
    Ok(Some(FrameId {
        camera: camera.clone(),
        instant,
        ordinal: ordinal(row)?,
    }))
}

/// The verdict on a picture, `None` where there is none yet.
pub(super) fn verdict(row: &SqliteRow) -> sqlx::Result<Option<Verdict>> {
    Ok(text(row, "verdict")?.and_then(|name| name.parse().ok()))
}

/// A column of ours that is never null.
pub(super) fn own_text(row: &SqliteRow, column: &str) -> sqlx::Result<String> {
    text(row, column)?.ok_or_else(|| odd(column, "nothing"))
}

/// An instant of ours that is never null.
pub(super) fn own_instant(row: &SqliteRow, column: &str) -> sqlx::Result<DateTime<Utc>> {
    let text = own_text(row, column)?;
    time::parse(&text).ok_or_else(|| odd(column, &text))
}

/// A day of ours that is never null.
pub(super) fn own_date(row: &SqliteRow, column: &str) -> sqlx::Result<NaiveDate> {
    let text = own_text(row, column)?;
    time::parse_date(&text).ok_or_else(|| odd(column, &text))
}

/// The camera of a row of ours.
pub(super) fn own_camera(row: &SqliteRow) -> sqlx::Result<CameraId> {
    CameraId::new(&own_text(row, "camera_id")?)
        .map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// The frame of a row of ours, from `camera_id`, `instant` and `ordinal`.
pub(super) fn own_frame(row: &SqliteRow) -> sqlx::Result<FrameId> {
    Ok(FrameId {
        camera: own_camera(row)?,
        instant: own_instant(row, "instant")?,
        ordinal: ordinal(row)?,
    })
}

/// The failure in `failure_kind` and `failure_message`; a kind of a later draywatch reads as a mistake of ours.
pub(super) fn failure(row: &SqliteRow) -> sqlx::Result<Option<Failure>> {
    let Some(kind) = text(row, "failure_kind")? else {
        return Ok(None);
    };
    let message = text(row, "failure_message")?.unwrap_or_default();
    Ok(Some(Failure::new(
        Kind::parse(&kind).unwrap_or(Kind::Bug),
        message,
    )))
}

/// The error for a column of ours that holds what we never write.
pub(super) fn odd(column: &str, found: &str) -> sqlx::Error {
    sqlx::Error::Decode(
        format!("column {column} holds {found:?}, which draywatch does not write").into(),
    )
}

/// A count as the engines keep it.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
