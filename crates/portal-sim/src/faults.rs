//! Owns which CDN request fails, and how often. It must not write to a socket: `cdn` turns a fault into bytes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::mix::{hash_text, mix, unit};
use crate::schedule::Frame;

/// One rule: which requests it matches, what then happens, and how often. The first rule that matches (and is
/// not used up for that address) decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests.
    #[serde(rename = "match", default)]
    pub matching: Match,
    /// What happens.
    pub fault: Fault,
    /// How often for each address; without a limit if none.
    #[serde(default)]
    pub times: Option<u32>,
}

impl FaultRule {
    /// A rule for every full-size picture, without a limit.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self {
            matching: Match::default(),
            fault,
            times: None,
        }
    }

    fn covers(&self, frame: &Frame, path: &str, thumbnail: bool) -> bool {
        let both = matches!(self.fault, Fault::NotFoundBoth);
        let size = both || self.matching.thumbnails.covers(thumbnail);
        size && self.matching.covers(frame, path)
    }
}

/// Which requests a rule is for; all conditions must hold, and none means all full-size pictures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Only this camera.
    pub camera: Option<String>,
    /// Only addresses that contain this text.
    pub address_contains: Option<String>,
    /// Only every n-th frame of a camera, by the frame's place in the schedule.
    pub every_nth: Option<u32>,
    /// Only this share of the addresses, 0 to 1.
    pub probability: Option<f64>,
    /// Which addresses `probability` picks follows from this.
    pub seed: u64,
    /// Full-size pictures, thumbnails or both.
    pub thumbnails: Sizes,
}

impl Match {
    fn covers(&self, frame: &Frame, path: &str) -> bool {
        let camera = self
            .camera
            .as_ref()
            .is_none_or(|name| *name == *frame.camera);
        let text = self
            .address_contains
            .as_ref()
            .is_none_or(|text| path.contains(text.as_str()));
        let nth = self
            .every_nth
            .is_none_or(|n| frame.slot.rem_euclid(i64::from(n.max(1))) == 0);
        let chance = |share: f64| unit(mix(&[self.seed, hash_text(path)])) < share;
        camera && text && nth && self.probability.is_none_or(chance)
    }
}

/// Full-size pictures, thumbnails or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizes {
    /// Only full-size pictures.
    #[default]
    Full,
    /// Only thumbnails.
    Thumb,
    /// Both.
    Both,
}

impl Sizes {
    fn covers(self, thumbnail: bool) -> bool {
        match self {
            Self::Full => !thumbnail,
            Self::Thumb => thumbnail,
            Self::Both => true,
        }
    }
}

/// What goes wrong at the CDN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// 404, for the sizes the rule matches (so by default the thumbnail exists).
    NotFound,
    /// 404 for picture and thumbnail alike, whatever sizes the rule names.
    NotFoundBoth,
    /// 403.
    Forbidden,
    /// 429.
    TooMany {
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// 503.
    Unavailable {
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// 503 with `Retry-After` as an HTTP date.
    UnavailableUntil {
        /// Seconds from now to that date.
        retry_after: u64,
    },
    /// 500.
    ServerError,
    /// TCP reset after half of the body.
    Reset,
    /// TCP reset before any answer.
    ResetEarly,
    /// Half of the body, then nothing; the connection stays open.
    Stall,
    /// No answer at all; the connection stays open.
    StallEarly,
    /// The body comes slowly.
    Drip {
        /// Bytes in a second.
        bytes_per_sec: u32,
    },
    /// `Content-Length` of the whole body, but 60 % of it and the end of the connection.
    CutWithLengthMismatch,
    /// 60 % of the body, and a `Content-Length` to match.
    CutConsistent,
    /// 60 % of the body in well-formed chunks: no length, and nothing in HTTP shows the loss.
    CutChunked,
    /// 60 % of the body in chunks, and the connection ends without the last chunk.
    CutChunkedUnfinished,
    /// 60 % of the body with neither length nor chunks; the end of the connection ends it.
    CutUntilClose,
    /// 200 with no bytes.
    Empty,
    /// 200 with an HTML error page as `text/html`.
    Html,
    /// 200 with an HTML error page as `image/jpeg`.
    HtmlAsJpeg,
    /// The right length, but 4 KB in the middle are overwritten.
    Scrambled,
    /// 60 % of the body with an end marker glued on, and a `Content-Length` to match.
    EndMarkerGlued,
    /// A body that never ends (chunked).
    Endless,
    /// Redirects to itself for ever.
    RedirectLoop,
    /// Redirects once, to an address that answers properly.
    RedirectOk,
    /// A valid 1200x675 JPEG that says "no signal", the same for every frame.
    Placeholder,
    /// A picture of the scene, byte for byte the same for every frame of every camera.
    Frozen,
    /// A valid JPEG of a lens in the dark: all black but for the sensor's noise.
    Dark,
    /// A valid JPEG of a lens that is covered: light, and nothing to be seen.
    Blank,
}

impl Fault {
    /// Whether what is sent is a valid picture, and not that of the frame.
    pub(crate) fn is_lie(self) -> bool {
        matches!(
            self,
            Self::Placeholder | Self::Frozen | Self::Dark | Self::Blank
        )
    }
}

/// The rules in force, and how often each was used for each address.
#[derive(Debug, Default)]
pub(crate) struct FaultBook {
    inner: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    rules: Vec<FaultRule>,
    used: HashMap<(usize, String), u32>,
}

impl FaultBook {
    pub(crate) fn set(&self, rules: Vec<FaultRule>) {
        let mut pages = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        *pages = Pages {
            rules,
            used: HashMap::new(),
        };
    }

    pub(crate) fn rules(&self) -> Vec<FaultRule> {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .rules
            .clone()
    }

    /// The fault for this request, which is thereby used once.
    pub(crate) fn strike(&self, frame: &Frame, path: &str, thumbnail: bool) -> Option<Fault> {
        let mut pages = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Pages { rules, used } = &mut *pages;
        for (index, rule) in rules.iter().enumerate() {
            if !rule.covers(frame, path, thumbnail) {
                continue;
            }
            let Some(times) = rule.times else {
                return Some(rule.fault);
            };
            let count = used.entry((index, path.to_owned())).or_default();
            if *count < times {
                *count += 1;
                return Some(rule.fault);
            }
        }
        None
    }
}
