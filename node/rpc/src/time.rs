//! Times as Go writes them (RFC 3339, in UTC).

use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_OF_DAY: u64 = 86_400;

/// The text of a time: `2020-08-24T22:00:00Z`. Times before 1970 are written as its beginning.
pub fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = date(since.as_secs() / SECONDS_OF_DAY);
    let second = since.as_secs() % SECONDS_OF_DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let nanoseconds = match since.subsec_nanos() {
        0 => String::new(),
        some => format!(".{}", format!("{some:09}").trim_end_matches('0')),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{nanoseconds}Z")
}

/// Year, month and day of the day so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // 146,097 days are 400 years: what remains is walked year by year.
    let (mut year, mut rest) = (1970 + days / 146_097 * 400, days % 146_097);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if rest < length {
            break;
        }
        rest -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < length {
            break;
        }
        rest -= length;
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        for (nanoseconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_598_306_400_000_000_000, "2020-08-24T22:00:00Z"),
            (951_826_083_120_000_000, "2000-02-29T12:08:03.12Z"),
            (4_107_542_400_000_000_001, "2100-03-01T00:00:00.000000001Z"),
            (1_704_067_199_999_999_999, "2023-12-31T23:59:59.999999999Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_nanos(nanoseconds);
            assert_eq!(rfc3339(time), text);
        }
    }
}
