//! The triggers on our own tables that mark days as stale: their slots are computed anew before they are believed.

/// A trigger that marks the day of the row that it fires for.
macro_rules! marking {
    ($name:literal, $event:literal, $row:literal, $column:literal) => {
        concat!(
            "CREATE TRIGGER ",
            $name,
            " AFTER ",
            $event,
            "\nBEGIN\n",
            stale!($row, $column),
            "END"
        )
    };
}

pub(super) const LISTED: &str = marking!(
    "draywatch_frame_listed",
    "INSERT ON frame_ledger",
    "NEW",
    "instant"
);
pub(super) const SETTLED: &str = marking!(
    "draywatch_frame_settled",
    "DELETE ON frame_ledger",
    "OLD",
    "instant"
);
pub(super) const BURIED: &str = marking!(
    "draywatch_image_buried",
    "INSERT ON tombstones",
    "NEW",
    "timestamp"
);
pub(super) const RAISED: &str = marking!(
    "draywatch_image_raised",
    "DELETE ON tombstones",
    "OLD",
    "timestamp"
);

pub(super) const TRIED: &str = concat!(
    "CREATE TRIGGER draywatch_frame_tried AFTER UPDATE OF state, failure_kind, failure_reason, given_up_reason ON frame_ledger
 WHEN OLD.state IS NOT NEW.state OR OLD.failure_kind IS NOT NEW.failure_kind OR OLD.failure_reason IS NOT NEW.failure_reason
   OR OLD.given_up_reason IS NOT NEW.given_up_reason
BEGIN
",
    stale!("NEW", "instant"),
    "END"
);

/// A day of the portal may lie on three days of UTC.
pub(super) const OBSERVED: &str = concat!(
    "CREATE TRIGGER draywatch_day_observed AFTER INSERT ON observations
 WHEN NEW.confirmed
BEGIN
",
    mark!("NEW", "date(NEW.day_start)", "1 = 1"),
    mark!(
        "NEW",
        "date(NEW.day_start, '+1 day')",
        "date(NEW.day_start, '+1 day') < date(NEW.day_end)"
    ),
    mark!("NEW", "date(NEW.day_end, '-1 second')", "1 = 1"),
    "END"
);
