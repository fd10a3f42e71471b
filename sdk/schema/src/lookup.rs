//! Finding a method by number or by name, and guessing what a mistyped name meant.

use crate::{Method, MethodKind, Schema, UnknownMethod};

/// Names longer than this are compared by their beginning.
const MAX_COMPARED_CHARS: usize = 64;

impl Schema {
    /// The method that answers to `number`: its own, or the fallback. `None` for 0, which runs no code, and for numbers
    /// that nobody answers.
    pub fn method(&self, number: u64) -> Option<&Method> {
        if number == 0 {
            return None;
        }
        let has_number = |method: &&Method| method.kind.has_number() && method.number == number;
        let own = self.methods.iter().find(has_number);
        own.or_else(|| self.of_kind(MethodKind::Fallback))
    }

    /// The method with this name, in any case: `Transfer`, `transfer`. A method that answers to several numbers stands
    /// in a schema once for each; this is the first.
    pub fn method_named(&self, name: &str) -> Result<&Method, UnknownMethod> {
        let exact = self.methods.iter().find(|method| method.name == name);
        let is_loose = |method: &&Method| method.name.eq_ignore_ascii_case(name);
        let loose = || {
            let mut fitting = self.methods.iter().filter(is_loose);
            let first = fitting.next()?;
            fitting
                .all(|method| method.name == first.name)
                .then_some(first)
        };
        exact.or_else(loose).ok_or_else(|| UnknownMethod {
            actor: self.actor.clone(),
            name: name.to_owned(),
            similar: similar(name, self.methods.iter().map(|m| m.name.as_str())).map(str::to_owned),
            known: self
                .methods
                .iter()
                .map(|method| method.name.clone())
                .collect(),
        })
    }

    /// The first method of this kind: the constructor, the fallback, the upgrade.
    pub fn of_kind(&self, kind: MethodKind) -> Option<&Method> {
        self.methods.iter().find(|method| method.kind == kind)
    }
}

impl MethodKind {
    /// Whether messages reach it by its own number.
    pub fn has_number(self) -> bool {
        !matches!(self, MethodKind::Fallback | MethodKind::Upgrade)
    }
}

/// The candidate nearest to `name`, when it is near enough to be what was meant.
pub fn similar<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count().min(MAX_COMPARED_CHARS);
    let allowed = ((length + 1) / 3).max(1);
    candidates
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or replace to make `a` of `b`, in any case (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<char> {
        let lower = text.chars().flat_map(char::to_lowercase);
        lower.take(MAX_COMPARED_CHARS).collect()
    };
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, from) in a.iter().enumerate() {
        let mut next = vec![line + 1];
        for ((to, above), before) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            let replaced = before + usize::from(from != to);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;

    fn schema() -> Schema {
        let method = |name: &str, number, kind| Method {
            name: name.to_owned(),
            number,
            kind,
            params: Vec::new(),
            returns: Type::Unit,
        };
        Schema {
            actor: "Token".to_owned(),
            state: None,
            methods: vec![
                method("Constructor", 1, MethodKind::Constructor),
                method("Transfer", 80, MethodKind::Method),
                method("Upgrade", 80, MethodKind::Upgrade),
                method("Else", 0, MethodKind::Fallback),
            ],
        }
    }

    #[test]
    fn finds_by_number() {
        let mut schema = schema();
        let check = |schema: &Schema, number, name: Option<&str>| {
            assert_eq!(
                schema.method(number).map(|m| m.name.as_str()),
                name,
                "{number}"
            );
        };
        check(&schema, 0, None);
        check(&schema, 1, Some("Constructor"));
        check(&schema, 80, Some("Transfer"));
        check(&schema, 81, Some("Else"));
        schema.methods.pop();
        check(&schema, 81, None);
    }

    #[test]
    fn finds_by_name_and_guesses() {
        let schema = schema();
        let found = |name: &str| schema.method_named(name).map(|m| m.name.clone());
        assert_eq!(found("Transfer").unwrap(), "Transfer");
        assert_eq!(found("transfer").unwrap(), "Transfer");
        let check = |name: &str, text: &str| assert_eq!(found(name).unwrap_err().to_string(), text);
        check(
            "Tranfser",
            "Token has no method Tranfser; did you mean Transfer?",
        );
        check(
            "upgrad",
            "Token has no method upgrad; did you mean Upgrade?",
        );
        check(
            "Burn",
            "Token has no method Burn; it has Constructor, Transfer, Upgrade, Else",
        );
        check(
            "",
            "Token has no method ; it has Constructor, Transfer, Upgrade, Else",
        );
        let mut twice = schema.clone();
        twice.methods.push(Method {
            number: 90,
            ..twice.methods[1].clone()
        });
        assert_eq!(twice.method_named("transfer").unwrap().number, 80);
        assert_eq!(twice.method(90).unwrap().name, "Transfer");
        let empty = Schema {
            methods: Vec::new(),
            ..schema.clone()
        };
        let error = empty.method_named("Burn").unwrap_err();
        assert_eq!(
            error.to_string(),
            "Token has no method Burn; it has no methods at all"
        );
    }

    #[test]
    fn counts_edits() {
        let check = |a, b, expected| assert_eq!(distance(a, b), expected, "{a} {b}");
        check("", "", 0);
        check("", "abc", 3);
        check("abc", "", 3);
        check("Mint", "mint", 0);
        check("kitten", "sitting", 3);
        check("ab", "ba", 2);
        check(&"a".repeat(10_000), &"b".repeat(10_000), MAX_COMPARED_CHARS);
    }
}
