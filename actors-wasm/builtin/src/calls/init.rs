//! Calls to the init actor, f01.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;

use crate::ids;

/// Method Exec.
pub const EXEC: MethodNum = 2;
/// Method Exec4.
pub const EXEC4: MethodNum = 3;

/// Parameters of the constructor.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstructorParams {
    /// The network's name.
    pub network_name: String,
}

/// Parameters of Exec.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecParams {
    /// The code of the new actor.
    pub code_cid: Cid,
    /// The parameters of its constructor, encoded.
    pub constructor_params: RawBytes,
}

/// Parameters of Exec4.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec4Params {
    /// The code of the new actor.
    pub code_cid: Cid,
    /// The parameters of its constructor, encoded.
    pub constructor_params: RawBytes,
    /// Its part of the f4 address.
    pub subaddress: RawBytes,
}

/// The addresses of a new actor.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecReturn {
    /// By its id. Another actor may get this id if the chain is reorganised.
    pub id_address: Address,
    /// An f2 address that stays its own.
    pub robust_address: Address,
}

/// Creates an actor.
pub fn exec(params: &ExecParams) -> Result<Call<ExecReturn>> {
    let params = encode(params)?;
    Ok(Call::new(ids::address(ids::INIT), EXEC, params))
}

/// Creates an actor at the address `f4<caller>f<subaddress>`.
pub fn exec4(params: &Exec4Params) -> Result<Call<ExecReturn>> {
    let params = encode(params)?;
    Ok(Call::new(ids::address(ids::INIT), EXEC4, params))
}
