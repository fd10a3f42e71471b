//! What a check reports.

use std::fmt;

use serde::Serialize;

use crate::Layout;

/// How bad it is. Ordered: worse is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing wrong; good to know.
    Note,
    /// It works, but likely not as meant.
    Warning,
    /// The host loads the module, but no call of it can succeed.
    Unusable,
    /// The host does not load the module.
    Refused,
}

impl Severity {
    /// Whether a module with this finding cannot be an actor.
    pub fn is_error(self) -> bool {
        self >= Severity::Unusable
    }

    /// The word a message begins with.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Unusable => "error",
            Severity::Refused => "error",
        }
    }
}

/// Where in the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Byte in the module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// Index of the function, those imported included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    /// The function's name, where the module has names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
}

impl Place {
    /// The module as a whole.
    pub fn whole() -> Self {
        Place::default()
    }

    /// A byte of the module.
    pub fn at(offset: usize) -> Self {
        Place {
            offset: Some(offset),
            ..Place::default()
        }
    }

    /// A byte, and the function it belongs to if it lies in one.
    pub fn within(layout: &Layout<'_>, offset: usize) -> Self {
        let function = layout
            .functions
            .iter()
            .find(|f| f.body.range().contains(&offset));
        Place {
            offset: Some(offset),
            function: function.map(|f| f.index),
            function_name: function.and_then(|f| f.name.clone()),
        }
    }

    /// A function as a whole.
    pub fn function(layout: &Layout<'_>, index: u32) -> Self {
        let function = layout.functions.iter().find(|f| f.index == index);
        Place {
            offset: function.map(|f| f.body.range().start),
            function: Some(index),
            function_name: function.and_then(|f| f.name.clone()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(index) = self.function {
            write!(f, "function {index}")?;
            between = ", ";
        }
        if let Some(name) = &self.function_name {
            write!(f, " ({name})")?;
        }
        if let Some(offset) = self.offset {
            write!(f, "{between}byte {offset:#x}")?;
        }
        Ok(())
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is the matter.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.word(), self.what)?;
        if self.place != Place::whole() {
            write!(f, " [{}]", self.place)?;
        }
        if !self.remedy.is_empty() {
            write!(f, "\n    {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Everything found in one module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The network version whose rules were applied.
    pub network_version: u32,
    /// Size of the module.
    pub size_bytes: usize,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether the host loads the module and can call it.
    pub fn passes(&self) -> bool {
        !self.findings.iter().any(|f| f.severity.is_error())
    }

    /// Whether the host loads the module, callable or not.
    pub fn loads(&self) -> bool {
        self.findings.iter().all(|f| f.severity < Severity::Refused)
    }

    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    }
}

/// Findings as they are collected. Hostile modules can have millions, with names of megabytes: of one kind only the first
/// are kept, and of a text its beginning.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Vec<Finding>,
}

/// Findings of one severity that are kept.
const MAX_OF_A_KIND: usize = 50;

/// Longest text of a finding, bytes.
const MAX_TEXT_BYTES: usize = 500;

fn clip(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push('…');
    }
    text
}

impl Findings {
    pub fn push(
        &mut self,
        severity: Severity,
        place: Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let same = self.all.iter().filter(|f| f.severity == severity).count();
        if same < MAX_OF_A_KIND {
            self.all.push(Finding {
                severity,
                place: Place {
                    function_name: place.function_name.map(clip),
                    ..place
                },
                what: clip(what.into()),
                remedy: clip(remedy.into()),
            });
        }
    }

    pub fn any_at_least(&self, severity: Severity) -> bool {
        self.all.iter().any(|f| f.severity >= severity)
    }

    pub fn sorted(mut self) -> Vec<Finding> {
        self.all.sort_by_key(|f| std::cmp::Reverse(f.severity));
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_a_message() {
        let place = Place {
            offset: Some(16),
            function: Some(3),
            function_name: Some("a::b".to_owned()),
        };
        let finding = Finding {
            severity: Severity::Refused,
            place,
            what: "it is wrong".to_owned(),
            remedy: "make it right".to_owned(),
        };
        assert_eq!(
            finding.to_string(),
            "error: it is wrong [function 3 (a::b), byte 0x10]\n    make it right"
        );
        let json = serde_json::to_string(&finding).unwrap();
        assert!(
            json.starts_with(r#"{"severity":"refused","place":{"offset":16,"#),
            "{json}"
        );
    }

    #[test]
    fn findings_are_bounded_and_the_worst_come_first() {
        let mut findings = Findings::default();
        let long = "é".repeat(MAX_TEXT_BYTES);
        findings.push(Severity::Refused, Place::whole(), long, "");
        let expected = "é".repeat(MAX_TEXT_BYTES / 2) + "…";
        assert_eq!(findings.all.remove(0).what, expected);
        for _ in 0..1000 {
            findings.push(Severity::Note, Place::whole(), "n", "");
        }
        findings.push(Severity::Unusable, Place::at(1), "u", "");
        assert!(findings.any_at_least(Severity::Unusable));
        assert!(!findings.any_at_least(Severity::Refused));
        let report = Report {
            network_version: 28,
            size_bytes: 0,
            findings: findings.sorted(),
        };
        assert_eq!(report.findings[0].what, "u");
        assert_eq!(report.count(Severity::Note), MAX_OF_A_KIND);
        assert!(!report.passes());
        assert!(report.loads());
    }
}
