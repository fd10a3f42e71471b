//! A small network with something in every actor: a miner with sectors that are proven, with and without data, announced and faulty; a
//! multisig with a proposal, a payment channel, a verifier; a client with datacap, an allocation, a claim, deals, and money in the market;
//! and Ethereum's keys, one that has sent and one that has not.

use filigree_actor_miner::params::{
    DeclareFaultsParams, PieceActivationManifest, SectorActivationManifest,
};
use filigree_actor_multisig::{self as multisig, MultisigClient};
use filigree_actor_paych::{self as paych, PaychClient};
use filigree_builtin::ids;
use filigree_sandbox::{Account, VERIFREG_ROOT_ID};
use filigree_sdk::call::Call;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, METHOD_SEND};

use crate::deals::{add_balance, deal_piece, published};
use crate::exec::create;
use crate::onboard::{DAY, Provider, declare, empty};
use crate::stage::Stage;
use crate::verified::{allocate, claimed_piece, datacap_for, registry, request};

/// The accounts of the town: two users, then the miner's owner and worker.
pub const ACCOUNTS: std::ops::Range<ActorID> = 100..104;

/// Actors that the town may have beside its accounts: room for some more than there are.
const RESIDENTS: std::ops::Range<ActorID> = ACCOUNTS.end..ACCOUNTS.end + 16;

/// All who may be called, one at least of every kind of actor: the singletons, a user, a worker, and the actors of the town.
pub fn targets(stage: &Stage) -> impl Iterator<Item = ActorID> + use<> {
    let singletons = [
        ids::SYSTEM,
        ids::INIT,
        ids::REWARD,
        ids::CRON,
        ids::POWER,
        ids::MARKET,
        ids::VERIFIED_REGISTRY,
        ids::DATACAP,
        ids::BURNT_FUNDS,
    ];
    let accounts = [ACCOUNTS.start, ACCOUNTS.end - 1];
    singletons
        .into_iter()
        .chain(accounts)
        .chain(residents(stage))
}

/// All whom parameters may name.
pub fn everyone(stage: &Stage) -> impl Iterator<Item = ActorID> + use<> {
    let called = targets(stage).filter(|id| !ACCOUNTS.contains(id));
    ACCOUNTS.chain(called)
}

fn residents(stage: &Stage) -> std::vec::IntoIter<ActorID> {
    let residents = RESIDENTS.filter(|id| stage.actor(*id).is_some());
    residents.collect::<Vec<_>>().into_iter()
}

/// Builds it.
pub fn build(stage: &mut Stage) {
    let (first, second) = (stage.account(100_000), stage.account(100_000));
    let miner = Provider::new(stage);
    let hundred = TokenAmount::from_whole(100);
    for who in [first.address, miner.client.address] {
        add_balance(stage, first, who, 100);
    }
    let verified = with_datacap(stage, first, second, miner.id);
    let deals = published(stage, first, &miner, [1, 2]);
    let gib = 1 << 30;
    let mut sectors: Vec<_> = (0..4).map(empty).collect();
    sectors.push(SectorActivationManifest {
        sector_number: 4,
        pieces: vec![deal_piece(1, gib, deals[0]), deal_piece(2, gib, deals[1])],
    });
    sectors.push(SectorActivationManifest {
        sector_number: 5,
        pieces: vec![verified],
    });
    miner.commit(stage, sectors);
    miner.prove_rest(stage, &[0, 1, 2, 3, 4, 5]);
    miner.keep_proving(stage, stage.epoch() + DAY / 2);
    let faulty = DeclareFaultsParams {
        faults: vec![declare(stage, &miner, [3])],
    };
    let faulty = miner.client.declare_faults(faulty);
    stage.call(miner.worker, faulty).ok();
    let announced: Vec<_> = (10..13)
        .map(|number| miner.announcement(stage, number))
        .collect();
    miner.pre_commit(stage, announced).ok();

    let wallet = MultisigClient::construct(multisig::ConstructorParams {
        signers: vec![first.address, second.address],
        num_approvals_threshold: 2,
        unlock_duration: 0,
        start_epoch: 0,
    });
    let wallet = create(stage, first, "multisig", wallet, hundred.clone()).ok();
    let payment = multisig::ProposeParams {
        to: second.address,
        value: TokenAmount::from_whole(1),
        method: METHOD_SEND,
        params: RawBytes::default(),
    };
    let propose = MultisigClient::at(wallet.id_address).propose(payment);
    stage.call(first, propose).ok();
    let channel = PaychClient::construct(paych::ConstructorParams {
        from: first.address,
        to: second.address,
    });
    create(stage, first, "paymentchannel", channel, hundred.clone()).ok();

    let key = |byte| Address::new_delegated(ids::EAM, &[byte; 20]).expect("a key of 20 bytes");
    for byte in [1, 2] {
        let send = Call::<()>::new(key(byte), METHOD_SEND, None).value(hundred.clone());
        stage.call(first, send).ok();
    }
    // Its first message makes a placeholder an account.
    let send = Call::<()>::new(first.address, METHOD_SEND, None);
    stage.call(key(1), send).ok();
}

/// Gives a client datacap by a verifier; gives a piece of it that the miner may claim.
fn with_datacap(
    stage: &mut Stage,
    client: Account,
    verifier: Account,
    miner: ActorID,
) -> PieceActivationManifest {
    let add = registry().add_verifier(datacap_for(verifier, 1_u64 << 45));
    stage.call(VERIFREG_ROOT_ID, add).ok();
    let add = registry().add_verified_client(datacap_for(client, 1_u64 << 40));
    stage.call(verifier, add).ok();
    let wanted = request(stage, miner, 3);
    let waiting = request(stage, miner, 4);
    let ids = allocate(stage, client, vec![wanted.clone(), waiting]);
    claimed_piece(client, ids[0], &wanted)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_actor_is_called() {
        let mut stage = Stage::new(None);
        build(&mut stage);
        let called: BTreeSet<String> = targets(&stage).filter_map(|id| stage.name_of(id)).collect();
        let all = stage.names().all().map(str::to_owned);
        let ours = all.filter(|name| !["evm", "eam"].contains(&name.as_str()));
        assert_eq!(called, ours.collect());
        assert!(stage.actor(RESIDENTS.end - 1).is_none(), "no room left");
    }
}
