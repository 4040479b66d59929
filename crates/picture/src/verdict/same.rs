//! Whether two JPEGs show the same pixels. Owns the test at full size; must not know hashes or verdicts.
//!
//! The question is put so that JPEG's own losses cannot blur it: **could one and the same picture have given both
//! files?** A coefficient that is a multiple of step `a` in one file and of step `b` in the other comes from one number
//! only if the two are no further apart than `a/2 + b/2`; with equal steps only if they are equal. In a picture that was
//! re-encoded at any quality this holds in every block. Between two exposures the noise of the sensor breaks it in
//! hundreds of blocks, however quiet the night, and however coarse the steps: somewhere a coefficient lies near the
//! border between two steps.

use turbojpeg::{Colorspace, PixelFormat, ScalingFactor};

use super::body;
use super::decode::{self, Unreadable};
use super::moved;
use super::tables::{self, Table};

/// The side of a JPEG's block.
const SIDE: usize = 8;

/// A block whose first coefficient is larger by so much is brighter by one level.
const A_LEVEL: f32 = 8.0;

/// The coefficients that are compared: the lowest four by four, whose steps are the finest.
const LOW: usize = 4;

/// Decoding rounds to whole levels. In an even block all pixels are rounded alike, which moves the mean (the first
/// coefficient) by up to four; others move by up to two. Steps larger than twice that are found again by rounding to a multiple.
const ROUNDED_MEAN: f32 = 4.0;
const ROUNDED: f32 = 2.0;

/// What a way through colours of whole levels may add to a coefficient before it is encoded anew.
const RECODED: f32 = 1.0;

/// Equal small steps: rounding on the way may move a coefficient from one step to the next.
const SMALL: f32 = 3.2;

/// A block with a larger range of levels has a hard edge in it.
const HARD_EDGE: u8 = 48;

/// Two files are of the same pixels if no larger share of the blocks speaks against it: here with the same
/// quantisation, where two exposures are far apart ...
const MOST_BLOCKS: f32 = 0.01;

/// ... and here with another one, which hides more.
const MOST_BLOCKS_OTHERWISE: f32 = 0.002;

/// More blocks that moved as a whole, close together, are a thing that came, went or moved, however few they are of all.
const MOST_TOGETHER: u32 = 6;

/// How much speaks against two files being of the same pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Contradiction {
    /// The share of the blocks that cannot come from the same picture.
    pub share: f32,
    /// The largest share with which they still count as the same picture.
    pub most: f32,
    /// How many blocks that moved as a whole, be they sure or not, lie in one square of eight by eight blocks.
    pub together: u32,
}

impl Contradiction {
    /// Whether so little speaks against it that both files are of the same pixels.
    #[must_use]
    pub fn is_same_picture(&self) -> bool {
        self.share <= self.most && self.together <= MOST_TOGETHER
    }
}

/// Room for two pictures at full size, kept between calls.
#[derive(Default, Debug)]
pub(crate) struct Buffers {
    first: Vec<u8>,
    second: Vec<u8>,
}

/// What speaks against both being of the same picture; `None` if the files cannot be compared:
/// of different size, or not stored as brightness and colour.
pub(crate) fn contradiction(
    first: &[u8],
    second: &[u8],
    buffers: &mut Buffers,
) -> Result<Option<Contradiction>, Unreadable> {
    let (head, other) = (decode::header(first)?, decode::header(second)?);
    let plain = |space| matches!(space, Colorspace::YCbCr | Colorspace::Gray);
    let is_same_size = (head.width, head.height) == (other.width, other.height);
    if !is_same_size || !plain(head.colorspace) || !plain(other.colorspace) {
        return Ok(None);
    }
    let (Some(table), Some(other_table)) = (tables::brightness(first), tables::brightness(second))
    else {
        return Ok(None);
    };
    let full = ScalingFactor::ONE;
    let grey = PixelFormat::GRAY;
    decode::pixels(first, &head, full, grey, &mut buffers.first)?;
    decode::pixels(second, &other, full, grey, &mut buffers.second)?;
    let rules = Rules::new(&table, &other_table);
    let most = if table == other_table {
        MOST_BLOCKS
    } else {
        MOST_BLOCKS_OTHERWISE
    };
    let (share, together) = compare(&buffers.first, &buffers.second, head.width, &rules);
    Ok(Some(Contradiction {
        share,
        most,
        together,
    }))
}

/// The steps of the compared coefficients in both files, and how far apart the coefficients of one picture may be.
struct Rules {
    first: Steps,
    second: Steps,
    bounds: Steps,
}

/// A number for each of the compared coefficients.
type Steps = [[f32; LOW]; LOW];

impl Rules {
    fn new(a: &Table, b: &Table) -> Self {
        let (first, second) = (steps(a), steps(b));
        let mut bounds = Steps::default();
        for (v, row) in bounds.iter_mut().enumerate() {
            for (u, bound) in row.iter_mut().enumerate() {
                *bound = farthest(first[v][u], second[v][u], u + v == 0, a == b);
            }
        }
        Self {
            first,
            second,
            bounds,
        }
    }

    /// By how many levels a block's mean may differ in two files of one picture, and one more for the rounding.
    #[expect(clippy::cast_possible_truncation, reason = "a few levels")]
    fn farthest_level(&self) -> i16 {
        (self.bounds[0][0] / A_LEVEL + 1.0) as i16
    }

    /// Whether a coefficient of one block is too far from the other block's.
    fn contradict(&self, first: &Block, second: &Block, basis: &[[f32; SIDE]; LOW]) -> bool {
        let first = coefficients(first, basis, &self.first);
        let second = coefficients(second, basis, &self.second);
        let pairs = first.iter().flatten().zip(second.iter().flatten());
        pairs
            .zip(self.bounds.iter().flatten())
            .any(|((a, b), bound)| (a - b).abs() > *bound)
    }
}

fn steps(table: &Table) -> Steps {
    let mut steps = Steps::default();
    for (v, row) in steps.iter_mut().enumerate() {
        for (u, step) in row.iter_mut().enumerate() {
            *step = f32::from(table[v * SIDE + u].max(1));
        }
    }
    steps
}

/// How far apart two coefficients of one picture may be, stored in steps of `a` and of `b`.
#[expect(clippy::float_cmp, reason = "steps are whole numbers")]
fn farthest(a: f32, b: f32, is_mean: bool, is_same_table: bool) -> f32 {
    if is_same_table {
        // All else is equal, and so is the rounding.
        return (a / 2.0).max(SMALL);
    }
    let rounded = if is_mean { ROUNDED_MEAN } else { ROUNDED };
    let is_small = |step: f32| step <= 2.0 * rounded;
    if a == b {
        return if is_small(a) {
            (a * 1.5).max(SMALL)
        } else {
            a / 2.0
        };
    }
    let slack = |step: f32| if is_small(step) { rounded } else { 0.0 };
    f32::midpoint(a, b) + RECODED + slack(a) + slack(b)
}

/// The share of whole blocks of the body that contradict, and how many that moved lie together.
#[expect(clippy::cast_precision_loss, reason = "counts of blocks")]
fn compare(first: &[u8], second: &[u8], width: usize, rules: &Rules) -> (f32, u32) {
    let (basis, least) = (basis(), rules.farthest_level());
    let rows = body::rows(first.len() / width.max(1));
    let (mut blocks, mut against, mut moved) = (0_u32, 0_u32, Vec::new());
    let mut top = rows.start.next_multiple_of(SIDE);
    while top + SIDE <= rows.end {
        for left in (0..width / SIDE).map(|column| column * SIDE) {
            let (a, b) = (
                block(first, left, top, width),
                block(second, left, top, width),
            );
            moved.push(u32::from(moved::is_moved(&a, &b, least)));
            if is_unsure(&a) || is_unsure(&b) {
                continue;
            }
            blocks += 1;
            against += u32::from(a != b && rules.contradict(&a, &b, &basis));
        }
        top += SIDE;
    }
    let share = against as f32 / blocks.max(1) as f32;
    (share, moved::together(&moved, width / SIDE))
}

/// The pixels of a block.
pub(super) type Block = [[u8; SIDE]; SIDE];

fn block(pixels: &[u8], left: usize, top: usize, width: usize) -> Block {
    let mut block = Block::default();
    for (y, row) in block.iter_mut().enumerate() {
        let at = (top + y) * width + left;
        row.copy_from_slice(&pixels[at..at + SIDE]);
    }
    block
}

/// Whether a block proves nothing. Pixels cut off at black or white no longer have the coefficients of the file; and at a hard edge
/// colours run over it, so that one of red, green and blue is cut off on a way through them.
fn is_unsure(block: &Block) -> bool {
    let pixels = block.as_flattened().iter();
    let (low, high) = pixels.fold((u8::MAX, 0), |(low, high), &level| {
        (level.min(low), level.max(high))
    });
    low == 0 || high == u8::MAX || high - low > HARD_EDGE
}

/// The lowest coefficients of a block, each rounded to a multiple of its step, as it was in the file.
fn coefficients(block: &Block, basis: &[[f32; SIDE]; LOW], steps: &Steps) -> Steps {
    let mut half = [[0.0; SIDE]; LOW];
    for (function, sums) in basis.iter().zip(&mut half) {
        for (weight, row) in function.iter().zip(block) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += weight * (f32::from(*value) - 128.0);
            }
        }
    }
    let mut found = Steps::default();
    for ((row, sums), steps) in found.iter_mut().zip(&half).zip(steps) {
        for ((coefficient, function), step) in row.iter_mut().zip(basis).zip(steps) {
            let sum: f32 = function.iter().zip(sums).map(|(w, v)| w * v).sum();
            *coefficient = (sum / step).round() * step;
        }
    }
    found
}

/// The lowest functions of the discrete cosine transform, scaled as in a JPEG.
fn basis() -> [[f32; SIDE]; LOW] {
    let mut basis = [[0.0; SIDE]; LOW];
    for (u, function) in (0_u8..).zip(&mut basis) {
        let scale: f32 = if u == 0 { 0.125 } else { 0.25 };
        for (x, value) in (0_u8..).zip(function) {
            let angle = f32::from(2 * x + 1) * f32::from(u) * std::f32::consts::PI / 16.0;
            *value = scale.sqrt() * angle.cos();
        }
    }
    basis
}
