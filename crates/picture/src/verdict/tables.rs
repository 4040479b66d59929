//! The quantisation table of a JPEG's brightness. Owns reading it from the markers; must not decode.

/// Steps of the coefficients of eight by eight pixels, row after row.
pub(crate) type Table = [u16; 64];

/// Where the n-th value of a stored table belongs.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The table that the first component (brightness) uses, if the header before the first scan says so.
pub(crate) fn brightness(bytes: &[u8]) -> Option<Table> {
    let mut tables: [Option<Table>; 4] = [None; 4];
    let mut used = None;
    let mut rest = bytes.get(2..)?;
    loop {
        let (marker, content, after) = segment(rest)?;
        rest = after;
        match marker {
            0xDB => define(content, &mut tables)?,
            0xC0..=0xC2 | 0xC9 | 0xCA => used = Some(usize::from(*content.get(8)?)),
            0xDA => return *tables.get(used?)?,
            _ => {}
        }
    }
}

/// The next marker, its content, and what follows.
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let fill = bytes.iter().take_while(|&&byte| byte == 0xFF).count();
    if fill == 0 {
        return None;
    }
    let marker = *bytes.get(fill)?;
    let (&length, rest) = bytes.get(fill + 1..)?.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(length)).checked_sub(2)?;
    let (content, after) = rest.split_at_checked(length)?;
    Some((marker, content, after))
}

/// Takes note of the tables of one segment.
fn define(mut content: &[u8], tables: &mut [Option<Table>; 4]) -> Option<()> {
    while let Some((&kind, rest)) = content.split_first() {
        let width = if kind >> 4 == 0 { 1 } else { 2 };
        let (values, after) = rest.split_at_checked(64 * width)?;
        let mut table = [0; 64];
        for (place, value) in ZIGZAG.into_iter().zip(values.chunks(width)) {
            table[place] = value
                .iter()
                .fold(0, |all, &byte| all << 8 | u16::from(byte));
        }
        *tables.get_mut(usize::from(kind & 15))? = Some(table);
        content = after;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use turbojpeg::{Compressor, Image, PixelFormat};

    fn grey(quality: i32) -> Vec<u8> {
        let mut compressor = Compressor::new().unwrap();
        compressor.set_quality(quality).unwrap();
        compressor.set_subsamp(turbojpeg::Subsamp::Gray).unwrap();
        let image = Image {
            pixels: &[0_u8; 64][..],
            width: 8,
            pitch: 8,
            height: 8,
            format: PixelFormat::GRAY,
        };
        compressor.compress_to_vec(image).unwrap()
    }

    #[test]
    fn quality_fifty_is_the_table_of_the_standard() {
        let table = brightness(&grey(50)).unwrap();
        assert_eq!(table[..8], [16, 11, 10, 16, 24, 40, 51, 61]);
        assert_eq!((table[8], table[63]), (12, 99));
        assert_eq!(brightness(&grey(100)), Some([1; 64]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, cut in 0_usize..400) {
            brightness(&bytes);
            let mut picture = grey(75);
            picture.truncate(cut);
            picture.extend(bytes);
            brightness(&picture);
        }
    }
}
