//! Output for people: aligned tables, numbers with separators, JSON.

use std::io::Write;

use anyhow::Result;
use filigree_rpc::json::{Json, to_text};
use serde::Serialize;
use serde_json::Value;

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

/// A value of the RPC as JSON.
pub fn of_rpc(value: &impl Json) -> Result<Value> {
    Ok(serde_json::from_str(&to_text(value))?)
}

/// Names and values in two columns.
pub fn facts<N: Into<String>>(facts: impl IntoIterator<Item = (N, String)>) -> String {
    let rows = facts
        .into_iter()
        .map(|(name, value)| vec![name.into(), value]);
    table(&rows.collect::<Vec<_>>(), &[])
}

/// A table with names of its columns above it.
pub fn columns(
    names: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    right: &[usize],
) -> String {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(names).chain(rows).collect();
    table(&rows, right)
}

/// Text that others wrote, on one line and without control characters: a terminal would obey them.
pub fn plain(text: &str) -> String {
    let seen = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(seen).collect()
}

/// Whether the reader of standard output has gone, as `head` does; no reason to complain.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

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

/// Rows in columns. Columns named in `right` are numbers, aligned at their last digit.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut shown = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = match right.contains(&column) {
                true => (padding.as_str(), ""),
                false => ("", padding.as_str()),
            };
            line.push_str("  ");
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
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
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let rows = [row("a", "1"), row("long", "100")];
        assert_eq!(table(&rows, &[1]), "  a       1\n  long  100\n");
        assert_eq!(table(&[], &[]), "");
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(digits(999), "999");
        assert_eq!(digits(1_234_567), "1,234,567");
    }
}
