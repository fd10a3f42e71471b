//! The built-in actors of this repository on both hosts: what nodes of others would run. Gas, exit codes, events and state roots are
//! equal, from the first state of a network on.

use std::sync::Arc;

use filigree_actor_market::MarketClient;
use filigree_actor_multisig::{ConstructorParams as Wallet, MultisigClient, ProposeParams};
use filigree_actor_power::{CreateMinerParams, PowerClient};
use filigree_actor_verifreg::{VerifiedRegistryClient, VerifierParams};
use filigree_builtin::calls::init::{ExecParams, exec};
use filigree_builtin::ids;
use filigree_conformance::store::read_car;
use filigree_differential::compare::on_large_stack;
use filigree_differential::oracle::Step;
use filigree_differential::setup::{Genesis, Setup};
use filigree_differential::stage::Stage;
use filigree_differential::world::bls_key;
use filigree_sandbox::{Account, Sandbox, VERIFREG_ROOT_ID};
use filigree_sdk::call::Call;
use filigree_sdk::describe::Bytes;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::sector::RegisteredPoStProof;
use fvm_shared::version::NetworkVersion;
use fvm_shared::{METHOD_SEND, MethodNum};

/// The method of cron at the end of an epoch.
const EPOCH_TICK: MethodNum = 2;

/// Messages of one account, in order.
struct Sender {
    address: Address,
    sequence: u64,
}

impl Sender {
    fn new(address: Address) -> Self {
        Self {
            address,
            sequence: 0,
        }
    }

    fn step<R>(&mut self, call: Call<R>) -> Step {
        let message = message(self.address, self.sequence, call);
        self.sequence += 1;
        Step::explicit(message)
    }
}

fn message<R>(from: Address, sequence: u64, call: Call<R>) -> Message {
    let params = call.params.map(|params| RawBytes::new(params.data));
    Message {
        version: 0,
        from,
        to: call.to,
        sequence,
        value: call.value,
        method_num: call.method,
        params: params.unwrap_or_default(),
        gas_limit: 5_000_000_000,
        gas_fee_cap: TokenAmount::from_atto(200),
        gas_premium: TokenAmount::from_atto(1),
    }
}

/// A network that begins with our actors and two accounts.
fn network() -> (Stage, [Account; 2]) {
    let mut sandbox = Sandbox::new();
    let accounts = [(); 2].map(|()| sandbox.account(fil(1_000_000)));
    let root = *sandbox.state_root();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("first.car");
    sandbox.save(&file).unwrap();
    let (_, blocks) = read_car(std::fs::File::open(&file).unwrap()).unwrap();
    let (manifest,): (cid::Cid,) = sandbox.state(ids::SYSTEM);
    let mut setup = Setup::new(NetworkVersion::V28, Vec::new());
    setup.epoch = sandbox.epoch();
    let stage = Stage {
        fixtures: Stage::new(NetworkVersion::V28).fixtures,
        setup,
        genesis: Genesis {
            blocks: Arc::new(blocks),
            root,
            manifest,
            builtins: Vec::new(),
            codes: Vec::new(),
        },
    };
    (stage, accounts)
}

fn fil(amount: u64) -> TokenAmount {
    TokenAmount::from_whole(amount)
}

#[test]
fn our_actors_cost_the_same_on_both_hosts() {
    on_large_stack(|| {
        let (stage, [first, second]) = network();
        let (mut first, mut second) = (Sender::new(first.address), Sender::new(second.address));
        let root = Address::new_id(VERIFREG_ROOT_ID);
        let (worker, wallet) = (bls_key(7), MultisigClient::at(Address::new_id(104)));
        let market = MarketClient::at(ids::address(ids::MARKET));
        let registry = VerifiedRegistryClient::at(ids::address(ids::VERIFIED_REGISTRY));
        let send = |to: Address, amount| Call::<()>::new(to, METHOD_SEND, None).value(amount);
        let miner = CreateMinerParams {
            owner: first.address,
            worker,
            window_post_proof_type: RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
            peer: Bytes(b"peer".to_vec()),
            multiaddrs: Vec::new(),
        };
        let power = PowerClient::at(ids::address(ids::POWER));
        let construction = MultisigClient::construct(Wallet {
            signers: vec![first.address, second.address],
            num_approvals_threshold: 1,
            unlock_duration: 1_000,
            start_epoch: 0,
        });
        let code = stage_code(&stage, "multisig");
        let params = construction.params.map(|params| RawBytes::new(params.data));
        let created = exec(&ExecParams {
            code_cid: code,
            constructor_params: params.unwrap_or_default(),
        });
        let payment = ProposeParams {
            to: second.address,
            value: fil(1),
            method: METHOD_SEND,
            params: RawBytes::default(),
        };
        let tick: Call<()> = Call::new(ids::address(ids::CRON), EPOCH_TICK, None);
        let given = |address| VerifierParams {
            address,
            allowance: BigIntDe((1_u64 << 30).into()),
        };
        let steps = [
            first.step(send(worker, fil(10))),
            first.step(power.create_miner(miner).value(fil(5_000))),
            first.step(created.unwrap().value(fil(50))),
            first.step(wallet.propose(payment.clone())),
            second.step(wallet.propose(ProposeParams {
                value: fil(60),
                ..payment
            })),
            second.step(market.add_balance(first.address).value(fil(9))),
            first.step(market.withdraw_balance(first.address, fil(4))),
            Step::implicit(message(
                root,
                0,
                registry.add_verifier(given(second.address)),
            )),
            second.step(registry.add_verified_client(given(first.address))),
            Step::implicit(message(ids::address(ids::SYSTEM), 0, tick)),
        ];
        // The wallet's money is locked, and vests slowly.
        let locked = Some(ExitCode::USR_INSUFFICIENT_FUNDS.value());
        let mut expected = [Some(0); 10];
        expected[4] = locked;
        assert_eq!(stage.exits(&steps), expected);
    });
}

fn stage_code(stage: &Stage, name: &str) -> cid::Cid {
    let block = &stage.genesis.blocks[&stage.genesis.manifest];
    let entries: Vec<(String, cid::Cid)> = fvm_ipld_encoding::from_slice(block).unwrap();
    let found = entries.into_iter().find(|(other, _)| other == name);
    found.unwrap().1
}
