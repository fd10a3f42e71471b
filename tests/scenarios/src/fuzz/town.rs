//! A small network with something in every actor: a miner with sectors that are proven, announced and faulty, a multisig with a
//! proposal, a payment channel, a verifier, a client with datacap and with money in the market.

use filigree_actor_market::MarketClient;
use filigree_actor_multisig::{self as multisig, MultisigClient};
use filigree_actor_paych::{self as paych, PaychClient};
use filigree_actor_verifreg::{VerifiedRegistryClient, VerifierParams};
use filigree_builtin::ids;
use filigree_sandbox::{Account, VERIFREG_ROOT_ID};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, METHOD_SEND};

use crate::exec::create;
use crate::onboard::Provider;
use crate::stage::Stage;

/// The accounts of the town: two users, then the miner's owner and worker.
pub const ACCOUNTS: std::ops::Range<ActorID> = 100..104;

/// All others who may be called: the singletons and the actors of the town.
pub fn others(stage: &Stage) -> impl Iterator<Item = ActorID> + use<> {
    let singletons = [
        ids::INIT,
        ids::REWARD,
        ids::POWER,
        ids::MARKET,
        ids::VERIFIED_REGISTRY,
        ids::DATACAP,
    ];
    let residents = (ACCOUNTS.end..ACCOUNTS.end + 8).filter(|id| stage.actor(*id).is_some());
    let residents: Vec<ActorID> = residents.collect();
    singletons.into_iter().chain(residents)
}

/// Builds it.
pub fn build(stage: &mut Stage) {
    let (first, second) = (stage.account(100_000), stage.account(100_000));
    let miner = Provider::new(stage);
    miner.commit_empty(stage, 0..6);
    miner.prove_rest(stage, &[0, 1, 2, 3, 4, 5]);
    let announced: Vec<_> = (10..13)
        .map(|number| miner.announcement(stage, number))
        .collect();
    miner.pre_commit(stage, announced).ok();
    let hundred = TokenAmount::from_whole(100);

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

    let registry = VerifiedRegistryClient::at(ids::address(ids::VERIFIED_REGISTRY));
    let given = |who: Account, amount: u64| VerifierParams {
        address: who.address,
        allowance: BigIntDe(amount.into()),
    };
    stage
        .call(
            VERIFREG_ROOT_ID,
            registry.add_verifier(given(second, 1 << 45)),
        )
        .ok();
    stage
        .call(second, registry.add_verified_client(given(first, 1 << 40)))
        .ok();
    let market = MarketClient::at(ids::address(ids::MARKET));
    for who in [first.address, Address::new_id(miner.id)] {
        stage
            .call(first, market.add_balance(who).value(hundred.clone()))
            .ok();
    }
}
