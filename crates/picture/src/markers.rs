//! The chain of a JPEG's markers. Owns where the picture ends and how many scans it has; must not decode.
//!
//! The decoder stops at the first end marker and says nothing about what follows, so this walk alone knows
//! whether the end marker is last. It also counts scans before any of them costs anything.

use memchr::memchr;

use crate::coverage::Coverage;
use crate::limits::MAX_SCANS;
use crate::refusal::Refusal;

const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

/// Whether these bytes start like a JPEG, or like the first one or two bytes of one.
pub(crate) fn starts_like_jpeg(bytes: &[u8]) -> bool {
    let start = [0xFF, START, 0xFF];
    !bytes.is_empty()
        && bytes
            .iter()
            .zip(start)
            .all(|(&byte, expected)| byte == expected)
}

/// Follows the markers from the start to the end marker, which must be last, and answers how many scans there are.
pub(crate) fn count_scans(bytes: &[u8]) -> Result<u32, Refusal> {
    let mut at = 2;
    let mut scans = 0;
    let mut coverage = Coverage::default();
    loop {
        match next_marker(bytes, &mut at)? {
            END if at < bytes.len() => {
                return Err(Refusal::corrupt(format!(
                    "{} bytes after the end marker",
                    bytes.len() - at
                )));
            }
            END if scans == 0 => {
                return Err(Refusal::corrupt("nothing between start and end marker"));
            }
            END if !coverage.is_complete() => return Err(Refusal::corrupt("scans are missing")),
            END => return Ok(scans),
            START => return Err(Refusal::corrupt("a second start marker")),
            0x01 | 0xD0..=0xD7 => {} // stand alone, without a length
            SCAN if scans == MAX_SCANS => {
                return Err(Refusal::corrupt(format!("more than {MAX_SCANS} scans")));
            }
            SCAN => {
                scans += 1;
                coverage.scan(segment(bytes, &mut at)?);
                skip_entropy_coded(bytes, &mut at)?;
            }
            marker @ (0xC0..=0xC2 | 0xC9 | 0xCA) => {
                coverage.frame(marker, segment(bytes, &mut at)?);
            }
            _ => drop(segment(bytes, &mut at)?),
        }
    }
}

/// Reads `FF`, any fill bytes `FF`, and the marker's own byte.
fn next_marker(bytes: &[u8], at: &mut usize) -> Result<u8, Refusal> {
    let start = *at;
    while *bytes.get(*at).ok_or(Refusal::Truncated)? == 0xFF {
        *at += 1;
    }
    let marker = bytes[*at];
    if *at == start || marker == 0 {
        return Err(Refusal::corrupt(format!("no marker at byte {start}")));
    }
    *at += 1;
    Ok(marker)
}

/// Steps over a segment by the length that it states, and answers what is in it.
fn segment<'a>(bytes: &'a [u8], at: &mut usize) -> Result<&'a [u8], Refusal> {
    let start = *at + 2;
    let length = bytes.get(*at..start).ok_or(Refusal::Truncated)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    if length < 2 {
        return Err(Refusal::corrupt(format!(
            "impossible segment length at byte {at}"
        )));
    }
    *at += length;
    bytes.get(start..*at).ok_or(Refusal::Truncated)
}

/// Steps over a scan's data to the next marker; `FF 00` and the restart markers belong to the data.
fn skip_entropy_coded(bytes: &[u8], at: &mut usize) -> Result<(), Refusal> {
    loop {
        *at += memchr(0xFF, &bytes[*at..]).ok_or(Refusal::Truncated)?;
        match bytes.get(*at + 1) {
            None => return Err(Refusal::Truncated),
            Some(0x00 | 0xD0..=0xD7) => *at += 2,
            Some(_) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture(middle: &[u8]) -> Vec<u8> {
        [&[0xFF, 0xD8], middle, &[0xFF, 0xD9]].concat()
    }

    #[test]
    fn scans_are_counted_and_stuffing_and_restarts_belong_to_them() {
        let scan = [0xFF, 0xDA, 0, 3, 9, 1, 0xFF, 0, 2, 0xFF, 0xD0, 3];
        assert_eq!(count_scans(&picture(&[])).unwrap_err().reason(), "corrupt");
        assert_eq!(count_scans(&picture(&scan)), Ok(1));
        assert_eq!(count_scans(&picture(&scan.repeat(100))), Ok(100));
        assert_eq!(
            count_scans(&picture(&scan.repeat(101)))
                .unwrap_err()
                .reason(),
            "corrupt"
        );
    }

    #[test]
    fn an_end_marker_inside_a_segment_is_not_the_end() {
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 0xFF, 0xD8];
        let scan = [0xFF, 0xDA, 0, 3, 9];
        assert_eq!(
            count_scans(&picture(&[&thumbnail[..], &scan].concat())),
            Ok(1)
        );
    }

    #[test]
    fn a_broken_chain_is_refused() {
        let reason = |middle: &[u8]| count_scans(&picture(middle)).unwrap_err().reason();
        assert_eq!(reason(&[0]), "corrupt");
        assert_eq!(reason(&[0xFF, 0]), "corrupt");
        assert_eq!(reason(&[0xFF, 0xD8]), "corrupt");
        assert_eq!(reason(&[0xFF, 0xE0, 0, 1]), "corrupt");
        assert_eq!(reason(&[0xFF, 0xD9]), "corrupt");
        assert_eq!(reason(&[0xFF, 0xE0, 0, 9]), "truncated");
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_to_an_answer(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(255)], 0..300)) {
            let _ = count_scans(&picture(&bytes));
            let _ = count_scans(&bytes);
        }
    }
}
