//! The expressions that the triggers are made of, and that `counters` counts with: both must agree. Plain SQL that old
//! `SQLite` versions take as well: no UPSERT, and no conflict clauses, which the statement that fires a trigger overrides.

/// What every text begins with that is taken for a time.
const DATED: &str = "GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'";

/// How many rows of a table are of the same camera, instant and place as `row`, and fit a condition.
pub(in crate::sqlite) fn twins(table: &str, row: &str, condition: &str) -> String {
    format!(
        "(SELECT COUNT(*) FROM {table} AS twin WHERE twin.camera_id IS {row}.camera_id \
         AND twin.timestamp IS {row}.timestamp AND twin.ordinal IS {row}.ordinal AND {condition})"
    )
}

/// The date of a row as it is written, or nothing.
pub(in crate::sqlite) fn day(row: &str) -> String {
    format!("CASE WHEN {row}.timestamp {DATED} THEN substr({row}.timestamp, 1, 10) ELSE '' END")
}

/// The bytes of a row's file; what is no size of a picture (other programs write there, too) counts as none.
pub(in crate::sqlite) fn bytes(row: &str) -> String {
    let size = format!("{row}.file_size");
    format!(
        "CASE WHEN typeof({size}) = 'integer' AND {size} BETWEEN 1 AND 1099511627776 THEN {size} ELSE 0 END"
    )
}

/// What a row adds to each column. A file that was looked at and could not be read is not verified by that.
pub(in crate::sqlite) fn counts(row: &str) -> [(&'static str, String); 5] {
    [
        ("images", "1".to_owned()),
        (
            "thumbnails",
            format!("CASE WHEN {row}.is_thumbnail THEN 1 ELSE 0 END"),
        ),
        (
            "unverified",
            format!(
                "CASE WHEN {row}.verified_at IS NULL OR {row}.file_state IS NULL THEN 1 ELSE 0 END"
            ),
        ),
        (
            "processed",
            format!("CASE WHEN {row}.processed THEN 1 ELSE 0 END"),
        ),
        ("bytes", bytes(row)),
    ]
}

/// The first (`ASC`) or last (`DESC`) time of a camera's rows, found by the index.
pub(in crate::sqlite) fn edge(camera: &str, order: &str) -> String {
    format!(
        "(SELECT timestamp FROM images WHERE camera_id IS {camera} AND timestamp >= '0000-' AND timestamp < ':' \
         AND timestamp {DATED} ORDER BY timestamp {order} LIMIT 1)"
    )
}

/// The columns of a counter with what `row` adds to them, or takes away.
fn changed(row: &str, sign: char) -> String {
    let columns = counts(row).map(|(name, value)| format!("{name} = {name} {sign} {value}"));
    columns.join(", ")
}

/// Which row of `camera_totals` a row of `images` counts in.
fn camera(row: &str) -> String {
    format!("camera_id = COALESCE({row}.camera_id, '')")
}

/// Which row of `day_totals`.
fn camera_day(row: &str) -> String {
    format!("{} AND day = {}", camera(row), day(row))
}

/// Adds a row's counts to rows that are there, or takes them away.
pub(super) fn recounted(row: &str, sign: char) -> String {
    let (changed, camera, camera_day) = (changed(row, sign), camera(row), camera_day(row));
    format!(
        "    UPDATE camera_totals SET {changed} WHERE {camera};
    UPDATE day_totals SET {changed} WHERE {camera_day};
"
    )
}

/// Counts a row that is there now.
pub(super) fn counted_in(row: &str) -> String {
    let (camera, camera_day, day) = (camera(row), camera_day(row), day(row));
    let twins = twins("images", row, "1");
    let add = recounted(row, '+');
    format!(
        "    INSERT INTO camera_totals (camera_id) SELECT COALESCE({row}.camera_id, '')
     WHERE NOT EXISTS (SELECT 1 FROM camera_totals WHERE {camera});
    INSERT INTO day_totals (camera_id, day) SELECT COALESCE({row}.camera_id, ''), {day}
     WHERE NOT EXISTS (SELECT 1 FROM day_totals WHERE {camera_day});
{add}    UPDATE camera_totals SET
        duplicates = duplicates + CASE {twins} WHEN 0 THEN 0 WHEN 1 THEN 0 WHEN 2 THEN 2 ELSE 1 END,
        oldest = CASE WHEN {day} = '' OR oldest <= {row}.timestamp THEN oldest ELSE {row}.timestamp END,
        newest = CASE WHEN {day} = '' OR newest >= {row}.timestamp THEN newest ELSE {row}.timestamp END
     WHERE {camera};
"
    )
}

/// Takes a row out that is gone; `left` is how many of its twins are left.
pub(super) fn counted_out(row: &str, left: &str) -> String {
    let (camera, camera_day) = (camera(row), camera_day(row));
    let [oldest, newest] = ["ASC", "DESC"].map(|order| edge(&format!("{row}.camera_id"), order));
    let take = recounted(row, '-');
    format!(
        "{take}    UPDATE camera_totals SET duplicates = duplicates - CASE {left} WHEN 0 THEN 0 WHEN 1 THEN 2 ELSE 1 END
     WHERE {camera};
    UPDATE camera_totals SET oldest = {oldest} WHERE {camera} AND oldest = {row}.timestamp;
    UPDATE camera_totals SET newest = {newest} WHERE {camera} AND newest = {row}.timestamp;
    DELETE FROM camera_totals WHERE {camera} AND images = 0;
    DELETE FROM day_totals WHERE {camera_day} AND images = 0;
"
    )
}

/// Opens the question again whether the frame after a row is the same picture as the one before it. A row that goes opens none:
/// that the one after it was another picture stays true.
pub(in crate::sqlite) fn compared_anew(row: &str) -> String {
    format!(
        "    UPDATE images SET verdict = NULL WHERE camera_id = {row}.camera_id AND verdict IN ('ok', 'frozen')
     AND timestamp = (SELECT later.timestamp FROM images AS later WHERE later.camera_id = {row}.camera_id
                       AND later.timestamp > {row}.timestamp ORDER BY later.timestamp LIMIT 1);
"
    )
}

/// Marks a UTC day of a row's camera as stale, if a condition holds; `day` is null for what is no time.
pub(super) fn marked(row: &str, day: &str, condition: &str) -> String {
    format!(
        "    INSERT INTO stale_days (day, camera_id) SELECT {day}, {row}.camera_id
     WHERE typeof({row}.camera_id) = 'text' AND {day} IS NOT NULL AND {condition}
       AND NOT EXISTS (SELECT 1 FROM stale_days WHERE day = {day} AND camera_id = {row}.camera_id);
"
    )
}

/// Marks the day of a frame as stale, and its neighbour where the frame is so near to midnight that it may close a gap there.
pub(super) fn stale(row: &str, column: &str, condition: &str) -> String {
    let condition = format!("{row}.{column} {DATED} AND {condition}");
    let side = |minutes: &str| {
        let day = format!("date({row}.{column}, '{minutes} minutes')");
        marked(row, &day, &condition)
    };
    side("-15") + &side("+15")
}
