//! Method numbers from names (FRC-0042): the first four bytes of a BLAKE2b hash that make a number of 2^24 or more.

use syn::LitStr;

/// Numbers below are for methods that are numbered by hand.
const FIRST_NUMBER: u32 = 1 << 24;

/// The number of a name.
pub fn number(name: &LitStr) -> syn::Result<u64> {
    let text = name.value();
    let error = |what: &str| Err(syn::Error::new(name.span(), what));
    if text == "Constructor" {
        return Ok(1);
    }
    if !text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
        return error("a method name begins with a capital letter or an underscore (FRC-0042)");
    }
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return error("a method name has letters, digits and underscores only (FRC-0042)");
    }
    let digest = blake2b_simd::blake2b(format!("1|{text}").as_bytes());
    let words = digest.as_bytes().chunks_exact(4);
    let mut numbers = words.map(|word| word.iter().fold(0u32, |n, byte| n << 8 | u32::from(*byte)));
    match numbers.find(|number| *number >= FIRST_NUMBER) {
        Some(number) => Ok(number.into()),
        None => error("this name has no number; take another"),
    }
}

/// `snake_case` to `CamelCase`.
pub fn camel_case(name: &str) -> String {
    let words = name.trim_start_matches("r#").split('_');
    words
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    #[test]
    fn names_have_the_numbers_of_the_standard() {
        let number = |name| number(&LitStr::new(name, Span::call_site()));
        for (name, expected) in [
            ("Constructor", 1),
            ("Receive", 3_726_118_371),
            ("FRC46", 2_233_613_279),
        ] {
            assert_eq!(number(name).unwrap(), expected, "{name}");
        }
        for bad in ["", "lower", "1st", "With-Dash", "Naïve"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn functions_are_exported_in_camel_case() {
        for (name, expected) in [
            ("increment", "Increment"),
            ("transfer_from", "TransferFrom"),
            ("r#move", "Move"),
        ] {
            assert_eq!(camel_case(name), expected);
        }
    }
}
