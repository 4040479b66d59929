-- The table that users' programs read and write: every column of both shapes in the field, then ours.
-- Both path columns may be null, because each of the two programs leaves one of them out; a trigger fills it.
CREATE TABLE images (
    id INTEGER NOT NULL PRIMARY KEY,
    timestamp DATETIME NOT NULL,
    filepath VARCHAR(500) UNIQUE,
    image_path VARCHAR(500) UNIQUE,
    camera_id VARCHAR(100) NOT NULL,
    processed BOOLEAN NOT NULL DEFAULT 0,
    file_size INTEGER,
    detection_count INTEGER DEFAULT 0,
    created_at DATETIME,
    ordinal INTEGER NOT NULL DEFAULT 1,
    url TEXT,
    sha256 TEXT,
    media_type TEXT,
    width INTEGER,
    height INTEGER,
    is_thumbnail BOOLEAN NOT NULL DEFAULT 0,
    file_state TEXT,
    file_problem TEXT,
    verified_at DATETIME,
    origin TEXT,
    verdict TEXT,
    fingerprint TEXT,
    verdict_problem TEXT
);
