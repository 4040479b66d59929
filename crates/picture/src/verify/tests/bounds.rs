//! What is too much: bytes, pixels, scans, and memory kept for too long.

use super::sample::{Style, jpeg};
use super::{frame_header, small, verifier};
use crate::verify::*;

/// The same picture, claiming another size.
fn claiming(bytes: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = frame_header(&bytes) + 5;
    bytes[at..at + 2].copy_from_slice(&height.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn limits_are_kept() {
    let bytes = jpeg(small(), 6);
    let refusal = |limits| {
        Verifier::new(limits)
            .unwrap()
            .verify(&bytes, None)
            .unwrap_err()
            .reason()
    };
    assert_eq!(
        refusal(Limits {
            max_bytes: bytes.len() - 1,
            ..Limits::default()
        }),
        "too_large"
    );
    assert_eq!(
        refusal(Limits {
            max_pixels: 97 * 61 - 1,
            ..Limits::default()
        }),
        "too_many_pixels"
    );
    let exact = Limits {
        max_bytes: bytes.len(),
        max_pixels: 97 * 61,
    };
    assert!(Verifier::new(exact).unwrap().verify(&bytes, None).is_ok());
}

#[test]
fn huge_claims_cost_nothing() {
    for progressive in [false, true] {
        let whole = jpeg(
            Style {
                progressive,
                ..small()
            },
            7,
        );
        let mut verifier = verifier();
        let start = std::time::Instant::now();
        let refusal = verifier
            .verify(&claiming(&whole, 65_500, 65_500), None)
            .unwrap_err();
        assert_eq!(
            refusal,
            Refusal::TooManyPixels {
                width: 65_500,
                height: 65_500,
                max: 50_000_000
            }
        );
        let refusal = verifier
            .verify(&claiming(&whole, 7_000, 7_000), None)
            .unwrap_err();
        assert!(
            refusal
                .to_string()
                .ends_with("bytes cannot hold 7000 x 7000 pixels"),
            "{refusal}"
        );
        assert_eq!(verifier.pixels.capacity(), 0);
        assert!(start.elapsed().as_millis() < 200, "{:?}", start.elapsed());
    }
}

#[test]
fn a_progressive_bomb_is_refused_before_it_is_decoded() {
    let whole = jpeg(
        Style {
            progressive: true,
            ..small()
        },
        8,
    );
    let scan = whole
        .windows(2)
        .rposition(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    let (head, last_scan) = whole[..whole.len() - 2].split_at(scan);
    let bomb = [head, &last_scan.repeat(101), &[0xFF, 0xD9]].concat();
    assert_eq!(
        verify(&bomb, None).unwrap_err().to_string(),
        "corrupt: more than 100 scans"
    );
    let tight = Limits {
        max_pixels: 97 * 61,
        ..Limits::default()
    };
    let many = [head, &last_scan.repeat(30), &[0xFF, 0xD9]].concat();
    let refusal = Verifier::new(tight)
        .unwrap()
        .verify(&many, None)
        .unwrap_err();
    assert!(
        refusal.to_string().ends_with("scans of 97 x 61 pixels"),
        "{refusal}"
    );
}

#[test]
fn the_buffer_gives_back_what_one_large_picture_took() {
    let mut buffer = Vec::new();
    assert_eq!(
        sized(&mut buffer, KEEP_SPARE + 1_000).len(),
        KEEP_SPARE + 1_000
    );
    assert_eq!(sized(&mut buffer, 1_000).len(), 1_000);
    assert_eq!(buffer.len(), KEEP_SPARE + 1_000);
    assert_eq!(sized(&mut buffer, 999).len(), 999);
    assert!(buffer.capacity() < KEEP_SPARE, "{}", buffer.capacity());
}
