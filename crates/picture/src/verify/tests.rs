//! What is accepted and what is refused, kind by kind; damage is in `damage.rs`, what is too
//! much in `bounds.rs`.

use turbojpeg::{Colorspace, PixelFormat, Subsamp};

use super::*;

mod bounds;
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

/// A used decoder would lend its tables and sizes to a picture that lacks them.
#[test]
fn a_verdict_does_not_depend_on_the_pictures_before() {
    let whole = jpeg(small(), 9);
    let mut verifier = verifier();
    for table in [0xDB, 0xC4, 0xC0] {
        let mut without = whole.clone();
        for at in 0..600 {
            if without[at..at + 2] == [0xFF, table] {
                without[at + 1] = 0xEB;
            }
        }
        let fresh = Verifier::new(Limits::default())
            .unwrap()
            .verify(&without, None);
        assert!(verifier.verify(&whole, None).is_ok());
        assert_eq!(verifier.verify(&without, None), fresh);
        assert_eq!(
            fresh.is_ok(),
            table == 0xC4,
            "only the standard Huffman tables are built in: {fresh:?}"
        );
    }
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
