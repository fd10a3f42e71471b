//! Random calls of an actor, by its schema.

use std::fmt;

use filigree_schema::{Method, MethodKind, Schema};
use filigree_sdk::call::Call;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::MethodNum;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::Value;

use super::value::{amounts, in_order};

/// Whom random calls may come from, and whom they may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Accounts that send.
    pub accounts: Vec<Address>,
    /// Actors that parameters name.
    pub addresses: Vec<Address>,
    /// The epoch.
    pub epoch: ChainEpoch,
}

/// A call, not yet of any actor.
#[derive(Clone, PartialEq)]
pub struct RandomCall {
    /// The account that sends it.
    pub from: Address,
    /// The method's name.
    pub method: String,
    /// The method's number.
    pub number: MethodNum,
    /// The parameters, as JSON.
    pub params: Value,
    /// The same, encoded.
    pub block: Option<IpldBlock>,
    /// The value sent, attoFIL.
    pub value: TokenAmount,
}

impl RandomCall {
    /// The call of an actor. What it returns stays a block.
    pub fn to(&self, actor: Address) -> Call<()> {
        Call::new(actor, self.number, self.block.clone()).value(self.value.clone())
    }
}

/// `Transfer {"to":"f0102","amount":"5"} with 3 attoFIL`.
impl fmt::Debug for RandomCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.params)?;
        if !self.value.is_zero() {
            write!(f, " with {} attoFIL", self.value.atto())?;
        }
        Ok(())
    }
}

/// Random well-typed calls of an actor with this schema: its methods and views, or those named in `only`. With
/// `payable`, some calls carry money. Constructors, fallbacks and hooks are left out unless named.
///
/// # Panics
/// If no method is left, or a name in `only` is none of the schema's.
#[track_caller]
pub fn calls(
    schema: &Schema,
    pool: &Pool,
    only: &[String],
    payable: bool,
) -> BoxedStrategy<RandomCall> {
    let mut methods: Vec<&Method> = Vec::new();
    for name in only {
        match schema.method_named(name) {
            Ok(method) => methods.push(method),
            Err(e) => panic!("{e}"),
        }
    }
    if only.is_empty() {
        let callable =
            |method: &&Method| matches!(method.kind, MethodKind::Method | MethodKind::View);
        methods.extend(schema.methods.iter().filter(callable));
    }
    assert!(
        !methods.is_empty(),
        "{} has no methods to call",
        schema.actor
    );
    assert!(
        !pool.accounts.is_empty(),
        "there is no account to call from: make one with `sandbox.account(..)`"
    );
    Union::new(
        methods
            .into_iter()
            .map(|method| of_method(method, pool, payable)),
    )
    .boxed()
}

fn of_method(method: &Method, pool: &Pool, payable: bool) -> BoxedStrategy<RandomCall> {
    let from = prop::sample::select(pool.accounts.clone());
    let value = if payable { amounts() } else { Just(0).boxed() };
    let method = method.clone();
    (from, in_order(&method.params, pool), value)
        .prop_filter_map(
            "values that the schema does not encode",
            move |(from, params, atto)| {
                let params = match params.is_empty() {
                    true => Value::Null,
                    false => Value::from(params),
                };
                let block = method.encode_params_block(&params).ok()?;
                // Back from the bytes, so that names are shown and numbers look like numbers.
                let shown = method.decode_params(block.as_ref().map(|block| block.data.as_slice()));
                Some(RandomCall {
                    from,
                    method: method.name.clone(),
                    number: method.number,
                    params: shown.unwrap_or(params),
                    block,
                    value: TokenAmount::from_atto(atto),
                })
            },
        )
        .boxed()
}
