//! Where answers come from: from the recording, or made now.

use std::fs;
use std::mem::discriminant;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::maker::Maker;
use crate::question::{Answer, Data, Question, SealedSector, Sector};

/// What makes the recording again, from development parameters in the directory DIR.
pub const HOW_TO_RECORD: &str =
    "cargo run -p filigree-tests-proofs --bin record-proofs -- DIR tests/proofs/recorded";

/// The file in the directory of recordings.
const FILE: &str = "proofs.json";

/// A question that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    question: Question,
    answer: Answer,
}

/// The recording has no answer: it was made for other inputs.
#[derive(Debug, thiserror::Error)]
#[error(
    "tests/proofs/recorded is out of date: it has nothing for\n  {asked}\n{near}Tickets, seeds, challenges or commitments are not \
     those that were recorded. Record again, with development parameters (`filigree params generate`) in DIR:\n  {}",
    HOW_TO_RECORD
)]
pub struct NotRecorded {
    asked: String,
    /// Questions of the same kind that it has, a line each.
    near: String,
}

/// Answers questions, equal ones alike.
pub struct Prover {
    answered: Vec<Answered>,
    maker: Option<Maker>,
}

impl Prover {
    /// One that knows what was recorded, and nothing else.
    pub fn recorded() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded");
        Self::read(&path.join(FILE))
    }

    /// One that makes every answer, once.
    pub fn making(maker: Maker) -> Self {
        Self {
            answered: Vec::new(),
            maker: Some(maker),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| path.display().to_string())?;
        Ok(Self {
            answered: serde_json::from_slice(&text).with_context(|| path.display().to_string())?,
            maker: None,
        })
    }

    /// Writes all that was answered into a directory of recordings: a line for each question.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let lines = self.answered.iter().map(serde_json::to_string);
        let lines = lines.collect::<serde_json::Result<Vec<_>>>()?;
        fs::create_dir_all(folder)?;
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        fs::write(folder.join(FILE), text).with_context(|| folder.display().to_string())
    }

    /// The answer to a question.
    pub fn ask(&mut self, question: &Question) -> Result<Answer> {
        let known = self.answered.iter().find(|done| done.question == *question);
        if let Some(known) = known {
            return Ok(known.answer.clone());
        }
        let Some(maker) = &mut self.maker else {
            return Err(self.not_recorded(question).into());
        };
        let answer = maker.make(question)?;
        self.answered.push(Answered {
            question: question.clone(),
            answer: answer.clone(),
        });
        Ok(answer)
    }

    fn not_recorded(&self, question: &Question) -> NotRecorded {
        let questions = self.answered.iter().map(|done| &done.question);
        let near = questions.filter(|other| discriminant(*other) == discriminant(question));
        NotRecorded {
            asked: told(question),
            near: near
                .map(|other| format!("though for\n  {}\n", told(other)))
                .collect(),
        }
    }

    /// A sealed sector.
    #[track_caller]
    pub fn seal(&mut self, sector: Sector, data: Option<Data>) -> SealedSector {
        self.sealed(&Question::Seal { sector, data })
    }

    /// A sector with data encoded into it.
    #[track_caller]
    pub fn update(&mut self, sector: Sector, data: Data) -> SealedSector {
        self.sealed(&Question::Update { sector, data })
    }

    #[track_caller]
    fn sealed(&mut self, question: &Question) -> SealedSector {
        match self.answer(question) {
            Answer::Sealed(sealed) => sealed,
            other => panic!("{} was answered with {other:?}", told(question)),
        }
    }

    /// A proof.
    #[track_caller]
    pub fn proof(&mut self, question: &Question) -> Vec<u8> {
        match self.answer(question) {
            Answer::Proof(proof) => proof,
            other => panic!("{} was answered with {other:?}", told(question)),
        }
    }

    #[track_caller]
    fn answer(&mut self, question: &Question) -> Answer {
        match self.ask(question) {
            Ok(answer) => answer,
            Err(error) => panic!("{error:#}"),
        }
    }
}

/// A question as it stands in the recording.
fn told(question: &Question) -> String {
    serde_json::to_string(question).unwrap_or_else(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::Seeded;

    fn commit(number: u64, seed: u8) -> Question {
        let sector = Sector {
            miner: 1_000,
            number,
            ticket: [1; 32],
        };
        Question::Commit(Seeded {
            sector,
            seed: [seed; 32],
        })
    }

    #[test]
    fn another_seed_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let before = Prover {
            answered: vec![Answered {
                question: commit(7, 2),
                answer: Answer::Proof(vec![5; 192]),
            }],
            maker: None,
        };
        before.save(folder.path()).unwrap();
        let mut prover = Prover::read(&folder.path().join(FILE)).unwrap();
        assert_eq!(prover.answered, before.answered);
        let answer = prover.ask(&commit(7, 2)).unwrap();
        assert_eq!(answer, Answer::Proof(vec![5; 192]));
        let error = prover.ask(&commit(7, 3)).unwrap_err().to_string();
        for part in [
            "out of date",
            &"03".repeat(32),
            &"02".repeat(32),
            HOW_TO_RECORD,
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
