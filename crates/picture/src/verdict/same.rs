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
use super::tables::{self, Table};

/// The side of a JPEG's block.
const SIDE: usize = 8;

/// The coefficients that are compared: the lowest four by four, whose steps are the finest.
const LOW: usize = 4;

/// What rounding to whole levels (twice, on the way to colours and back) may add to a coefficient.
const ROUNDING: f32 = 1.5;

/// Two files are of the same pixels if no larger share of the blocks speaks against it.
pub(crate) const MOST_BLOCKS: f32 = 0.002;

/// Room for two pictures at full size, kept between calls.
#[derive(Default, Debug)]
pub(crate) struct Buffers {
    first: Vec<u8>,
    second: Vec<u8>,
}

/// The share of the body's blocks that cannot come from the same picture; `None` if the files cannot be compared:
/// of different size, or not stored as brightness and colour.
pub(crate) fn contradiction(
    first: &[u8],
    second: &[u8],
    buffers: &mut Buffers,
) -> Result<Option<f32>, Unreadable> {
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
    let bounds = bounds(&table, &other_table);
    Ok(Some(share(
        &buffers.first,
        &buffers.second,
        head.width,
        &bounds,
    )))
}

/// How far apart two coefficients of one picture may be.
fn bounds(a: &Table, b: &Table) -> [[f32; LOW]; LOW] {
    let mut bounds = [[0.0; LOW]; LOW];
    for (v, row) in bounds.iter_mut().enumerate() {
        for (u, bound) in row.iter_mut().enumerate() {
            let (a, b) = (a[v * SIDE + u], b[v * SIDE + u]);
            // Equal steps allow no difference at all; half a step is in the middle between none and one.
            let steps = if a == b { a } else { a.saturating_add(b) };
            *bound = f32::from(steps) / 2.0 + if a == b { 0.0 } else { ROUNDING };
            *bound = bound.max(ROUNDING);
        }
    }
    bounds
}

/// The share of whole blocks of the body with a coefficient out of bounds.
#[expect(clippy::cast_precision_loss, reason = "counts of blocks")]
fn share(first: &[u8], second: &[u8], width: usize, bounds: &[[f32; LOW]; LOW]) -> f32 {
    let basis = basis();
    let height = first.len() / width.max(1);
    let rows = body::rows(height);
    let (mut blocks, mut against) = (0_u32, 0_u32);
    for top in (rows.start.next_multiple_of(SIDE)..rows.end).step_by(SIDE) {
        if top + SIDE > rows.end {
            break;
        }
        for left in (0..=width.saturating_sub(SIDE)).step_by(SIDE) {
            if left + SIDE > width {
                break;
            }
            blocks += 1;
            let difference = difference(first, second, top * width + left, width);
            against += u32::from(difference.is_some_and(|it| is_out(&it, &basis, bounds)));
        }
    }
    against as f32 / blocks.max(1) as f32
}

/// One block's pixels minus the other's; `None` if they are equal.
fn difference(
    first: &[u8],
    second: &[u8],
    start: usize,
    width: usize,
) -> Option<[[f32; SIDE]; SIDE]> {
    let mut block = [[0.0; SIDE]; SIDE];
    let mut differs = false;
    for (y, row) in block.iter_mut().enumerate() {
        let at = start + y * width;
        let (a, b) = (&first[at..at + SIDE], &second[at..at + SIDE]);
        differs |= a != b;
        for (value, (a, b)) in row.iter_mut().zip(a.iter().zip(b)) {
            *value = f32::from(*a) - f32::from(*b);
        }
    }
    differs.then_some(block)
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

/// Whether a coefficient of the difference is out of bounds.
fn is_out(
    block: &[[f32; SIDE]; SIDE],
    basis: &[[f32; SIDE]; LOW],
    bounds: &[[f32; LOW]; LOW],
) -> bool {
    let mut half = [[0.0; SIDE]; LOW];
    for (function, sums) in basis.iter().zip(&mut half) {
        for (weight, row) in function.iter().zip(block) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
    }
    half.iter().zip(bounds).any(|(row, bounds)| {
        basis.iter().zip(bounds).any(|(function, bound)| {
            let coefficient: f32 = function.iter().zip(row).map(|(w, v)| w * v).sum();
            coefficient.abs() > *bound
        })
    })
}
