//! What has expired, and may be removed by anyone (FIP-0045, "Removal of expired allocations" and "Removal of expired claims").

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

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Removed<V> {
    /// Those that were named or found.
    pub considered: Vec<u64>,
    /// What became of each.
    pub results: BatchReturn,
    /// Those that are gone.
    pub removed: Vec<(u64, V)>,
}

/// Removes an owner's things that have expired: of those that are `named`, or of all if none is.
pub(crate) fn remove_expired<S: Blocks + Copy, V: Expires + Serialize + DeserializeOwned>(
    things: &mut OpenNested<S, V>,
    owner: ActorID,
    named: Vec<u64>,
    now: ChainEpoch,
) -> Result<Removed<V>> {
    let (considered, results) = match named.is_empty() {
        true => {
            let all = expired(things, owner, now)?;
            let results = BatchReturn::ok(all.len() as u32);
            (all, results)
        }
        false => {
            let results = check_expired(things, owner, &named, now)?;
            (named, results)
        }
    };
    let mut removed = Vec::new();
    for &id in results.successes(&considered) {
        // Release 18 takes an id that is named twice for a bug of its own.
        let thing = things.remove(owner, id)?;
        let thing = thing.ok_or_else(|| Error::assertion_failed("an id is named twice"))?;
        removed.push((id, thing));
    }
    Ok(Removed {
        considered,
        results,
        removed,
    })
}

/// All of an owner's things that have expired.
fn expired<S: Blocks + Copy, V: Expires + Serialize + DeserializeOwned>(
    things: &mut OpenNested<S, V>,
    owner: ActorID,
    now: ChainEpoch,
) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    things.for_each_of(owner, |id, thing| {
        if now >= thing.expiration() {
            found.push(id);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether each of these has expired.
fn check_expired<S: Blocks + Copy, V: Expires + Serialize + DeserializeOwned>(
    things: &mut OpenNested<S, V>,
    owner: ActorID,
    named: &[u64],
    now: ChainEpoch,
) -> Result<BatchReturn> {
    let mut results = BatchReturn::default();
    for &id in named {
        results.add(match things.get(owner, id)? {
            Some(thing) if now >= thing.expiration() => ExitCode::OK,
            Some(_) => ExitCode::USR_FORBIDDEN,
            None => ExitCode::USR_NOT_FOUND,
        });
    }
    Ok(results)
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
    fn expired_ones_are_found_or_checked_and_removed() {
        let store = MemoryBlockstore::new();
        let nothing = OpenMap::empty(&store).close().unwrap();
        let mut all = OpenNested::open(&nothing, &store).unwrap();
        for id in 1..=5 {
            all.set(100, id, &allocation(10 * id as i64)).unwrap();
        }
        all.set(101, 6, &allocation(0)).unwrap();

        let mut copy = OpenNested::open(&all.close().unwrap(), &store).unwrap();
        let named = vec![3, 4, 6, 2];
        let ended = remove_expired(&mut copy, 100, named.clone(), 30).unwrap();
        assert_eq!(ended.considered, named);
        let (ok, soon, lost) = (
            ExitCode::OK,
            ExitCode::USR_FORBIDDEN,
            ExitCode::USR_NOT_FOUND,
        );
        assert_eq!(ended.results.codes(), [ok, soon, lost, ok]);
        assert_eq!(ended.removed, [(3, allocation(30)), (2, allocation(20))]);

        let ended = remove_expired(&mut copy, 100, Vec::new(), 49).unwrap();
        let mut considered = ended.considered;
        considered.sort_unstable();
        assert_eq!(considered, [1, 4]);
        assert_eq!(ended.results, BatchReturn::ok(2));
        assert_eq!(copy.get(100, 4), Ok(None));
        let none = remove_expired(&mut copy, 102, Vec::new(), 49).unwrap();
        assert_eq!((none.considered, none.removed), (vec![], vec![]));

        let twice = remove_expired(&mut copy, 100, vec![5, 5], 50).unwrap_err();
        assert_eq!(twice.code, ExitCode::USR_ASSERTION_FAILED);
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
