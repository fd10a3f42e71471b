//! Walking the tries behind maps (HAMT) and arrays (AMT), read-only.
//!
//! Written out rather than taken from `fvm_ipld_hamt` and `fvm_ipld_amt`: those trust their blocks (a width of 60 bits
//! in a root asks them for 2^60 slots), and give no place of a wrong entry. A node of a HAMT is `[bits, [slot, …]]`,
//! a slot a link or a bucket of `[key, value]`; the root of an AMT is `[bits, height, count, node]`, a node
//! `[bits, [link, …], [value, …]]`.

use cid::Cid;
use serde_json::{Map, Value};

use crate::cbor::{Malformed, Reader, Reading};
use crate::decode::Decoder;
use crate::json::MAX_ARRAY_BITS;
use crate::{Type, ValueError, hex, hint, number, text_key};

/// The bits of the hash of a key.
const HASH_BITS: u32 = 256;

/// The bits of an index of an array.
const INDEX_BITS: u64 = 64;

/// A node still to be read: its CID, how far from the root (map) or from the leaves (array), its first index (array).
struct Pending {
    cid: Cid,
    level: u32,
    first: u64,
}

/// Whether the walk goes on.
#[derive(PartialEq)]
enum Walk {
    On,
    Cut,
}

impl<'t> Decoder<'t, '_> {
    /// The object of all entries of the map with this root, sorted by key.
    pub(crate) fn map_entries(
        &mut self,
        key: &'t Type,
        value: &'t Type,
        bits: u32,
        root: Vec<u8>,
    ) -> Result<Value, ValueError> {
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut pending = Vec::new();
        let mut walk = self.map_node((key, value), &root, 0, &mut pending, &mut entries)?;
        while let (Walk::On, Some(Pending { cid, level, .. })) = (&walk, pending.pop()) {
            if level.saturating_mul(bits) >= HASH_BITS {
                return Err(self.no_node(Malformed {
                    found: "more levels than a hash has bits".to_owned(),
                }));
            }
            if let Some(block) = self.load(&cid)? {
                walk = self.map_node((key, value), &block, level, &mut pending, &mut entries)?;
            }
        }
        if walk == Walk::Cut {
            self.note(format!("only {} entries are shown", entries.len()));
        }
        entries.sort_by_cached_key(|(key, _)| (number::parse(key), text_key::of_json(key.clone())));
        let named = entries
            .into_iter()
            .filter_map(|(key, value)| Some((text_key::of_json(key)?, value)));
        Ok(Value::Object(named.collect::<Map<String, Value>>()))
    }

    fn map_node(
        &mut self,
        (key_type, value_type): (&'t Type, &'t Type),
        block: &[u8],
        level: u32,
        pending: &mut Vec<Pending>,
        entries: &mut Vec<(Value, Value)>,
    ) -> Result<Walk, ValueError> {
        let mut input = Reader::new(block, Reading::Strict);
        let slots = map_slots(&mut input).map_err(|malformed| self.no_node(malformed))?;
        let children = pending.len();
        for _ in 0..slots {
            if let Ok(cid) = input.clone().cid() {
                input.cid().map_err(|malformed| self.no_node(malformed))?;
                pending.push(Pending {
                    cid,
                    level: level.saturating_add(1),
                    first: 0,
                });
                continue;
            }
            let bucket = input.array().map_err(|malformed| self.no_node(malformed))?;
            for _ in 0..bucket {
                if self.is_full(entries.len()) {
                    return Ok(Walk::Cut);
                }
                let bytes = map_key(&mut input).map_err(|malformed| self.no_node(malformed))?;
                let Some(key) = text_key::of_bytes(key_type, &bytes) else {
                    let found = format!("the key {}", hint::clip(&hex::print(&bytes)));
                    return Err(self.error(found, format!("its keys are {key_type}")));
                };
                self.path
                    .enter_key(&text_key::of_json(key.clone()).unwrap_or_default());
                let value = self.value(value_type, &mut input)?;
                self.path.leave();
                entries.push((key, value));
            }
        }
        input.end().map_err(|malformed| self.no_node(malformed))?;
        if let Some(children) = pending.get_mut(children..) {
            children.reverse();
        }
        Ok(Walk::On)
    }

    /// The list of `[index, value]` of the array with this root, in order.
    pub(crate) fn array_entries(
        &mut self,
        value: &'t Type,
        root: Vec<u8>,
    ) -> Result<Value, ValueError> {
        let mut input = Reader::new(&root, Reading::Strict);
        let (bits, height, count) =
            array_root(&mut input).map_err(|malformed| self.no_node(malformed))?;
        let (mut entries, mut pending) = (Vec::new(), Vec::new());
        let at_root = ArrayNode {
            bits,
            level: height,
            first: 0,
        };
        let mut walk = self.array_node(value, at_root, input, &mut pending, &mut entries)?;
        while let (Walk::On, Some(Pending { cid, level, first })) = (&walk, pending.pop()) {
            if let Some(block) = self.load(&cid)? {
                let node = ArrayNode { bits, level, first };
                walk = self.array_node(
                    value,
                    node,
                    Reader::new(&block, Reading::Strict),
                    &mut pending,
                    &mut entries,
                )?;
            }
        }
        if walk == Walk::Cut {
            self.note(format!(
                "only {} of {count} entries are shown",
                entries.len()
            ));
        }
        Ok(Value::Array(entries))
    }

    fn array_node(
        &mut self,
        value_type: &'t Type,
        node: ArrayNode,
        mut input: Reader<'_>,
        pending: &mut Vec<Pending>,
        entries: &mut Vec<Value>,
    ) -> Result<Walk, ValueError> {
        let slots = node
            .slots(&mut input)
            .map_err(|malformed| self.no_node(malformed))?;
        let links = input.array().map_err(|malformed| self.no_node(malformed))?;
        let mut children = Vec::new();
        for _ in 0..links {
            let cid = input.cid().map_err(|malformed| self.no_node(malformed))?;
            children.push(cid);
        }
        let values = input.array().map_err(|malformed| self.no_node(malformed))?;
        let fits = match node.level {
            0 => children.is_empty() && values == slots.len() as u64,
            _ => values == 0 && children.len() == slots.len(),
        };
        if !fits {
            let found = format!(
                "{} slots, {} links and {values} values",
                slots.len(),
                children.len()
            );
            return Err(self.no_node(Malformed { found }));
        }
        for (cid, first) in children.into_iter().zip(&slots).rev() {
            pending.push(Pending {
                cid,
                level: node.level.saturating_sub(1),
                first: *first,
            });
        }
        for index in slots.into_iter().take_while(|_| values > 0) {
            if self.is_full(entries.len()) {
                return Ok(Walk::Cut);
            }
            self.path.enter_index(index);
            let value = self.value(value_type, &mut input)?;
            self.path.leave();
            entries.push(Value::Array(vec![number::print(index.into()), value]));
        }
        input.end().map_err(|malformed| self.no_node(malformed))?;
        Ok(Walk::On)
    }

    fn is_full(&self, entries: usize) -> bool {
        self.deep
            .as_ref()
            .is_none_or(|deep| entries >= deep.limits.entries)
    }

    fn no_node(&self, malformed: Malformed) -> ValueError {
        let remedy =
            "this is no block of a map (HAMT) or array (AMT) as the schema says".to_owned();
        self.error(malformed.found, remedy)
    }
}

/// Reads the head of a node of a map: how many slots follow.
fn map_slots(input: &mut Reader<'_>) -> Result<u64, Malformed> {
    let parts = input.array()?;
    let bitmap = input.bytes()?;
    let slots = input.array()?;
    let set: u64 = bitmap.iter().map(|byte| u64::from(byte.count_ones())).sum();
    if parts != 2 || set != slots {
        return Err(Malformed {
            found: format!("{parts} parts, {set} bits for {slots} slots"),
        });
    }
    Ok(slots)
}

/// Reads the head of an entry of a map and its key.
fn map_key(input: &mut Reader<'_>) -> Result<Vec<u8>, Malformed> {
    match input.array()? {
        2 => Ok(input.bytes()?.into_owned()),
        parts => Err(Malformed {
            found: format!("an entry of {parts}"),
        }),
    }
}

/// Reads the head of an array: bits, height and count.
fn array_root(input: &mut Reader<'_>) -> Result<(u32, u32, i128), Malformed> {
    let (parts, bits, height, count) = (input.array()?, input.int()?, input.int()?, input.int()?);
    let head = || {
        let bits = u32::try_from(bits)
            .ok()
            .filter(|bits| (1..=MAX_ARRAY_BITS).contains(bits))?;
        let height = u32::try_from(height).ok()?;
        let fits = parts == 4 && u64::from(height) * u64::from(bits) < INDEX_BITS;
        fits.then_some((bits, height, count))
    };
    head().ok_or_else(|| Malformed {
        found: format!("{parts} parts, {bits} bits per level, height {height}"),
    })
}

/// Where in an array a node is.
#[derive(Clone, Copy)]
struct ArrayNode {
    bits: u32,
    level: u32,
    first: u64,
}

impl ArrayNode {
    /// Reads the head of a node: the first index of each slot that is taken, in order.
    fn slots(self, input: &mut Reader<'_>) -> Result<Vec<u64>, Malformed> {
        let parts = input.array()?;
        let bitmap = input.bytes()?;
        let wide = || Malformed {
            found: format!("{parts} parts, slots for {} bytes", bitmap.len()),
        };
        if parts != 3 || bitmap.len() > (1 << self.bits.saturating_sub(3)) {
            return Err(wide());
        }
        let bits = bitmap
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        let taken = (0_u64..).zip(bits).filter(|(_, taken)| *taken);
        let first = |(slot, _): (u64, bool)| {
            let offset = slot.checked_mul(1_u64.checked_shl(self.bits * self.level)?)?;
            self.first
                .checked_add(offset)
                .filter(|_| slot < 1 << self.bits)
        };
        taken
            .map(first)
            .collect::<Option<Vec<u64>>>()
            .ok_or_else(wide)
    }
}
