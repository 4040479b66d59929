//! What is kept of a frame to recognise it in the next. Owns its text form and the perceptual hash; must not decode.

use std::fmt;
use std::str::FromStr;

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

/// What is kept of a frame: about a hundred characters as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint {
    sha256: Sha256,
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
    "not a fingerprint of this version (v1-SHA256-WIDTHxHEIGHT-HASH-MEAN); judge the frame anew"
)]
pub struct ParseFingerprintError;

impl Fingerprint {
    pub(crate) fn of(sha256: Sha256, (width, height): (usize, usize), plane: &Plane) -> Self {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let body = &plane.luma[plane.body()];
        Self {
            sha256,
            width: side(width),
            height: side(height),
            hash: hash(body, plane.width),
            mean: sixteenths(body.iter()),
        }
    }

    /// The picture's hash.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Whether the bytes are the same.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
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
            sha256,
            width,
            height,
            hash,
            mean,
        } = self;
        write!(f, "v1-{sha256}-{width}x{height}-{hash:016x}-{mean}")
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('-').collect();
        let &["v1", sha256, size, hash, mean] = parts.as_slice() else {
            return Err(ParseFingerprintError);
        };
        let (width, height) = size.split_once('x').ok_or(ParseFingerprintError)?;
        let number = |text: &str| text.parse().map_err(|_| ParseFingerprintError);
        Ok(Self {
            sha256: sha256.parse().map_err(|_| ParseFingerprintError)?,
            width: number(width)?,
            height: number(height)?,
            hash: u64::from_str_radix(hash, 16).map_err(|_| ParseFingerprintError)?,
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
        fn text_round_trip(sha: [u8; 32], width: u32, height: u32, hash: u64, mean: u16) {
            let sha256 = Sha256::from(sha);
            let fingerprint = Fingerprint { sha256, width, height, hash, mean };
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(v1-)?\\PC{0,99}") {
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
