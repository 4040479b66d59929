//! A picture in small: colours and brightness of cells of about eight pixels. Owns the scale; must not judge.

use turbojpeg::{Colorspace, DecompressHeader, PixelFormat, ScalingFactor};

use super::body;
use super::decode::{self, Unreadable};

/// The fewest columns that a small picture should have, if the picture has them.
const FEWEST_COLUMNS: usize = 120;

/// The scales that are tried, the smallest first.
const SCALES: [ScalingFactor; 4] = [
    ScalingFactor::ONE_EIGHTH,
    ScalingFactor::ONE_QUARTER,
    ScalingFactor::ONE_HALF,
    ScalingFactor::ONE,
];

/// The small picture. All rows are kept; [`Plane::body`] names those that count.
#[derive(Default, Debug)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<[u8; 3]>,
    pub(crate) luma: Vec<u8>,
}

impl Plane {
    /// Decodes a picture in small.
    pub(crate) fn decode(
        bytes: &[u8],
        header: &DecompressHeader,
        buffer: &mut Vec<u8>,
    ) -> Result<Self, Unreadable> {
        let scale = SCALES
            .into_iter()
            .find(|scale| scale.scale(header.width) >= FEWEST_COLUMNS)
            .unwrap_or(ScalingFactor::ONE);
        let is_print = matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK);
        let format = if is_print {
            PixelFormat::CMYK
        } else {
            PixelFormat::RGB
        };
        let (width, height) = decode::pixels(bytes, header, scale, format, buffer)?;
        let rgb: Vec<_> = if is_print {
            buffer
                .as_chunks::<4>()
                .0
                .iter()
                .copied()
                .map(from_print)
                .collect()
        } else {
            buffer.as_chunks::<3>().0.to_vec()
        };
        let luma = rgb.iter().copied().map(brightness).collect();
        Ok(Self {
            width,
            height,
            rgb,
            luma,
        })
    }

    /// The cells that count, as a range of `rgb` and `luma`.
    pub(crate) fn body(&self) -> std::ops::Range<usize> {
        let rows = body::rows(self.height);
        rows.start * self.width..rows.end * self.width
    }
}

/// CMYK is stored inverted, as Adobe does.
fn from_print([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    [c, m, y].map(|ink| u8::try_from(u16::from(ink) * u16::from(k) / 255).unwrap_or(u8::MAX))
}

fn brightness([r, g, b]: [u8; 3]) -> u8 {
    let sum = 77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b);
    u8::try_from((sum + 128) >> 8).unwrap_or(u8::MAX)
}
