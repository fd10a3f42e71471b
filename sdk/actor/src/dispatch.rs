//! How a call finds its method: what `#[actor]` implements, and the two entry points of an actor's Wasm.

use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use fvm_shared::MethodNum;
pub use fvm_shared::upgrade::UpgradeInfo;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cbor;
use crate::context::{self, Context};
use crate::describe::ActorSchema;
use crate::error::{Error, Result};
use crate::sys;

/// An actor, as `#[actor]` implements it.
pub trait Actor {
    /// What it can do, for tools.
    const SCHEMA: ActorSchema;

    /// [`SCHEMA`](Self::SCHEMA) as JSON.
    const SCHEMA_JSON: &'static str;

    /// Runs a method.
    fn dispatch(
        ctx: &mut Context,
        method: MethodNum,
        params: Option<IpldBlock>,
    ) -> Result<Option<IpldBlock>>;

    /// Takes over the state of the code before; `None` if the actor has no such entry point.
    fn upgrade(
        _ctx: &mut Context,
        _params: Option<IpldBlock>,
        _info: UpgradeInfo,
    ) -> Option<Result<Option<IpldBlock>>> {
        None
    }
}

/// The Wasm export `invoke`: runs the method of the message.
pub fn run_invoke<A: Actor>(params: u32) -> u32 {
    end(|ctx| A::dispatch(ctx, ctx.method(), context::block(params)?))
}

/// The Wasm export `upgrade`.
pub fn run_upgrade<A: Actor>(params: u32, info: u32) -> u32 {
    end(|ctx| {
        let info: UpgradeInfo = decode(context::block(info)?.as_ref())?;
        A::upgrade(ctx, context::block(params)?, info)
            .unwrap_or_else(|| Err(Error::unhandled("this actor has no upgrade")))
    })
}

/// Runs an entry point and ends the actor as its result says.
fn end(entry: impl FnOnce(&mut Context) -> Result<Option<IpldBlock>>) -> u32 {
    #[cfg(target_arch = "wasm32")]
    crate::wasm::exit_on_panic();
    let put = |block: Option<IpldBlock>| match block {
        None => Ok(0),
        Some(block) => sys::block_create(block.codec, &block.data),
    };
    let result = Context::current().and_then(|mut ctx| entry(&mut ctx));
    match result.and_then(|block| Ok(put(block)?)) {
        Ok(id) => id,
        Err(error) => sys::exit(
            error.code.value(),
            put(error.data).unwrap_or(0),
            &error.message,
        ),
    }
}

/// Decodes a value from a block; no block holds null.
pub fn decode<T: DeserializeOwned>(block: Option<&IpldBlock>) -> Result<T> {
    const NULL: &[u8] = &[0xf6];
    match block {
        None => cbor::decode(NULL),
        Some(block) if [CBOR, DAG_CBOR].contains(&block.codec) => cbor::decode(&block.data),
        Some(_) => Err(Error::serialization("a block that is not CBOR")),
    }
}

/// Decodes the parameters of a method. A block must be there, even for an `Option`: exit codes are those of the built-in actors.
pub fn params<T: DeserializeOwned>(block: Option<IpldBlock>) -> Result<T> {
    let block = block.ok_or_else(|| Error::illegal_argument("the method takes parameters"))?;
    decode(Some(&block))
}

/// Checks that a method without parameters got none.
pub fn no_params(block: Option<IpldBlock>) -> Result<()> {
    crate::ensure!(
        block.is_none(),
        illegal_argument,
        "the method takes no parameters"
    );
    Ok(())
}

/// Encodes parameters or what a method returns. CBOR, not DAG-CBOR: links in it reach nothing, as in the built-in actors.
pub fn encode<T: Serialize>(value: &T) -> Result<Option<IpldBlock>> {
    Ok(Some(IpldBlock {
        codec: CBOR,
        data: cbor::encode(value)?,
    }))
}

/// The end of a call that no method takes.
pub fn unhandled(method: MethodNum) -> Error {
    Error::unhandled(format!("there is no method {method}"))
}
