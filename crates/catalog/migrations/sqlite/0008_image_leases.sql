-- Which unprocessed images detectors have taken, and until when. A row stays for a day after its time, so that a late word about it
-- is understood.

CREATE TABLE image_leases (
    -- Not named image_id: by that name tables of other programs are known that keep images from being removed.
    image INTEGER NOT NULL PRIMARY KEY,
    -- Whose it is: the name of the lease, which only its holder knows.
    lease TEXT NOT NULL,
    -- What the holder calls itself, for people.
    holder TEXT NOT NULL,
    leased_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    -- How often the image was given out.
    attempts INTEGER NOT NULL,
    -- When its holder acknowledged it.
    acknowledged_at DATETIME
);
CREATE INDEX idx_lease_name ON image_leases (lease);
CREATE INDEX idx_lease_expires ON image_leases (expires_at);
-- Also in image_indexes.sql, which is for tables that are made or changed.
CREATE INDEX IF NOT EXISTS draywatch_image_unprocessed ON images (camera_id, timestamp)
    WHERE processed = 0 AND (file_state IS NULL OR file_state = 'ok');
