//! What the scripts in the page report, as they report it. Must not judge.

use serde::Deserialize;

/// A request of the page and its answer.
#[derive(Debug, Clone, Deserialize)]
pub struct RawEntry {
    /// `GET`, `POST`, or `MESSAGE` for a socket.
    pub method: String,
    /// Absolute address.
    pub url: String,
    /// Body of the request, as text.
    #[serde(default)]
    pub request: String,
    /// After which pick it was sent: 0 before the first.
    pub phase: u64,
    /// When it was sent, in milliseconds by the page's own clock.
    #[serde(default)]
    pub start: f64,
    /// When it ended, by the same clock; nothing while it is under way.
    #[serde(default)]
    pub end: Option<f64>,
    /// HTTP status; 0 when there was none.
    #[serde(default)]
    pub status: u16,
    /// Body of the answer, where it is text.
    #[serde(default)]
    pub body: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The answer's header `Retry-After`, word for word.
    #[serde(default, rename = "retryAfter")]
    pub retry_after: Option<String>,
}

/// What the page says in words or signs.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Signs {
    /// Words that say that there is nothing.
    pub empty: String,
    /// Words that say that something failed.
    pub trouble: String,
    /// Whether a loading sign is visible.
    pub busy: bool,
    /// Whether any text is visible at all.
    pub content: bool,
}

/// One look at the page.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawReading {
    /// Picture addresses of the page's elements, word for word, in document order.
    pub pictures: Vec<String>,
    /// The same just before the last pick.
    #[serde(default)]
    pub shown_before: Vec<String>,
    /// What relative addresses are relative to.
    pub base: String,
    /// Requests that ended since the last look.
    pub told: Vec<RawEntry>,
    /// Requests still under way.
    pub open: Vec<RawEntry>,
    /// Words and signs.
    pub signs: Signs,
    /// When the look ended, in milliseconds by the page's own clock.
    #[serde(default)]
    pub now: f64,
    /// Whether a day picker was found (only when the page was opened).
    #[serde(default)]
    pub picker: bool,
    /// Whether what was found names days, rather than being a field for anything (only when the page was opened).
    #[serde(default)]
    pub days: bool,
    /// HTTP status of the page itself; 0 where the browser does not tell (only when the page was opened).
    #[serde(default)]
    pub status: u16,
    /// Where the page is (only when it was opened).
    #[serde(default)]
    pub location: String,
    /// Whether the page offers to show more (only after a leap).
    #[serde(default)]
    pub more: bool,
    /// How long the portal took to answer the pick, in milliseconds.
    #[serde(default)]
    pub portal_took: f64,
}

/// What picking a day came to.
#[derive(Debug, Clone, Deserialize)]
pub struct RawPick {
    /// By which means it was picked; `None` when it was not.
    pub how: Option<String>,
    /// Why it was not.
    pub trouble: Option<String>,
    /// Whether the page does not let that day be picked.
    #[serde(default)]
    pub disabled: bool,
    /// The phase that began with the pick.
    #[serde(default)]
    pub phase: u64,
}
