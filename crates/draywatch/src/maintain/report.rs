//! What a check of database and archive found: counts, and every problem by name. Must not print.

use std::collections::BTreeMap;

use serde::Serialize;

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A row without its file.
    Missing,
    /// A row whose file is not what the row says, or no whole picture.
    Bad,
    /// A file that could not be read or judged, which says nothing about it.
    Unreadable,
    /// A full picture took its thumbnail's place, and the row does not know yet.
    Unfinished,
    /// A file with a name of ours, without a row.
    Orphan,
    /// A frame that the ledger wants although it is stored.
    Ledger,
    /// What the database's own check says.
    Database,
}

impl ProblemKind {
    /// The name as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Bad => "bad",
            Self::Unreadable => "unreadable",
            Self::Unfinished => "unfinished",
            Self::Orphan => "orphan",
            Self::Ledger => "ledger",
            Self::Database => "database",
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// The path, as the database holds it or would.
    pub path: Option<String>,
    /// The camera.
    pub camera_id: Option<String>,
    /// What is wrong, in words, and what was done about it.
    pub what: String,
    /// Whether it is mended.
    pub repaired: bool,
}

/// What a check of database and archive found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Rows held against their files.
    pub checked: u64,
    /// Rows whose files were read as a whole and are good.
    pub read: u64,
    /// Rows whose files are as they should be, as far as they were looked at.
    pub ok: u64,
    /// Rows that nobody had verified before and that are good.
    pub unverified_now_verified: u64,
    /// Rows without their file.
    pub missing: u64,
    /// Rows whose files are not what the rows say.
    pub bad: u64,
    /// Files of ours without a row, those excepted whose rows were deleted on purpose.
    pub orphans: u64,
    /// Orphans that have a row now.
    pub adopted: u64,
    /// Orphans that were set aside.
    pub quarantined: u64,
    /// Files whose rows were deleted on purpose; they are left alone.
    pub deleted_on_purpose: u64,
    /// Files without a row of cameras that were being collected at this moment; not judged.
    pub in_flight: u64,
    /// Files that are named after cameras which are neither configured nor on record, by camera; they are left alone.
    pub other_cameras: BTreeMap<String, u64>,
    /// Temporaries of dead processes that were removed.
    pub swept: u64,
    /// All that is not as it should be.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether all is as it should be, or was mended.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.problems.iter().all(|problem| problem.repaired)
    }

    /// Notes a problem with a file or a row.
    pub(super) fn note(
        &mut self,
        kind: ProblemKind,
        path: &str,
        camera: Option<&str>,
        what: String,
        repaired: bool,
    ) {
        self.problems.push(Problem {
            kind,
            path: Some(path.to_owned()),
            camera_id: camera.map(ToOwned::to_owned),
            what,
            repaired,
        });
    }
}
