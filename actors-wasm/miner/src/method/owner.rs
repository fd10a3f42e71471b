//! The owner. Ownership passes in two steps: the owner names the next, who confirms.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::address::Protocol;

use crate::state::Miner;
use crate::types::MinerInfo;

impl Miner {
    /// Proposes an owner if the owner calls; the owner's own address takes a proposal back. Confirms if the proposed owner calls.
    pub(crate) fn change_owner(&mut self, ctx: &Context, new_owner: Address) -> Result<()> {
        ensure!(
            new_owner.protocol() == Protocol::ID,
            illegal_argument,
            "an owner is named by its id"
        );
        let mut info = self.get_info(ActorStore)?;
        change(&mut info, Address::new_id(ctx.caller()), new_owner)?;
        self.save_info(ActorStore, &info)
    }
}

/// The rule itself: all addresses are ids.
fn change(info: &mut MinerInfo, caller: Address, new_owner: Address) -> Result<()> {
    match info.pending_owner_address {
        Some(pending) if caller != info.owner => {
            ensure!(caller == pending, forbidden, "not the proposed owner");
            ensure!(
                new_owner == pending,
                illegal_argument,
                "another owner was proposed"
            );
            if info.beneficiary == info.owner {
                info.beneficiary = pending;
            }
            info.pending_beneficiary_term = None;
            info.owner = pending;
        }
        _ => {
            ensure!(caller == info.owner, forbidden, "not the owner");
            info.pending_owner_address = Some(new_owner);
        }
    }
    if info.pending_owner_address == Some(info.owner) {
        info.pending_owner_address = None;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::miner_info;
    use crate::types::PendingBeneficiaryChange;

    const OWNER: u64 = 100;

    fn call(
        info: &mut MinerInfo,
        caller: u64,
        new_owner: u64,
    ) -> std::result::Result<(), ExitCode> {
        change(info, Address::new_id(caller), Address::new_id(new_owner))
            .map_err(|error| error.code)
    }

    #[test]
    fn the_next_owner_confirms() {
        let mut info = miner_info();
        info.pending_beneficiary_term = Some(PendingBeneficiaryChange::new(
            Address::new_id(300),
            TokenAmount::from_atto(1),
            5,
        ));
        assert_eq!(call(&mut info, OWNER, 200), Ok(()));
        assert_eq!(info.owner, Address::new_id(OWNER));
        assert_eq!(call(&mut info, 200, 200), Ok(()));
        // Who earned as the owner earns no more; what was proposed is void.
        assert_eq!(info.owner, Address::new_id(200));
        assert_eq!(info.beneficiary, Address::new_id(200));
        assert_eq!(info.pending_owner_address, None);
        assert_eq!(info.pending_beneficiary_term, None);
    }

    #[test]
    fn another_beneficiary_stays() {
        let mut info = miner_info();
        info.beneficiary = Address::new_id(300);
        assert_eq!(call(&mut info, OWNER, 200), Ok(()));
        assert_eq!(call(&mut info, 200, 200), Ok(()));
        assert_eq!(info.beneficiary, Address::new_id(300));
    }

    #[test]
    fn a_proposal_is_taken_back_or_replaced_by_the_owner_alone() {
        let mut info = miner_info();
        assert_eq!(call(&mut info, OWNER, 200), Ok(()));
        assert_eq!(call(&mut info, OWNER, 300), Ok(()));
        assert_eq!(call(&mut info, 200, 200), Err(ExitCode::USR_FORBIDDEN));
        assert_eq!(
            call(&mut info, 300, 200),
            Err(ExitCode::USR_ILLEGAL_ARGUMENT)
        );
        assert_eq!(call(&mut info, OWNER, OWNER), Ok(()));
        assert_eq!(info.pending_owner_address, None);
        assert_eq!(call(&mut info, 300, 300), Err(ExitCode::USR_FORBIDDEN));
    }
}
