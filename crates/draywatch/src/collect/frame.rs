//! One frame: full size first, the thumbnail where the portal has no more, verified and written aside. Must not place or record.

use bytes::Bytes;
use draywatch_archive::{Archive, ArchiveError, Written};
use draywatch_catalog::{LedgerEntry, Look, PictureFacts};
use draywatch_core::address::thumbnail_of_full;
use draywatch_core::frame::looks_like_thumbnail;
use draywatch_core::{Failure, Kind};
use draywatch_picture::verdict::Placeholders;
use tokio::time::Instant;

use super::Collector;
use super::day::Listing;
use super::recover::facts_of;
use crate::examine::look_at;
use crate::fetch::{Refused, Rejection};

/// A picture that is verified and written aside.
pub struct Ready {
    /// The ledger row.
    pub entry: LedgerEntry,
    /// What was verified.
    pub facts: PictureFacts,
    /// What the picture shows, if that could be told.
    pub look: Option<Look>,
    /// Where it was fetched from.
    pub url: String,
    /// For a thumbnail: why the full picture is missing.
    pub instead_of: Option<Refused>,
    /// Whether a thumbnail of the frame is stored already.
    pub has_thumbnail: bool,
    /// Whether a file lay in its place when the picture came, or that could not be told.
    pub is_taken: bool,
    /// Whether that file is known to be damaged: its row says so.
    pub is_damaged: bool,
}

/// What became of one frame.
pub enum Got {
    /// A picture, and its file.
    Ready(Box<(Written, Ready)>),
    /// Nothing.
    Refused(Box<(LedgerEntry, Refused)>, bool),
    /// The archive cannot take it: the end of this collection.
    Broken(ArchiveError),
}

impl Collector {
    /// Fetches one frame of the ledger before `deadline`.
    pub(super) async fn get(
        &self,
        listing: &Listing,
        deadline: Instant,
        entry: LedgerEntry,
        has_thumbnail: bool,
    ) -> Got {
        let url = entry.entry.url.clone();
        let full = self.fetch_and_write(listing, deadline, &url, &entry).await;
        let refused = match full {
            Ok(Ok(judged)) => {
                let instead_of = only_a_thumbnail(&url, &judged.facts);
                if let Some(refused) = instead_of.clone().filter(|_| has_thumbnail) {
                    return Got::Refused(Box::new((entry, refused)), has_thumbnail);
                }
                return judged.ready(entry, url, instead_of, has_thumbnail);
            }
            Ok(Err(error)) => return Got::Broken(error),
            Err(refused) => refused,
        };
        let thumbnail = entry
            .entry
            .thumbnail_url
            .clone()
            .or_else(|| thumbnail_of_full(&entry.entry.url));
        let Some(url) =
            thumbnail.filter(|_| refused.failure.kind == Kind::NotFound && !has_thumbnail)
        else {
            return Got::Refused(Box::new((entry, refused)), has_thumbnail);
        };
        match self.fetch_and_write(listing, deadline, &url, &entry).await {
            Ok(Ok(judged)) => judged.ready(entry, url, Some(refused), has_thumbnail),
            Ok(Err(error)) => Got::Broken(error),
            // The full picture's reason says more; the thumbnail was only a second best.
            Err(_) => Got::Refused(Box::new((entry, refused)), has_thumbnail),
        }
    }

    /// Fetches an address; verifying and writing aside happen on the thread that judges.
    async fn fetch_and_write(
        &self,
        listing: &Listing,
        deadline: Instant,
        url: &str,
        entry: &LedgerEntry,
    ) -> Result<Result<Judged, ArchiveError>, Refused> {
        let archive = self.store.archive.clone();
        let cards = self.cards.current();
        let place = entry.entry.frame.relative_path();
        let accept = move |bytes: &Bytes, promised: Option<u64>| {
            judge(&archive, &cards, &place, bytes, promised)
        };
        listing
            .fetcher
            .fetch(url, deadline, accept)
            .await
            .map(|accepted| accepted.value)
    }
}

/// Why a picture from a full picture's address does not count as one: it is as small as a thumbnail.
fn only_a_thumbnail(url: &str, facts: &PictureFacts) -> Option<Refused> {
    let message = format!(
        "{url}: there is a picture of {} x {} pixels, which is a thumbnail, not the full picture",
        facts.width, facts.height
    );
    looks_like_thumbnail(facts.width).then(|| Refused {
        failure: Failure::new(Kind::NotFound, message),
        reason: "only_a_thumbnail".to_owned(),
        attempts: 1,
        retry_at: None,
    })
}

/// A picture that was accepted.
struct Judged {
    facts: PictureFacts,
    look: Option<Look>,
    written: Written,
    is_taken: bool,
}

impl Judged {
    fn ready(
        self,
        entry: LedgerEntry,
        url: String,
        instead_of: Option<Refused>,
        has_thumbnail: bool,
    ) -> Got {
        let ready = Ready {
            entry,
            facts: self.facts,
            look: self.look,
            url,
            instead_of,
            has_thumbnail,
            is_taken: self.is_taken,
            is_damaged: false,
        };
        Got::Ready(Box::new((self.written, ready)))
    }
}

/// One decode both verifies a picture and shows what it is worth.
fn judge(
    archive: &Archive,
    cards: &Placeholders,
    place: &str,
    bytes: &Bytes,
    promised: Option<u64>,
) -> Result<Result<Judged, ArchiveError>, Rejection> {
    let verified = draywatch_picture::verify_and_see(bytes, promised);
    let (verified, seen) = verified.map_err(|refusal| Rejection {
        reason: refusal.reason(),
        message: refusal.to_string(),
    })?;
    fail::fail_point!("collect-fetched");
    let written = archive.write_aside(bytes);
    fail::fail_point!("collect-written");
    let look = look_at(&seen, bytes, cards);
    let is_taken = !matches!(archive.exists(place), Ok(false));
    Ok(written.map(|written| Judged {
        facts: facts_of(&verified),
        look,
        written,
        is_taken,
    }))
}

/// A refusal as it goes into the ledger.
pub fn failure_of(refused: &Refused) -> (Failure, String) {
    (refused.failure.clone(), refused.reason.clone())
}
