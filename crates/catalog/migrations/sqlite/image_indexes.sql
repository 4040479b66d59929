-- The indexes of both shapes in the field, under the names their programs gave them.
CREATE INDEX IF NOT EXISTS idx_image_timestamp ON images (timestamp);
CREATE INDEX IF NOT EXISTS idx_image_camera_id ON images (camera_id);
CREATE INDEX IF NOT EXISTS idx_image_processed ON images (processed);
CREATE INDEX IF NOT EXISTS idx_image_camera_timestamp ON images (camera_id, timestamp);
CREATE INDEX IF NOT EXISTS idx_image_path ON images (image_path);
-- What lack of room may take, oldest first; and what was not read for the longest time. With the first, a partial index, every
-- program that opens the database needs SQLite 3.8.0 (2013).
CREATE INDEX IF NOT EXISTS draywatch_image_collected ON images (timestamp) WHERE origin = 'collected';
CREATE INDEX IF NOT EXISTS draywatch_image_verified ON images (verified_at);
-- What detectors are lent, of each camera in the order of time: a row leaves it once it is processed.
CREATE INDEX IF NOT EXISTS draywatch_image_unprocessed ON images (camera_id, timestamp)
    WHERE processed = 0 AND (file_state IS NULL OR file_state = 'ok');
-- What is still to be examined, of each camera in the order of time: a row leaves it with its verdict.
CREATE INDEX IF NOT EXISTS draywatch_image_unexamined ON images (camera_id, timestamp)
    WHERE verdict IS NULL AND verdict_problem IS NULL;
-- Bad pictures, in the order of time: of each camera, and of all.
CREATE INDEX IF NOT EXISTS draywatch_image_bad ON images (camera_id, verdict, timestamp) WHERE verdict <> 'ok';
CREATE INDEX IF NOT EXISTS draywatch_image_bad_of_all ON images (verdict, timestamp) WHERE verdict <> 'ok';
