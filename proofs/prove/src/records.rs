//! Records of finished steps: what a step was given and what it gave, as JSON, written when all its files are synced.
//!
//! A record is what makes a step done. A step that finds its record, with the input it is given now, gives the recorded
//! output; one with another input refuses, because later steps build on the first one.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::AtPath;
use crate::files::{remove, write_atomically};
use crate::{Layout, ProveError, Result, SectorId, Step};

/// What a step was given and what it gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<I, O> {
    /// All that its output depends on.
    pub input: I,
    /// What later steps need of it.
    pub output: O,
}

/// Records of one sector.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    layout: &'a Layout,
    sector: SectorId,
}

impl<'a> Records<'a> {
    /// Those of `sector`.
    pub fn new(layout: &'a Layout, sector: SectorId) -> Self {
        Self { layout, sector }
    }

    /// The file of a step's record.
    pub fn path(&self, step: Step) -> PathBuf {
        let folder = self.layout.records(self.sector);
        folder.join(format!("{step}.json"))
    }

    /// The record of a step, if it is done. A record that does not parse is of no use to anybody, and counts as none.
    pub fn read<I: DeserializeOwned, O: DeserializeOwned>(
        &self,
        step: Step,
    ) -> Result<Option<Record<I, O>>> {
        let path = self.path(step);
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).at(&path),
        }
    }

    /// What a step gave for `input`, if it is done.
    pub fn output_of<I, O>(&self, step: Step, input: &I) -> Result<Option<O>>
    where
        I: DeserializeOwned + PartialEq,
        O: DeserializeOwned,
    {
        match self.read::<I, O>(step)? {
            None => Ok(None),
            Some(record) if record.input == *input => Ok(Some(record.output)),
            Some(_) => Err(ProveError::OtherInput {
                step,
                record: self.path(step),
            }),
        }
    }

    /// The record of a step that must have been done.
    pub fn need<I: DeserializeOwned, O: DeserializeOwned>(
        &self,
        step: Step,
    ) -> Result<Record<I, O>> {
        self.read(step)?.ok_or_else(|| ProveError::NotReady {
            step,
            what: self.path(step),
        })
    }

    /// Records that a step is done.
    pub fn write<I: Serialize, O: Serialize>(
        &self,
        step: Step,
        input: &I,
        output: &O,
    ) -> Result<()> {
        let path = self.path(step);
        let record = Record { input, output };
        let bytes = serde_json::to_vec(&record)
            .map_err(io::Error::from)
            .at(&path)?;
        write_atomically(&path, &bytes)
    }

    /// Forgets that a step was done.
    pub fn forget(&self, step: Step) -> Result<()> {
        remove(&self.path(step))
    }
}
