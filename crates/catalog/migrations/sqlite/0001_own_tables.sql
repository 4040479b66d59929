-- Our own tables. Times are text, naive UTC, YYYY-MM-DD HH:MM:SS.ffffff; days are YYYY-MM-DD.

CREATE TABLE draywatch_facts (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Frames that the portal listed and that are not stored in full size.
CREATE TABLE frame_ledger (
    id INTEGER NOT NULL PRIMARY KEY,
    camera_id VARCHAR(100) NOT NULL,
    instant DATETIME NOT NULL,
    ordinal INTEGER NOT NULL,
    date DATE NOT NULL,
    url TEXT NOT NULL,
    url_is_listed BOOLEAN NOT NULL,
    thumbnail_url TEXT,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failure_kind TEXT,
    failure_message TEXT,
    failure_reason TEXT,
    first_listed DATETIME NOT NULL,
    last_listed DATETIME NOT NULL,
    last_tried DATETIME,
    not_before DATETIME,
    given_up_at DATETIME,
    given_up_reason TEXT,
    replacement_bytes INTEGER,
    replacement_sha256 TEXT,
    replacement_media_type TEXT,
    replacement_width INTEGER,
    replacement_height INTEGER,
    UNIQUE (camera_id, instant, ordinal)
);
CREATE INDEX idx_frame_ledger_date ON frame_ledger (camera_id, date);
CREATE INDEX idx_frame_ledger_path ON frame_ledger (path);

-- Image rows that were deleted on purpose: their files are not to come back.
CREATE TABLE tombstones (
    id INTEGER NOT NULL PRIMARY KEY,
    camera_id VARCHAR(100),
    timestamp DATETIME,
    ordinal INTEGER,
    path VARCHAR(500) UNIQUE,
    url TEXT,
    sha256 TEXT,
    reason TEXT NOT NULL,
    deleted_at DATETIME NOT NULL
);
CREATE INDEX idx_tombstone_camera_timestamp ON tombstones (camera_id, timestamp);

CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY,
    command TEXT NOT NULL,
    camera_id VARCHAR(100) NOT NULL,
    date DATE,
    started_at DATETIME NOT NULL,
    pid INTEGER NOT NULL,
    finished_at DATETIME,
    outcome TEXT,
    listed INTEGER,
    stored INTEGER,
    already INTEGER,
    thumbnails INTEGER,
    missing INTEGER,
    bytes INTEGER,
    refused TEXT,
    requests INTEGER,
    retries INTEGER,
    errors TEXT,
    listing_took_us INTEGER,
    took_us INTEGER
);
CREATE INDEX idx_run_camera_started ON runs (camera_id, started_at);
CREATE INDEX idx_run_outcome ON runs (outcome);

CREATE TABLE observations (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    camera_id VARCHAR(100) NOT NULL,
    date DATE NOT NULL,
    day_start DATETIME NOT NULL,
    day_end DATETIME NOT NULL,
    observed_at DATETIME NOT NULL,
    confirmed BOOLEAN NOT NULL,
    listed INTEGER,
    newest DATETIME,
    failure_kind TEXT,
    failure_message TEXT
);
CREATE INDEX idx_observation_camera_date ON observations (camera_id, date, observed_at);

CREATE TABLE browser_sessions (
    server TEXT NOT NULL,
    session TEXT NOT NULL,
    remembered_at DATETIME NOT NULL,
    PRIMARY KEY (server, session)
);
