//! A picture in small: brightness, and where it is asked for the colours, of cells of about eight pixels. Owns the scale; must not judge.

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

/// The brightness of every cell. All rows are kept; [`body`](Self::body) has those that count.
#[derive(Default, Debug)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
}

/// The colours of every cell. Hardly a verdict asks for them, and to decode them in every picture costs a tenth more.
pub(crate) struct Colours {
    pub(crate) width: usize,
    height: usize,
    rgb: Vec<[u8; 3]>,
}

impl Plane {
    /// How a picture with that header is decoded.
    pub(crate) fn form(header: &DecompressHeader) -> (ScalingFactor, PixelFormat) {
        let format = match header.colorspace {
            Colorspace::CMYK | Colorspace::YCCK => PixelFormat::CMYK,
            Colorspace::RGB => PixelFormat::RGB,
            Colorspace::YCbCr | Colorspace::Gray => PixelFormat::GRAY,
        };
        (scale(header), format)
    }

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

    /// Decodes a picture at its full size.
    pub(crate) fn decode_whole(
        bytes: &[u8],
        header: &DecompressHeader,
    ) -> Result<Self, Unreadable> {
        let (_, format) = Self::form(header);
        let mut pixels = Vec::new();
        let size = decode::pixels(bytes, header, ScalingFactor::ONE, format, &mut pixels)?;
        Ok(Self::of(&pixels, size, format))
    }

    /// What was decoded in that form.
    pub(crate) fn of(pixels: &[u8], (width, height): (usize, usize), format: PixelFormat) -> Self {
        let luma = match format {
            PixelFormat::GRAY => pixels.to_vec(),
            _ => cells(pixels, format).map(brightness).collect(),
        };
        Self {
            width,
            height,
            luma,
        }
    }

    /// The cells that count.
    pub(crate) fn body(&self) -> &[u8] {
        &self.luma[body_of(self.width, self.height)]
    }
}

impl Colours {
    /// Decodes a picture in small and in colour.
    pub(crate) fn decode(bytes: &[u8], header: &DecompressHeader) -> Result<Self, Unreadable> {
        let format = match header.colorspace {
            Colorspace::CMYK | Colorspace::YCCK => PixelFormat::CMYK,
            Colorspace::RGB | Colorspace::YCbCr | Colorspace::Gray => PixelFormat::RGB,
        };
        let mut pixels = Vec::new();
        let (width, height) = decode::pixels(bytes, header, scale(header), format, &mut pixels)?;
        let rgb = cells(&pixels, format).collect();
        Ok(Self { width, height, rgb })
    }

    /// The cells that count.
    pub(crate) fn body(&self) -> &[[u8; 3]] {
        &self.rgb[body_of(self.width, self.height)]
    }
}

fn scale(header: &DecompressHeader) -> ScalingFactor {
    let is_enough = |scale: &ScalingFactor| scale.scale(header.width) >= FEWEST_COLUMNS;
    let scale = SCALES.into_iter().find(is_enough);
    scale.unwrap_or(ScalingFactor::ONE)
}

fn body_of(width: usize, height: usize) -> std::ops::Range<usize> {
    let rows = body::rows(height);
    rows.start * width..rows.end * width
}

/// The colour of each cell.
fn cells(pixels: &[u8], format: PixelFormat) -> Box<dyn Iterator<Item = [u8; 3]> + '_> {
    if format == PixelFormat::CMYK {
        let inks = pixels.as_chunks::<4>().0.iter().copied();
        Box::new(inks.map(from_print))
    } else {
        Box::new(pixels.as_chunks::<3>().0.iter().copied())
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
