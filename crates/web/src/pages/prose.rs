//! Words of the program in which code stands between backticks, as HTML. The only place where pages make marks of text.

/// The words as HTML; in a template: `{{ words|safe }}`. Whatever else they hold is text.
#[must_use]
pub fn html(words: &str) -> String {
    let mut parts = words.split('`');
    let mut out = escaped(parts.next().unwrap_or_default());
    while let Some(code) = parts.next() {
        match parts.next() {
            Some(rest) => {
                out.extend(["<code>", &escaped(code), "</code>", &escaped(rest)]);
            }
            // One that has no partner is a backtick.
            None => out += &escaped(&format!("`{code}")),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&#60;"),
            '>' => out.push_str("&#62;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::html;

    /// Backticks were shown as they stand in the source once.
    #[test]
    fn code_is_marked_and_everything_else_is_text() {
        for (words, wanted) in [
            (
                "run `draywatch verify` now",
                "run <code>draywatch verify</code> now",
            ),
            ("`a` or `<b>`", "<code>a</code> or <code>&#60;b&#62;</code>"),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("<script>'\"&", "&#60;script&#62;&#39;&#34;&#38;"),
            ("", ""),
        ] {
            assert_eq!(html(words), wanted, "{words}");
        }
    }
}
