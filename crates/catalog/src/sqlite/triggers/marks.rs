//! The triggers on our own tables that mark days as stale: their slots are computed anew before they are believed.

use super::words::{marked, stale};

/// All of them.
pub(super) fn all() -> [String; 6] {
    let marking = |name, event, row, column| {
        let mark = stale(row, column, "1");
        format!("CREATE TRIGGER {name} AFTER {event}\nBEGIN\n{mark}END")
    };
    [
        marking(
            "draywatch_frame_listed",
            "INSERT ON frame_ledger",
            "NEW",
            "instant",
        ),
        marking(
            "draywatch_frame_settled",
            "DELETE ON frame_ledger",
            "OLD",
            "instant",
        ),
        marking(
            "draywatch_image_buried",
            "INSERT ON tombstones",
            "NEW",
            "timestamp",
        ),
        marking(
            "draywatch_image_raised",
            "DELETE ON tombstones",
            "OLD",
            "timestamp",
        ),
        tried(),
        observed(),
    ]
}

fn tried() -> String {
    format!(
        "CREATE TRIGGER draywatch_frame_tried
 AFTER UPDATE OF state, failure_kind, failure_reason, given_up_reason ON frame_ledger
 WHEN OLD.state IS NOT NEW.state OR OLD.failure_kind IS NOT NEW.failure_kind
   OR OLD.failure_reason IS NOT NEW.failure_reason OR OLD.given_up_reason IS NOT NEW.given_up_reason
BEGIN
{}END",
        stale("NEW", "instant", "1")
    )
}

/// A day of the portal may lie on three days of UTC.
fn observed() -> String {
    let (first, second) = ("date(NEW.day_start)", "date(NEW.day_start, '+1 day')");
    let last = "date(NEW.day_end, '-1 second')";
    format!(
        "CREATE TRIGGER draywatch_day_observed AFTER INSERT ON observations
 WHEN NEW.confirmed OR NEW.failure_kind = 'not_found'
BEGIN
{}{}{}END",
        marked("NEW", first, "1"),
        marked("NEW", second, &format!("{second} < {last}")),
        marked("NEW", last, "1")
    )
}
