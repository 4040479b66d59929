//! Why bytes are not a picture that we keep. Owns the words and the codes; must not decide anything.

/// Why some bytes were refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are no bytes at all.
    #[error("empty: no bytes at all")]
    Empty,
    /// There are more bytes than [`Limits::max_bytes`](crate::Limits::max_bytes).
    #[error("too large: {bytes} bytes, at most {max} are accepted")]
    TooLarge {
        /// How many bytes there are.
        bytes: usize,
        /// How many there may be.
        max: usize,
    },
    /// The number of bytes is not the one that the server promised.
    #[error("wrong length: the server promised {expected} bytes, {actual} arrived")]
    LengthMismatch {
        /// How many bytes the server promised.
        expected: u64,
        /// How many there are.
        actual: u64,
    },
    /// The bytes do not start like a JPEG.
    #[error("not a picture but {what}")]
    NotAPicture {
        /// What they look like instead, for example "an HTML page".
        what: String,
    },
    /// The bytes start like a JPEG and stop before its end marker.
    #[error("truncated: the picture stops before its end marker")]
    Truncated,
    /// A JPEG with damage inside, or with bytes after its end marker.
    #[error("corrupt: {detail}")]
    Corrupt {
        /// What is damaged, in the decoder's words where it was the decoder that noticed.
        detail: String,
    },
    /// The header claims more pixels than [`Limits::max_pixels`](crate::Limits::max_pixels).
    #[error("too many pixels: {width} x {height}, at most {max} in all are accepted")]
    TooManyPixels {
        /// Claimed width.
        width: u32,
        /// Claimed height.
        height: u32,
        /// How many pixels there may be.
        max: u64,
    },
    /// Whether the picture is whole could not be found out: a rare kind of JPEG (lossless, twelve bits), or
    /// the decoder got no memory. Says nothing about damage.
    #[error("cannot be checked: {detail}")]
    Uncheckable {
        /// Why not.
        detail: String,
    },
}

impl Refusal {
    /// A short code that stays the same across versions: for databases, metrics and `--json`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::LengthMismatch { .. } => "length_mismatch",
            Self::NotAPicture { .. } => "not_a_picture",
            Self::Truncated => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::Uncheckable { .. } => "uncheckable",
        }
    }

    pub(crate) fn corrupt(detail: impl Into<String>) -> Self {
        Self::Corrupt {
            detail: detail.into(),
        }
    }

    pub(crate) fn uncheckable(detail: impl Into<String>) -> Self {
        Self::Uncheckable {
            detail: detail.into(),
        }
    }

    /// What libjpeg-turbo's complaint, error or warning, says about the picture.
    pub(crate) fn from_decoder(error: &turbojpeg::Error) -> Self {
        let text = error.to_string();
        let Some(detail) = text.strip_prefix("TurboJPEG error: ") else {
            return Self::uncheckable(text);
        };
        let detail = detail.strip_prefix("Corrupt JPEG data: ").unwrap_or(detail);
        let ours = [
            "Unsupported JPEG",
            "Could not determine",
            "Insufficient memory",
            "Memory allocation",
        ];
        if detail.starts_with("Premature end of JPEG file") {
            Self::Truncated
        } else if ours.iter().any(|words| detail.contains(words)) {
            Self::uncheckable(detail)
        } else {
            Self::corrupt(detail)
        }
    }
}
