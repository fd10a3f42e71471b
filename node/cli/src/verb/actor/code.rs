//! Code of actors: named by a file or a CID, and put on chain.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use cid::Cid;
use filigree_rpc::method::filigree::Network as NetworkOf;
use filigree_schema::Schema;
use fvm_ipld_encoding::{RawBytes, to_vec};
use fvm_shared::econ::TokenAmount;
use multihash_codetable::{Code, MultihashDigest};

use super::INIT;
use crate::node::Node;
use crate::sending::{Outcome, Sending, Wish};
use crate::{print, schema};

/// The init actor's method InstallCode.
const INSTALL_CODE: u64 = 4;
/// Codec of Wasm: raw bytes.
const RAW: u64 = 0x55;
/// Longest message that nodes of public networks take, bytes.
const MESSAGE_BYTES: u64 = 64 << 10;
/// Most of what is in a message beside the code, bytes.
const BESIDE_CODE_BYTES: u64 = 512;

/// Code as it was named: a file, or a CID.
pub struct Given {
    /// Its CID.
    pub cid: Cid,
    /// What it says of itself.
    pub schema: Option<Schema>,
    /// The file's bytes.
    wasm: Option<Vec<u8>>,
}

impl Given {
    pub fn read(node: &Node, typed: &str) -> Result<Self> {
        let path = Path::new(typed);
        if path.exists() {
            let wasm = read_wasm(path, max_wasm_bytes(node))?;
            let schema = Schema::from_wasm(&wasm).with_context(|| typed.to_owned())?;
            return Ok(Self {
                cid: code_cid(&wasm),
                schema,
                wasm: Some(wasm),
            });
        }
        let cid = Cid::try_from(typed);
        let cid = cid.map_err(|_| anyhow!("{typed} is no file and no code CID"))?;
        let schema = schema::of_code(node, &cid)
            .with_context(|| format!("{cid} is not installed: name its Wasm file"))?;
        Ok(Self {
            cid,
            schema,
            wasm: None,
        })
    }

    /// Installs the file, if it is one.
    pub fn install(&self, node: &Node, sending: &Sending) -> Result<Option<Outcome>> {
        let Some(wasm) = &self.wasm else {
            return Ok(None);
        };
        if sending.is_no_wait() {
            bail!(
                "code is installed first, which takes a while: leave --no-wait out, or name code that is installed"
            );
        }
        let outcome = install(node, wasm, sending)?;
        eprintln!("installed {}", self.cid);
        Ok(Some(outcome))
    }
}

/// Most bytes of code that the network takes. Of a node that does not say, nor its network, it is what all nodes take.
pub fn max_wasm_bytes(node: &Node) -> u64 {
    let network = node.call(NetworkOf {});
    let most = network.map_or(MESSAGE_BYTES, |network| network.max_message_bytes);
    most.saturating_sub(BESIDE_CODE_BYTES)
}

pub fn read_wasm(path: &Path, most: u64) -> Result<Vec<u8>> {
    let context = || format!("cannot read {}", path.display());
    let length = fs::metadata(path).with_context(context)?.len();
    if length > most {
        bail!(
            "{} has {} bytes, and a message of this network carries at most {}: make it smaller (`filigree-actor inspect` shows what \
             takes the room)",
            path.display(),
            print::digits(length),
            print::digits(most)
        );
    }
    let wasm = fs::read(path).with_context(context)?;
    if !wasm.starts_with(b"\0asm") {
        bail!("{} is no Wasm module", path.display());
    }
    Ok(wasm)
}

/// The CID by which code is known.
pub fn code_cid(wasm: &[u8]) -> Cid {
    Cid::new_v1(RAW, Code::Blake2b256.digest(wasm))
}

/// Sends the Wasm to the init actor.
pub fn install(node: &Node, wasm: &[u8], sending: &Sending) -> Result<Outcome> {
    let params = to_vec(&(RawBytes::new(wasm.to_vec()),))?;
    // The parameters are one struct, an array of its one field.
    let wish = Wish {
        to: INIT,
        value: TokenAmount::default(),
        method: INSTALL_CODE,
        params: RawBytes::new(params),
    };
    sending.send(node, wish).context("installing the code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_installed_are_told_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        for (bytes, part) in [
            (b"text".to_vec(), "no Wasm"),
            (vec![0; 70_000], "at most 65,024"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = format!("{:#}", read_wasm(&path, 65_024).err().unwrap());
            assert!(error.contains(part), "{error}");
        }
        fs::write(&path, b"\0asm\x01\0\0\0").unwrap();
        assert_eq!(read_wasm(&path, 65_024).unwrap().len(), 8);
    }

    #[test]
    fn parameters_of_the_init_actor_are_encoded_as_it_reads_them() {
        let cid = code_cid(b"\0asm");
        let exec = to_vec(&(cid, RawBytes::new(vec![5]))).unwrap();
        assert_eq!(
            exec[..3],
            [0x82, 0xd8, 0x2a],
            "an array of two, a CID first"
        );
        assert!(exec.ends_with(&[0x41, 5]), "bytes, not a list of numbers");
        let install = to_vec(&(RawBytes::new(vec![1, 2]),)).unwrap();
        assert_eq!(install, [0x81, 0x42, 1, 2]);
    }
}
