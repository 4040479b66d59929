//! Bytes -> pixels at a chosen scale. Owns the decoder's settings and the cap on pixels; must not judge.

use turbojpeg::{DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor};

use crate::limits::{Limits, MAX_SCANS};

/// A picture that cannot be decoded, or is too large to be. One that was verified before never is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("picture cannot be judged: {0}; verify it first")]
pub struct Unreadable(pub(crate) String);

impl From<turbojpeg::Error> for Unreadable {
    fn from(error: turbojpeg::Error) -> Self {
        Self(error.to_string())
    }
}

/// What the header says.
pub(crate) fn header(bytes: &[u8]) -> Result<DecompressHeader, Unreadable> {
    let header = Decompressor::new()?.read_header(bytes)?;
    let pixels = header.width as u64 * header.height as u64;
    let max = Limits::default().max_pixels;
    if pixels > max || pixels == 0 || header.is_lossless {
        let (width, height) = (header.width, header.height);
        return Err(Unreadable(format!("{width} x {height} pixels")));
    }
    Ok(header)
}

/// Decodes into `pixels` and answers width and height. A decoder of its own for each picture, as in `verify`.
pub(crate) fn pixels(
    bytes: &[u8],
    header: &DecompressHeader,
    scale: ScalingFactor,
    format: PixelFormat,
    pixels: &mut Vec<u8>,
) -> Result<(usize, usize), Unreadable> {
    let mut decoder = Decompressor::new()?;
    decoder.set_scaling_factor(scale)?;
    decoder.set_scan_limit(MAX_SCANS)?;
    decoder.set_fast_upsample(true)?;
    let (width, height) = (scale.scale(header.width), scale.scale(header.height));
    let pitch = width * format.size();
    pixels.clear();
    pixels.resize(pitch * height, 0);
    let pixels = &mut pixels[..];
    let image = Image {
        pixels,
        width,
        pitch,
        height,
        format,
    };
    decoder.decompress(bytes, image)?;
    Ok((width, height))
}
