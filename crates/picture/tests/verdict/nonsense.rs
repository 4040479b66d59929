//! Bytes that are no whole picture: refused or judged, never a panic.

use draywatch_picture::Sha256;
use draywatch_picture::verdict::{Examiner, Placeholders, Verdict};
use proptest::prelude::*;

use crate::gate::Chance;
use crate::gate::faults;

fn picture(seed: u64) -> Vec<u8> {
    faults::card(&mut Chance::new(seed)).jpeg(80, seed.is_multiple_of(2))
}

fn judge_all_ways(bytes: &[u8], whole: &[u8]) -> Option<Verdict> {
    let mut placeholders = Placeholders::default();
    let registered = placeholders.add("broken", bytes).is_ok();
    assert_eq!(placeholders.len(), usize::from(registered));
    let mut examiner = Examiner::new(Placeholders::default());
    let _ = examiner.is_same_picture(bytes, whole);
    let _ = examiner.is_same_picture(whole, bytes);
    let before = examiner.examine(whole, Sha256::of(whole)).unwrap();
    let previous = before.fingerprint();
    let judged = examiner.judge(bytes, Sha256::of(bytes), Some(previous), || Some(whole));
    assert_eq!(judged.is_ok(), registered);
    judged.ok().map(|(verdict, _)| verdict)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        let whole = picture(1);
        prop_assert_eq!(judge_all_ways(&bytes, &whole), None);
    }

    #[test]
    fn a_cut_picture(share in 0.0_f64..1.0, seed in 0_u64..4) {
        let whole = picture(seed);
        let cut = (whole.len() as f64 * share) as usize;
        judge_all_ways(&whole[..cut], &whole);
    }

    #[test]
    fn a_scrambled_picture(places in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..20), seed in 0_u64..4) {
        let whole = picture(seed);
        let mut bytes = whole.clone();
        for (place, value) in places {
            // Most of the headers are in the first 700 bytes; half of the damage goes there.
            let reach = if value % 2 == 0 { 700 } else { bytes.len() };
            let at = (place * reach.min(bytes.len()) as f64) as usize;
            bytes[at] = value;
        }
        judge_all_ways(&bytes, &whole);
    }
}

#[test]
fn the_smallest_pictures_are_judged() {
    use turbojpeg::{Compressor, Image, PixelFormat};
    let mut examiner = Examiner::default();
    for (width, height) in [(1, 1), (1, 40), (40, 1), (7, 9), (16, 16), (320, 180)] {
        let pixels = vec![120; width * height * 3];
        let image = Image {
            pixels: &pixels[..],
            width,
            pitch: width * 3,
            height,
            format: PixelFormat::RGB,
        };
        let bytes = Compressor::new().unwrap().compress_to_vec(image).unwrap();
        let examined = examiner.examine(&bytes, Sha256::of(&bytes)).unwrap();
        let step = examined.after(None);
        let wanted = draywatch_picture::verdict::Step::Settled(Verdict::Placeholder);
        assert_eq!(
            step,
            wanted,
            "{width} x {height}: {:?}",
            examined.measures()
        );
        assert!(examiner.is_same_picture(&bytes, &bytes).unwrap());
    }
}
