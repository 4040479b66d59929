-- Bad pictures by their verdict, which are few among many. Also in image_indexes.sql, which is for tables that are made or changed.
CREATE INDEX IF NOT EXISTS draywatch_image_bad ON images (camera_id, verdict, timestamp) WHERE verdict <> 'ok';
CREATE INDEX IF NOT EXISTS draywatch_image_bad_of_all ON images (verdict, timestamp) WHERE verdict <> 'ok';
