-- Jobs and leases. Times as everywhere: text, naive UTC.

-- One row for every job: who may do it now, and what it remembers from one tick to the next.
CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    -- Counts the takings of the lease: a write that carries an older number is refused.
    fence INTEGER NOT NULL DEFAULT 0,
    -- Who holds the lease; nobody if null.
    holder TEXT,
    -- Counts the signs of life of the holder.
    beats INTEGER NOT NULL DEFAULT 0,
    beaten_at DATETIME,
    last_started DATETIME,
    last_due DATETIME,
    -- How the tick that was closed last ended.
    last_state TEXT,
    memory TEXT
);

CREATE TABLE ticks (
    id INTEGER NOT NULL PRIMARY KEY,
    job TEXT NOT NULL,
    due_at DATETIME NOT NULL,
    state TEXT NOT NULL,
    purpose TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before DATETIME NOT NULL,
    -- How many ticks of the period this one stands for.
    stands_for INTEGER NOT NULL DEFAULT 1,
    fence INTEGER,
    planned_at DATETIME NOT NULL,
    started_at DATETIME,
    finished_at DATETIME,
    reason TEXT,
    failure_kind TEXT,
    failure_message TEXT,
    UNIQUE (job, due_at)
);
-- One instance of a job at a time, whatever happens.
CREATE UNIQUE INDEX idx_tick_open ON ticks (job) WHERE state IN ('pending', 'running');
CREATE INDEX idx_tick_finished ON ticks (finished_at);
-- A job's ticks in the order of their ids.
CREATE INDEX idx_tick_job ON ticks (job);

-- What is known of each of the portal's days; what the observations say, summed up as they come in.
CREATE TABLE portal_days (
    camera_id VARCHAR(100) NOT NULL,
    date DATE NOT NULL,
    day_end DATETIME NOT NULL,
    confirmed_at DATETIME,
    listed INTEGER NOT NULL DEFAULT 0,
    -- The newest frame of the last listing beyond doubt.
    newest DATETIME,
    asked_at DATETIME,
    in_vain INTEGER NOT NULL DEFAULT 0,
    -- What the last listing failed with; null if it did not.
    failure_kind TEXT,
    PRIMARY KEY (camera_id, date)
);
INSERT INTO portal_days (camera_id, date, day_end, confirmed_at, listed, newest, asked_at, in_vain, failure_kind)
SELECT o.camera_id, o.date, MAX(o.day_end), MAX(CASE WHEN o.confirmed THEN o.observed_at END),
       COALESCE((SELECT c.listed FROM observations AS c WHERE c.camera_id = o.camera_id AND c.date = o.date AND c.confirmed
                 ORDER BY c.observed_at DESC LIMIT 1), 0),
       (SELECT c.newest FROM observations AS c WHERE c.camera_id = o.camera_id AND c.date = o.date AND c.confirmed
         ORDER BY c.observed_at DESC LIMIT 1),
       MAX(o.observed_at), SUM(o.observed_at >= datetime(o.day_end, '+20 minutes')),
       (SELECT f.failure_kind FROM observations AS f WHERE f.camera_id = o.camera_id AND f.date = o.date
         ORDER BY f.observed_at DESC, f.id DESC LIMIT 1)
  FROM observations AS o GROUP BY o.camera_id, o.date;

-- What was found of the file of a row that is about to be dropped: without it, a file counts as unverified.
ALTER TABLE replaced_images ADD COLUMN file_state VARCHAR(20);
