//! Reads from a `Cargo.toml` what the rules ask: package name, dependencies, inherited lints.
//!
//! Not a TOML parser (xtask keeps its dependencies few): tables, dotted keys, inline tables and
//! values over several lines are understood, multi-line strings are not.

/// What the rules know of a manifest.
#[derive(Debug, Default)]
pub struct Manifest {
    /// `package.name`.
    pub name: Option<String>,
    /// Whether `lints.workspace = true`.
    pub inherits_lints: bool,
    /// Dependencies in the order of the file.
    pub dependencies: Vec<Dependency>,
}

/// When a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `[dependencies]`.
    Normal,
    /// `[dev-dependencies]`.
    Dev,
    /// `[build-dependencies]`.
    Build,
}

/// One dependency; entries of `[workspace.dependencies]` count as normal ones of the root.
#[derive(Debug)]
pub struct Dependency {
    /// The name used in the code.
    pub key: String,
    /// `package = "…"` where the dependency is renamed.
    pub renamed_from: Option<String>,
    /// When it is used.
    pub kind: Kind,
    /// Whether `workspace = true`.
    pub inherits: bool,
    /// Line of the entry, from 1.
    pub line: usize,
}

impl Manifest {
    /// Reads the text of a manifest.
    pub fn parse(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut table: Vec<String> = Vec::new();
        for (line, statement) in statements(text) {
            if let Some(header) = statement.strip_prefix('[') {
                table = split_key(header.trim_matches(['[', ']']));
            } else if let Some((key, value)) = statement.split_once('=') {
                let mut path = table.clone();
                path.extend(split_key(key));
                manifest.entry(line, &path, value.trim());
            }
        }
        manifest
    }

    fn entry(&mut self, line: usize, path: &[String], value: &str) {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["package", "name"] => self.name = string(value),
            ["lints", "workspace"] => self.inherits_lints = value == "true",
            // A target's table has the prefix `target.'…'`, that of the workspace `workspace`.
            ["target", _, rest @ ..] | ["workspace", rest @ ..] | rest => {
                let [table, key, fields @ ..] = rest else {
                    return;
                };
                let kind = match *table {
                    "dependencies" => Kind::Normal,
                    "dev-dependencies" => Kind::Dev,
                    "build-dependencies" => Kind::Build,
                    _ => return,
                };
                let dependency = self.dependency(line, key, kind);
                match fields {
                    [] => {
                        for (field, value) in inline_table(value) {
                            dependency.set(&field, value);
                        }
                    }
                    [field, ..] => dependency.set(field, value),
                }
            }
        }
    }

    /// The entry for `key`, which may be spread over several lines.
    fn dependency(&mut self, line: usize, key: &str, kind: Kind) -> &mut Dependency {
        let known = self
            .dependencies
            .iter()
            .position(|d| d.key == key && d.kind == kind);
        let index = known.unwrap_or_else(|| {
            let key = key.to_owned();
            self.dependencies.push(Dependency {
                key,
                renamed_from: None,
                kind,
                inherits: false,
                line,
            });
            self.dependencies.len() - 1
        });
        &mut self.dependencies[index]
    }
}

impl Dependency {
    fn set(&mut self, field: &str, value: &str) {
        match field {
            "package" => self.renamed_from = string(value),
            "workspace" => self.inherits = value == "true",
            _ => {}
        }
    }
}

/// Headers and assignments with their line, comments removed, lines of one value joined.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut depth = 0;
    for (index, line) in text.lines().enumerate() {
        let code = without_comment(line).trim();
        if code.is_empty() {
            continue;
        }
        match statements.last_mut() {
            Some((_, open)) if depth > 0 => *open = format!("{open} {code}"),
            _ => statements.push((index + 1, code.to_owned())),
        }
        depth += nesting(code);
    }
    statements
}

/// Each byte outside of quotes, with its position.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |&(_, c)| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None if c == '"' || c == '\'' => {
            quote = Some(c);
            false
        }
        None => true,
    })
}

fn without_comment(line: &str) -> &str {
    let end = unquoted(line)
        .find(|&(_, c)| c == '#')
        .map_or(line.len(), |(at, _)| at);
    &line[..end]
}

fn nesting(code: &str) -> i32 {
    let step = |c| match c {
        '[' | '{' => 1,
        ']' | '}' => -1,
        _ => 0,
    };
    unquoted(code).map(|(_, c)| step(c)).sum()
}

/// Splits at `separator` outside of quotes and brackets.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in unquoted(text) {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ if c == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn split_key(key: &str) -> Vec<String> {
    let parts = split_outside(key.trim(), '.');
    parts
        .iter()
        .map(|part| part.trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

fn inline_table(value: &str) -> Vec<(String, &str)> {
    let Some(inner) = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')) else {
        return Vec::new();
    };
    let fields = split_outside(inner, ',')
        .into_iter()
        .filter_map(|field| field.split_once('='));
    fields
        .map(|(key, value)| (key.trim().to_owned(), value.trim()))
        .collect()
}

fn string(value: &str) -> Option<String> {
    let inner = value
        .trim()
        .strip_prefix(['"', '\''])?
        .strip_suffix(['"', '\''])?;
    Some(inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_to_write_a_dependency() {
        let manifest = Manifest::parse(
            r#"
[package]
name = "some-crate" # named = "other"
version.workspace = true

[lints]
workspace = true

[dependencies]
a.workspace = true
b = { workspace = true, features = ["x", "package"] }
c = { package = "real-c", version = "1",
      features = [
        "x", # with a ] bracket
      ] }
d = "1"

[dependencies.e]
workspace = true
package = "real-e"

[target.'cfg(any(unix, target_os = "x"))'.dev-dependencies]
f = { version = "1" }

[build-dependencies]
"g" = "1"

[features]
default = ["h"]
"#,
        );
        assert_eq!(manifest.name.as_deref(), Some("some-crate"));
        assert!(manifest.inherits_lints);
        let found: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|d| {
                (
                    d.key.as_str(),
                    d.renamed_from.as_deref(),
                    d.kind,
                    d.inherits,
                    d.line,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("a", None, Kind::Normal, true, 10),
                ("b", None, Kind::Normal, true, 11),
                ("c", Some("real-c"), Kind::Normal, false, 12),
                ("d", None, Kind::Normal, false, 16),
                ("e", Some("real-e"), Kind::Normal, true, 19),
                ("f", None, Kind::Dev, false, 23),
                ("g", None, Kind::Build, false, 26),
            ]
        );
    }

    #[test]
    fn reads_the_table_of_the_workspace() {
        let manifest = Manifest::parse(
            "[workspace.dependencies]\nfvm3 = { package = \"fvm\", version = \"3\" }\n\
             [workspace.lints.rust]\nmissing_docs = \"warn\"\n",
        );
        assert_eq!(manifest.name, None);
        assert_eq!(manifest.dependencies.len(), 1);
        assert_eq!(
            manifest.dependencies[0].renamed_from.as_deref(),
            Some("fvm")
        );
    }
}
