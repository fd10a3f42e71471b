//! What is done with each actor: the good side of every method, and all that it refuses.

mod counter;
mod token;

use filigree_sandbox::{Account, Code, Sandbox};
use filigree_sdk::call::Construction;
use filigree_sdk::prelude::*;
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;

pub use counter::counter;
pub use token::token;

/// Where a script runs: the same addresses for every actor.
pub struct Scene {
    /// The chain.
    pub sandbox: Sandbox,
    /// The code under test.
    pub code: Code,
    /// Two accounts with money.
    pub accounts: [Account; 2],
    /// The actor that the calls are about.
    pub actor: Address,
    /// Actors whose state is compared too.
    pub others: Vec<Address>,
}

/// A step of a script.
pub struct Step {
    /// What it shows, in a few words; the method's name first.
    pub label: &'static str,
    /// The account that does it.
    pub from: Account,
    /// What is done.
    pub act: Act,
}

/// What a step does.
pub enum Act {
    /// Makes an actor.
    Deploy(Construction),
    /// Calls one.
    Call(Call<()>),
}

impl Scene {
    /// A chain with the Wasm installed and not yet deployed.
    pub fn new(wasm: &[u8]) -> Self {
        let mut sandbox = Sandbox::new();
        let accounts = [(); 2].map(|()| sandbox.account(TokenAmount::from_whole(10)));
        Self {
            code: sandbox.install(wasm),
            sandbox,
            accounts,
            actor: Address::new_id(0),
            others: Vec::new(),
        }
    }

    fn deploy(&mut self, construction: Construction) {
        self.actor = self.sandbox.deploy(&self.code, construction).ok();
    }
}

/// A script under construction.
#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn deploy(&mut self, from: Account, label: &'static str, with: Construction) {
        self.push(from, label, Act::Deploy(with));
    }

    fn call<R>(&mut self, from: Account, label: &'static str, call: Call<R>) {
        let untyped = Call::new(call.to, call.method, call.params).value(call.value);
        self.push(from, label, Act::Call(untyped));
    }

    /// Calls methods with parameters that few take.
    fn malformed(&mut self, from: Account, to: Address, methods: &[u64]) {
        let block = |data: &[u8]| IpldBlock {
            codec: CBOR,
            data: data.to_vec(),
        };
        for method in methods {
            for (label, params) in [
                ("no parameters", None),
                ("a text as parameters", Some(block(b"\x62hi"))),
                ("parameters cut short", Some(block(b"\x9a\xff\xff"))),
            ] {
                self.call(from, label, Call::<()>::new(to, *method, params));
            }
        }
    }

    fn push(&mut self, from: Account, label: &'static str, act: Act) {
        self.0.push(Step { label, from, act });
    }
}
