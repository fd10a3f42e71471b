//! Bytes as hex with `0x`, the form of byte strings in JSON.

/// `0x01ff`; `0x` for no bytes.
pub(crate) fn print(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 0xf] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    text
}

/// The bytes of `0x01ff` or `0x01FF`; `None` without the `0x`, for an odd digit, for other letters.
pub(crate) fn parse(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let check =
            |text: &str, bytes: Option<&[u8]>| assert_eq!(parse(text).as_deref(), bytes, "{text}");
        check("0x", Some(&[]));
        check("0x00ff7A", Some(&[0, 0xff, 0x7a]));
        check("", None);
        check("00", None);
        check("0x0", None);
        check("0x0g", None);
        check("0xé", None);
        assert_eq!(print(&[]), "0x");
        assert_eq!(print(&[0, 0xff, 0x7a]), "0x00ff7a");
    }
}
