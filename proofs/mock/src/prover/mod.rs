//! The tasks of `filigree_proofs_prove`, done by a mock: in this process, in milliseconds, without parameters.
//!
//! Pieces are the real step: data is padded and committed to as ever, whatever the sector's size. From there on nothing is
//! computed: a replica and its trees are text that names the commitment ([`replica`]), which proofs of spacetime look for
//! ([`post`]). Files are where the real ones are, steps have their order, their locks, their records and their events, so
//! that what drives a prover meets in a mock all that it meets in a real one but the hours.
//!
//! Records of a mock have another form than those of real steps, and what is no mock's file is not written over: neither
//! takes the other's replica for its own.

mod aggregate;
mod post;
mod replica;
mod seal;
mod update;

use filigree_proofs_prove::{Control, Layout, Outcome, Prover, Result, Task, pieces};

use crate::proof::MockProver;

impl Prover for MockProver {
    fn run(&self, task: &Task, control: &Control) -> Result<Outcome> {
        control.check()?;
        let _lock = task.lock(control)?;
        let at = Layout::new;
        Ok(match task {
            Task::Pieces {
                root,
                sector,
                files,
            } => Outcome::Pieces(pieces::write(&at(root), sector, files, control)?),
            Task::PreCommit1 { root, sector } => {
                seal::label(&at(root), sector, control)?;
                Outcome::Done
            }
            Task::PreCommit2 { root, sector } => {
                Outcome::Sealed(seal::pre_commit(&at(root), sector, control)?)
            }
            Task::Commit { root, sector, seed } => {
                Outcome::Proof(seal::commit(&at(root), sector, *seed, control)?)
            }
            Task::Clear { root, sector } => {
                seal::clear(&at(root), sector)?;
                Outcome::Done
            }
            Task::Aggregate {
                proof,
                version,
                sectors,
            } => Outcome::Proof(aggregate::aggregate(*proof, *version, sectors, control)?),
            Task::UpdateEncode {
                root,
                sector,
                files,
            } => Outcome::Updated(update::encode(&at(root), sector, files, control)?),
            Task::UpdateProve { root, sector } => {
                Outcome::Proof(update::prove(&at(root), sector, control)?)
            }
            Task::Unseal {
                root,
                sector,
                range,
                output,
            } => {
                seal::unseal(&at(root), sector, *range, output, control)?;
                Outcome::Done
            }
            Task::WindowPost {
                kind,
                randomness,
                miner,
                sectors,
            } => Outcome::Window(post::window(*kind, randomness, *miner, sectors, control)?),
            Task::WinningPost {
                kind,
                randomness,
                miner,
                challenged,
            } => Outcome::Proof(post::winning(
                *kind, randomness, *miner, challenged, control,
            )?),
        })
    }
}
