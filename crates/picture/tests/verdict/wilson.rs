//! Bounds of a share by Wilson's method.

/// The two-sided 95 % interval of the share that `hits` of `all` were drawn from; everything is possible without a draw.
pub fn wilson(hits: usize, all: usize) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let z = 1.959_963_984_540_054_f64;
    let (n, share) = (all as f64, hits as f64 / all as f64);
    let middle = share + z * z / (2.0 * n);
    let width = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    (
        ((middle - width) / whole).max(0.0),
        ((middle + width) / whole).min(1.0),
    )
}

/// The examples are those of Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
#[test]
fn published_intervals() {
    let cases = [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ];
    for (hits, all, low, high) in cases {
        let (found_low, found_high) = wilson(hits, all);
        assert!((found_low - low).abs() < 5e-5, "{hits}/{all}: {found_low}");
        assert!(
            (found_high - high).abs() < 5e-5,
            "{hits}/{all}: {found_high}"
        );
    }
}

#[test]
fn the_ends_hold() {
    assert_eq!(wilson(0, 0), (0.0, 1.0));
    let (low, high) = wilson(500, 500);
    assert!(low > 0.992 && high > 0.999_999, "{low} {high}");
    let (low, high) = wilson(0, 5000);
    assert!(
        low < 1e-9 && (0.0007..0.0008).contains(&high),
        "{low} {high}"
    );
}
