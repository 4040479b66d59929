//! The expressions that the triggers are made of, and that `counters` counts with: both must agree. Plain SQL that old
//! `SQLite` versions take as well: no UPSERT, and no conflict clauses, which the statement that fires a trigger overrides.

/// The rows of the group that a frame's rows form, of a table.
macro_rules! twins {
    ($table:literal, $row:literal) => {
        concat!(
            "(SELECT COUNT(*) FROM ",
            $table,
            " AS twin WHERE twin.camera_id IS ",
            $row,
            ".camera_id AND twin.timestamp IS ",
            $row,
            ".timestamp AND twin.ordinal IS ",
            $row,
            ".ordinal"
        )
    };
}

/// The date of a row as it is written, or nothing.
macro_rules! day {
    ($row:literal) => {
        concat!(
            "CASE WHEN ",
            $row,
            ".timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' THEN substr(",
            $row,
            ".timestamp, 1, 10) ELSE '' END"
        )
    };
}

/// Bytes of a row; what is no size of a picture counts as nothing.
macro_rules! bytes {
    ($row:literal) => {
        concat!(
            "CASE WHEN typeof(",
            $row,
            ".file_size) = 'integer' AND ",
            $row,
            ".file_size BETWEEN 1 AND 1099511627776 THEN ",
            $row,
            ".file_size ELSE 0 END"
        )
    };
}

/// What a row adds to the columns that both tables have, with a sign.
macro_rules! counts {
    ($row:literal, $sign:literal) => {
        concat!(
            "images = images ",
            $sign,
            " 1, thumbnails = thumbnails ",
            $sign,
            " CASE WHEN ",
            $row,
            ".is_thumbnail THEN 1 ELSE 0 END, unverified = unverified ",
            $sign,
            " CASE WHEN ",
            $row,
            ".verified_at IS NULL THEN 1 ELSE 0 END, processed = processed ",
            $sign,
            " CASE WHEN ",
            $row,
            ".processed THEN 1 ELSE 0 END, bytes = bytes ",
            $sign,
            " ",
            bytes!($row)
        )
    };
}

/// Which row of each table a row of `images` counts in.
macro_rules! key {
    ("camera", $row:literal) => {
        concat!("camera_id = COALESCE(", $row, ".camera_id, '')")
    };
    ("day", $row:literal) => {
        concat!(
            "camera_id = COALESCE(",
            $row,
            ".camera_id, '') AND day = ",
            day!($row)
        )
    };
}

/// Counts a row that is there now.
macro_rules! count_in {
    ($row:literal) => {
        concat!(
            "    INSERT INTO camera_totals (camera_id) SELECT COALESCE(",
            $row,
            ".camera_id, '')\n",
            "     WHERE NOT EXISTS (SELECT 1 FROM camera_totals WHERE ",
            key!("camera", $row),
            ");\n",
            "    UPDATE camera_totals SET ",
            counts!($row, "+"),
            ",\n",
            "        duplicates = duplicates + CASE ",
            twins!("images", $row),
            ") WHEN 0 THEN 0 WHEN 1 THEN 0 WHEN 2 THEN 2 ELSE 1 END,\n",
            "        oldest = CASE WHEN ",
            day!($row),
            " = '' OR oldest <= ",
            $row,
            ".timestamp THEN oldest ELSE ",
            $row,
            ".timestamp END,\n",
            "        newest = CASE WHEN ",
            day!($row),
            " = '' OR newest >= ",
            $row,
            ".timestamp THEN newest ELSE ",
            $row,
            ".timestamp END\n",
            "     WHERE ",
            key!("camera", $row),
            ";\n",
            "    INSERT INTO day_totals (camera_id, day) SELECT COALESCE(",
            $row,
            ".camera_id, ''), ",
            day!($row),
            "\n",
            "     WHERE NOT EXISTS (SELECT 1 FROM day_totals WHERE ",
            key!("day", $row),
            ");\n",
            "    UPDATE day_totals SET ",
            counts!($row, "+"),
            " WHERE ",
            key!("day", $row),
            ";\n"
        )
    };
}

/// The first or last time of a camera's rows, which are found by the index.
macro_rules! edge {
    ($camera:expr, $order:literal) => {
        concat!(
            "(SELECT timestamp FROM images WHERE camera_id IS ", $camera, " AND timestamp >= '0000-' AND timestamp < ':'\n",
            "             AND timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' ORDER BY timestamp ", $order, " LIMIT 1)"
        )
    };
}

/// Takes a row out that is gone; `$left` is how many of its twins are left.
macro_rules! count_out {
    ($row:literal, $left:expr) => {
        concat!(
            "    UPDATE camera_totals SET ",
            counts!($row, "-"),
            ",\n",
            "        duplicates = duplicates - CASE ",
            $left,
            " WHEN 0 THEN 0 WHEN 1 THEN 2 ELSE 1 END\n",
            "     WHERE ",
            key!("camera", $row),
            ";\n",
            "    UPDATE camera_totals SET oldest = ",
            edge!(concat!($row, ".camera_id"), "ASC"),
            "\n",
            "     WHERE ",
            key!("camera", $row),
            " AND oldest = ",
            $row,
            ".timestamp;\n",
            "    UPDATE camera_totals SET newest = ",
            edge!(concat!($row, ".camera_id"), "DESC"),
            "\n",
            "     WHERE ",
            key!("camera", $row),
            " AND newest = ",
            $row,
            ".timestamp;\n",
            "    DELETE FROM camera_totals WHERE ",
            key!("camera", $row),
            " AND images = 0;\n",
            "    UPDATE day_totals SET ",
            counts!($row, "-"),
            " WHERE ",
            key!("day", $row),
            ";\n",
            "    DELETE FROM day_totals WHERE ",
            key!("day", $row),
            " AND images = 0;\n"
        )
    };
}

/// What every time begins with that is looked at by its day.
macro_rules! dated {
    ($value:expr) => {
        concat!(
            $value,
            " GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
        )
    };
}

/// Marks one UTC day as stale; `$day` is an expression that is null for what is no time.
macro_rules! mark {
    ($row:literal, $day:expr, $if:expr) => {
        concat!(
            "    INSERT INTO stale_days (day, camera_id) SELECT ",
            $day,
            ", ",
            $row,
            ".camera_id\n",
            "     WHERE typeof(",
            $row,
            ".camera_id) = 'text' AND ",
            $day,
            " IS NOT NULL AND ",
            $if,
            "\n",
            "       AND NOT EXISTS (SELECT 1 FROM stale_days WHERE day = ",
            $day,
            " AND camera_id = ",
            $row,
            ".camera_id);\n"
        )
    };
}

/// Marks the day of a frame as stale, and its neighbour where the frame is so near to midnight that it may close a gap there.
macro_rules! stale {
    ($row:literal, $column:literal) => {
        stale!($row, $column, "1 = 1")
    };
    ($row:literal, $column:literal, $if:expr) => {
        concat!(
            mark!(
                $row,
                concat!("date(", $row, ".", $column, ", '-15 minutes')"),
                concat!(dated!(concat!($row, ".", $column)), " AND ", $if)
            ),
            mark!(
                $row,
                concat!("date(", $row, ".", $column, ", '+15 minutes')"),
                concat!(dated!(concat!($row, ".", $column)), " AND ", $if)
            )
        )
    };
}
