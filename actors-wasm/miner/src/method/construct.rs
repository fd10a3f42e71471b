//! A new miner. It has to hold a deposit, which vests as rewards do (FIP-0077), and gets a proving period of its own, so that the
//! deadlines of all miners are spread over the day.

use filigree_builtin::POLICY;
use filigree_builtin::calls::miner::MinerConstructorParams;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use filigree_sdk::{cbor, crypto};
use fvm_shared::sector::RegisteredPoStProof;

use super::pledge_inputs::PledgeInputs;
use super::{contact, worker};
use crate::policy::REWARD_VESTING_SPEC;
use crate::state::Miner;
use crate::types::MinerInfo;

/// The state of a new miner.
pub(crate) fn construct(ctx: &mut Context, params: MinerConstructorParams) -> Result<Miner> {
    worker::check_control_addresses(&params.control_addresses)?;
    contact::check_peer_id(&params.peer_id)?;
    contact::check_multiaddrs(&params.multi_addresses)?;
    check_proof_type(params.window_post_proof_type)?;

    let balance = ctx.balance()?;
    let deposit = deposit(ctx)?;
    ensure!(
        balance >= deposit,
        insufficient_funds,
        "a new miner needs a deposit of {} attoFIL",
        deposit.atto_text()
    );

    let owner = worker::resolve(ctx, &params.owner)?;
    let worker = worker::resolve_worker(ctx, &params.worker)?;
    let control_addresses = worker::resolve_all(ctx, &params.control_addresses)?;

    let epoch = ctx.epoch()?;
    let receiver = Address::new_id(ctx.receiver());
    let period_start = period_start(epoch, period_offset(&receiver, epoch)?);
    let deadline = (epoch - period_start) / POLICY.wpost_challenge_window;

    let info = MinerInfo::new(
        owner,
        worker,
        control_addresses,
        params.peer_id,
        params.multi_addresses,
        params.window_post_proof_type,
    )?;
    let mut state = Miner::new(&POLICY, ActorStore, &info, period_start, deadline as u64)?;
    state.add_locked_funds(ActorStore, epoch, &deposit, &REWARD_VESTING_SPEC)?;
    Ok(state)
}

/// Fails unless new miners may prove with this type.
pub(crate) fn check_proof_type(proof_type: RegisteredPoStProof) -> Result<()> {
    ensure!(
        POLICY.valid_post_proof_type.contains(proof_type),
        illegal_argument,
        "miners may not prove with type {}",
        i64::from(proof_type)
    );
    Ok(())
}

/// What a new miner has to deposit, attoFIL: the pledge for some power (FIP-0077).
fn deposit(ctx: &mut Context) -> Result<TokenAmount> {
    let power = i128::from(POLICY.create_miner_deposit_power());
    Ok(PledgeInputs::request(ctx)?.initial_pledge(power))
}

/// Where in each day a miner's proving period begins: anywhere, by a hash of its address and the epoch.
fn period_offset(miner: &Address, epoch: ChainEpoch) -> Result<ChainEpoch> {
    let mut seed = cbor::encode(miner)?;
    seed.extend_from_slice(&epoch.to_be_bytes());
    Ok(offset_of(&crypto::blake2b(&seed)?))
}

/// The first eight bytes of a hash, modulo the proving period.
fn offset_of(hash: &[u8; 32]) -> ChainEpoch {
    let number = hash
        .iter()
        .take(8)
        .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    (number % POLICY.wpost_proving_period as u64) as ChainEpoch
}

/// The last epoch, `epoch` or before, where a proving period with this offset begins. It may be negative.
fn period_start(epoch: ChainEpoch, offset: ChainEpoch) -> ChainEpoch {
    epoch - (epoch - offset).rem_euclid(POLICY.wpost_proving_period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proving_period_begins_now_or_within_the_day_before() {
        let period = POLICY.wpost_proving_period;
        assert_eq!(period_start(10, 10), 10);
        assert_eq!(period_start(11, 10), 10);
        assert_eq!(period_start(period + 9, 10), 10);
        assert_eq!(period_start(period + 10, 10), period + 10);
        // A chain younger than its first period.
        assert_eq!(period_start(9, 10), 10 - period);
        assert_eq!(period_start(0, period - 1), -1);
    }

    #[test]
    fn offsets_are_hashes_modulo_the_period() {
        let mut hash = [0xff; 32];
        hash[..8].copy_from_slice(&(7 * POLICY.wpost_proving_period as u64 + 123).to_be_bytes());
        assert_eq!(offset_of(&hash), 123);
        // 2^64 - 1 = 2880 * 6405119470038038 + 2175
        hash[..8].copy_from_slice(&u64::MAX.to_be_bytes());
        assert_eq!(offset_of(&hash), 2_175);
    }
}
