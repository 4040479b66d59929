//! Medians and other shares. Must not know of what.

/// The median; 0 of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The value that this share of all does not exceed; 0 of nothing.
pub fn share(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let count = number(values.len());
    let is_below = |nth: &(usize, &f64)| number(nth.0 + 1) < share * count;
    let below = values.iter().enumerate().take_while(is_below).count();
    values.get(below).copied().unwrap_or(0.0)
}

/// A count as a number that can be divided.
pub fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::{median, share};

    #[test]
    fn the_middle_of_few_and_many() {
        assert!(median([]).abs() < 1e-9);
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn a_share_of_all() {
        let ten = || (1..=20).map(f64::from);
        assert!((share(ten(), 0.95) - 19.0).abs() < 1e-9);
        assert!((share(ten(), 0.5) - 10.0).abs() < 1e-9);
        assert!((share(ten(), 1.0) - 20.0).abs() < 1e-9);
        assert!(share([], 0.95).abs() < 1e-9);
    }
}
