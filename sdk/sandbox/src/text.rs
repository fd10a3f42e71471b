//! Text for people: numbers with separators, and texts of others without what could steer a terminal.

/// A number with a separator every three digits: `1,234,567`.
pub fn digits(number: u64) -> String {
    let plain = number.to_string();
    let mut text = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text from an actor or a file as it may be shown: control characters as escapes, `\n` and `\u{1b}`.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (123_456, "123,456"),
            (1 << 30, "1,073,741,824"),
        ] {
            assert_eq!(digits(number), shown);
        }
    }

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        let text = "é\u{1b}[2J\r\n\u{9b}1m\u{7f}";
        assert_eq!(plain(text), "é\\u{1b}[2J\\r\\n\\u{9b}1m\\u{7f}");
    }
}
