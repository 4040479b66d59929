//! The verdict on a picture. Owns the decoder, its buffer and the order of the checks; must not read or fetch.

use std::cell::RefCell;
use std::fmt;

use turbojpeg::{DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor};

use crate::hash::Sha256;
use crate::limits::{Limits, MAX_SCANS, can_hold};
use crate::refusal::Refusal;
use crate::verdict::{Plane, Seen};
use crate::{markers, sniff};

/// How much more than the last picture needed a [`Verifier`] may keep.
const KEEP_SPARE: usize = 4 * 1024 * 1024;

/// Pixels are made at an eighth of the size: libjpeg-turbo still decodes every coefficient of every component,
/// which is where damage shows, and saves the arithmetic behind it, in which nothing can go wrong.
const SCALE: ScalingFactor = ScalingFactor::ONE_EIGHTH;

/// The kinds of picture that this crate verifies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MediaType {
    /// JPEG, baseline or progressive.
    Jpeg,
}

impl MediaType {
    /// As in `Content-Type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How large a picture is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dimensions {
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
}

/// A picture that is whole, as far as anyone can tell, and the hash by which later damage shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What kind of picture it is.
    pub media_type: MediaType,
    /// Columns of pixels.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// How many bytes it has.
    pub bytes: u64,
    /// The hash of those bytes.
    pub sha256: Sha256,
}

/// Verifies pictures one after another with the same buffer. Give each thread its own.
///
/// Every picture gets a decoder of its own, which costs next to nothing: one that was used before remembers the
/// former picture's tables and header, and would take them for those that a damaged picture lacks.
#[derive(Debug)]
pub struct Verifier {
    limits: Limits,
    pixels: Vec<u8>,
}

impl Verifier {
    /// A verifier with these limits.
    ///
    /// # Errors
    /// [`Refusal::Uncheckable`] if libjpeg-turbo cannot be started, which takes a lack of memory.
    pub fn new(limits: Limits) -> Result<Self, Refusal> {
        start_decoder()?;
        Ok(Self {
            limits,
            pixels: Vec::new(),
        })
    }

    /// Verifies a picture and hashes it. `promised_length` is what the server said in `Content-Length` about
    /// exactly these bytes (do not pass it for a body that was sent compressed).
    ///
    /// # Errors
    /// Why the bytes are not a whole picture. Nothing is hashed then.
    pub fn verify(
        &mut self,
        bytes: &[u8],
        promised_length: Option<u64>,
    ) -> Result<Verified, Refusal> {
        let dimensions = self.check(bytes, promised_length)?;
        Ok(verified(bytes, dimensions))
    }

    /// The same verdict as [`verify`](Self::verify), and what the decoder saw of a picture that is whole, so that it can be examined
    /// without decoding it once more. A small one is decoded in a larger scale: what shows damage, the coefficients, is decoded all the
    /// same.
    ///
    /// # Errors
    /// Why the bytes are not a whole picture.
    pub fn verify_and_see(
        &mut self,
        bytes: &[u8],
        promised_length: Option<u64>,
    ) -> Result<(Verified, Seen), Refusal> {
        let (mut decoder, header, dimensions) = self.begin(bytes, promised_length)?;
        let (scale, format) = Plane::form(&header);
        let size = self.decode(&mut decoder, bytes, &header, scale, format)?;
        let plane = Plane::of(
            &self.pixels[..size.0 * size.1 * format.size()],
            size,
            format,
        );
        let verified = verified(bytes, dimensions);
        let seen = Seen::new(verified.sha256, (header.width, header.height), plane);
        Ok((verified, seen))
    }

    /// The same verdict as [`verify`](Self::verify) without the hash, for whoever has it already.
    ///
    /// # Errors
    /// Why the bytes are not a whole picture.
    pub fn check(
        &mut self,
        bytes: &[u8],
        promised_length: Option<u64>,
    ) -> Result<Dimensions, Refusal> {
        let (mut decoder, header, dimensions) = self.begin(bytes, promised_length)?;
        let (_, format) = Plane::form(&header);
        self.decode(&mut decoder, bytes, &header, SCALE, format)?;
        Ok(dimensions)
    }

    /// Everything before the pixels.
    fn begin(
        &self,
        bytes: &[u8],
        promised_length: Option<u64>,
    ) -> Result<(Decompressor, DecompressHeader, Dimensions), Refusal> {
        check_outside(bytes, promised_length, &self.limits)?;
        let scans = markers::count_scans(bytes)?;
        let mut decoder = start_decoder()?;
        let header = decoder
            .read_header(bytes)
            .map_err(|error| Refusal::from_decoder(&error))?;
        let dimensions = self.check_header(&header, scans, bytes.len())?;
        Ok((decoder, header, dimensions))
    }

    /// What the header claims, judged before it costs anything.
    fn check_header(
        &self,
        header: &DecompressHeader,
        scans: u32,
        bytes: usize,
    ) -> Result<Dimensions, Refusal> {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let (width, height) = (side(header.width), side(header.height));
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.limits.max_pixels {
            return Err(Refusal::TooManyPixels {
                width,
                height,
                max: self.limits.max_pixels,
            });
        }
        if header.is_lossless {
            return Err(Refusal::uncheckable(
                "a lossless JPEG, which browsers cannot show either",
            ));
        }
        if !self.limits.allows_scans(scans, pixels) {
            return Err(Refusal::corrupt(format!(
                "{scans} scans of {width} x {height} pixels"
            )));
        }
        if !header.is_arithmetic && !can_hold(bytes, pixels) {
            return Err(Refusal::corrupt(format!(
                "{bytes} bytes cannot hold {width} x {height} pixels"
            )));
        }
        Ok(Dimensions { width, height })
    }

    /// Decodes all of the picture; what libjpeg-turbo only warns of comes back as an error as well. Columns and rows of what was made.
    fn decode(
        &mut self,
        decoder: &mut Decompressor,
        bytes: &[u8],
        header: &DecompressHeader,
        scale: ScalingFactor,
        format: PixelFormat,
    ) -> Result<(usize, usize), Refusal> {
        let failed = |error| Refusal::from_decoder(&error);
        decoder.set_scaling_factor(scale).map_err(failed)?;
        let (width, height) = (scale.scale(header.width), scale.scale(header.height));
        let pitch = width * format.size();
        let pixels = sized(&mut self.pixels, pitch * height);
        decoder
            .decompress(
                bytes,
                Image {
                    pixels,
                    width,
                    pitch,
                    height,
                    format,
                },
            )
            .map_err(failed)?;
        Ok((width, height))
    }
}

/// What is known of a picture that is whole.
fn verified(bytes: &[u8], Dimensions { width, height }: Dimensions) -> Verified {
    Verified {
        media_type: MediaType::Jpeg,
        width,
        height,
        bytes: bytes.len() as u64,
        sha256: Sha256::of(bytes),
    }
}

/// A decoder that has seen no picture yet.
fn start_decoder() -> Result<Decompressor, Refusal> {
    let start = || {
        let mut decoder = Decompressor::new()?;
        decoder.set_scaling_factor(SCALE)?;
        decoder.set_scan_limit(MAX_SCANS)?;
        decoder.set_fast_upsample(true)?;
        Ok(decoder)
    };
    start().map_err(|error: turbojpeg::Error| Refusal::uncheckable(error.to_string()))
}

/// What can be judged without looking inside.
fn check_outside(
    bytes: &[u8],
    promised_length: Option<u64>,
    limits: &Limits,
) -> Result<(), Refusal> {
    let actual = bytes.len() as u64;
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    if bytes.len() > limits.max_bytes {
        return Err(Refusal::TooLarge {
            bytes: bytes.len(),
            max: limits.max_bytes,
        });
    }
    if let Some(expected) = promised_length.filter(|&expected| expected != actual) {
        return Err(Refusal::LengthMismatch { expected, actual });
    }
    if !markers::starts_like_jpeg(bytes) {
        return Err(Refusal::NotAPicture {
            what: sniff::describe(bytes).to_owned(),
        });
    }
    Ok(())
}

/// The buffer's first `needed` bytes; it grows as needed and gives back what is far more than that.
fn sized(buffer: &mut Vec<u8>, needed: usize) -> &mut [u8] {
    if buffer.len() > needed + KEEP_SPARE {
        buffer.truncate(needed);
        buffer.shrink_to(needed);
    }
    if buffer.len() < needed {
        buffer.resize(needed, 0);
    }
    &mut buffer[..needed]
}

thread_local! {
    static VERIFIER: RefCell<Option<Verifier>> = const { RefCell::new(None) };
}

/// Verifies a picture with the default [`Limits`] and this thread's own [`Verifier`].
///
/// # Errors
/// Why the bytes are not a whole picture.
pub fn verify(bytes: &[u8], promised_length: Option<u64>) -> Result<Verified, Refusal> {
    with_own(|verifier| verifier.verify(bytes, promised_length))
}

/// Verifies a picture as [`verify`] does, and answers what was seen of it as well.
///
/// # Errors
/// Why the bytes are not a whole picture.
pub fn verify_and_see(
    bytes: &[u8],
    promised_length: Option<u64>,
) -> Result<(Verified, Seen), Refusal> {
    with_own(|verifier| verifier.verify_and_see(bytes, promised_length))
}

/// Lends this thread's own verifier.
fn with_own<T>(work: impl FnOnce(&mut Verifier) -> Result<T, Refusal>) -> Result<T, Refusal> {
    VERIFIER.with_borrow_mut(|slot| match slot {
        Some(verifier) => work(verifier),
        None => work(slot.insert(Verifier::new(Limits::default())?)),
    })
}

#[cfg(test)]
mod tests;
