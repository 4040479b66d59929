//! The triggers on `images`: what they do for programs that know nothing of draywatch, and how they count what these do.

use super::words::{compared_anew, counted_in, counted_out, recounted, stale, twins};

/// Remembers the rows that an insert drops if it is an `INSERT OR REPLACE`, which fires no trigger for them.
const REPLACING: &str = "CREATE TRIGGER draywatch_image_replacing BEFORE INSERT ON images
 WHEN EXISTS (SELECT 1 FROM images WHERE id = NEW.id)
   OR EXISTS (SELECT 1 FROM images WHERE filepath IN (NEW.filepath, NEW.image_path))
   OR EXISTS (SELECT 1 FROM images WHERE image_path IN (NEW.filepath, NEW.image_path))
BEGIN
    DELETE FROM replaced_images;
    INSERT INTO replaced_images (id, camera_id, timestamp, ordinal, file_size, is_thumbnail, processed, verified_at, file_state)
    SELECT id, camera_id, timestamp, ordinal, file_size, is_thumbnail, processed, verified_at, file_state FROM images
     WHERE id = NEW.id OR filepath IN (NEW.filepath, NEW.image_path) OR image_path IN (NEW.filepath, NEW.image_path);
END";

/// All of them.
pub(super) fn all() -> [String; 7] {
    [
        REPLACING.to_owned(),
        replaced(),
        added(),
        removed(),
        changed(),
        moved(),
        looked_at(),
    ]
}

/// Takes out a row that was replaced, as if it had been the only one, before the new row came.
fn replaced() -> String {
    let left = format!(
        "({} + {})",
        twins("images", "OLD", "twin.id <> OLD.successor"),
        twins("replaced_images", "OLD", "twin.successor IS NOT NULL")
    );
    format!(
        "CREATE TRIGGER draywatch_image_replaced AFTER DELETE ON replaced_images WHEN OLD.successor IS NOT NULL
BEGIN
{}{}END",
        counted_out("OLD", &left),
        stale("OLD", "timestamp", "1")
    )
}

/// Fills the path column that the other program's shape does not have, takes back the tombstone of a path that somebody
/// inserts again, counts the row, and lets the frame after it be compared with it.
fn added() -> String {
    format!(
        "CREATE TRIGGER draywatch_image_added AFTER INSERT ON images
BEGIN
    UPDATE images SET filepath = COALESCE(filepath, image_path), image_path = COALESCE(image_path, filepath)
     WHERE id = NEW.id AND (filepath IS NULL OR image_path IS NULL);
    DELETE FROM tombstones WHERE path IN (NEW.filepath, NEW.image_path);
    UPDATE replaced_images SET successor = NEW.id
     WHERE id = NEW.id OR NOT EXISTS (SELECT 1 FROM images WHERE images.id = replaced_images.id);
    DELETE FROM replaced_images;
{}{}{}END",
        counted_in("NEW"),
        stale("NEW", "timestamp", "1"),
        compared_anew("NEW")
    )
}

/// Leaves a tombstone for a row that is deleted, so that its file does not bring it back; what the ledger still wanted of
/// that frame is wanted no more. `deleted_at` is by the clock of the program that deletes, in the form of all our times.
fn removed() -> String {
    format!(
        "CREATE TRIGGER draywatch_image_removed AFTER DELETE ON images
BEGIN
    INSERT INTO tombstones (camera_id, timestamp, ordinal, path, url, sha256, reason, deleted_at)
    SELECT OLD.camera_id, OLD.timestamp, OLD.ordinal, COALESCE(OLD.filepath, OLD.image_path), OLD.url, OLD.sha256,
           'deleted by another program', strftime('%Y-%m-%d %H:%M:%f000', 'now')
     WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE path = COALESCE(OLD.filepath, OLD.image_path));
    DELETE FROM frame_ledger
     WHERE camera_id = OLD.camera_id AND instant = OLD.timestamp AND ordinal = OLD.ordinal;
    DELETE FROM replaced_images WHERE id = OLD.id;
{}{}END",
        counted_out("OLD", &twins("images", "OLD", "1")),
        stale("OLD", "timestamp", "1")
    )
}

/// Counts what changed of a row that stays where it is.
fn changed() -> String {
    let shown =
        "(OLD.is_thumbnail IS NOT NEW.is_thumbnail OR OLD.file_state IS NOT NEW.file_state)";
    format!(
        "CREATE TRIGGER draywatch_image_changed
 AFTER UPDATE OF file_size, is_thumbnail, processed, verified_at, file_state ON images
 WHEN OLD.camera_id IS NEW.camera_id AND OLD.timestamp IS NEW.timestamp AND OLD.ordinal IS NEW.ordinal
  AND (OLD.file_size IS NOT NEW.file_size OR OLD.processed IS NOT NEW.processed
       OR OLD.verified_at IS NOT NEW.verified_at OR {shown})
BEGIN
{}{}{}END",
        recounted("OLD", '-'),
        recounted("NEW", '+'),
        stale("NEW", "timestamp", shown)
    )
}

/// Counts a row elsewhere that becomes one of another camera or time, where it has another frame before it.
fn moved() -> String {
    format!(
        "CREATE TRIGGER draywatch_image_moved AFTER UPDATE OF camera_id, timestamp, ordinal ON images
 WHEN OLD.camera_id IS NOT NEW.camera_id OR OLD.timestamp IS NOT NEW.timestamp OR OLD.ordinal IS NOT NEW.ordinal
BEGIN
{}{}{}{}    UPDATE images SET verdict = NULL WHERE id = NEW.id AND verdict IN ('ok', 'frozen');
{}{}END",
        counted_out("OLD", &twins("images", "OLD", "1")),
        counted_in("NEW"),
        stale("OLD", "timestamp", "1"),
        stale("NEW", "timestamp", "1"),
        compared_anew("OLD"),
        compared_anew("NEW")
    )
}

/// A picture that is another one by now, or that was looked at only now: the frame after it is compared with it again.
fn looked_at() -> String {
    format!(
        "CREATE TRIGGER draywatch_image_looked_at AFTER UPDATE OF fingerprint ON images
 WHEN OLD.fingerprint IS NOT NEW.fingerprint
BEGIN
{}END",
        compared_anew("NEW")
    )
}
