-- Slots and counters, kept with the rows. Triggers on images write some of these tables from within users' programs, so
-- old versions of SQLite must be able to read all of this: no WITHOUT ROWID here, no UPSERT in triggers. Other files make
-- partial indexes (image_indexes.sql, 0003, 0004), which SQLite reads since 3.8.0 (2013); an older one opens no database
-- that has one, whichever table it is of.

-- Counts of image rows. A camera that is null in images is '' here; a day is the date as written, '' for what is no time.
CREATE TABLE camera_totals (
    camera_id VARCHAR(100) NOT NULL PRIMARY KEY,
    images INTEGER NOT NULL DEFAULT 0,
    thumbnails INTEGER NOT NULL DEFAULT 0,
    unverified INTEGER NOT NULL DEFAULT 0,
    processed INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    oldest TEXT,
    newest TEXT
);
CREATE TABLE day_totals (
    camera_id VARCHAR(100) NOT NULL,
    day TEXT NOT NULL,
    images INTEGER NOT NULL DEFAULT 0,
    thumbnails INTEGER NOT NULL DEFAULT 0,
    unverified INTEGER NOT NULL DEFAULT 0,
    processed INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (camera_id, day)
);
-- Image rows that an INSERT OR REPLACE is about to drop, since SQLite fires no trigger for that. Empty between statements.
CREATE TABLE replaced_images (
    id INTEGER NOT NULL,
    successor INTEGER,
    camera_id VARCHAR(100),
    timestamp DATETIME,
    ordinal INTEGER,
    file_size INTEGER,
    is_thumbnail BOOLEAN,
    processed BOOLEAN,
    verified_at DATETIME
);

-- One row for each camera and UTC day of which anything is known: a letter for each of its 144 slots, and the reasons that
-- small letters stand for, as a JSON array.
CREATE TABLE day_slots (
    camera_id VARCHAR(100) NOT NULL,
    day DATE NOT NULL,
    answers TEXT NOT NULL,
    reasons TEXT NOT NULL,
    PRIMARY KEY (camera_id, day)
);
-- Days whose row in day_slots is not to be believed until it is computed anew.
CREATE TABLE stale_days (
    day DATE NOT NULL,
    camera_id VARCHAR(100) NOT NULL,
    PRIMARY KEY (day, camera_id)
);
-- The greatest age of a day (seconds from its end) at which the portal was seen to offer frames of it.
CREATE TABLE portal_reach (
    camera_id VARCHAR(100) NOT NULL PRIMARY KEY,
    seconds INTEGER NOT NULL
);
CREATE INDEX idx_observation_listed ON observations (camera_id, listed, observed_at);

-- Newest runs first, of all, of a camera, of an outcome, of both.
DROP INDEX idx_run_outcome;
CREATE INDEX idx_run_started ON runs (started_at);
CREATE INDEX idx_run_outcome ON runs (outcome, started_at);
CREATE INDEX idx_run_camera_outcome ON runs (camera_id, outcome, started_at);
-- The counts of the ledger by camera, state and kind of failure.
CREATE INDEX idx_frame_ledger_state ON frame_ledger (camera_id, state, failure_kind);
