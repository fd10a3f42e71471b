//! How much fits into a block.

use filigree_blocks::roots::MAX_BLOCK_MESSAGES;
use filigree_blocks::{BlockMessage, FullBlock};

use crate::reason::Reason;

/// Most gas of a block: the sum of its messages' limits.
pub const BLOCK_GAS: u64 = 10_000_000_000;
/// Most messages of a block.
pub const BLOCK_MESSAGES: usize = MAX_BLOCK_MESSAGES;
/// Most bytes of an announcement (Lotus, `validateLocalBlock`): 1 MiB, which gossip passes on, less room for its wrapping.
pub const ANNOUNCED_BYTES: usize = (1 << 20) - (1 << 15);

/// That a block has no more messages than it may.
pub fn check_count(block: &FullBlock) -> Result<(), Reason> {
    count(block.bls.len(), block.signed.len())
}

/// That a block is announced in a way that the network passes on.
pub fn check_announced(block: &BlockMessage) -> Result<(), Reason> {
    count(block.bls.len(), block.signed.len())?;
    let bytes = block.to_bytes().len();
    if bytes > ANNOUNCED_BYTES {
        let most = ANNOUNCED_BYTES;
        return Err(Reason::TooLarge { bytes, most });
    }
    Ok(())
}

/// Adds up the gas of a block's messages.
#[derive(Default, Debug)]
pub struct GasSum(u64);

impl GasSum {
    /// One message more.
    pub fn add(&mut self, gas_limit: u64) -> Result<(), Reason> {
        match self.0.checked_add(gas_limit) {
            Some(sum) if sum <= BLOCK_GAS => {
                self.0 = sum;
                Ok(())
            }
            _ => Err(Reason::BlockGas { limit: BLOCK_GAS }),
        }
    }
}

fn count(bls: usize, signed: usize) -> Result<(), Reason> {
    let count = bls.saturating_add(signed);
    if count > BLOCK_MESSAGES {
        return Err(Reason::TooManyMessages(count));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use filigree_blocks::cid_of;

    use super::*;
    use crate::samples;

    #[test]
    fn announcements_have_at_most_so_many_messages_and_bytes() {
        let announced = |count: usize| {
            let cids = (0..count).map(|i| cid_of(&i.to_be_bytes())).collect();
            let header = samples::header(1000);
            check_announced(&BlockMessage {
                header,
                bls: vec![],
                signed: cids,
            })
        };
        assert_eq!(announced(10_000), Ok(()));
        assert_eq!(announced(10_001), Err(Reason::TooManyMessages(10_001)));
        let mut header = samples::header(1000);
        header.ticket.as_mut().unwrap().vrf_proof = vec![0; ANNOUNCED_BYTES];
        let large = BlockMessage {
            header,
            bls: vec![],
            signed: vec![],
        };
        assert!(matches!(
            check_announced(&large),
            Err(Reason::TooLarge { .. })
        ));
    }

    #[test]
    fn gas_is_summed_without_wrapping() {
        let mut sum = GasSum::default();
        sum.add(BLOCK_GAS - 1).unwrap();
        sum.add(1).unwrap();
        let limit = BLOCK_GAS;
        assert_eq!(sum.add(1), Err(Reason::BlockGas { limit }));
        assert_eq!(sum.add(u64::MAX), Err(Reason::BlockGas { limit }));
    }
}
