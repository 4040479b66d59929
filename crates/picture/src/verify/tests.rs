//! What is accepted and what is refused, kind by kind; damage is in `damage.rs`.

use turbojpeg::{Colorspace, PixelFormat, Subsamp};

use super::*;

mod damage;
#[path = "../../testing/sample.rs"]
mod sample;

use sample::{Style, jpeg};

fn verifier() -> Verifier {
    Verifier::new(Limits::default()).unwrap()
}

fn reason(bytes: &[u8]) -> &'static str {
    verify(bytes, None).map_or_else(|refusal| refusal.reason(), |_| "accepted")
}

/// A picture small enough to be made and damaged thousands of times.
fn small() -> Style {
    Style {
        width: 97,
        height: 61,
        ..Style::default()
    }
}

/// Where the frame header (SOF0 to SOF2, SOF9, SOF10) starts.
fn frame_header(bytes: &[u8]) -> usize {
    let kinds = [0xC0, 0xC1, 0xC2, 0xC9, 0xCA];
    bytes
        .windows(2)
        .position(|pair| pair[0] == 0xFF && kinds.contains(&pair[1]))
        .unwrap()
}

/// The same picture, claiming another size.
fn claiming(bytes: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = frame_header(&bytes) + 5;
    bytes[at..at + 2].copy_from_slice(&height.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn a_whole_picture_is_described() {
    let bytes = jpeg(Style::default(), 1);
    assert!((150_000..250_000).contains(&bytes.len()), "{}", bytes.len());
    let verified = verify(&bytes, Some(bytes.len() as u64)).unwrap();
    assert_eq!((verified.width, verified.height), (1200, 675));
    assert_eq!(verified.bytes, bytes.len() as u64);
    assert_eq!(verified.sha256, Sha256::of(&bytes));
    assert_eq!(verified.media_type.to_string(), "image/jpeg");
}

#[test]
fn every_usual_kind_is_accepted() {
    use Subsamp as S;
    let subsamps = [
        S::None,
        S::Sub2x1,
        S::Sub2x2,
        S::Gray,
        S::Sub1x2,
        S::Sub4x1,
        S::Sub1x4,
    ];
    let sizes = [(1, 1), (7, 9), (8, 8), (97, 61), (640, 360)];
    for subsamp in subsamps {
        for (width, height) in sizes {
            for progressive in [false, true] {
                for arithmetic in [false, true] {
                    let style = Style {
                        width,
                        height,
                        subsamp,
                        progressive,
                        arithmetic,
                        ..Style::default()
                    };
                    let verified =
                        verify(&jpeg(style, 2), None).unwrap_or_else(|e| panic!("{style:?}: {e}"));
                    assert_eq!(
                        (verified.width as usize, verified.height as usize),
                        (width, height)
                    );
                }
            }
        }
    }
}

#[test]
fn rgb_and_cmyk_pictures_are_checked_too() {
    let kinds = [
        (PixelFormat::RGB, Colorspace::RGB),
        (PixelFormat::CMYK, Colorspace::CMYK),
        (PixelFormat::CMYK, Colorspace::YCCK),
    ];
    for (format, colorspace) in kinds {
        let style = Style {
            format,
            colorspace: Some(colorspace),
            subsamp: Subsamp::None,
            ..small()
        };
        let mut bytes = jpeg(style, 3);
        assert_eq!(reason(&bytes), "accepted", "{colorspace:?}");
        let middle = bytes.len() * 2 / 3;
        bytes[middle..middle + 200].fill(0);
        assert_eq!(reason(&bytes), "corrupt", "{colorspace:?}");
    }
}

#[test]
fn kinds_that_cannot_be_checked_are_refused_as_such() {
    let mut twelve_bits = jpeg(small(), 4);
    let at = frame_header(&twelve_bits);
    twelve_bits[at + 1] = 0xC1;
    twelve_bits[at + 4] = 12;
    assert_eq!(reason(&twelve_bits), "uncheckable");
    let mut hierarchical = jpeg(small(), 4);
    hierarchical[at + 1] = 0xC5;
    assert_eq!(reason(&hierarchical), "uncheckable");
}

#[test]
fn a_length_that_was_not_promised_is_refused() {
    let bytes = jpeg(small(), 5);
    let actual = bytes.len() as u64;
    for expected in [0, actual - 1, actual + 1] {
        assert_eq!(
            verify(&bytes, Some(expected)),
            Err(Refusal::LengthMismatch { expected, actual })
        );
    }
}

#[test]
fn what_is_no_picture_is_named() {
    assert_eq!(verify(b"", Some(0)), Err(Refusal::Empty));
    let what = |bytes: &[u8]| verify(bytes, None).unwrap_err().to_string();
    assert_eq!(
        what(b"<!DOCTYPE html><html></html>"),
        "not a picture but an HTML page"
    );
    assert_eq!(
        what(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        "not a picture but PNG"
    );
    assert_eq!(reason(b"\xff\xd8"), "truncated");
    assert_eq!(reason(b"\xff\xd8\xff\xd9"), "corrupt");
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

#[test]
fn a_verifier_can_move_to_another_thread() {
    let mut verifier = verifier();
    let bytes = jpeg(small(), 9);
    let moved = std::thread::spawn(move || verifier.verify(&bytes, None).is_ok());
    assert!(moved.join().unwrap());
}

#[test]
fn every_reason_has_its_own_code_and_a_clear_text() {
    let refusals = [
        (Refusal::Empty, "empty"),
        (Refusal::TooLarge { bytes: 2, max: 1 }, "too_large"),
        (
            Refusal::LengthMismatch {
                expected: 2,
                actual: 1,
            },
            "length_mismatch",
        ),
        (Refusal::NotAPicture { what: "PNG".into() }, "not_a_picture"),
        (Refusal::Truncated, "truncated"),
        (Refusal::corrupt("x"), "corrupt"),
        (
            Refusal::TooManyPixels {
                width: 1,
                height: 1,
                max: 0,
            },
            "too_many_pixels",
        ),
        (Refusal::uncheckable("x"), "uncheckable"),
    ];
    for (refusal, code) in refusals {
        assert_eq!(refusal.reason(), code);
        assert!(
            refusal
                .to_string()
                .starts_with(|c: char| c.is_ascii_lowercase()),
            "{refusal}"
        );
    }
}
