//! `ipld`: blocks of state, by handle.
//!
//! From nv21 on an actor opens and links only what it can reach, and pays for finding the links in what it opens and
//! creates (FIP-0066).

use std::rc::Rc;

use cid::Cid;
use filigree_gas::{GasCharge, HashAlgorithm};
use filigree_state::{ScanError, scan_links};
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_shared::error::ErrorNumber::{
    IllegalArgument, IllegalCid, IllegalCodec, LimitExceeded, NotFound, Serialization,
};
use fvm_shared::sys::out::ipld::{IpldOpen, IpldStat};
use multihash_codetable::{Code, MultihashDigest};

use super::Context;
use crate::blocks::Block;
use crate::stack::Stack;
use crate::stop::{Classify, Outcome, errno};
use crate::trace::{IpldOp, TraceEvent};

const BLAKE2B_256: u64 = 0xb220;
const DIGEST_BYTES: u32 = 32;

/// Reads a block from the store into the registry.
pub(super) fn block_open(context: &mut Context<'_>, cid: u32) -> Outcome<IpldOpen> {
    let cid = context.memory.cid(cid)?;
    let frame = &mut *context.frame;
    let stack = &mut frame.stack;
    stack.pay(|p| p.on_block_open_base())?;
    if stack.core.rules.tracks_reachability && !frame.blocks.is_reachable(&cid) {
        return Err(errno(
            NotFound,
            format_args!("this actor cannot reach {cid}"),
        ));
    }
    let data = stack
        .core
        .store
        .read(&cid)
        .and_then(|found| found.ok_or_else(|| anyhow::anyhow!("state is missing: {cid}")))
        .or_fatal("opening a block")?;
    stack.trace(|_| trace_op(IpldOp::Get, cid, &data));
    let links = links_of(stack, cid.codec(), &data)?;
    stack.pay(|p| p.on_block_open(data.len(), links.len()))?;
    check_codec(cid.codec())?;
    let block = Block {
        codec: cid.codec(),
        data,
        links,
    };
    let size = block.size_bytes();
    let id = frame.blocks.put_reachable(block)?;
    Ok(IpldOpen {
        codec: cid.codec(),
        id,
        size,
    })
}

/// Makes a block from the actor's memory.
pub(super) fn block_create(
    context: &mut Context<'_>,
    codec: u64,
    data: u32,
    len: u32,
) -> Outcome<u32> {
    let data = context.memory.slice(data, len)?;
    let frame = &mut *context.frame;
    let stack = &mut frame.stack;
    let limit = stack.core.context.network.max_block_size_bytes;
    if data.len() > limit {
        return Err(errno(
            LimitExceeded,
            format_args!("a block of {len} bytes; the limit is {limit}"),
        ));
    }
    if stack.core.rules.tracks_reachability {
        check_codec(codec)?;
    }
    let links = links_of(stack, codec, data)?;
    stack.pay(|p| p.on_block_create(data.len(), links.len()))?;
    check_codec(codec)?;
    frame.blocks.put_checked(Block {
        codec,
        data: data.into(),
        links,
    })
}

/// Copies a part of a block to memory and tells how many bytes of the block lie beyond the buffer's end (negative: how
/// much of the buffer is unused).
pub(super) fn block_read(
    context: &mut Context<'_>,
    id: u32,
    offset: u32,
    buf: u32,
    len: u32,
) -> Outcome<i32> {
    let buf = context.memory.slice_mut(buf, len)?;
    let end = i32::try_from(u64::from(offset) + u64::from(len))
        .map_err(|_| errno(IllegalArgument, "offset plus length exceed an i32"))?;
    let frame = &mut *context.frame;
    let data = &frame.blocks.get(id)?.data;
    let rest = data.get(offset as usize..).unwrap_or_default();
    let rest = &rest[..rest.len().min(buf.len())];
    frame.stack.pay(|p| p.on_block_read(rest.len()))?;
    buf[..rest.len()].copy_from_slice(rest);
    Ok(data.len() as i32 - end)
}

/// Codec and size of an open block.
pub(super) fn block_stat(context: &mut Context<'_>, id: u32) -> Outcome<IpldStat> {
    let frame = &mut *context.frame;
    frame.stack.pay(|p| p.on_block_stat())?;
    let block = frame.blocks.get(id)?;
    Ok(IpldStat {
        codec: block.codec,
        size: block.size_bytes(),
    })
}

/// Hashes a block, writes it to the store and gives its CID.
pub(super) fn block_link(
    context: &mut Context<'_>,
    id: u32,
    hash: u64,
    hash_len: u32,
    out: u32,
    out_len: u32,
) -> Outcome<u32> {
    context.memory.check(out, out_len)?;
    if hash != BLAKE2B_256 || hash_len != DIGEST_BYTES {
        return Err(errno(IllegalCid, "CIDs must be 32 bytes of blake2b"));
    }
    let frame = &mut *context.frame;
    let block = frame.blocks.get(id)?;
    let stack = &mut frame.stack;
    stack.pay(|p| p.on_block_link(HashAlgorithm::Blake2b256, block.data.len()))?;
    let cid = Cid::new_v1(block.codec, Code::Blake2b256.digest(&block.data));
    let links = stack
        .core
        .rules
        .tracks_reachability
        .then(|| Rc::clone(&block.links));
    stack.core.store.write(cid, Rc::clone(&block.data), links);
    stack.trace(|_| trace_op(IpldOp::Put, cid, &block.data));
    frame.blocks.mark_reachable(cid);
    context.memory.write_cid(&cid, out, out_len)
}

/// The links of a block, found and paid for, where the network version tracks them.
fn links_of(stack: &mut Stack, codec: u64, data: &[u8]) -> Outcome<Rc<[Cid]>> {
    if !stack.core.rules.tracks_reachability {
        return Ok(Rc::default());
    }
    let (count, links) = scan_links(codec, data);
    let prices = stack.core.rules.prices;
    let gas =
        prices.ipld_cbor_scan_per_field * count.fields + prices.ipld_cbor_scan_per_cid * count.cids;
    stack.charge(GasCharge::new(
        "OnScanIpldLinks",
        gas,
        filigree_gas::Gas::ZERO,
    ))?;
    match links {
        Ok(links) => Ok(links.into()),
        Err(ScanError::Serialization(e)) => Err(errno(Serialization, e)),
        Err(ScanError::NotFound(e)) => Err(errno(NotFound, e)),
        Err(ScanError::IllegalCodec(codec)) => Err(illegal_codec(codec)),
    }
}

fn check_codec(codec: u64) -> Outcome<()> {
    match codec {
        CBOR | DAG_CBOR | IPLD_RAW => Ok(()),
        other => Err(illegal_codec(other)),
    }
}

fn illegal_codec(codec: u64) -> crate::stop::Stop {
    errno(
        IllegalCodec,
        format_args!("codec {codec:#x} is not allowed"),
    )
}

fn trace_op(op: IpldOp, cid: Cid, data: &[u8]) -> TraceEvent {
    TraceEvent::Ipld {
        op,
        cid,
        size_bytes: data.len(),
    }
}
