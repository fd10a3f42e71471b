//! Values as people read them: amounts, sizes, times, sets of numbers, exit codes. What is shown can be typed again.

use std::time::{SystemTime, UNIX_EPOCH};

use filigree_blocks::{Tipset, TipsetKey};
use fvm_ipld_bitfield::BitField;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

/// Ranges of a set that are shown.
const MAX_RANGES: usize = 8;

/// An amount, exactly, in a unit in which it has few digits: `1.5 FIL`, `100 nanoFIL`, `7 attoFIL`.
pub fn fil(amount: &TokenAmount) -> String {
    let atto = amount.atto();
    let digits = atto.magnitude().to_string();
    let sign = if atto < &BigInt::from(0) { "-" } else { "" };
    let (unit, power) = match digits.len() {
        _ if digits == "0" => return "0 FIL".to_owned(),
        0..=6 => ("attoFIL", 0),
        7..=14 => ("nanoFIL", 9),
        _ => ("FIL", 18),
    };
    let padded = format!("{digits:0>width$}", width = power + 1);
    let (whole, fraction) = padded.split_at(padded.len() - power);
    let fraction = fraction.trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{dot}{fraction} {unit}")
}

/// A size in bytes: `2 KiB`, `1.5 GiB`.
pub fn size(bytes: &BigInt) -> String {
    const UNITS: [&str; 9] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];
    let mut tenths: BigInt = bytes * 10;
    for unit in UNITS {
        if tenths < BigInt::from(10_240) || unit == "YiB" {
            let (whole, part) = (&tenths / 10, &tenths % 10);
            return match part == BigInt::from(0) {
                true => format!("{whole} {unit}"),
                false => format!("{whole}.{part} {unit}"),
            };
        }
        tenths /= 1024;
    }
    unreachable!("the last unit takes all")
}

/// As [`size`].
pub fn size_u64(bytes: u64) -> String {
    size(&BigInt::from(bytes))
}

/// How long ago a time was: `12 s ago`, `3 min ago`.
pub fn ago(seconds_since_1970: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    match now.checked_sub(seconds_since_1970) {
        Some(seconds) => format!("{} ago", duration(seconds)),
        None => format!("in {}", duration(seconds_since_1970 - now)),
    }
}

/// A time span in its largest unit: `90 s`, `5 min`, `3 h`, `2 d`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A set of numbers: `0-4, 9`.
pub fn numbers(set: &BitField) -> String {
    let mut ranges = set.ranges();
    let shown: Vec<String> = ranges
        .by_ref()
        .take(MAX_RANGES)
        .map(|range| match range.end - range.start {
            1 => range.start.to_string(),
            _ => format!("{}-{}", range.start, range.end - 1),
        })
        .collect();
    let more = ranges.count();
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (_, 0) => shown.join(", "),
        _ => format!("{}, and {more} ranges more", shown.join(", ")),
    }
}

/// CIDs of a tipset, with commas between them, as `--at` takes them.
pub fn key(key: &TipsetKey) -> String {
    let cids: Vec<String> = key.cids().iter().map(ToString::to_string).collect();
    cids.join(",")
}

/// A tipset in a few words: its height, its age, its CIDs.
pub fn tipset(tipset: &Tipset) -> String {
    let age = ago(tipset.min_timestamp_seconds());
    format!("{} ({age}) {}", tipset.height(), key(tipset.key()))
}

/// The words of a name that was written together: `reserve disbursed`.
pub fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// An exit code with its name: `16 (USR_ILLEGAL_ARGUMENT)`.
pub fn exit(code: ExitCode) -> String {
    let name = match code {
        ExitCode::OK => "ok",
        ExitCode::SYS_SENDER_INVALID => "SYS_SENDER_INVALID",
        ExitCode::SYS_SENDER_STATE_INVALID => "SYS_SENDER_STATE_INVALID",
        ExitCode::SYS_ILLEGAL_INSTRUCTION => "SYS_ILLEGAL_INSTRUCTION: the actor's code trapped",
        ExitCode::SYS_INVALID_RECEIVER => "SYS_INVALID_RECEIVER: there is no such actor or method",
        ExitCode::SYS_INSUFFICIENT_FUNDS => "SYS_INSUFFICIENT_FUNDS",
        ExitCode::SYS_OUT_OF_GAS => "SYS_OUT_OF_GAS",
        ExitCode::SYS_ILLEGAL_EXIT_CODE => "SYS_ILLEGAL_EXIT_CODE",
        ExitCode::SYS_ASSERTION_FAILED => "SYS_ASSERTION_FAILED",
        ExitCode::SYS_MISSING_RETURN => "SYS_MISSING_RETURN",
        ExitCode::USR_ILLEGAL_ARGUMENT => "USR_ILLEGAL_ARGUMENT",
        ExitCode::USR_NOT_FOUND => "USR_NOT_FOUND",
        ExitCode::USR_FORBIDDEN => "USR_FORBIDDEN",
        ExitCode::USR_INSUFFICIENT_FUNDS => "USR_INSUFFICIENT_FUNDS",
        ExitCode::USR_ILLEGAL_STATE => "USR_ILLEGAL_STATE",
        ExitCode::USR_SERIALIZATION => "USR_SERIALIZATION",
        ExitCode::USR_UNHANDLED_MESSAGE => "USR_UNHANDLED_MESSAGE: the actor has no such method",
        ExitCode::USR_UNSPECIFIED => "USR_UNSPECIFIED",
        ExitCode::USR_ASSERTION_FAILED => "USR_ASSERTION_FAILED",
        ExitCode::USR_READ_ONLY => "USR_READ_ONLY",
        ExitCode::USR_NOT_PAYABLE => "USR_NOT_PAYABLE",
        code => return format!("{code} (the actor's own)"),
    };
    format!("{code} ({name})")
}

#[cfg(test)]
mod tests {
    use filigree_schema::parse_amount;

    use super::*;

    #[test]
    fn names_written_together_become_words() {
        assert_eq!(words("ReserveDisbursed"), "reserve disbursed");
        assert_eq!(words("Vested"), "vested");
    }

    #[test]
    fn amounts_are_exact_and_can_be_typed_again() {
        for (typed, shown) in [
            ("0", "0 FIL"),
            ("1 attoFIL", "1 attoFIL"),
            ("999999", "999999 attoFIL"),
            ("1000000", "0.001 nanoFIL"),
            ("100 nanoFIL", "100 nanoFIL"),
            ("1.5 FIL", "1.5 FIL"),
            ("0.07 FIL", "0.07 FIL"),
            ("2000000000 FIL", "2000000000 FIL"),
            ("1 milliFIL", "0.001 FIL"),
            ("-2.25 FIL", "-2.25 FIL"),
        ] {
            let amount = parse_amount(typed).unwrap();
            assert_eq!(fil(&amount), shown);
            assert_eq!(parse_amount(shown).unwrap(), amount, "{shown}");
        }
    }

    #[test]
    fn sizes_have_at_most_four_digits() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (2_048, "2 KiB"),
            (1_536, "1.5 KiB"),
            (34_359_738_368, "32 GiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(size_u64(bytes), shown);
        }
        assert_eq!(size(&(BigInt::from(1) << 100)), "1048576 YiB");
    }

    #[test]
    fn sets_show_ranges_and_say_when_there_are_more() {
        let set = |numbers: &[u64]| BitField::try_from_bits(numbers.iter().copied()).unwrap();
        assert_eq!(numbers(&set(&[])), "none");
        assert_eq!(numbers(&set(&[0, 1, 2, 9])), "0-2, 9");
        let many: Vec<u64> = (0..10).map(|i| 2 * i).collect();
        assert!(numbers(&set(&many)).ends_with("14, and 2 ranges more"));
    }

    #[test]
    fn exit_codes_have_names() {
        assert_eq!(exit(ExitCode::OK), "0 (ok)");
        assert_eq!(exit(ExitCode::USR_FORBIDDEN), "18 (USR_FORBIDDEN)");
        assert_eq!(exit(ExitCode::new(40)), "40 (the actor's own)");
    }
}
