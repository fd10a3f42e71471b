//! Output for people: aligned tables, numbers with separators, JSON.

use std::io::Write;

use anyhow::Result;
use filigree_sandbox::text::digits;
pub use filigree_sandbox::text::plain;
use serde::Serialize;

/// Writes text to standard output.
pub fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') && !text.is_empty() {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// Writes a value as JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    text(&serde_json::to_string_pretty(value)?)
}

/// Whether the reader of standard output has gone, as `head` does; no reason to complain.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A number with a separator every three digits.
pub fn number(value: impl TryInto<u64>) -> String {
    value.try_into().map_or_else(|_| String::new(), digits)
}

/// Text of several lines, each without control characters.
pub fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.join("\n")
}

/// Rows in columns, without control characters. Columns named in `right` are numbers, aligned at their last digit.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut shown = String::new();
    for row in &rows {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            line.push(' ');
            if right.contains(&column) {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
            line.push(' ');
        }
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows = [
            vec!["a".to_owned(), "1".to_owned()],
            vec!["long".to_owned(), "100".to_owned()],
        ];
        assert_eq!(table(&rows, &[1]), "  a       1\n  long  100\n");
        assert_eq!(table(&[], &[]), "");
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let rows = [vec!["a\u{1b}[2J\nb".to_owned()]];
        assert_eq!(table(&rows, &[]), "  a\\u{1b}[2J\\nb\n");
    }
}
