//! What has expired, and may be removed by anyone.

use filigree_builtin::BatchReturn;
use filigree_builtin::calls::verifreg::{Allocation, Claim};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::nested::OpenNested;

/// What ends at an epoch.
pub(crate) trait Expires {
    /// The first epoch at which it may be removed.
    fn expiration(&self) -> ChainEpoch;
}

impl Expires for Allocation {
    fn expiration(&self) -> ChainEpoch {
        self.expiration
    }
}

impl Expires for Claim {
    fn expiration(&self) -> ChainEpoch {
        self.term_start + self.term_max
    }
}

/// Which of an owner's things have expired: of those that are `named`, or of all if none is. Gives those it looked at and what was found.
pub(crate) fn expired<S: Blocks + Copy, V: Expires + Serialize + DeserializeOwned>(
    things: &mut OpenNested<S, V>,
    owner: ActorID,
    named: Vec<u64>,
    now: ChainEpoch,
) -> Result<(Vec<u64>, BatchReturn)> {
    if named.is_empty() {
        let mut found = Vec::new();
        things.for_each_of(owner, |id, thing| {
            if now >= thing.expiration() {
                found.push(id);
            }
            Ok(())
        })?;
        let results = BatchReturn::ok(found.len() as u32);
        return Ok((found, results));
    }
    let mut results = BatchReturn::default();
    for &id in &named {
        results.add(match things.get(owner, id)? {
            Some(thing) if now >= thing.expiration() => ExitCode::OK,
            Some(_) => ExitCode::USR_FORBIDDEN,
            None => ExitCode::USR_NOT_FOUND,
        });
    }
    Ok((named, results))
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_sdk::collections::OpenMap;
    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_shared::piece::PaddedPieceSize;

    fn allocation(expiration: ChainEpoch) -> Allocation {
        Allocation {
            client: 100,
            provider: 1_000,
            data: Cid::default(),
            size: PaddedPieceSize(1 << 20),
            term_min: 10,
            term_max: 20,
            expiration,
        }
    }

    #[test]
    fn expired_ones_are_found_or_checked() {
        let store = MemoryBlockstore::new();
        let nothing = OpenMap::empty(&store).close().unwrap();
        let mut all = OpenNested::open(&nothing, &store).unwrap();
        for id in 1..=5 {
            all.set(100, id, &allocation(10 * id as i64)).unwrap();
        }
        all.set(101, 6, &allocation(0)).unwrap();

        let (mut found, results) = expired(&mut all, 100, Vec::new(), 30).unwrap();
        found.sort_unstable();
        assert_eq!((found, results), (vec![1, 2, 3], BatchReturn::ok(3)));
        let (found, results) = expired(&mut all, 102, Vec::new(), 30).unwrap();
        assert_eq!((found, results), (vec![], BatchReturn::ok(0)));

        let named = vec![3, 4, 6, 3];
        let (considered, results) = expired(&mut all, 100, named.clone(), 30).unwrap();
        assert_eq!(considered, named);
        let (ok, soon, lost) = (
            ExitCode::OK,
            ExitCode::USR_FORBIDDEN,
            ExitCode::USR_NOT_FOUND,
        );
        assert_eq!(results.codes(), [ok, soon, lost, ok]);
    }

    #[test]
    fn a_claim_expires_after_its_longest_term() {
        let claim = Claim {
            provider: 1_000,
            client: 100,
            data: Cid::default(),
            size: PaddedPieceSize(1 << 20),
            term_min: 10,
            term_max: 20,
            term_start: 300,
            sector: 7,
        };
        assert_eq!(claim.expiration(), 320);
    }
}
