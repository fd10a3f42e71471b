//! What every actor against `fvm_sdk` writes for itself: state, parameters, returns, sending.

use anyhow::{Result, anyhow, ensure};
use cid::Cid;
use fvm_ipld_blockstore::Block;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_ipld_encoding::{CBOR, DAG_CBOR, RawBytes, from_slice, to_vec};
use fvm_sdk::{NO_DATA_BLOCK_ID, actor, ipld, message, send, sself, vm};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::sys::SendFlags;
use fvm_shared::{ActorID, EMPTY_ARR_CID, METHOD_SEND, MethodNum};
use multihash_codetable::Code;
use num_traits::Zero;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::{Arrival, Received, Token};

const FRC46_TOKEN: u32 = 2_233_613_279;
const RECEIVE: MethodNum = 3_726_118_371;
const DIGEST_BYTES: u32 = 32;

pub fn abort(code: ExitCode, message: &str) -> ! {
    vm::abort(code.value(), Some(message))
}

impl Token {
    pub fn load() -> Self {
        let root = sself::root().unwrap();
        from_slice(&ipld::get(&root).unwrap()).unwrap()
    }

    pub fn create(&self) {
        if sself::root().unwrap() != EMPTY_ARR_CID {
            abort(ExitCode::USR_ILLEGAL_STATE, "constructed already");
        }
        self.save();
    }

    pub fn save(&self) {
        let bytes = to_vec(self).unwrap();
        let code = Code::Blake2b256.into();
        let root = ipld::put(code, DIGEST_BYTES, DAG_CBOR, &bytes).unwrap();
        if sself::set_root(&root).is_err() {
            abort(ExitCode::USR_READ_ONLY, "the state cannot be changed");
        }
    }
}

pub fn params<T: DeserializeOwned>(id: u32) -> T {
    let Some(block) = message::params_raw(id).unwrap() else {
        abort(ExitCode::USR_ILLEGAL_ARGUMENT, "no parameters");
    };
    let decoded = block.deserialize().ok();
    decoded.unwrap_or_else(|| abort(ExitCode::USR_SERIALIZATION, "bad parameters"))
}

pub fn no_params(id: u32) {
    if id != NO_DATA_BLOCK_ID {
        abort(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            "the method takes no parameters",
        );
    }
}

pub fn returned<T: Serialize>(value: &T) -> u32 {
    ipld::put_block(CBOR, &to_vec(value).unwrap()).unwrap()
}

pub fn resolve(address: &Address) -> Option<ActorID> {
    actor::resolve_address(address)
}

/// A key that has no account gets one when something is sent there.
pub fn resolve_or_create(address: &Address) -> ActorID {
    if let Some(id) = resolve(address) {
        return id;
    }
    call(address, METHOD_SEND, None);
    resolve(address).unwrap_or_else(|| abort(ExitCode::USR_NOT_FOUND, "no actor has the address"))
}

/// Calls the receiver's hook; gives what it returned.
pub fn notify(arrival: Arrival) -> RawBytes {
    let to = Address::new_id(arrival.to);
    let received = Received {
        kind: FRC46_TOKEN,
        payload: RawBytes::serialize(&arrival).unwrap(),
    };
    let params = IpldBlock::serialize_cbor(&received).unwrap();
    let returned = call(&to, RECEIVE, params);
    returned.map_or_else(RawBytes::default, |block| RawBytes::new(block.data))
}

/// Sends without money. If the callee fails, so does this actor.
fn call(to: &Address, method: MethodNum, params: Option<IpldBlock>) -> Option<IpldBlock> {
    let sent = send::send(
        to,
        method,
        params,
        TokenAmount::zero(),
        None,
        SendFlags::empty(),
    );
    let response = match sent {
        Ok(response) => response,
        Err(ErrorNumber::NotFound) => abort(ExitCode::USR_UNSPECIFIED, "no such actor"),
        Err(ErrorNumber::ReadOnly) => abort(ExitCode::USR_READ_ONLY, "nothing can be changed"),
        Err(_) => abort(ExitCode::USR_ASSERTION_FAILED, "the call was refused"),
    };
    match response.exit_code {
        ExitCode::OK => response.return_data,
        ExitCode::SYS_MISSING_RETURN
        | ExitCode::SYS_ILLEGAL_INSTRUCTION
        | ExitCode::SYS_ILLEGAL_EXIT_CODE => {
            abort(ExitCode::USR_UNSPECIFIED, "the receiver crashed")
        }
        code if code.is_system_error() => {
            abort(ExitCode::USR_ASSERTION_FAILED, "the receiver crashed")
        }
        code => vm::exit(
            code.value(),
            response.return_data,
            Some("the receiver refused"),
        ),
    }
}

/// The actor's blocks, for maps.
#[derive(Clone, Copy)]
pub struct Blockstore;

impl fvm_ipld_blockstore::Blockstore for Blockstore {
    fn get(&self, cid: &Cid) -> Result<Option<Vec<u8>>> {
        match ipld::get(cid) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ErrorNumber::NotFound) => Ok(None),
            Err(number) => Err(anyhow!("block {cid} cannot be read: {number}")),
        }
    }

    fn put_keyed(&self, cid: &Cid, bytes: &[u8]) -> Result<()> {
        let code = Code::try_from(cid.hash().code())?;
        let written = self.put(code, &Block::new(cid.codec(), bytes))?;
        ensure!(written == *cid, "block is {written}, not {cid}");
        Ok(())
    }

    fn put<D: AsRef<[u8]>>(&self, code: Code, block: &Block<D>) -> Result<Cid> {
        ipld::put(code.into(), DIGEST_BYTES, block.codec, block.data.as_ref())
            .map_err(|number| anyhow!("a block cannot be written: {number}"))
    }
}
