//! Small copies of pictures, for lists. Owns how they are scaled and packed; must not judge or keep them.

use turbojpeg::{Colorspace, Compressor, Image, PixelFormat, ScalingFactor, Subsamp};

use crate::verdict::Unreadable;
use crate::verdict::decode;

/// Good enough to be looked at, and small.
const QUALITY: i32 = 80;
/// A picture may be so many times as high as it is wide.
const TALLEST: usize = 20;
/// What the decoder can scale to by itself, the smallest first.
const SCALES: [ScalingFactor; 4] = [
    ScalingFactor::ONE_EIGHTH,
    ScalingFactor::ONE_QUARTER,
    ScalingFactor::ONE_HALF,
    ScalingFactor::ONE,
];

/// Pixels of three bytes each, row by row.
pub(crate) struct Pixels {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// A copy of a picture as JPEG, so many pixels wide; one that is not wider than that keeps its size.
///
/// # Errors
/// When the picture cannot be decoded, which a verified one always can, or is oddly tall.
pub fn thumbnail(bytes: &[u8], width: u32) -> Result<Vec<u8>, Unreadable> {
    let header = decode::header(bytes)?;
    if matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK)
        || header.height > header.width.saturating_mul(TALLEST)
    {
        return Err(Unreadable("its shape or its colours are odd".to_owned()));
    }
    let wanted = usize::try_from(width)
        .unwrap_or(usize::MAX)
        .clamp(1, header.width);
    let fits = |scale: &ScalingFactor| scale.scale(header.width) >= wanted;
    let scale = SCALES.into_iter().find(fits).unwrap_or(ScalingFactor::ONE);
    let mut decoded = Vec::new();
    let (width, height) = decode::pixels(bytes, &header, scale, PixelFormat::RGB, &mut decoded)?;
    let whole = Pixels {
        bytes: decoded,
        width,
        height,
    };
    let wanted_height = (header.height * wanted + header.width / 2) / header.width;
    let narrow = narrowed(&whole, wanted);
    let turned = turned(&narrowed(&turned(&narrow), wanted_height.clamp(1, height)));
    pack(&turned)
}

/// The same as JPEG.
pub(crate) fn pack(small: &Pixels) -> Result<Vec<u8>, Unreadable> {
    let mut compressor = Compressor::new()?;
    compressor.set_quality(QUALITY)?;
    compressor.set_subsamp(Subsamp::Sub2x2)?;
    let image = Image {
        pixels: &small.bytes[..],
        width: small.width,
        pitch: small.width * 3,
        height: small.height,
        format: PixelFormat::RGB,
    };
    Ok(compressor.compress_to_vec(image)?)
}

/// The same rows with fewer columns: each new pixel is the mean of what it covers, by the share that it covers.
fn narrowed(from: &Pixels, width: usize) -> Pixels {
    let mut bytes = Vec::with_capacity(width * from.height * 3);
    for row in from.bytes.chunks_exact(from.width * 3) {
        for column in 0..width {
            // In units of 1/width of an old pixel: a new one covers from.width of them.
            let (begin, end) = (column * from.width, (column + 1) * from.width);
            let mut sums = [0; 3];
            for old in begin / width..end.div_ceil(width) {
                let share = ((old + 1) * width).min(end) - (old * width).max(begin);
                for (sum, value) in sums.iter_mut().zip(&row[old * 3..old * 3 + 3]) {
                    *sum += share * usize::from(*value);
                }
            }
            let mean = |sum| u8::try_from((sum + from.width / 2) / from.width).unwrap_or(u8::MAX);
            bytes.extend(sums.map(mean));
        }
    }
    Pixels {
        bytes,
        width,
        height: from.height,
    }
}

/// Rows as columns.
fn turned(from: &Pixels) -> Pixels {
    let mut bytes = Vec::with_capacity(from.bytes.len());
    for column in 0..from.width {
        for row in 0..from.height {
            let at = (row * from.width + column) * 3;
            bytes.extend_from_slice(&from.bytes[at..at + 3]);
        }
    }
    Pixels {
        bytes,
        width: from.height,
        height: from.width,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, colour: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let bytes = rows.flat_map(|(x, y)| colour(x, y)).collect();
        let pixels = Pixels {
            bytes,
            width,
            height,
        };
        pack(&pixels).unwrap()
    }

    fn pixels_of(jpeg: &[u8]) -> Pixels {
        let header = decode::header(jpeg).unwrap();
        let mut bytes = Vec::new();
        let (width, height) = decode::pixels(
            jpeg,
            &header,
            ScalingFactor::ONE,
            PixelFormat::RGB,
            &mut bytes,
        )
        .unwrap();
        Pixels {
            bytes,
            width,
            height,
        }
    }

    #[test]
    fn a_thumbnail_has_the_width_and_the_shape_of_its_picture() {
        let whole = picture(1200, 675, |_, _| [90, 120, 30]);
        for (width, height) in [(160, 90), (320, 180), (640, 360), (1200, 675)] {
            let small = crate::verify(&thumbnail(&whole, width).unwrap(), None).unwrap();
            assert_eq!((small.width, small.height), (width, height));
        }
        let small = crate::verify(&thumbnail(&whole, 5000).unwrap(), None).unwrap();
        assert_eq!((small.width, small.height), (1200, 675), "never larger");
        let tiny = picture(1, 1, |_, _| [0, 0, 0]);
        assert_eq!(
            crate::verify(&thumbnail(&tiny, 160).unwrap(), None)
                .unwrap()
                .width,
            1
        );
    }

    #[test]
    fn light_and_dark_stay_where_they_are() {
        let whole = picture(1203, 677, |x, y| {
            [
                if x < 600 { 20 } else { 220 },
                if y < 340 { 30 } else { 200 },
                100,
            ]
        });
        let small = pixels_of(&thumbnail(&whole, 160).unwrap());
        let at = |x: usize, y: usize| {
            let at = (y * small.width + x) * 3;
            [small.bytes[at], small.bytes[at + 1], small.bytes[at + 2]]
        };
        for (x, y, colour) in [
            (10, 10, [20, 30, 100]),
            (150, 10, [220, 30, 100]),
            (150, 80, [220, 200, 100]),
        ] {
            let near = at(x, y)
                .iter()
                .zip(colour)
                .all(|(found, wanted)| found.abs_diff(wanted) < 12);
            assert!(near, "{:?} at {x}, {y}", at(x, y));
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(thumbnail(b"", 160).is_err());
        assert!(thumbnail(b"<html>", 160).is_err());
        let tall = picture(2, 400, |_, _| [1, 2, 3]);
        assert!(thumbnail(&tall, 160).is_err());
    }
}
