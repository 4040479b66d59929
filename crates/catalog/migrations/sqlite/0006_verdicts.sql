-- Cards that cameras send when they have no picture. The columns of images that go with it are verdict (ok, frozen, placeholder,
-- dark, blank; null while it is open), fingerprint (null while nobody has looked at the picture) and verdict_problem (why nobody
-- can look at it).

CREATE TABLE draywatch_placeholders (
    id INTEGER NOT NULL PRIMARY KEY,
    -- Several pictures may have the same.
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    -- The whole file: what is compared is computed from it, by whichever rules a version of the program has.
    picture BLOB NOT NULL,
    added_at DATETIME NOT NULL,
    UNIQUE (name, sha256)
);
