//! A receiver without a signal: noise all over, in which no cell knows its neighbour. Owns the arithmetic; must not know
//! thresholds that decide a verdict.

/// The picture is looked at in squares of so many cells each way.
const SIDE: usize = 8;

/// A square with a smaller variance is taken for even: what an eighth of the size leaves of a sensor's noise.
const LEAST: f32 = 6.0;

/// The mean square of the step from one cell to the next is twice the variance where neighbours have nothing in common, and far
/// less where something is to be seen; a square counts as noise from this share of that on, in both directions.
const STRANGERS: f32 = 0.6;

/// The share of squares that are nothing but noise.
pub(super) fn share(luma: &[u8], width: usize) -> f32 {
    let rows: Vec<&[u8]> = luma.chunks_exact(width.max(1)).collect();
    let (mut all, mut noisy) = (0_u16, 0_u16);
    for band in rows.as_chunks::<SIDE>().0 {
        for x in (0..width.saturating_sub(SIDE - 1)).step_by(SIDE) {
            all += 1;
            noisy += u16::from(is_noise(&band.map(|row| &row[x..x + SIDE])));
        }
    }
    f32::from(noisy) / f32::from(all.max(1))
}

fn is_noise(square: &[&[u8]; SIDE]) -> bool {
    let (mut sum, mut squares, mut across, mut down) = (0_u32, 0_u32, 0_u32, 0_u32);
    for (y, row) in square.iter().enumerate() {
        for (x, &cell) in row.iter().enumerate() {
            sum += u32::from(cell);
            squares += u32::from(cell).pow(2);
            if x > 0 {
                across += u32::from(cell.abs_diff(row[x - 1])).pow(2);
            }
            if y > 0 {
                down += u32::from(cell.abs_diff(square[y - 1][x])).pow(2);
            }
        }
    }
    let (cells, pairs) = (count(SIDE * SIDE), count(SIDE * (SIDE - 1)));
    let (sum, squares) = (number(sum), number(squares));
    let variance = squares / cells - (sum / cells).powi(2);
    let least = STRANGERS * 2.0 * variance;
    variance >= LEAST && number(across) / pairs >= least && number(down) / pairs >= least
}

#[expect(clippy::cast_precision_loss, reason = "at most 64 squares of a byte")]
fn number(sum: u32) -> f32 {
    sum as f32
}

#[expect(clippy::cast_precision_loss, reason = "64 and 56")]
fn count(cells: usize) -> f32 {
    cells as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 150;

    fn share_of(grey: impl FnMut(usize) -> u8) -> f32 {
        let cells: Vec<u8> = (0..WIDTH * 66).map(grey).collect();
        share(&cells, WIDTH)
    }

    /// Numbers without a pattern, by a multiplication.
    fn any(at: usize) -> u8 {
        let mixed = (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ mixed >> 29)
            .wrapping_mul(0xBF58_476D_1CE4_E5B9)
            .to_be_bytes()[0]
    }

    #[test]
    fn noise_is_told_from_even_areas_slopes_and_shapes() {
        assert!(share_of(|at| 100 + any(at) / 16) > 0.95);
        assert!(share_of(|at| 100 + any(at) / 64) < 0.05);
        assert!(share_of(|at| u8::try_from(at % WIDTH).unwrap()) < 0.05);
        let is_light = |at: usize| (at % WIDTH / 11 + at / WIDTH / 7).is_multiple_of(2);
        let shapes = |at| if is_light(at) { 130 } else { 40 };
        assert!(share_of(shapes) < 0.05);
        // Each row of one level, and each column.
        assert!(share_of(|at| any(at / WIDTH)) < 0.05);
        assert!(share_of(|at| any(at % WIDTH)) < 0.05);
    }

    #[test]
    fn the_smallest_picture_has_none() {
        for (luma, width) in [(&[][..], 0), (&[9][..], 1), (&[9; 7][..], 7)] {
            assert!(share(luma, width).abs() < f32::EPSILON);
        }
    }
}
