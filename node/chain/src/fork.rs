//! From one tipset to another: what is undone and what is done on the way.

use filigree_blocks::Tipset;

use crate::error::ChainError;
use crate::tipsets::Tipsets;

/// The way from one tipset to another.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    /// The last tipset of both chains.
    pub base: Tipset,
    /// Tipsets of the first chain above it, the highest first.
    pub revert: Vec<Tipset>,
    /// Tipsets of the second chain above it, the lowest first.
    pub apply: Vec<Tipset>,
}

/// The way between any two tipsets, of at most `limit` tipsets.
pub(crate) fn path(
    tipsets: &Tipsets,
    from: &Tipset,
    to: &Tipset,
    limit: usize,
) -> Result<Path, ChainError> {
    let (mut left, mut right) = (from.clone(), to.clone());
    let (mut revert, mut apply) = (Vec::new(), Vec::new());
    while left != right {
        if left.height() == 0 && right.height() == 0 {
            return Err(ChainError::NothingInCommon {
                first: from.key().clone(),
                second: to.key().clone(),
            });
        }
        if revert.len().saturating_add(apply.len()) >= limit {
            return Err(ChainError::TooFar {
                from: from.key().clone(),
                to: to.key().clone(),
                limit,
            });
        }
        let (side, tipset) = if left.height() > right.height() {
            (&mut revert, &mut left)
        } else {
            (&mut apply, &mut right)
        };
        let parents = tipsets.parents(tipset)?;
        side.push(std::mem::replace(tipset, parents));
    }
    apply.reverse();
    Ok(Path {
        base: left,
        revert,
        apply,
    })
}
