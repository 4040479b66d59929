//! How much a picture may cost us. Owns the numbers; must not look at bytes.

/// The most scans that a picture may have. A progressive picture has about ten; hundreds are an attack.
pub(crate) const MAX_SCANS: u32 = 100;

/// A picture of `max_pixels` may have this many scans; a smaller one more, up to [`MAX_SCANS`].
const SCANS_AT_MAX_PIXELS: u64 = 20;

/// A Huffman-coded block costs at least a bit and covers, with the oddest sampling, at most 1,024 / 8 pixels.
const PIXELS_PER_BYTE: u64 = 1_024;

/// What a picture may cost: beyond these it is refused before it is decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The most bytes that a picture may have.
    pub max_bytes: usize,
    /// The most pixels (width times height) that a picture may claim. A progressive picture needs up to six
    /// bytes a pixel inside libjpeg-turbo while it is checked, any other a few rows.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 20 MiB and 50 million pixels.
    fn default() -> Self {
        Self {
            max_bytes: 20 * 1024 * 1024,
            max_pixels: 50_000_000,
        }
    }
}

impl Limits {
    /// Whether decoding so many scans of so many pixels stays within a sensible amount of work.
    pub(crate) fn allows_scans(&self, scans: u32, pixels: u64) -> bool {
        let most = self.max_pixels.saturating_mul(SCANS_AT_MAX_PIXELS);
        scans <= MAX_SCANS && (scans <= 1 || pixels.saturating_mul(u64::from(scans)) <= most)
    }
}

/// Whether so few bytes can hold so many pixels at all (Huffman coding). If not, decoding would be wasted work.
pub(crate) fn can_hold(bytes: usize, pixels: u64) -> bool {
    pixels <= (bytes as u64).saturating_mul(PIXELS_PER_BYTE)
}
