//! A tree as text. What comes from actors and labels is shown by [`plain`]: it may be hostile.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use fvm_shared::econ::TokenAmount;
use num_traits::Zero as _;
use serde_json::Value;

use super::{TracedCall, Tree};
use crate::outcome::exit_text;
use crate::text::{digits, plain};

/// JSON longer than this is cut.
const MAX_JSON_CHARS: usize = 300;

/// Colours around a text without escape sequences of its own, or none.
struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        let text = plain(text);
        match self.0 {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text,
        }
    }

    fn name(&self, text: &str) -> String {
        self.with("1;36", text)
    }

    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn good(&self, text: &str) -> String {
        self.with("32", text)
    }

    fn bad(&self, text: &str) -> String {
        self.with("1;31", text)
    }
}

/// With colours only where a person sees them.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_seen = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let colours = is_coloured(is_seen, std::env::var_os("NO_COLOR").as_deref());
        f.write_str(&print(self, colours))
    }
}

/// Whether a terminal gets colours: unless `NO_COLOR` says anything (<https://no-color.org>).
fn is_coloured(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// The text of a tree, a line for each call and each end of one.
pub(super) fn print(tree: &Tree, colours: bool) -> String {
    let paint = Paint(colours);
    let mut text = String::new();
    if let Some(why) = &tree.refused {
        let why = plain(why);
        let _ = writeln!(text, "{} refused before it ran: {why}", paint.bad("✗"));
    }
    if let Some(root) = &tree.root {
        let _ = writeln!(text, "{} → {}", paint.name(&tree.from), head(root, &paint));
        body(root, "", &paint, &mut text);
    }
    for (emitter, event) in &tree.events {
        let _ = writeln!(
            text,
            "event of {}: {}",
            paint.name(emitter),
            clip(&event.to_string())
        );
    }
    let gas = format!(
        "gas {}, {} of it for inclusion",
        digits(tree.gas),
        digits(tree.inclusion_gas)
    );
    let _ = writeln!(text, "{}", paint.dim(&gas));
    text
}

/// `Counter(f0102).Increment {"by":5} with 1 FIL [123,456 gas]`.
fn head(call: &TracedCall, paint: &Paint) -> String {
    let mut text = format!("{}.{}", paint.name(&call.actor), plain(&call.method));
    if let Some(params) = &call.params {
        let _ = write!(text, " {}", json(params));
    }
    if !call.value.is_zero() {
        let _ = write!(text, " with {}", tokens(&call.value));
    }
    if call.read_only {
        text.push_str(" read-only");
    }
    let _ = write!(
        text,
        " {}",
        paint.dim(&format!("[{} gas]", digits(call.gas)))
    );
    text
}

fn body(call: &TracedCall, indent: &str, paint: &Paint, text: &mut String) {
    for line in &call.logs {
        let _ = writeln!(text, "{indent}├─ log: {}", plain(line));
    }
    for below in &call.calls {
        let _ = writeln!(text, "{indent}├─ {}", head(below, paint));
        body(below, &format!("{indent}│  "), paint, text);
    }
    let _ = writeln!(text, "{indent}└─ {}", end(call, paint));
}

fn end(call: &TracedCall, paint: &Paint) -> String {
    let returned = call.returned.as_ref().map(json);
    if call.code.is_success() {
        return match returned {
            Some(value) => paint.good(&format!("← {value}")),
            None => paint.good("←"),
        };
    }
    let mut end = match call.is_refused {
        true => "✗ refused".to_owned(),
        false => format!("✗ exit code {}", exit_text(call.code)),
    };
    if let Some(message) = &call.message {
        let _ = write!(end, ": {message}");
    }
    if let Some(value) = returned {
        let _ = write!(end, " ← {value}");
    }
    paint.bad(&end)
}

fn json(value: &Value) -> String {
    clip(&value.to_string())
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(MAX_JSON_CHARS) {
        Some((at, _)) => format!("{}… ({} bytes)", plain(&text[..at]), text.len()),
        None => plain(text),
    }
}

/// FIL down to a billionth, attoFIL below.
fn tokens(amount: &TokenAmount) -> String {
    let rest = amount.atto() % 1_000_000_000_u64;
    match rest.is_zero() {
        true => format!("{amount} FIL"),
        false => format!("{} attoFIL", amount.atto()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_long_texts_are_readable() {
        assert_eq!(tokens(&TokenAmount::from_nano(1_500_000_000)), "1.5 FIL");
        assert_eq!(tokens(&TokenAmount::from_atto(7)), "7 attoFIL");
        let cut = clip(&"é".repeat(400));
        assert!(
            cut.starts_with("éé") && cut.ends_with("… (800 bytes)"),
            "{cut}"
        );
    }

    #[test]
    fn colours_are_for_terminals_that_may_have_them() {
        let check = |is_terminal, no_color: Option<&str>, expected| {
            let no_color = no_color.map(OsStr::new);
            assert_eq!(
                is_coloured(is_terminal, no_color),
                expected,
                "{is_terminal} {no_color:?}"
            );
        };
        check(true, None, true);
        check(true, Some(""), true);
        check(true, Some("1"), false);
        check(true, Some("0"), false);
        check(false, None, false);
        check(false, Some("1"), false);
    }

    /// A call that succeeded with one below it that failed.
    fn tree() -> Tree {
        let failed = TracedCall {
            actor: "B(f0101)".to_owned(),
            id: Some(101),
            number: 7,
            method: "Fail".to_owned(),
            params: Some(Value::from(5)),
            value: TokenAmount::from_atto(1),
            read_only: true,
            gas: 1_000,
            code: fvm_shared::error::ExitCode::USR_FORBIDDEN,
            returned: None,
            message: Some("not you".to_owned()),
            is_refused: false,
            logs: vec!["was here".to_owned()],
            calls: Vec::new(),
        };
        let root = TracedCall {
            actor: "A(f0100)".to_owned(),
            code: fvm_shared::error::ExitCode::OK,
            message: None,
            calls: vec![failed.clone()],
            ..failed
        };
        Tree {
            from: "alice(f0102)".to_owned(),
            root: Some(root),
            events: Vec::new(),
            gas: 3_000,
            inclusion_gas: 500,
            refused: Some("never both, but for this test".to_owned()),
        }
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let (plain, coloured) = (print(&tree(), false), print(&tree(), true));
        assert!(!plain.contains('\x1b'), "{plain}");
        for part in [
            "\x1b[1;36malice(f0102)\x1b[0m",
            "\x1b[1;31m✗ exit code 18 (USR_FORBIDDEN): not you\x1b[0m",
            "\x1b[32m←\x1b[0m",
            "\x1b[2m[1,000 gas]\x1b[0m",
        ] {
            assert!(coloured.contains(part), "{part:?} in {coloured:?}");
        }
        // Each sequence runs to its `m`; none is left open.
        let mut stripped = String::new();
        let mut open = false;
        for (index, part) in coloured.split('\x1b').enumerate() {
            let Some((code, text)) = part.split_once('m').filter(|_| index > 0) else {
                stripped.push_str(part);
                continue;
            };
            open = code != "[0";
            stripped.push_str(text);
        }
        assert!(!open);
        assert_eq!(stripped, plain);
    }

    #[test]
    fn actors_and_labels_cannot_steer_the_terminal() {
        let hostile = "a\x1b[2J\r\nb\u{9b}1m".to_owned();
        let mut tree = tree();
        let lines = print(&tree, false).lines().count();
        tree.from = hostile.clone();
        tree.refused = Some(hostile.clone());
        let root = tree.root.as_mut().unwrap();
        let mut below = root.calls.remove(0);
        for call in [root, &mut below] {
            call.actor = hostile.clone();
            call.method = hostile.clone();
            call.message = Some(hostile.clone());
            call.logs = vec![hostile.clone()];
            call.params = Some(Value::from(hostile.as_str()));
            call.returned = Some(Value::from(hostile.as_str()));
        }
        tree.root.as_mut().unwrap().calls.push(below);
        let shown = print(&tree, false);
        assert!(
            !shown.contains(|c: char| c.is_control() && c != '\n'),
            "{shown:?}"
        );
        assert_eq!(shown.lines().count(), lines, "{shown}");
        let coloured = print(&tree, true);
        assert!(!coloured.contains("\x1b[2J"), "{coloured:?}");
    }
}
