//! The examination of one picture, step by step. Owns the order; must not know thresholds.

use draywatch_core::verdict::Verdict;

use super::content;
use super::decode::{self, Unreadable};
use super::drawn::{Edges, Layout};
use super::fingerprint::Fingerprint;
use super::measures::Measures;
use super::placeholders::Placeholders;
use super::plane::{Colours, Plane};
use super::same::{self, Buffers, Contradiction};
use crate::hash::Sha256;

/// Examines pictures one after another with the same buffers. Give each thread its own.
#[derive(Default, Debug)]
pub struct Examiner {
    placeholders: Placeholders,
    small: Vec<u8>,
    buffers: Buffers,
}

/// A picture as the decoder that verified it saw it in small: enough to examine it without decoding it once more.
#[derive(Debug)]
pub struct Seen {
    sha256: Sha256,
    size: (usize, usize),
    plane: Plane,
}

impl Seen {
    pub(crate) fn new(sha256: Sha256, size: (usize, usize), plane: Plane) -> Self {
        Self {
            sha256,
            size,
            plane,
        }
    }

    /// What it shows, by these placeholders and our own rules. `bytes` are those of the picture, for the few whose colours or edges matter.
    ///
    /// # Errors
    /// [`Unreadable`] if they cannot be decoded in colour.
    pub fn examine(
        &self,
        bytes: &[u8],
        placeholders: &Placeholders,
    ) -> Result<Examined, Unreadable> {
        let colours = || Colours::decode(bytes, &decode::header(bytes)?);
        let mut measures = Measures::of(&self.plane);
        if content::needs_colour(&measures) {
            measures.add_colour(&colours()?);
        }
        let placeholder = placeholders.find(self.sha256, &self.plane, colours)?;
        let content = if placeholder.is_some() {
            Some(Verdict::Placeholder)
        } else {
            self.add_drawn(&mut measures, bytes)?;
            content::verdict(&measures)
        };
        Ok(Examined {
            fingerprint: Fingerprint::of(self.sha256, self.size, &self.plane),
            measures,
            placeholder: placeholder.map(str::to_owned),
            content,
        })
    }

    /// Measures what only the few need that may be drawn cards: the edges take a look at full size.
    fn add_drawn(&self, measures: &mut Measures, bytes: &[u8]) -> Result<(), Unreadable> {
        if content::needs_layout(measures) {
            measures.layout = Some(Layout::of(&self.plane));
        }
        if content::needs_edges(measures) {
            let whole = Plane::decode_whole(bytes, &decode::header(bytes)?)?;
            measures.edges = Some(Edges::of(&whole));
        }
        Ok(())
    }
}

/// What one look at a picture found.
#[derive(Clone, PartialEq, Debug)]
pub struct Examined {
    fingerprint: Fingerprint,
    measures: Measures,
    placeholder: Option<String>,
    content: Option<Verdict>,
}

/// How far a picture's verdict is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// This is the verdict.
    Settled(Verdict),
    /// It may be the previous picture: ask [`Examiner::is_same_picture`] with the previous frame's bytes. If it is,
    /// the verdict is [`Verdict::Frozen`], else, or if those bytes are gone, [`Verdict::Ok`].
    Candidate,
}

impl Examiner {
    /// An examiner that knows these placeholders besides its own rules.
    #[must_use]
    pub fn new(placeholders: Placeholders) -> Self {
        Self {
            placeholders,
            ..Self::default()
        }
    }

    /// Looks at a picture, verified before, whose hash this is.
    ///
    /// # Errors
    /// [`Unreadable`] if the bytes cannot be decoded.
    pub fn examine(&mut self, bytes: &[u8], sha256: Sha256) -> Result<Examined, Unreadable> {
        let header = decode::header(bytes)?;
        let plane = Plane::decode(bytes, &header, &mut self.small)?;
        let size = (header.width, header.height);
        Seen::new(sha256, size, plane).examine(bytes, &self.placeholders)
    }

    /// Whether two pictures show the same pixels at full size, at whatever qualities they were encoded. What differs in the
    /// top and the bottom ninth (a clock) does not count.
    ///
    /// # Errors
    /// [`Unreadable`] if one of them cannot be decoded.
    pub fn is_same_picture(&mut self, previous: &[u8], bytes: &[u8]) -> Result<bool, Unreadable> {
        Ok(previous == bytes
            || self
                .contradiction(previous, bytes)?
                .is_some_and(|against| against.is_same_picture()))
    }

    /// How much speaks against both pictures being of the same pixels; `None` if they cannot be compared
    /// (of different sizes, or of a rare kind of JPEG).
    ///
    /// # Errors
    /// [`Unreadable`] if one of them cannot be decoded.
    pub fn contradiction(
        &mut self,
        previous: &[u8],
        bytes: &[u8],
    ) -> Result<Option<Contradiction>, Unreadable> {
        same::contradiction(previous, bytes, &mut self.buffers)
    }

    /// All steps at once. `previous` is the fingerprint of the camera's frame before, of another instant; its bytes are
    /// asked for only if they are needed, and may be gone (`None`): then the picture counts as `ok`.
    ///
    /// # Errors
    /// [`Unreadable`] if the bytes, or those of the previous frame, cannot be decoded.
    pub fn judge<B: AsRef<[u8]>>(
        &mut self,
        bytes: &[u8],
        sha256: Sha256,
        previous: Option<&Fingerprint>,
        previous_bytes: impl FnOnce() -> Option<B>,
    ) -> Result<(Verdict, Examined), Unreadable> {
        let examined = self.examine(bytes, sha256)?;
        let verdict = match examined.after(previous) {
            Step::Settled(verdict) => verdict,
            Step::Candidate => match previous_bytes() {
                Some(previous) if self.is_same_picture(previous.as_ref(), bytes)? => {
                    Verdict::Frozen
                }
                _ => Verdict::Ok,
            },
        };
        Ok((verdict, examined))
    }
}

impl Examined {
    /// The verdict, or what it still takes, given the fingerprint of the camera's previous frame.
    #[must_use]
    pub fn after(&self, previous: Option<&Fingerprint>) -> Step {
        match (self.content, previous) {
            (Some(verdict), _) => Step::Settled(verdict),
            (None, Some(previous)) => self.fingerprint.after(previous),
            (None, None) => Step::Settled(Verdict::Ok),
        }
    }

    /// The verdict, if it needs no other picture.
    #[must_use]
    pub fn content(&self) -> Option<Verdict> {
        self.content
    }

    /// What to keep of this picture for the next.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The registered placeholder that it is.
    #[must_use]
    pub fn placeholder(&self) -> Option<&str> {
        self.placeholder.as_deref()
    }

    /// What was measured.
    #[must_use]
    pub fn measures(&self) -> &Measures {
        &self.measures
    }
}
