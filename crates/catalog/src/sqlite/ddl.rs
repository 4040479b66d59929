//! A `CREATE TABLE` statement taken apart just far enough to change single columns, all else kept word for word.

/// The words that begin a table constraint rather than a column.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// The text between the outer parentheses, item by item, and what follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableSql {
    items: Vec<String>,
    tail: String,
}

/// A word, a quoted name or text, or a single other character; spaces and comments lie between tokens.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    start: usize,
    depth: usize,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }
}

impl TableSql {
    /// Takes a statement apart, `None` when it is none with columns in parentheses.
    pub(super) fn parse(sql: &str) -> Option<Self> {
        let tokens = tokens(sql);
        let open = tokens.iter().position(|token| token.text == "(")?;
        let mut items = Vec::new();
        let mut start = tokens.get(open)?.end();
        for token in tokens.get(open + 1..)? {
            match token.text {
                "," if token.depth == 1 => {
                    items.push(sql.get(start..token.start)?.to_owned());
                    start = token.end();
                }
                ")" if token.depth == 1 => {
                    items.push(sql.get(start..token.start)?.to_owned());
                    return Some(Self {
                        items,
                        tail: sql.get(token.end()..)?.to_owned(),
                    });
                }
                _ => {}
            }
        }
        None
    }

    /// The statement that makes the same table under another name.
    pub(super) fn render(&self, name: &str) -> String {
        format!(
            "CREATE TABLE {} ({}){}",
            quoted(name),
            self.items.join(","),
            self.tail
        )
    }

    /// Lets a column be null.
    pub(super) fn allow_null(&mut self, column: &str) {
        if let Some(item) = self.column(column) {
            *item = without_not_null(item);
        }
    }

    /// Adds a constraint to a column, unless it has one that begins with the same word.
    pub(super) fn constrain(&mut self, column: &str, constraint: &str) {
        let Some(item) = self.column(column) else {
            return;
        };
        let word = constraint.split(' ').next().unwrap_or(constraint);
        let tokens = tokens(item);
        if tokens
            .iter()
            .any(|token| token.depth == 0 && token.is(word))
        {
            return;
        }
        let end = tokens.last().map_or(0, Token::end);
        item.insert_str(end, &format!(" {constraint}"));
    }

    /// Adds a column after the last one.
    pub(super) fn add_column(&mut self, definition: &str) {
        let last = self
            .items
            .iter()
            .rposition(|item| column_name(item).is_some());
        self.items
            .insert(last.map_or(0, |at| at + 1), format!("\n\t{definition}"));
    }

    fn column(&mut self, name: &str) -> Option<&mut String> {
        self.items
            .iter_mut()
            .find(|item| column_name(item).is_some_and(|found| found.eq_ignore_ascii_case(name)))
    }
}

/// A name in SQL's own quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The column that an item defines; `None` for a table constraint.
fn column_name(item: &str) -> Option<String> {
    let first = tokens(item).first()?.text;
    if CONSTRAINTS
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
    {
        return None;
    }
    let quote = first.chars().next()?;
    if !matches!(quote, '"' | '\'' | '`' | '[') {
        return Some(first.to_owned());
    }
    let inner = first.get(1..first.len().checked_sub(1)?)?;
    Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
}

/// The item without its `NOT NULL`, be it named or with a conflict clause.
fn without_not_null(item: &str) -> String {
    let tokens = tokens(item);
    let at = |i: usize, word: &str| {
        tokens
            .get(i)
            .is_some_and(|token| token.depth == 0 && token.is(word))
    };
    let Some(not) = (0..tokens.len()).find(|i| at(*i, "NOT") && at(i + 1, "NULL")) else {
        return item.to_owned();
    };
    let first = if not >= 2 && at(not - 2, "CONSTRAINT") {
        not - 2
    } else {
        not
    };
    let last = if at(not + 2, "ON") && at(not + 3, "CONFLICT") {
        not + 4
    } else {
        not + 1
    };
    let (Some(first), Some(last)) = (tokens.get(first), tokens.get(last)) else {
        return item.to_owned();
    };
    let (before, after) = (&item[..first.start], &item[last.end()..]);
    format!("{}{after}", before.trim_end_matches(' '))
}

/// Splits SQL into tokens. An opening parenthesis counts to the depth outside of it, a closing one to the depth inside.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, is_token) = lexeme(rest);
        let text = &rest[..length];
        if is_token {
            found.push(Token {
                text,
                start: at,
                depth,
            });
            match text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        at += length;
    }
    found
}

/// The length of what `rest` begins with, and whether it is a token at all.
fn lexeme(rest: &str) -> (usize, bool) {
    let first = rest.chars().next().unwrap_or(' ');
    let upto = |end: &str, from: usize| {
        rest[from..]
            .find(end)
            .map_or(rest.len(), |at| from + at + end.len())
    };
    match first {
        _ if rest.starts_with("--") => (upto("\n", 0), false),
        _ if rest.starts_with("/*") => (upto("*/", 2), false),
        _ if first.is_whitespace() => (first.len_utf8(), false),
        '[' => (upto("]", 0), true),
        '\'' | '"' | '`' => (quote_length(rest, first), true),
        _ if is_word(first) => (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true),
        _ => (first.len_utf8(), true),
    }
}

/// The length of a quoted stretch; a doubled quote belongs to it.
fn quote_length(rest: &str, quote: char) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
#[path = "ddl/tests.rs"]
mod tests;
