//! Blocks of the store, whatever is in them, and the chain as a file.
//!
//! Left out: `ChainPutObj`, whose parameter is a Go interface that no JSON makes, so that no call of it succeeds in Lotus either; and
//! `ChainDeleteObj`, by which one call breaks a chain: what is not needed `Filigree.DbGc` deletes.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cid::Cid;
use filigree_blocks::TipsetKey;
use fvm_ipld_blockstore::Blockstore as _;
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_shared::clock::ChainEpoch;
use ipld_core::ipld::Ipld;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::error::{Reply, RpcError};
use crate::json::Bytes;
use crate::json::ipld::{self, decode};
use crate::json::node::{IpldObject, ObjStat};
use crate::method::filigree::EXPORT;
use crate::methods;
use crate::services::Services;

/// Most blocks that are counted for one answer.
const MAX_COUNTED: u64 = 1_000_000;
/// Bytes of a chain that are sent at once.
const CHUNK: usize = 1 << 20;
/// Exports at once: each reads all of the chain.
const MAX_EXPORTS: usize = 2;

methods! { Filecoin:
    /// A block of the store, decoded, at the end of a path: a CID, then names of fields and indexes of lists, as `bafy…/0/name`. Links on the
    /// way are followed.
    [read] ChainGetNode(path: String) -> IpldObject = node_at;

    /// How much there is below a block: bytes and blocks, each counted once. Commitments to data of sectors are not followed.
    [read] ChainStatObj(
        object: Cid,
        /// What is below this is not counted; null: all is.
        base: Option<Cid>,
    ) -> ObjStat = stat;

    /// What the database takes up.
    [read] ChainBlockstoreInfo() -> Value = info;

    /// A channel of the bytes of a snapshot, as a CAR file: all headers, the state of the genesis block, and the last states. Nothing at last,
    /// if it is whole.
    [read channel] ChainExport(
        /// How many epochs of states.
        states: ChainEpoch,
        /// Whether messages before these states are left out.
        skip_old_messages: bool,
        /// The head of the snapshot.
        tipset: TipsetKey,
    ) -> Bytes = export;
}

fn read(services: &Services, cid: &Cid) -> Reply<Vec<u8>> {
    let found = services.states.store().get(cid);
    let found = found.map_err(|e| RpcError::general(format!("{e:#}")))?;
    found.ok_or_else(|| RpcError::general(format!("{cid} is not in the store")))
}

fn node_at(services: &Services, path: String) -> Reply<IpldObject> {
    let path = path.trim_start_matches("/ipfs/").trim_matches('/');
    let mut steps = path.split('/');
    let begin = steps.next().unwrap_or_default();
    let mut cid = ipld::parse_cid(begin).map_err(|e| RpcError::params(format!("path: {e}")))?;
    let mut here = decode(&cid, &read(services, &cid)?)?;
    let mut is_whole = true;
    for step in steps {
        here = one_step(here, step)?;
        is_whole = false;
        if let Ipld::Link(link) = here {
            cid = link;
            here = decode(&cid, &read(services, &cid)?)?;
            is_whole = true;
        }
    }
    if !is_whole {
        return Err(RpcError::params(
            "path: it ends inside a block; it is to end where a link leads to",
        ));
    }
    Ok(IpldObject {
        cid,
        object: ipld::to_json(here),
    })
}

fn one_step(here: Ipld, step: &str) -> Reply<Ipld> {
    let wrong = |what: String| RpcError::params(format!("path: {what}"));
    match here {
        Ipld::List(mut items) => {
            let index = step.parse::<usize>().ok();
            let index = index.filter(|index| *index < items.len());
            let length = items.len();
            let index = index
                .ok_or_else(|| wrong(format!("a list of {length} items has no item {step:?}")))?;
            Ok(items.swap_remove(index))
        }
        Ipld::Map(mut fields) => fields
            .remove(step)
            .ok_or_else(|| wrong(format!("there is no field {step:?}"))),
        _ => Err(wrong(format!("{step:?} is asked of what has no parts"))),
    }
}

fn stat(services: &Services, object: Cid, base: Option<Cid>) -> Reply<ObjStat> {
    let mut seen = BTreeSet::new();
    if let Some(base) = base {
        count(services, base, &mut seen)?;
    }
    count(services, object, &mut seen)
}

/// Counts what is below a block and was not seen before.
fn count(services: &Services, root: Cid, seen: &mut BTreeSet<Cid>) -> Reply<ObjStat> {
    let mut all = ObjStat {
        size_bytes: 0,
        links: 0,
    };
    let mut waiting = VecDeque::from([root]);
    while let Some(cid) = waiting.pop_front() {
        if !matches!(cid.codec(), CBOR | DAG_CBOR | IPLD_RAW) || !seen.insert(cid) {
            continue;
        }
        if all.links == MAX_COUNTED {
            return Err(RpcError::general(format!(
                "there are more than {MAX_COUNTED} blocks below {root}: ask for a part of it"
            )));
        }
        let data = read(services, &cid)?;
        all.size_bytes += data.len() as u64;
        all.links += 1;
        ipld::for_each_link(&decode(&cid, &data)?, &mut |link| waiting.push_back(*link));
    }
    Ok(all)
}

fn info(services: &Services) -> Reply<Value> {
    let usage = services.operator.usage();
    Ok(json!({
        "type": "rocksdb",
        "files_bytes": usage.files_bytes,
        "blocks_bytes": usage.blocks_bytes,
        "blocks_estimate": usage.blocks_estimate,
        "cache_bytes": usage.cache_bytes,
        "write_buffer_bytes": usage.write_buffer_bytes,
    }))
}

/// Exports that are on their way.
static EXPORTS: AtomicUsize = AtomicUsize::new(0);

/// One of them.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let more = |count| (count < MAX_EXPORTS).then_some(count + 1);
        let taken = EXPORTS.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.is_ok().then_some(Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        EXPORTS.fetch_sub(1, Ordering::AcqRel);
    }
}

fn export(
    services: &Services,
    states: ChainEpoch,
    skip_old_messages: bool,
    tipset: TipsetKey,
) -> Reply<mpsc::Receiver<Bytes>> {
    let states = u64::try_from(states)
        .map_err(|_| RpcError::params("states: a number of epochs, 0 or more, is expected"))?;
    let tipset = services.tipset(&tipset)?;
    let place = Place::take()
        .ok_or_else(|| RpcError::busy("the chain is being exported already: try later"))?;
    let about = format!("to a caller, from epoch {}", tipset.height());
    let task = services.tasks.begin(EXPORT, about, None)?;
    let (sender, receiver) = mpsc::channel(2);
    let operator = Arc::clone(&services.operator);
    let key = tipset.key().clone();
    let work = move || {
        let _place = place;
        let mut out = Chunks {
            sender,
            chunk: Vec::with_capacity(CHUNK),
        };
        let done = operator.export_to(&key, states, skip_old_messages, &mut out, &task);
        // Without its end nobody takes it for whole.
        let done = done.and_then(|()| Ok(out.end()?));
        if let Err(error) = done {
            tracing::warn!(%error, "an export ended early");
        }
    };
    std::thread::Builder::new()
        .name("export".to_owned())
        .spawn(work)?;
    Ok(receiver)
}

/// Sends what is written, in chunks.
struct Chunks {
    sender: mpsc::Sender<Bytes>,
    chunk: Vec<u8>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody listens any more");
        self.sender.blocking_send(Bytes(chunk)).map_err(gone)
    }

    fn end(&mut self) -> io::Result<()> {
        if !self.chunk.is_empty() {
            self.send()?;
        }
        self.chunk.clear();
        self.send()
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let take = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..take]);
        if self.chunk.len() == CHUNK {
            self.send()?;
        }
        Ok(take)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
