//! The bundle of each network starts a chain and has the sector sizes of that network.

use filigree_actor_miner::MinerClient;
use filigree_actor_power::{CreateMinerParams, PowerClient};
use filigree_builtin::ids;
use filigree_bundle::{Network, Recipe, kept};
use filigree_sandbox::{Outcome, Sandbox};
use filigree_sdk::prelude::*;
use fvm_shared::sector::RegisteredPoStProof;

#[test]
fn miners_have_sectors_of_2_kib_on_devnets_alone_and_of_32_gib_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    for network in Network::ALL {
        let recipe = Recipe::of(network);
        let file = folder.path().join(recipe.name());
        std::fs::write(&file, kept::car(&recipe).unwrap()).unwrap();
        let builder = Sandbox::builder().bundle(&file);
        let mut sandbox = builder.allow_install(recipe.user_code).build();

        let is_devnet = network == Network::Devnet;
        for (proof, size, is_taken) in [
            (
                RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
                2 << 10,
                is_devnet,
            ),
            (
                RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
                32 << 30,
                !is_devnet,
            ),
        ] {
            let outcome = create_miner(&mut sandbox, proof);
            if !is_taken {
                outcome.expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
                continue;
            }
            let miner = MinerClient::at(outcome.ok().id_address);
            let told = sandbox.view(miner.get_sector_size());
            assert_eq!(told as u64, size, "{}", network.name());
        }
        sandbox.advance(10);
    }
}

fn create_miner(
    sandbox: &mut Sandbox,
    proof: RegisteredPoStProof,
) -> Outcome<filigree_actor_power::CreateMinerReturn> {
    let money = TokenAmount::from_whole(100_000);
    let owner = sandbox.account(money);
    let worker = Address::new_bls(&[7; 48]).unwrap();
    let one = TokenAmount::from_whole(1);
    sandbox.transfer(owner, worker, one).ok();
    let params = CreateMinerParams {
        owner: owner.address,
        worker,
        window_post_proof_type: proof,
        peer: Bytes(b"peer".to_vec()),
        multiaddrs: Vec::new(),
    };
    let create = PowerClient::at(ids::address(ids::POWER)).create_miner(params);
    let deposit = TokenAmount::from_whole(10_000);
    sandbox.call(owner, create.value(deposit))
}
