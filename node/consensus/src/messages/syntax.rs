//! What can be said of a message without knowing anybody's state (Filecoin spec, "Message Syntax Validation"; Lotus,
//! `ValidForBlockInclusion`). The mempool asks the same.

use fvm_shared::address::{Address, Protocol};
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;
use num_traits::Zero;

use crate::limits::BLOCK_GAS;
use crate::reason::MessageFault;

/// All FIL there can ever be: no message sends more.
pub const TOTAL_FIL: u64 = 2_000_000_000;

/// That a message may stand in a block of this version. `inclusion_cost`, in gas, is the price of its bytes on chain.
pub fn check(
    message: &Message,
    inclusion_cost: u64,
    version: NetworkVersion,
) -> Result<(), MessageFault> {
    if message.version != 0 {
        return Err(MessageFault::Version(message.version));
    }
    if message.to.is_bls_zero_address() {
        return Err(MessageFault::ToZeroAddress);
    }
    for address in [message.to, message.from] {
        if !exists(&address, version) {
            return Err(MessageFault::Address { address, version });
        }
    }
    check_amounts(message)?;
    let limit = message.gas_limit;
    if limit == 0 || limit > BLOCK_GAS {
        return Err(MessageFault::GasLimit(limit));
    }
    if limit < inclusion_cost {
        let cost = inclusion_cost;
        return Err(MessageFault::Inclusion { limit, cost });
    }
    Ok(())
}

fn check_amounts(message: &Message) -> Result<(), MessageFault> {
    let zero = TokenAmount::zero();
    if message.value < zero || message.value > TokenAmount::from_whole(TOTAL_FIL) {
        return Err(MessageFault::Value(message.value.clone()));
    }
    if message.gas_fee_cap < zero {
        return Err(MessageFault::FeeCap(message.gas_fee_cap.clone()));
    }
    if message.gas_premium < zero {
        return Err(MessageFault::Premium(message.gas_premium.clone()));
    }
    if message.gas_premium > message.gas_fee_cap {
        return Err(MessageFault::PremiumAboveCap {
            premium: message.gas_premium.clone(),
            cap: message.gas_fee_cap.clone(),
        });
    }
    Ok(())
}

/// Whether a version of the network knows addresses of this kind: f4 came with 18.
fn exists(address: &Address, version: NetworkVersion) -> bool {
    address.protocol() != Protocol::Delegated || version >= NetworkVersion::V18
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn delegated_addresses_came_with_version_18() {
        let delegated = Address::new_delegated(10, &[1; 20]).expect("a short subaddress");
        let mut to = samples::message(samples::sender(1), 0);
        to.to = delegated;
        let from = samples::message(delegated, 0);
        for message in [to, from] {
            let at = |version| check(&message, 0, NetworkVersion::new(version));
            let expected = MessageFault::Address {
                address: delegated,
                version: NetworkVersion::V17,
            };
            assert_eq!(at(17), Err(expected));
            assert_eq!(at(18), Ok(()));
        }
    }
}
