//! Statements as users' programs and people write them.

use proptest::prelude::*;

use super::*;

const V1: &str = "CREATE TABLE images (\n\tid INTEGER NOT NULL, \n\ttimestamp DATETIME NOT NULL, \n\tfilepath VARCHAR(500) NOT NULL, \n\tPRIMARY KEY (id), \n\tUNIQUE (filepath)\n)";

#[test]
fn what_is_not_changed_stays_word_for_word() {
    let table = TableSql::parse(V1).unwrap();
    assert_eq!(
        table.render("images"),
        V1.replacen("images", "\"images\"", 1)
    );
}

#[test]
fn single_columns_are_changed() {
    let mut table = TableSql::parse(V1).unwrap();
    table.allow_null("FilePath");
    table.constrain("filepath", "UNIQUE");
    table.constrain("timestamp", "DEFAULT 0");
    table.add_column("image_path VARCHAR(500) UNIQUE");
    assert_eq!(
        table.render("n"),
        "CREATE TABLE \"n\" (\n\tid INTEGER NOT NULL, \n\ttimestamp DATETIME NOT NULL DEFAULT 0, \n\tfilepath VARCHAR(500) UNIQUE,\
         \n\timage_path VARCHAR(500) UNIQUE, \n\tPRIMARY KEY (id), \n\tUNIQUE (filepath)\n)"
    );
}

#[test]
fn constraints_that_are_there_are_not_added_twice() {
    let mut table =
        TableSql::parse("CREATE TABLE i (processed BOOLEAN default (1) NOT NULL)").unwrap();
    let before = table.clone();
    table.constrain("processed", "DEFAULT 0");
    table.constrain("absent", "DEFAULT 0");
    assert_eq!(table, before);
}

#[test]
fn comments_quotes_and_parentheses_do_not_confuse() {
    let sql = "CREATE TABLE \"a(,\" (\"id\" INTEGER PRIMARY KEY, -- the id, (really\n [file,path] TEXT DEFAULT ')', \
               /* , */ `filepath` TEXT CONSTRAINT filled NOT NULL ON CONFLICT FAIL CHECK (length(filepath) > 0 AND filepath NOT NULL) \
               DEFAULT 'it''s, \"x\"' -- last\n) WITHOUT ROWID";
    let mut table = TableSql::parse(sql).unwrap();
    assert_eq!(table.items.len(), 3);
    assert_eq!(column_name(&table.items[1]).unwrap(), "file,path");
    table.allow_null("filepath");
    table.constrain("filepath", "UNIQUE");
    let made = table.render("t");
    assert!(made.contains("`filepath` TEXT CHECK (length(filepath) > 0 AND filepath NOT NULL) DEFAULT 'it''s, \"x\"' UNIQUE -- last\n"), "{made}");
    assert!(made.ends_with(") WITHOUT ROWID"), "{made}");
}

#[test]
fn odd_statements_are_refused() {
    for sql in [
        "",
        "CREATE TABLE t",
        "CREATE TABLE t (a, b",
        "CREATE TABLE t AS SELECT 1",
    ] {
        assert_eq!(TableSql::parse(sql), None, "{sql}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "[-a-zé(),'\"`\\[\\] NOT NUL/*\\n]{0,80}") {
        let _ = TableSql::parse(&text);
        let _ = without_not_null(&text);
        let _ = column_name(&text);
    }

    #[test]
    fn tokens_cover_the_text_in_order(text in "\\PC{0,60}") {
        let mut end = 0;
        for token in tokens(&text) {
            prop_assert!(token.start >= end);
            end = token.end();
        }
        prop_assert!(end <= text.len());
    }
}
