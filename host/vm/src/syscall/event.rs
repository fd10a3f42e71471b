//! `event`: actor events (FIP-0049; entries laid out by FIP-0072 from nv21 on).

use fvm_ipld_encoding::{CBOR, IPLD_RAW};
use fvm_shared::error::ErrorNumber::{IllegalArgument, IllegalCodec, LimitExceeded};
use fvm_shared::event::{ActorEvent, Entry, Flags, StampedEvent};

use super::Context;
use super::self_::writable;
use crate::stop::{Classify, Outcome, errno};

/// Bytes of one entry header: flags u64, codec u64, key length u32, value length u32, little endian.
const HEADER_BYTES: usize = 24;
const MAX_VALUES_BYTES: usize = 8 << 10;

/// Limits of nv21 on.
const MAX_ENTRIES: usize = 255;
const MAX_KEY_BYTES: usize = 31;

/// Limits up to nv20.
const MAX_ENCODED_BYTES_EARLY: usize = 1 << 20;
const MAX_ENTRIES_EARLY: usize = 256;
const MAX_KEY_BYTES_EARLY: usize = 32;

/// Emits an event of `count` entries (nv21 on).
pub(super) fn emit(
    context: &mut Context<'_>,
    entries: u32,
    count: u32,
    keys: u32,
    keys_len: u32,
    values: u32,
    values_len: u32,
) -> Outcome<()> {
    let headers_len = count.checked_mul(HEADER_BYTES as u32).ok_or_else(|| {
        errno(
            IllegalArgument,
            format_args!("{count} entries are too many"),
        )
    })?;
    let (headers, _) = context
        .memory
        .slice(entries, headers_len)?
        .as_chunks::<HEADER_BYTES>();
    let keys = context.memory.slice(keys, keys_len)?;
    let values = context.memory.slice(values, values_len)?;

    writable(context.frame, "emit events")?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_actor_event(headers.len(), keys.len(), values.len()))?;
    if headers.len() > MAX_ENTRIES {
        return Err(too_large("entries", headers.len(), MAX_ENTRIES));
    }
    if values.len() > MAX_VALUES_BYTES {
        return Err(too_large("value bytes", values.len(), MAX_VALUES_BYTES));
    }
    let keys = std::str::from_utf8(keys).or_errno(IllegalArgument)?;

    let (mut key_rest, mut value_rest) = (keys, values);
    let mut parsed = Vec::with_capacity(headers.len());
    for header in headers {
        parsed.push(entry(header, &mut key_rest, &mut value_rest)?);
    }
    if !key_rest.is_empty() || !value_rest.is_empty() {
        return Err(errno(
            IllegalArgument,
            "the entries do not use all of the key and value bytes",
        ));
    }
    let event = StampedEvent::new(context.frame.receiver, ActorEvent::from(parsed));
    context.frame.stack.core.journal.emit(event);
    Ok(())
}

/// Reads one entry, taking its key and value off the rests.
fn entry(header: &[u8; HEADER_BYTES], keys: &mut &str, values: &mut &[u8]) -> Outcome<Entry> {
    let u64_at = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("8 bytes"));
    let u32_at = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("4 bytes"));
    let (flags, codec) = (u64_at(0), u64_at(8));
    let (key_len, value_len) = (u32_at(16) as usize, u32_at(20) as usize);

    let flags = Flags::from_bits(flags).ok_or_else(|| {
        errno(
            IllegalArgument,
            format_args!("unknown event flags {flags:#x}"),
        )
    })?;
    if key_len > MAX_KEY_BYTES {
        return Err(too_large("key bytes", key_len, MAX_KEY_BYTES));
    }
    if value_len > MAX_VALUES_BYTES {
        return Err(errno(IllegalArgument, "an event value is out of range"));
    }
    // A key that ends inside a character is out of range, like one that ends outside the keys.
    let (key, key_tail) = keys
        .split_at_checked(key_len)
        .ok_or_else(|| errno(IllegalArgument, "an event key is out of range"))?;
    let (value, value_tail) = values
        .split_at_checked(value_len)
        .ok_or_else(|| errno(IllegalArgument, "an event value is out of range"))?;
    if codec != IPLD_RAW && codec != CBOR {
        return Err(errno(
            IllegalCodec,
            format_args!("event values are raw or CBOR, not codec {codec:#x}"),
        ));
    }
    (*keys, *values) = (key_tail, value_tail);
    Ok(Entry {
        flags,
        key: key.to_owned(),
        codec,
        value: value.to_vec(),
    })
}

/// Emits an event given as one DAG-CBOR block (up to nv20).
pub(super) fn emit_encoded(context: &mut Context<'_>, event: u32, len: u32) -> Outcome<()> {
    let encoded = context.memory.slice(event, len)?;
    writable(context.frame, "emit events")?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_actor_event_validate(encoded.len()))?;
    if encoded.len() > MAX_ENCODED_BYTES_EARLY {
        return Err(errno(IllegalArgument, "the event is far too large"));
    }
    let event: ActorEvent = fvm_ipld_encoding::from_slice(encoded).or_errno(IllegalArgument)?;
    check_early(&event)?;
    stack.pay(|p| p.on_actor_event_accept(&event, encoded.len()))?;
    let event = StampedEvent::new(context.frame.receiver, event);
    context.frame.stack.core.journal.emit(event);
    Ok(())
}

fn check_early(event: &ActorEvent) -> Outcome<()> {
    let illegal = |what: &str| Err(errno(IllegalArgument, what));
    if event.entries.len() > MAX_ENTRIES_EARLY {
        return illegal("too many event entries");
    }
    let mut values_bytes = 0usize;
    for entry in &event.entries {
        if entry.key.len() > MAX_KEY_BYTES_EARLY {
            return illegal("an event key is too long");
        }
        if entry.codec != IPLD_RAW {
            return Err(errno(
                IllegalCodec,
                format_args!("event values are raw, not codec {:#x}", entry.codec),
            ));
        }
        values_bytes = values_bytes.saturating_add(entry.value.len());
    }
    if values_bytes > MAX_VALUES_BYTES {
        return illegal("the event's values are too long together");
    }
    Ok(())
}

fn too_large(what: &str, is: usize, limit: usize) -> crate::stop::Stop {
    errno(
        LimitExceeded,
        format_args!("an event of {is} {what}; the limit is {limit}"),
    )
}
