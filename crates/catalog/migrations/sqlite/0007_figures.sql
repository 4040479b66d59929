-- What runs came to, added up as they end, so that metrics cost nothing however many runs there were.

CREATE TABLE run_totals (
    camera_id VARCHAR(100) NOT NULL,
    outcome TEXT NOT NULL,
    runs INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    PRIMARY KEY (camera_id, outcome)
);
CREATE TABLE refusal_totals (
    camera_id VARCHAR(100) NOT NULL,
    reason TEXT NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (camera_id, reason)
);
-- Runs by how long they took, up to and including so many seconds; -1 is for those that took longer than the last.
CREATE TABLE run_durations (
    up_to_seconds INTEGER NOT NULL PRIMARY KEY,
    runs INTEGER NOT NULL,
    took_us INTEGER NOT NULL
);

INSERT INTO run_totals (camera_id, outcome, runs, stored)
    SELECT camera_id, outcome, COUNT(*), SUM(COALESCE(stored, 0)) FROM runs WHERE outcome IS NOT NULL GROUP BY camera_id, outcome;
INSERT INTO refusal_totals (camera_id, reason, refused)
    SELECT runs.camera_id, refusal.key, SUM(refusal.value) FROM runs, json_each(runs.refused) AS refusal
    WHERE runs.refused IS NOT NULL GROUP BY runs.camera_id, refusal.key;
INSERT INTO run_durations (up_to_seconds, runs, took_us)
    SELECT CASE WHEN took_us <= 5000000 THEN 5 WHEN took_us <= 10000000 THEN 10 WHEN took_us <= 20000000 THEN 20
                WHEN took_us <= 30000000 THEN 30 WHEN took_us <= 60000000 THEN 60 WHEN took_us <= 120000000 THEN 120
                WHEN took_us <= 300000000 THEN 300 WHEN took_us <= 600000000 THEN 600 WHEN took_us <= 1800000000 THEN 1800
                ELSE -1 END AS bucket, COUNT(*), SUM(took_us)
    FROM runs WHERE took_us IS NOT NULL GROUP BY bucket;
