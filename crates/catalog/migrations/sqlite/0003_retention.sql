-- Holds, removals under way, and which frames we collected ourselves.

CREATE TABLE retention_holds (
    id INTEGER NOT NULL PRIMARY KEY,
    camera_id VARCHAR(100),
    held_from DATETIME NOT NULL,
    held_to DATETIME NOT NULL,
    reason TEXT NOT NULL,
    created_at DATETIME NOT NULL
);

-- The row is gone, and the file is still to go.
ALTER TABLE tombstones ADD COLUMN file_pending BOOLEAN NOT NULL DEFAULT 0;
CREATE INDEX idx_tombstone_pending ON tombstones (id) WHERE file_pending = 1;

-- Rows that draywatch made before it wrote their origin down; only those that it fetched have an address and a hash.
UPDATE images SET origin = 'collected' WHERE origin IS NULL AND url IS NOT NULL AND sha256 IS NOT NULL;
