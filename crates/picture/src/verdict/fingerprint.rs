//! What is kept of a frame to recognise it in the next. Owns its text form and the perceptual hash; must not decode.

use std::fmt;
use std::str::FromStr;

use draywatch_core::verdict::Verdict;

use super::examiner::Step;
use super::plane::Plane;
use crate::hash::Sha256;

/// Columns and rows of the hash's grid; each of its bits compares two neighbours of a row.
const GRID: (usize, usize) = (9, 8);

/// The left one of two cells counts as brighter from so many sixteenths of a level on: in even areas, such as a black sky,
/// the losses of JPEG would decide otherwise.
const CLEARLY: u16 = 8;

/// Two pictures of which more of the 64 bits differ are not the same.
const MOST_BITS: u32 = 10;

/// Two pictures whose mean brightness differs by more sixteenths of a level are not the same.
const MOST_MEAN: u16 = 24;

/// What is kept of a frame: about fifty characters as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint {
    /// The first 64 bits of the hash of its bytes: chance makes two of a camera's files agree in them never.
    bytes: u64,
    width: u32,
    height: u32,
    /// A bit for each pair of neighbours in a coarse grid: is the left one brighter?
    hash: u64,
    /// Mean brightness of the body in sixteenths.
    mean: u16,
}

/// The text is not a fingerprint that this version wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "not a fingerprint of this version (v2-SHA256-WIDTHxHEIGHT-HASH-MEAN); judge the frame anew"
)]
pub struct ParseFingerprintError;

impl Fingerprint {
    pub(crate) fn of(sha256: Sha256, (width, height): (usize, usize), plane: &Plane) -> Self {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let body = plane.body();
        Self {
            bytes: start(sha256),
            width: side(width),
            height: side(height),
            hash: hash(body, plane.width),
            mean: sixteenths(body.iter()),
        }
    }

    /// Whether the bytes are the same.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// How many bits of the perceptual hashes differ, and by how many sixteenths of a level the mean brightness does.
    #[must_use]
    pub fn distance(&self, other: &Self) -> (u32, u16) {
        let bits = (self.hash ^ other.hash).count_ones();
        (bits, self.mean.abs_diff(other.mean))
    }

    /// Whether both may be the same picture, so that a look at the pixels is worth it.
    #[must_use]
    pub fn may_be_same_picture(&self, other: &Self) -> bool {
        let (bits, mean) = self.distance(other);
        let size = |it: &Self| (it.width, it.height);
        size(self) == size(other) && bits <= MOST_BITS && mean <= MOST_MEAN
    }

    /// The verdict on a picture that shows something, or what it still takes, given the fingerprint of the camera's previous frame.
    #[must_use]
    pub fn after(&self, previous: &Self) -> Step {
        if previous.is_same_file(self) {
            Step::Settled(Verdict::Frozen)
        } else if previous.may_be_same_picture(self) {
            Step::Candidate
        } else {
            Step::Settled(Verdict::Ok)
        }
    }
}

/// The first 64 bits of a hash.
fn start(sha256: Sha256) -> u64 {
    let (first, _) = sha256.as_bytes().as_chunks::<8>();
    first.first().copied().map_or(0, u64::from_be_bytes)
}

/// A difference hash: of each row of the grid, which of two neighbours is brighter.
fn hash(luma: &[u8], width: usize) -> u64 {
    let (columns, rows) = GRID;
    let height = luma.len() / width.max(1);
    let mean = |column: usize, row: usize| {
        let (left, right) = span(column, columns, width);
        let (top, bottom) = span(row, rows, height);
        sixteenths((top..bottom).flat_map(|y| &luma[y * width + left..y * width + right]))
    };
    let mut hash = 0;
    for row in 0..rows {
        for column in 1..columns {
            hash = hash << 1 | u64::from(mean(column - 1, row) > mean(column, row) + CLEARLY);
        }
    }
    hash
}

/// Where part `number` of `parts` begins and ends; never empty unless the whole is.
fn span(number: usize, parts: usize, whole: usize) -> (usize, usize) {
    let start = number * whole / parts;
    let end = ((number + 1) * whole / parts).max(start + 1).min(whole);
    (start, end)
}

fn sixteenths<'a>(cells: impl Iterator<Item = &'a u8>) -> u16 {
    let (sum, count) = cells.fold((0_u64, 0_u64), |(sum, count), &cell| {
        (sum + u64::from(cell), count + 1)
    });
    u16::try_from(sum * 16 / count.max(1)).unwrap_or(u16::MAX)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            width,
            height,
            hash,
            mean,
        } = self;
        write!(f, "v2-{bytes:016x}-{width}x{height}-{hash:016x}-{mean}")
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('-').collect();
        let &["v2", bytes, size, hash, mean] = parts.as_slice() else {
            return Err(ParseFingerprintError);
        };
        let (width, height) = size.split_once('x').ok_or(ParseFingerprintError)?;
        let bits = |text: &str| u64::from_str_radix(text, 16).map_err(|_| ParseFingerprintError);
        let number = |text: &str| text.parse().map_err(|_| ParseFingerprintError);
        Ok(Self {
            bytes: bits(bytes)?,
            width: number(width)?,
            height: number(height)?,
            hash: bits(hash)?,
            mean: mean.parse().map_err(|_| ParseFingerprintError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trip(bytes: u64, width: u32, height: u32, hash: u64, mean: u16) {
            let fingerprint = Fingerprint { bytes, width, height, hash, mean };
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(v2-)?\\PC{0,99}") {
            let _ = text.parse::<Fingerprint>();
        }

        #[test]
        fn any_small_picture_has_a_hash(width in 1_usize..40, luma: Vec<u8>) {
            let whole = luma.len() / width * width;
            hash(&luma[..whole], width);
        }
    }

    #[test]
    fn a_hash_tells_left_from_right() {
        let falling: Vec<u8> = (0..72_u8).map(|cell| 100 - cell % 9).collect();
        let rising: Vec<u8> = (0..72_u8).map(|cell| 100 + cell % 9).collect();
        assert_eq!(hash(&falling, 9), u64::MAX);
        assert_eq!(hash(&rising, 9), 0);
    }
}
