//! Owns the deterministic hash that every "random" choice of the simulation comes from. It holds no state:
//! the same words give the same number in every process.

/// Mixes words into one well-spread number (splitmix64 over a running sum).
pub(crate) fn mix(words: &[u64]) -> u64 {
    words.iter().fold(0x9E37_79B9_7F4A_7C15, |sum, &word| {
        finish(sum ^ finish(word))
    })
}

/// Hashes a text, for camera names and addresses (FNV-1a, then mixed).
pub(crate) fn hash_text(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    finish(fnv)
}

/// A number in 0..1 out of a hash.
#[expect(clippy::cast_precision_loss, reason = "53 bits are kept, which fit")]
pub(crate) fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// The hash as a number in `-span..=span`.
pub(crate) fn spread(hash: u64, span: i64) -> i64 {
    let width = span.unsigned_abs() * 2 + 1;
    i64::try_from(hash % width).unwrap_or(0) - span
}

fn finish(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
