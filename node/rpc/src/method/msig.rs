//! Multisig wallets.

use filigree_actor_multisig::vesting::locked;
use filigree_blocks::TipsetKey;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::error::{Reply, RpcError};
use crate::json::Bytes;
use crate::json::Nil;
use crate::json::multisig::{MsigTransaction, MsigVesting};
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// What of a multisig's balance may be spent.
    [read] MsigGetAvailableBalance(wallet: Address, tipset: TipsetKey) -> TokenAmount = available;

    /// How a multisig's first balance is unlocked.
    [read] MsigGetVestingSchedule(wallet: Address, tipset: TipsetKey) -> MsigVesting = vesting;

    /// What of a multisig's balance was unlocked between two tipsets.
    [read] MsigGetVested(wallet: Address, start: TipsetKey, end: TipsetKey) -> TokenAmount = vested;

    /// Transactions that wait for signers.
    [read] MsigGetPending(wallet: Address, tipset: TipsetKey) -> Nil<Vec<MsigTransaction>> = pending;
}

fn available(services: &Services, wallet: Address, tipset: TipsetKey) -> Reply<TokenAmount> {
    let (tipset, view) = services.view(&tipset)?;
    Ok(view.multisig_available(&wallet, tipset.height())?)
}

fn vesting(services: &Services, wallet: Address, tipset: TipsetKey) -> Reply<MsigVesting> {
    let (_, view) = services.view(&tipset)?;
    let wallet = view.multisig(&wallet)?;
    Ok(MsigVesting {
        initial_balance: wallet.initial_balance,
        start_epoch: wallet.start_epoch,
        unlock_duration: wallet.unlock_duration,
    })
}

fn vested(
    services: &Services,
    wallet: Address,
    start: TipsetKey,
    end: TipsetKey,
) -> Reply<TokenAmount> {
    let start = services.tipset(&start)?;
    let (end, view) = services.view(&end)?;
    if start.height() > end.height() {
        return Err(RpcError::params("start: it is after the end"));
    }
    let wallet = view.multisig(&wallet)?;
    let locked = |epoch: ChainEpoch| {
        let elapsed = epoch.saturating_sub(wallet.start_epoch);
        locked(&wallet.initial_balance, wallet.unlock_duration, elapsed)
    };
    Ok(locked(start.height()) - locked(end.height()))
}

fn pending(
    services: &Services,
    wallet: Address,
    tipset: TipsetKey,
) -> Reply<Nil<Vec<MsigTransaction>>> {
    let (_, view) = services.view(&tipset)?;
    let wallet = view.multisig(&wallet)?;
    let mut transactions = Vec::new();
    wallet
        .pending_txs
        .open_in(view.store())?
        .for_each(|id, transaction| {
            transactions.push(MsigTransaction {
                id,
                to: transaction.to,
                value: transaction.value,
                method: transaction.method,
                params: Bytes(transaction.params.to_vec()),
                approved: transaction.approved,
            });
            Ok(())
        })?;
    transactions.sort_by_key(|transaction| transaction.id);
    Ok(Nil(transactions))
}
