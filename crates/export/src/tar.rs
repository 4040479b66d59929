//! Entries of a tar file (POSIX ustar, pax for long names), with nothing in them of the machine or the moment. Must not read files.

use chrono::{DateTime, Utc};

const BLOCK: usize = 512;
/// The longest name that a plain header holds.
const NAME: usize = 100;
/// What a tar file ends with.
pub(crate) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// The blocks before the contents of a file.
pub(crate) fn header(name: &str, length: usize, at: DateTime<Utc>) -> Vec<u8> {
    if name.len() <= NAME {
        return plain(name, length, at, b'0').to_vec();
    }
    let record = record("path", name);
    let mut out = plain("long-name", record.len(), at, b'x').to_vec();
    let fill = padding(record.len());
    out.extend(record.bytes());
    out.extend(fill);
    out.extend(plain(&name[..NAME], length, at, b'0'));
    out
}

/// What follows the contents, up to the next whole block.
pub(crate) fn padding(length: usize) -> &'static [u8] {
    &[0; BLOCK][..length.next_multiple_of(BLOCK) - length]
}

/// A pax record says its own length.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

fn plain(name: &str, length: usize, at: DateTime<Utc>, of: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |place: usize, text: &str| {
        block[place..place + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{length:011o}\0"));
    put(
        136,
        &format!("{:011o}\0", at.timestamp().clamp(0, 0o777_7777_7777)),
    );
    put(148, "        ");
    put(257, "ustar\0");
    put(263, "00");
    block[156] = of;
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    let sum = format!("{sum:06o}\0 ");
    block[148..156].copy_from_slice(sum.as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_is_whole_and_tells_nothing_of_the_machine() {
        let at = DateTime::from_timestamp(1_757_240_254, 999).unwrap();
        let block = header("a.jpg", 5, at);
        assert_eq!(block.len(), BLOCK);
        assert_eq!(&block[124..136], b"00000000005\0");
        assert_eq!(
            &block[136..148],
            format!("{:011o}\0", 1_757_240_254).as_bytes()
        );
        assert_eq!(padding(5).len(), 507);
        assert_eq!(padding(0).len() + padding(512).len(), 0);
    }

    proptest! {
        #[test]
        fn a_record_says_its_own_length(value in "[a-z]{0,2000}") {
            let record = record("path", &value);
            let (length, _) = record.split_once(' ').unwrap();
            prop_assert_eq!(length.parse::<usize>().unwrap(), record.len());
        }
    }
}
