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
        let (scale, format) = Self::form(header);
        let size = decode::pixels(bytes, header, scale, format, buffer)?;
        Ok(Self::of(buffer, size, format))
    }

    /// How a picture with that header is decoded.
    pub(crate) fn form(header: &DecompressHeader) -> (ScalingFactor, PixelFormat) {
        let is_enough = |scale: &ScalingFactor| scale.scale(header.width) >= FEWEST_COLUMNS;
        let scale = SCALES.into_iter().find(is_enough);
        let format = match header.colorspace {
            Colorspace::CMYK | Colorspace::YCCK => PixelFormat::CMYK,
            _ => PixelFormat::RGB,
        };
        (scale.unwrap_or(ScalingFactor::ONE), format)
    }

    /// What was decoded in that form.
    pub(crate) fn of(pixels: &[u8], (width, height): (usize, usize), format: PixelFormat) -> Self {
        let rgb: Vec<_> = if format == PixelFormat::CMYK {
            let inks = pixels.as_chunks::<4>().0.iter().copied();
            inks.map(from_print).collect()
        } else {
            pixels.as_chunks::<3>().0.to_vec()
        };
        let luma = rgb.iter().copied().map(brightness).collect();
        Self {
            width,
            height,
            rgb,
            luma,
        }
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
