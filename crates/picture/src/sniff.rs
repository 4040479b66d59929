//! What bytes look like when they are not a JPEG. Owns names for people; nothing may be decided by them.

/// First bytes and what starts with them.
const STARTS: [(&[u8], &str); 14] = [
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\x01\0", "an icon"),
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\x1a\x45\xdf\xa3", "a Matroska film"),
];

/// What these bytes look like, as words that fit "not a picture but ...".
pub(crate) fn describe(bytes: &[u8]) -> &'static str {
    if let Some((_, name)) = STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return name;
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return "WebP";
    }
    match (bytes.get(4..8), bytes.get(8..12)) {
        (Some(b"ftyp"), Some(b"avif" | b"avis")) => "AVIF",
        (Some(b"ftyp"), Some(b"heic" | b"heix" | b"mif1" | b"msf1")) => "HEIC",
        (Some(b"ftyp"), _) => "an MP4 film",
        _ if bytes.iter().all(|&byte| byte == 0) => "nothing but zero bytes",
        _ => describe_text(&bytes[..bytes.len().min(1_024)]),
    }
}

/// The same for what may be text, from its first bytes.
fn describe_text(head: &[u8]) -> &'static str {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut at the end of the head.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return "unknown bytes",
    };
    if valid.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return "unknown bytes";
    }
    let text = valid
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    match text.as_bytes() {
        _ if text.starts_with("<!doctype html") || text.contains("<html") => "an HTML page",
        _ if text.starts_with("<svg") || text.contains("<svg ") => "SVG",
        [b'<', b'?', ..] => "XML",
        [b'<', ..] => "an HTML page",
        [b'{' | b'[', ..] => "JSON",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_what_servers_send_instead_of_pictures() {
        let cases: [(&[u8], &str); 14] = [
            (b"<!DOCTYPE html><html>", "an HTML page"),
            (b"\xef\xbb\xbf \r\n<HTML>", "an HTML page"),
            (b"<head><title>502</title>", "an HTML page"),
            (b"<?xml version='1.0'?><Error/>", "XML"),
            (b"<?xml version='1.0'?><svg xmlns=''>", "SVG"),
            (b"{\"code\":404}", "JSON"),
            (b"Not Found\n", "text"),
            (b"caf\xc3", "text"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x0d", "PNG"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
            (b"\0\0\0\x20ftypavif", "AVIF"),
            (b"\0\0\0\0\0", "nothing but zero bytes"),
            (b"\x01\x02\x03", "unknown bytes"),
            (b"\xe0\xe0\xe0", "unknown bytes"),
        ];
        for (bytes, what) in cases {
            assert_eq!(describe(bytes), what, "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_name(bytes: Vec<u8>) {
            prop_assert!(!describe(&bytes).is_empty());
        }
    }
}
