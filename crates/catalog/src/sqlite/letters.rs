//! A day's slots as they stand in the table: a letter for each, and the reasons that letters refer to.

use draywatch_core::coverage::Answer;

use super::row;
use crate::slots::SLOTS_A_DAY;

/// The answers without a reason.
const LETTERS: [(char, Answer); 6] = [
    ('S', Answer::Stored),
    ('T', Answer::Thumbnail),
    ('O', Answer::NotOffered),
    ('.', Answer::NotObserved),
    ('P', Answer::TooOld),
    ('R', Answer::Removed),
];

/// The letter of the first 26 reasons is a small one ...
const FIRST: u32 = 'a' as u32;
const SMALL: usize = 26;
/// ... that of further ones comes from here on.
const FURTHER: u32 = 0x100;

/// The letters and the JSON array of the reasons.
pub(super) fn write<'a>(
    answers: impl Iterator<Item = &'a Answer>,
) -> sqlx::Result<(String, String)> {
    let mut reasons: Vec<&str> = Vec::new();
    let mut letters = String::with_capacity(SLOTS_A_DAY);
    for answer in answers {
        letters.push(match answer {
            Answer::NotDownloaded(reason) => {
                let known = reasons.iter().position(|known| known == reason);
                letter(known.unwrap_or_else(|| {
                    reasons.push(reason);
                    reasons.len() - 1
                }))
            }
            plain => LETTERS
                .iter()
                .find(|(_, answer)| answer == plain)
                .map_or('.', |(letter, _)| *letter),
        });
    }
    let reasons = serde_json::to_string(&reasons);
    Ok((
        letters,
        reasons.map_err(|error| sqlx::Error::Encode(Box::new(error)))?,
    ))
}

/// The answers that [`write`] wrote.
pub(super) fn read(letters: &str, reasons: &str) -> sqlx::Result<Vec<Answer>> {
    let reasons: Vec<String> =
        serde_json::from_str(reasons).map_err(|_| row::odd("reasons", reasons))?;
    let answer = |letter: char| {
        let plain = LETTERS.iter().find(|(known, _)| *known == letter);
        let reason = || {
            reasons
                .get(place(letter)?)
                .cloned()
                .map(Answer::NotDownloaded)
        };
        plain.map(|(_, answer)| answer.clone()).or_else(reason)
    };
    let answers: Option<Vec<Answer>> = letters.chars().map(answer).collect();
    answers
        .filter(|answers| answers.len() == SLOTS_A_DAY)
        .ok_or_else(|| row::odd("answers", letters))
}

fn letter(reason: usize) -> char {
    let code = if reason < SMALL { FIRST } else { FURTHER };
    u32::try_from(reason)
        .ok()
        .and_then(|reason| char::from_u32(code + reason))
        .unwrap_or('a')
}

fn place(letter: char) -> Option<usize> {
    let code = u32::from(letter);
    let start = if code < FURTHER { FIRST } else { FURTHER };
    usize::try_from(code.checked_sub(start)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_answer() -> impl Strategy<Value = Answer> {
        prop_oneof![
            (0..LETTERS.len()).prop_map(|nth| LETTERS[nth].1.clone()),
            (0..200).prop_map(|nth| Answer::NotDownloaded(format!("reason \"{nth}\""))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(answers in proptest::collection::vec(any_answer(), SLOTS_A_DAY)) {
            let (letters, reasons) = write(answers.iter()).unwrap();
            prop_assert_eq!(letters.chars().count(), SLOTS_A_DAY);
            prop_assert_eq!(read(&letters, &reasons).unwrap(), answers);
        }
    }

    #[test]
    fn what_nobody_writes_is_told() {
        let day = "S".repeat(SLOTS_A_DAY);
        assert!(read(&day, "[]").is_ok());
        for (letters, reasons) in [
            (&day[1..], "[]"),
            (&day.replace('S', "a"), "[]"),
            (&day, "{}"),
            (&day.replace('S', "!"), "[]"),
        ] {
            assert!(read(letters, reasons).is_err(), "{letters} {reasons}");
        }
    }
}
