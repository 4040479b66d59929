//! What came, went or moved between two pictures that are alike otherwise. Owns the test of one block and the count of those that lie
//! together; must not know how pictures are decoded or quantised.
//!
//! In a night without noise a car is all that changes: too few blocks to be told by their share from a clock. But it changes
//! **whole** blocks, every pixel of them in one direction. The strokes of a clock's digits leave the ground between them as it was, wherever the clock is.

use super::same::Block;

/// Moved blocks are counted in squares of so many by so many.
const SQUARE: usize = 8;

/// Whether all of a block became brighter, or all of it darker, each pixel by more than `least` levels.
pub(super) fn is_moved(first: &Block, second: &Block, least: i16) -> bool {
    let pixels = first.as_flattened().iter().zip(second.as_flattened());
    let mut steps = pixels.map(|(a, b)| i16::from(*b) - i16::from(*a));
    let Some(one) = steps.next().filter(|step| step.abs() > least) else {
        return false;
    };
    steps.all(|step| step * one.signum() > least)
}

/// The most moved blocks in a square; `moved` has one or nought for each block, row after row. A block counts where two by two moved: a thing
/// is solid, while the thickest stroke fills a line of blocks at most.
pub(super) fn together(moved: &[u32], columns: usize) -> u32 {
    let columns = columns.max(1);
    let rows = moved.len() / columns;
    let mut solid = vec![0; moved.len()];
    for corner in (1..rows).flat_map(|row| (row * columns + 1)..(row + 1) * columns) {
        let four = [corner - columns - 1, corner - columns, corner - 1, corner];
        if four.iter().all(|&at| moved[at] == 1) {
            for at in four {
                solid[at] = 1;
            }
        }
    }
    densest(&solid, columns)
}

fn densest(solid: &[u32], columns: usize) -> u32 {
    let rows: Vec<&[u32]> = solid.chunks_exact(columns).collect();
    let bands = rows.windows(SQUARE.min(rows.len()).max(1));
    let most = bands.map(|band| {
        let sum = |column| band.iter().map(|row| row[column]).sum();
        let sums: Vec<u32> = (0..columns).map(sum).collect();
        let squares = sums.windows(SQUARE.min(columns));
        squares.map(|square| square.iter().sum()).max().unwrap_or(0)
    });
    most.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_moves_as_a_whole_or_not() {
        let (ground, car) = ([[12; 8]; 8], [[40; 8]; 8]);
        assert!(is_moved(&ground, &car, 2) && is_moved(&car, &ground, 2));
        assert!(!is_moved(&ground, &[[14; 8]; 8], 2), "a level of mean");
        let mut stroke = ground;
        for row in &mut stroke {
            row[2..5].fill(255);
        }
        assert!(!is_moved(&ground, &stroke, 2), "ground between strokes");
        let mut crossing = car;
        crossing[7][7] = 0;
        assert!(!is_moved(&ground, &crossing, 2), "both ways");
    }

    #[test]
    fn only_neighbours_are_together() {
        let columns = 20;
        let at = |places: &[(usize, usize)]| {
            let mut moved = vec![0; columns * 12];
            for (x, y) in places {
                moved[y * columns + x] = 1;
            }
            (densest(&moved, columns), together(&moved, columns))
        };
        assert_eq!(at(&[]), (0, 0));
        assert_eq!(at(&[(0, 0), (7, 7), (8, 0), (0, 8)]), (2, 0));
        assert_eq!(at(&[(19, 11), (12, 4), (15, 8)]), (3, 0));
        let stroke: Vec<_> = (2..8).map(|y| (5, y)).collect();
        assert_eq!(at(&stroke), (6, 0), "thin");
        let car: Vec<_> = (0..18).map(|at| (3 + at % 6, 4 + at / 6)).collect();
        assert_eq!(at(&car), (18, 18), "solid");
        assert_eq!(densest(&[1, 0, 1], 3), 2, "smaller than a square");
        assert_eq!(together(&[], 0), 0);
    }
}
