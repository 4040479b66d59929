//! The table of damages: what must be noticed always, and how often the rest is.

use std::sync::LazyLock;

use proptest::prelude::*;
use turbojpeg::{Subsamp, YuvImage, yuv_pixels_len};

use super::sample::{Random, Style, jpeg};
use super::{reason, small, verifier};
use crate::verify::verify;

const END: [u8; 2] = [0xFF, 0xD9];

/// Frames as the portal sends them, whole.
static FRAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let kinds = [
        (Subsamp::Sub2x2, false),
        (Subsamp::Sub2x1, false),
        (Subsamp::None, false),
        (Subsamp::Sub2x2, true),
    ];
    let style = |(subsamp, progressive)| Style {
        subsamp,
        progressive,
        ..Style::default()
    };
    kinds
        .into_iter()
        .zip(10..)
        .map(|(kind, seed)| jpeg(style(kind), seed))
        .collect()
});

/// Small pictures, for tests that need very many.
static SMALL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let style = |progressive| Style {
        progressive,
        ..small()
    };
    vec![jpeg(style(false), 20), jpeg(style(true), 21)]
});

/// Whether a plain `decompress_to_yuv` at full size accepts the picture: the measure that ours is held to.
fn plain_yuv_accepts(bytes: &[u8]) -> bool {
    let mut decoder = turbojpeg::Decompressor::new().unwrap();
    let Ok(header) = decoder.read_header(bytes) else {
        return false;
    };
    let (width, height, subsamp) = (header.width, header.height, header.subsamp);
    if width * height > 10_000_000 {
        return false;
    }
    let Ok(length) = yuv_pixels_len(width, 4, height, subsamp) else {
        return false;
    };
    let mut pixels = vec![0; length];
    let image = YuvImage {
        pixels: &mut pixels[..],
        width,
        align: 4,
        height,
        subsamp,
    };
    decoder.decompress_to_yuv(bytes, image).is_ok()
}

fn below(random: &mut Random, end: usize) -> usize {
    usize::try_from(random.bits() % end as u64).unwrap()
}

/// A place in the picture's data, behind its headers, with at least `length` bytes left.
fn place(random: &mut Random, bytes: &[u8], length: usize) -> usize {
    let start = 2_000;
    start + below(random, bytes.len() - length - start)
}

/// Damages every frame many times; answers how many were noticed by us, by the plain decoder, and of how many.
fn noticed(
    frames: &[Vec<u8>],
    times: usize,
    damage: impl Fn(&mut Random, &mut Vec<u8>),
) -> (usize, usize, usize) {
    let (mut random, mut ours, mut plain, mut all) = (Random(99), 0, 0, 0);
    for frame in frames {
        for _ in 0..times {
            let mut bytes = frame.clone();
            damage(&mut random, &mut bytes);
            let refused = verify(&bytes, None).is_err();
            let refused_by_plain = !plain_yuv_accepts(&bytes);
            assert!(
                refused || !refused_by_plain,
                "the plain decoder noticed what we did not"
            );
            ours += usize::from(refused);
            plain += usize::from(refused_by_plain);
            all += 1;
        }
    }
    (ours, plain, all)
}

#[test]
fn cut_pictures_are_truncated() {
    for frame in FRAMES.iter() {
        for percent in 10..=99 {
            let cut = &frame[..frame.len() * percent / 100];
            assert_eq!(reason(cut), "truncated", "{percent} %");
            let glued = [cut, &END].concat();
            assert!(
                verify(&glued, Some(glued.len() as u64)).is_err(),
                "{percent} % and an end marker"
            );
        }
        assert_eq!(reason(&frame[..frame.len() - 2]), "truncated");
        assert_eq!(reason(&frame[..frame.len() - 1]), "truncated");
    }
}

/// The decoder alone must notice, too: this is what "warnings come back as errors" rests on.
#[test]
fn the_decoder_warnings_are_errors() {
    let frame = &FRAMES[0];
    let mut decoder = turbojpeg::Decompressor::new().unwrap();
    let mut complaint = |bytes: &[u8]| {
        let mut pixels = vec![0; 1200 * 675];
        let image = turbojpeg::Image {
            pixels: &mut pixels[..],
            width: 1200,
            pitch: 1200,
            height: 675,
            format: turbojpeg::PixelFormat::GRAY,
        };
        decoder
            .decompress(bytes, image)
            .map_or_else(|error| error.to_string(), |()| "none".into())
    };
    assert_eq!(complaint(frame), "none");
    assert!(complaint(&frame[..frame.len() - 2]).contains("Premature end of JPEG file"));
    let glued = [&frame[..100_000], &END].concat();
    assert!(complaint(&glued).contains("premature end of data segment"));
    assert_eq!(
        complaint(frame),
        "none",
        "a warning must not outlive its picture"
    );
}

#[test]
fn not_one_byte_may_follow_the_end() {
    let frame = &FRAMES[0];
    for tail in [&b"\0"[..], b"\n", b"\r\n", &[0; 16], &END, b"<html>", frame] {
        let longer = [frame, tail].concat();
        assert_eq!(
            reason(&longer),
            "corrupt",
            "{}",
            tail[..tail.len().min(8)].escape_ascii()
        );
    }
}

/// A progressive picture may take a missing stretch for a long run of nothing new, about one time in fifty: only
/// the promised length is sure to notice that.
#[test]
fn zeroed_and_missing_stretches_are_noticed() {
    let zeroed = |random: &mut Random, bytes: &mut Vec<u8>| {
        let at = place(random, bytes, 4_096);
        bytes[at..at + 4_096].fill(0);
    };
    let missing = |random: &mut Random, bytes: &mut Vec<u8>| {
        let at = place(random, bytes, 1_460);
        bytes.drain(at..at + 1_460);
    };
    let (baseline, progressive) = FRAMES.split_at(3);
    for (damage, counts) in [
        (
            "4 KB zeroed",
            [
                noticed(baseline, 50, zeroed),
                noticed(progressive, 100, zeroed),
            ],
        ),
        (
            "1,460 bytes missing",
            [
                noticed(baseline, 50, missing),
                noticed(progressive, 100, missing),
            ],
        ),
    ] {
        let [(ours, plain, all), (ours_p, plain_p, all_p)] = counts;
        println!(
            "{damage}: baseline {ours}/{all} (plain {plain}), progressive {ours_p}/{all_p} (plain {plain_p})"
        );
        assert_eq!(ours, all, "{damage}");
        assert!(ours_p * 100 >= all_p * 90, "{damage}, progressive");
    }
}

/// No decoder can notice all of these: reported, and never noticed less often than by a plain decoder.
#[test]
fn slight_damage_is_noticed_as_often_as_a_decoder_can() {
    let overwritten = noticed(&FRAMES, 50, |random, bytes| {
        let at = place(random, bytes, 64);
        bytes[at..at + 64].fill_with(|| random.bits().to_le_bytes()[0]);
    });
    let flipped = noticed(&FRAMES, 50, |random, bytes| {
        let at = place(random, bytes, 1);
        bytes[at] ^= 1 << below(random, 8);
    });
    println!("(ours, plain, of) 64 random bytes {overwritten:?}, one bit flipped {flipped:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_truncation_is_refused(which in 0..2_usize, at: prop::sample::Index, glue: bool) {
        let whole = &SMALL[which];
        let mut cut = whole[..at.index(whole.len())].to_vec();
        if glue && cut.len() < whole.len() - 2 {
            cut.extend(END);
        }
        prop_assert!(verify(&cut, None).is_err());
    }

    #[test]
    fn random_bytes_are_refused(bytes: Vec<u8>, like_jpeg: bool) {
        let start: &[u8] = if like_jpeg { &[0xFF, 0xD8, 0xFF] } else { &[] };
        prop_assert!(verify(&[start, &bytes].concat(), None).is_err());
    }

    #[test]
    fn damage_anywhere_never_panics_nor_spoils_the_next(which in 0..2_usize, hits: Vec<(prop::sample::Index, u8)>) {
        let mut bytes = SMALL[which].clone();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(verified) = verify(&bytes, None) {
            prop_assert_eq!(verifier().verify(&bytes, None), Ok(verified));
        }
        prop_assert!(verify(&SMALL[1 - which], None).is_ok());
    }
}
