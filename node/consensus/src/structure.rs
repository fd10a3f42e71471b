//! What every block has, whoever made it: the rule that needs nothing but the header.

use filigree_blocks::BlockHeader;
use fvm_shared::address::Protocol;

use crate::reason::{Field, Reason};

/// Most entries of a list in a header: what Lotus decodes (`cbor-gen`, `MaxLength`).
pub const MAX_LIST_ENTRIES: usize = 8192;

/// That nothing is missing from a header, and its miner is named by an id.
pub fn check(header: &BlockHeader) -> Result<(), Reason> {
    let required = [
        (header.election_proof.is_some(), Field::ElectionProof),
        (header.ticket.is_some(), Field::Ticket),
        (header.signature.is_some(), Field::Signature),
        (header.bls_aggregate.is_some(), Field::Aggregate),
        (!header.parents.is_empty(), Field::Parents),
    ];
    for (there, field) in required {
        if !there {
            return Err(Reason::Missing(field));
        }
    }
    if header.miner.protocol() != Protocol::ID {
        return Err(Reason::MinerNotId(header.miner));
    }
    check_lists(header)
}

/// That no list is longer than those that can be decoded.
pub(crate) fn check_lists(header: &BlockHeader) -> Result<(), Reason> {
    let lists = [
        ("parents", header.parents.len()),
        ("beacon entries", header.beacon_entries.len()),
        ("winning proofs", header.winning_post.len()),
    ];
    for (what, count) in lists {
        if count > MAX_LIST_ENTRIES {
            let most = MAX_LIST_ENTRIES;
            return Err(Reason::TooLong { what, count, most });
        }
    }
    Ok(())
}
