//! Where in a value we are: `params.to`, `state.balances["f01"][3]`. What errors and notes point with.

use std::fmt;

use crate::hint::clip;

/// A place in a value, from its root. Grows and shrinks as a walk enters and leaves.
pub(crate) struct Path<'t> {
    root: &'static str,
    steps: Vec<Step<'t>>,
}

enum Step<'t> {
    Field(&'t str),
    Index(u64),
    Key(String),
}

impl<'t> Path<'t> {
    pub(crate) fn new(root: &'static str) -> Path<'t> {
        Path {
            root,
            steps: Vec::new(),
        }
    }

    pub(crate) fn enter_field(&mut self, name: &'t str) {
        self.steps.push(Step::Field(name));
    }

    pub(crate) fn enter_index(&mut self, index: u64) {
        self.steps.push(Step::Index(index));
    }

    pub(crate) fn enter_key(&mut self, key: &str) {
        self.steps.push(Step::Key(clip(key)));
    }

    pub(crate) fn leave(&mut self) {
        self.steps.pop();
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root)?;
        for step in &self.steps {
            match step {
                Step::Field(name) if is_word(name) => write!(f, ".{name}")?,
                Step::Field(name) => write!(f, "[{:?}]", clip(name))?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_word(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_code() {
        let mut path = Path::new("state");
        assert_eq!(path.to_string(), "state");
        path.enter_field("balances");
        path.enter_key("f\"01");
        path.enter_index(3);
        assert_eq!(path.to_string(), r#"state.balances["f\"01"][3]"#);
        path.leave();
        path.leave();
        path.enter_field("a b");
        assert_eq!(path.to_string(), r#"state.balances["a b"]"#);
    }
}
