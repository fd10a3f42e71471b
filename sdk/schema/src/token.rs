//! Amounts of tokens as people write them: `1.5 FIL`, `100 nanoFIL`, `7 attoFIL`, or plain digits, which are attoFIL.
//! And whole numbers of any size, which look the same on the wire.
//!
//! On the wire: nothing for zero, else a sign byte (0 plus, 1 minus) and the big-endian magnitude.

use fvm_shared::bigint::{BigInt, MAX_BIGINT_SIZE, Sign};
use fvm_shared::econ::TokenAmount;
use thiserror::Error;

/// Units and their powers of ten in attoFIL.
const UNITS: &[(&str, usize)] = &[
    ("FIL", 18),
    ("milliFIL", 15),
    ("microFIL", 12),
    ("nanoFIL", 9),
    ("picoFIL", 6),
    ("femtoFIL", 3),
    ("attoFIL", 0),
];

/// More digits than the largest number on the wire has.
const MAX_CHARS: usize = 400;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Not digits and a unit.
    #[error(
        "{0:?} is not an amount; write digits and a unit, such as \"1.5 FIL\", or attoFIL without a unit"
    )]
    NotAnAmount(String),
    /// Parts of an attoFIL.
    #[error("{0:?} has parts of an attoFIL, the smallest unit; write \"1.5 FIL\" or whole attoFIL")]
    TooFine(String),
    /// More than 127 bytes.
    #[error("{0:?} is larger than the wire can hold")]
    TooLarge(String),
}

/// Reads an amount: `1.5 FIL`, `100 nanoFIL`, `7 attoFIL`; digits without a unit are attoFIL. Case and the space before
/// the unit do not matter.
pub fn parse_amount(text: &str) -> Result<TokenAmount, AmountError> {
    let not_an_amount = || AmountError::NotAnAmount(crate::hint::clip(text));
    if text.len() > MAX_CHARS {
        return Err(AmountError::TooLarge(crate::hint::clip(text)));
    }
    let trimmed = text.trim();
    let unit_at = trimmed
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(trimmed.len());
    let (digits, unit) = trimmed.split_at(unit_at);
    let power = match unit {
        "" => 0,
        unit => {
            let named = UNITS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit));
            named.map(|(_, power)| *power).ok_or_else(not_an_amount)?
        }
    };
    let digits = digits.trim_end();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if unsigned.is_empty() || !is_plain(unsigned) || !is_plain(fraction) || digits.ends_with('.') {
        return Err(not_an_amount());
    }
    let kept = fraction.trim_end_matches('0');
    let Some(zeros) = power.checked_sub(kept.len()) else {
        return Err(AmountError::TooFine(crate::hint::clip(text)));
    };
    let atto = format!("{whole}{kept}{}", "0".repeat(zeros));
    let atto: BigInt = atto.parse().map_err(|_| not_an_amount())?;
    match to_wire(&atto) {
        Some(_) => Ok(TokenAmount::from_atto(atto)),
        None => Err(AmountError::TooLarge(crate::hint::clip(text))),
    }
}

/// Reads a whole number of any size that the wire can hold.
pub(crate) fn parse_whole(text: &str) -> Option<BigInt> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let number = (is_plain && text.len() <= MAX_CHARS).then(|| text.parse().ok())??;
    to_wire(&number).map(|_| number)
}

/// The bytes on the wire, `None` when they are too many.
pub(crate) fn to_wire(number: &BigInt) -> Option<Vec<u8>> {
    let (sign, magnitude) = number.to_bytes_be();
    let mut bytes = match sign {
        Sign::NoSign => return Some(Vec::new()),
        Sign::Plus => vec![0],
        Sign::Minus => vec![1],
    };
    bytes.extend(magnitude);
    (bytes.len() <= MAX_BIGINT_SIZE).then_some(bytes)
}

/// The number that the bytes on the wire say.
pub(crate) fn from_wire(bytes: &[u8]) -> Option<BigInt> {
    let (sign, magnitude) = match bytes.split_first() {
        None => return Some(BigInt::default()),
        Some((0, magnitude)) => (Sign::Plus, magnitude),
        Some((1, magnitude)) => (Sign::Minus, magnitude),
        Some(_) => return None,
    };
    (bytes.len() <= MAX_BIGINT_SIZE).then(|| BigInt::from_bytes_be(sign, magnitude))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let check = |text: &str, atto: &str| {
            let amount = parse_amount(text).map(|amount| amount.atto().to_string());
            assert_eq!(amount.as_deref(), Ok(atto), "{text}");
        };
        check("0", "0");
        check("7", "7");
        check("-7", "-7");
        check("007", "7");
        check("7 attoFIL", "7");
        check("1 FIL", "1000000000000000000");
        check("1fil", "1000000000000000000");
        check(" 1.5 FIL ", "1500000000000000000");
        check("-0.5FIL", "-500000000000000000");
        check("1.500000000000000000000 FIL", "1500000000000000000");
        check("0.000000000000000001 FIL", "1");
        check("100 nanoFIL", "100000000000");
        check("2 milliFIL", "2000000000000000");
        check("3 microfil", "3000000000000");
        check("4 picoFIL", "4000000");
        check("5.25 femtoFIL", "5250");
        check("1.0", "1");
    }

    #[test]
    fn says_what_is_no_amount() {
        let check = |text: &str, part: &str| {
            let error = parse_amount(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        };
        for text in [
            "",
            " ",
            "FIL",
            "1 USD",
            "1.5.5 FIL",
            ".5 FIL",
            "1. FIL",
            "--1",
            "+1",
            "1e3",
            "1 000",
            "1 FIL 2",
            "½",
            "1 é",
            "-",
            "-.5 FIL",
        ] {
            check(text, "is not an amount; write digits and a unit");
        }
        check("1.5", "parts of an attoFIL");
        check("0.0000000000000000001 FIL", "parts of an attoFIL");
        check(&"9".repeat(400), "larger than the wire can hold");
        check(&"0".repeat(500), "larger than the wire can hold");
    }

    #[test]
    fn wire_form_is_that_of_the_network() {
        let check = |text: &str, bytes: &[u8]| {
            let number = parse_whole(text).unwrap();
            assert_eq!(to_wire(&number).unwrap(), bytes);
            assert_eq!(from_wire(bytes).unwrap(), number);
        };
        check("0", &[]);
        check("1", &[0, 1]);
        check("-256", &[1, 1, 0]);
        assert_eq!(from_wire(&[0]), Some(BigInt::default()));
        assert_eq!(from_wire(&[1, 0, 0, 1]), Some(BigInt::from(-1)));
        assert_eq!(from_wire(&[2, 1]), None);
        assert_eq!(from_wire(&[0; 128]), Some(BigInt::default()));
        assert_eq!(from_wire(&[0; 129]), None);
        let most = BigInt::from_bytes_be(Sign::Plus, &[0xff; 127]);
        assert_eq!(parse_whole(&most.to_string()), Some(most.clone()));
        assert_eq!(parse_whole(&(most + BigInt::from(1)).to_string()), None);
        for text in ["", "-", "1.0", "+1", "1 FIL"] {
            assert_eq!(parse_whole(text), None, "{text}");
        }
    }
}
