//! Owns the counters: what clients asked for, when, and how much at once. It must not influence any answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Counters of both origins since the start or the last reset.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Page, assets and API.
    pub page: PageStats,
    /// Pictures.
    pub cdn: CdnStats,
}

/// Counters of the page origin (`/__sim` is not counted).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PageStats {
    /// Loads of the page itself.
    pub page_loads: u64,
    /// Scripts and styles.
    pub assets: u64,
    /// Requests to the live API.
    pub live_requests: u64,
    /// Requests to the history API.
    pub history_requests: u64,
    /// Anything else.
    pub other: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests by `User-Agent`.
    pub user_agents: BTreeMap<String, u64>,
    /// Every page load and API request, in order of arrival.
    pub log: Vec<ApiRequest>,
    /// Requests that did not fit into `log`.
    pub log_dropped: u64,
}

/// One page load or API request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRequest {
    /// When it came, in milliseconds since 1970 by the machine's clock.
    pub at_ms: u64,
    /// `page`, `live` or `history`.
    pub kind: String,
    /// Path and query.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
}

/// Counters of the CDN.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CdnStats {
    /// All requests.
    pub requests: u64,
    /// Requests for full-size pictures that exist.
    pub full: u64,
    /// Requests for thumbnails that exist.
    pub thumb: u64,
    /// Requests for addresses that do not exist.
    pub unknown: u64,
    /// Answers by status; 0 for no answer at all.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes of bodies sent; an answer adds its own when it ends.
    pub bytes: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests being answered right now; an answer's last bytes do not count, since who has them may ask again.
    pub in_flight: u64,
    /// Most requests answered at the same time.
    pub peak_concurrent: u64,
    /// Most full-size pictures answered at the same time.
    pub peak_concurrent_full: u64,
    /// Requests by `User-Agent`.
    pub user_agents: BTreeMap<String, u64>,
    /// Requests by address, full-size pictures.
    pub full_addresses: BTreeMap<String, u64>,
    /// Requests by address, thumbnails.
    pub thumb_addresses: BTreeMap<String, u64>,
    /// Requests by address, of addresses that do not exist.
    pub unknown_addresses: BTreeMap<String, u64>,
    /// Every request, in order of arrival; it appears when its answer begins.
    pub log: Vec<CdnRequest>,
    /// Requests that did not fit into `log`.
    pub log_dropped: u64,
    #[serde(skip)]
    full_in_flight: u64,
}

/// One request to the CDN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdnRequest {
    /// When it came, in milliseconds since 1970 by the machine's clock.
    pub at_ms: u64,
    /// Address.
    pub url: String,
    /// `full`, `thumb` or `unknown`.
    pub kind: String,
    /// Status of the answer; 0 for no answer at all.
    pub status: u16,
    /// The fault it met, as in a rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<serde_json::Value>,
    /// `User-Agent`, empty if none.
    pub user_agent: String,
    /// Number of the connection, from 1.
    pub connection: u64,
}

/// Collects the counters.
#[derive(Debug)]
pub(crate) struct Recorder {
    limit: usize,
    stats: Mutex<Stats>,
}

impl Recorder {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            stats: Mutex::default(),
        }
    }

    /// Everything; the lists are in order of arrival, although answers may overtake each other.
    pub(crate) fn snapshot(&self) -> Stats {
        let mut stats = self.lock().clone();
        stats.page.log.sort_by_key(|request| request.at_ms);
        stats.cdn.log.sort_by_key(|request| request.at_ms);
        stats
    }

    /// Counters only, without the lists of requests and addresses.
    pub(crate) fn summary(&self) -> Stats {
        let mut stats = self.lock();
        let page = PageStats {
            log: std::mem::take(&mut stats.page.log),
            ..PageStats::default()
        };
        let cdn = CdnStats {
            log: std::mem::take(&mut stats.cdn.log),
            full_addresses: std::mem::take(&mut stats.cdn.full_addresses),
            thumb_addresses: std::mem::take(&mut stats.cdn.thumb_addresses),
            unknown_addresses: std::mem::take(&mut stats.cdn.unknown_addresses),
            ..CdnStats::default()
        };
        let summary = stats.clone();
        stats.page.log = page.log;
        stats.cdn.log = cdn.log;
        stats.cdn.full_addresses = cdn.full_addresses;
        stats.cdn.thumb_addresses = cdn.thumb_addresses;
        stats.cdn.unknown_addresses = cdn.unknown_addresses;
        summary
    }

    /// Forgets everything but the requests that are being answered.
    pub(crate) fn reset(&self) {
        let mut stats = self.lock();
        let (all, full) = (stats.cdn.in_flight, stats.cdn.full_in_flight);
        *stats = Stats::default();
        stats.cdn = CdnStats {
            in_flight: all,
            peak_concurrent: all,
            full_in_flight: full,
            peak_concurrent_full: full,
            ..CdnStats::default()
        };
    }

    pub(crate) fn page(&self, request: ApiRequest, user_agent: &str) {
        let mut stats = self.lock();
        let page = &mut stats.page;
        *page.statuses.entry(request.status).or_default() += 1;
        count(&mut page.user_agents, user_agent);
        match request.kind.as_str() {
            "page" => page.page_loads += 1,
            "live" => page.live_requests += 1,
            "history" => page.history_requests += 1,
            "asset" => page.assets += 1,
            _ => page.other += 1,
        }
        if !matches!(request.kind.as_str(), "page" | "live" | "history") {
            return;
        }
        if page.log.len() < self.limit {
            page.log.push(request);
        } else {
            page.log_dropped += 1;
        }
    }

    pub(crate) fn connection(&self) -> u64 {
        let mut stats = self.lock();
        stats.cdn.connections += 1;
        stats.cdn.connections
    }

    /// Counts a request that begins; it ends when the guard is dropped.
    pub(crate) fn begin(&self, full: bool) -> InFlight<'_> {
        let cdn = &mut self.lock().cdn;
        cdn.in_flight += 1;
        cdn.full_in_flight += u64::from(full);
        cdn.peak_concurrent = cdn.peak_concurrent.max(cdn.in_flight);
        cdn.peak_concurrent_full = cdn.peak_concurrent_full.max(cdn.full_in_flight);
        InFlight {
            recorder: self,
            full,
        }
    }

    pub(crate) fn cdn(&self, request: CdnRequest) {
        let cdn = &mut self.lock().cdn;
        cdn.requests += 1;
        *cdn.statuses.entry(request.status).or_default() += 1;
        count(&mut cdn.user_agents, &request.user_agent);
        let (counter, addresses) = match request.kind.as_str() {
            "full" => (&mut cdn.full, &mut cdn.full_addresses),
            "thumb" => (&mut cdn.thumb, &mut cdn.thumb_addresses),
            _ => (&mut cdn.unknown, &mut cdn.unknown_addresses),
        };
        *counter += 1;
        count(addresses, &request.url);
        if cdn.log.len() < self.limit {
            cdn.log.push(request);
        } else {
            cdn.log_dropped += 1;
        }
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.lock().cdn.bytes += bytes;
    }

    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counters: &mut BTreeMap<String, u64>, key: &str) {
    if let Some(counter) = counters.get_mut(key) {
        *counter += 1;
    } else {
        counters.insert(key.to_owned(), 1);
    }
}

/// A request that is being answered.
pub(crate) struct InFlight<'a> {
    recorder: &'a Recorder,
    full: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let cdn = &mut self.recorder.lock().cdn;
        cdn.in_flight = cdn.in_flight.saturating_sub(1);
        cdn.full_in_flight = cdn.full_in_flight.saturating_sub(u64::from(self.full));
    }
}
