//! What database and archive say while no run is alive, and the invariants that hold then. Must not change either.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use draywatch::store::Store;
use draywatch_catalog::{
    Catalog, DatabaseUrl, ImageRow, LedgerEntry, LedgerFilter, LedgerState, OpenOptions, RunFilter,
    RunRow,
};
use draywatch_core::Clock;
use draywatch_core::outcome::Outcome;
use draywatch_picture::Sha256;

use crate::site::{Site, files_below};
use crate::world::{Hashes, World};

/// Everything of a site.
#[derive(Debug, Default)]
pub struct State {
    pub rows: Vec<ImageRow>,
    pub ledger: Vec<LedgerEntry>,
    pub runs: Vec<RunRow>,
    /// Pictures in the archive.
    pub files: Hashes,
    /// Sizes of the same.
    pub sizes: BTreeMap<String, u64>,
    /// Names in `.draywatch/tmp`.
    pub temporaries: Vec<String>,
    /// Names in `.draywatch/quarantine`.
    pub quarantine: Vec<String>,
}

/// Opens a site's database as it is.
pub async fn catalog(site: &Site) -> Arc<dyn Catalog> {
    let options = OpenOptions {
        create: false,
        busy_timeout: Duration::from_secs(5),
        now: Clock::system().now(),
    };
    draywatch_catalog::open(&DatabaseUrl::Sqlite(site.database()), options)
        .await
        .unwrap()
}

impl State {
    /// Reads everything; a site that a kill left without a database is empty.
    pub async fn of(site: &Site) -> Self {
        let mut state = Self::default();
        if std::fs::metadata(site.database()).is_ok_and(|file| file.len() > 0) {
            let catalog = catalog(site).await;
            state.rows = catalog.images_after(0, 1_000_000).await.unwrap();
            state.ledger = catalog.ledger(&LedgerFilter::default()).await.unwrap();
            let all = RunFilter {
                limit: 1_000_000,
                ..RunFilter::default()
            };
            state.runs = catalog.runs(&all).await.unwrap();
            assert_eq!(catalog.check().await.unwrap(), Vec::<String>::new());
            catalog.close().await;
        }
        state.temporaries = files_below(&site.archive().join(".draywatch/tmp"));
        state.quarantine = files_below(&site.archive().join(".draywatch/quarantine"));
        for file in files_below(&site.archive())
            .into_iter()
            .filter(|file| !file.starts_with(".draywatch/") && !file.starts_with(".health"))
        {
            let bytes = std::fs::read(site.archive().join(&file)).unwrap();
            state.sizes.insert(file.clone(), bytes.len() as u64);
            state.files.insert(file, Sha256::of(&bytes).to_string());
        }
        state
    }

    /// The hashes that the rows promise, by place in the archive. No two rows may be of one file.
    pub fn promised(&self) -> Hashes {
        let mut promised = Hashes::new();
        for row in &self.rows {
            let sha256 = row.sha256.clone().expect("a hash");
            let doubled = promised.insert(place(row), sha256);
            assert_eq!(doubled, None, "two rows for {}", row.path);
        }
        promised
    }

    /// Files without a row.
    pub fn rowless(&self) -> BTreeSet<String> {
        let promised: BTreeSet<String> = self.rows.iter().map(place).collect();
        self.files
            .keys()
            .filter(|file| !promised.contains(*file))
            .cloned()
            .collect()
    }

    /// Runs without an end.
    pub fn open_runs(&self) -> Vec<i64> {
        self.runs
            .iter()
            .filter(|run| run.end.is_none())
            .map(|run| run.id)
            .collect()
    }

    /// What holds at every moment: each row has its whole file (or, in the midst of a replacement, the picture that the ledger
    /// announced in its place), each file has its row or is wanted by the ledger, and nothing was set aside.
    pub fn holds_after_a_crash(&self, world: &World) {
        let (full, thumbnails) = (world.files(false), world.files(true));
        for (file, sha256) in &self.files {
            assert!(
                full.get(file) == Some(sha256) || thumbnails.get(file) == Some(sha256),
                "{file} is no picture of the portal"
            );
        }
        let promised = self.promised();
        for row in &self.rows {
            let file = place(row);
            let there = self
                .files
                .get(&file)
                .unwrap_or_else(|| panic!("row {} without its file {file}", row.id));
            let fits =
                promised[&file] == *there && row.file_size == self.sizes[&file].try_into().ok();
            assert!(
                fits || self.announced(&file) == Some(there),
                "row {} does not fit {file}",
                row.id
            );
        }
        let wanted: BTreeSet<String> = self
            .ledger
            .iter()
            .map(|entry| entry.entry.frame.relative_path())
            .collect();
        for file in self.rowless() {
            assert!(
                wanted.contains(&file),
                "{file} has no row, and the ledger does not know it"
            );
        }
        assert_eq!(self.quarantine, Vec::<String>::new());
    }

    fn announced(&self, file: &str) -> Option<&String> {
        let entry = self
            .ledger
            .iter()
            .find(|entry| entry.entry.frame.relative_path() == file)?;
        let replacement = entry
            .replacement
            .as_ref()
            .filter(|_| entry.state == LedgerState::Thumbnail)?;
        Some(&replacement.sha256)
    }

    /// What holds after a run that ended well: files = rows = truth, and nothing in flight.
    pub fn is_the_truth(&self, world: &World) {
        self.is(&world.files(false));
        assert!(self.ledger.is_empty(), "owed: {:#?}", self.ledger);
    }

    /// Files and rows are these, and nothing is in flight.
    pub fn is(&self, wanted: &Hashes) {
        assert_same(&self.files, wanted, "files and truth");
        assert_same(&self.promised(), wanted, "rows and truth");
        for row in &self.rows {
            assert_eq!(
                row.file_size,
                self.sizes[&place(row)].try_into().ok(),
                "size of {}",
                row.path
            );
        }
        assert_eq!(self.temporaries, Vec::<String>::new());
        assert_eq!(self.quarantine, Vec::<String>::new());
        assert_eq!(self.open_runs(), Vec::<i64>::new(), "runs without an end");
    }

    /// These runs were closed as cut short.
    pub fn has_interrupted(&self, runs: &[i64]) {
        for run in self.runs.iter().filter(|run| runs.contains(&run.id)) {
            let outcome = run.end.as_ref().map(|end| end.outcome);
            assert_eq!(outcome, Some(Outcome::Interrupted), "run {}", run.id);
        }
    }
}

/// Where a row's file lies in the archive.
pub fn place(row: &ImageRow) -> String {
    Store::relative(&row.path).unwrap_or_else(|| panic!("{} is no path of ours", row.path))
}

#[track_caller]
fn assert_same(have: &Hashes, want: &Hashes, what: &str) {
    let wrong: Vec<&String> = have
        .iter()
        .filter(|(file, hash)| want.get(*file) != Some(hash))
        .map(|(file, _)| file)
        .collect();
    let missing: Vec<&String> = want
        .keys()
        .filter(|file| !have.contains_key(*file))
        .collect();
    assert!(
        wrong.is_empty() && missing.is_empty(),
        "{what} differ: wrong {wrong:?}, missing {missing:?}"
    );
}

/// Waits until `ready` gives something.
pub async fn until<T>(patience: Duration, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(
            begun.elapsed() < patience,
            "not within {patience:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
