-- How health changed.

CREATE TABLE health_changes (
    id INTEGER NOT NULL PRIMARY KEY,
    at DATETIME NOT NULL,
    status VARCHAR(20) NOT NULL,
    reasons TEXT NOT NULL
);
CREATE INDEX idx_health_change_at ON health_changes (at);
