//! What is on chain: CIDs, addresses, amounts, messages, blocks and tipsets, receipts, events, actors.

use cid::Cid;
use filigree_blocks::{
    BeaconEntry, BlockHeader, BlockMessage, ElectionProof, Signature, SignatureType, SignedMessage,
    Ticket, Tipset, TipsetKey, message_cid,
};
use fvm_shared::address::{Address, Network};
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::event::StampedEvent;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof, RegisteredSealProof};
use fvm_shared::state::ActorState;
use fvm_shared::version::NetworkVersion;
use serde_json::{Value, json};

use super::ipld::parse_cid;
use super::object::ObjectSchema;
use super::scalar::write_string;
use super::{Bytes, Fields, Json, Mismatch, ObjectWriter, Schemas, quoted};
use crate::{json_object, json_structs};

/// An object with the CID under the key `/`, as in DAG-JSON.
impl Json for Cid {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        object.field("/", &self.to_string());
        object.end();
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        let text: String = Fields::of(value)?.take("/")?;
        parse_cid(&text).map_err(|e| e.at("/"))
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.named("Cid", |_| {
            json!({
                "type": "object",
                "properties": { "/": { "type": "string" } },
                "required": ["/"],
                "description": "A CID, as in DAG-JSON.",
            })
        })
    }
}

/// Text that begins with the letter of this node's network; read with the letter of either.
impl Json for Address {
    fn write(&self, out: &mut String) {
        write_string(&self.to_string(), out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => parse_address(&text),
            other => Err(Mismatch::expected("an address", &other)),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.named("Address", |_| {
            json!({
                "type": "string",
                "pattern": "^[ft][0-4].+$",
                "description": "An address: f or t for the network, its protocol, its payload.",
            })
        })
    }
}

/// The address of its text, whichever network's letter it begins with.
///
/// # Errors
/// When it is none.
pub fn parse_address(text: &str) -> Result<Address, Mismatch> {
    let network = match text.as_bytes().first() {
        Some(b't') => Network::Testnet,
        _ => Network::Mainnet,
    };
    network
        .parse_address(text)
        .map_err(|e| Mismatch::new(format!("{} is no address: {e}", quoted(text))))
}

/// An address that may be absent where Lotus has no null for it but the text `<empty>`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MaybeAddress(pub Option<Address>);

impl Json for MaybeAddress {
    fn write(&self, out: &mut String) {
        match &self.0 {
            Some(address) => address.write(out),
            None => out.push_str("\"<empty>\""),
        }
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match &value {
            Value::Null => Ok(Self(None)),
            Value::String(text) if text.is_empty() || text == "<empty>" => Ok(Self(None)),
            _ => Address::read(value).map(|address| Self(Some(address))),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({ "oneOf": [Address::schema(schemas), { "const": "<empty>" }] })
    }
}

/// Decimal text: more digits than JSON's numbers are sure to keep.
impl Json for BigInt {
    fn write(&self, out: &mut String) {
        write_string(&self.to_string(), out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::default()),
            // 10^100 is beyond all that is counted on chain; parsing takes time that grows with the square of the digits.
            Value::String(text) if text.len() <= 100 => text
                .parse()
                .map_err(|_| Mismatch::new(format!("{text:?} is no decimal number"))),
            Value::String(_) => Err(Mismatch::new("a number of more than 100 digits")),
            other => Err(Mismatch::expected("a string of decimal digits", &other)),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.named("BigInt", |_| {
            json!({ "type": "string", "pattern": "^-?[0-9]+$", "description": "A whole number in decimal digits." })
        })
    }
}

/// attoFIL, as decimal text.
impl Json for TokenAmount {
    fn write(&self, out: &mut String) {
        self.atto().write(out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        BigInt::read(value).map(Self::from_atto)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        let number = BigInt::schema(schemas);
        schemas.named(
            "TokenAmount",
            |_| json!({ "allOf": [number], "description": "attoFIL: 10^18 of them are one FIL." }),
        )
    }
}

/// Types that are numbers in JSON: from and to `i64` or `u64`.
macro_rules! numbers {
    ($( $type:ty, $number:ty, $to:expr, $from:expr; )*) => { $(
        impl Json for $type {
            fn write(&self, out: &mut String) {
                let to: fn(&$type) -> $number = $to;
                to(self).write(out);
            }

            fn read(value: Value) -> Result<Self, Mismatch> {
                let from: fn($number) -> Result<$type, Mismatch> = $from;
                <$number>::read(value).and_then(from)
            }

            fn schema(schemas: &mut Schemas) -> Value {
                <$number>::schema(schemas)
            }
        }
    )* };
}

numbers! {
    RegisteredPoStProof, i64, |proof| (*proof).into(), |number| Ok(number.into());
    RegisteredSealProof, i64, |proof| (*proof).into(), |number| Ok(number.into());
    NetworkVersion, u32, |version| (*version).into(), |number| Ok(number.into());
    ExitCode, u32, |code| code.value(), |number| Ok(ExitCode::new(number));
    SignatureType, u32, |sig_type| *sig_type as u32, |number| {
        let sig_type = u8::try_from(number).ok().and_then(SignatureType::from_number);
        sig_type.ok_or_else(|| Mismatch::new(format!("no signature has the type {number}")))
    };
}

json_object!(Signature as "Signature" => {
    "Type" => sig_type,
    "Data" => bytes,
});

json_object!(Message as "Message" => {
    /// 0.
    "Version" => version,
    "To" => to,
    "From" => from,
    "Nonce" => sequence,
    "Value" => value,
    /// 0 where it is to be estimated.
    "GasLimit" => gas_limit,
    /// attoFIL per gas; 0 where it is to be estimated.
    "GasFeeCap" => gas_fee_cap,
    /// attoFIL per gas; 0 where it is to be estimated.
    "GasPremium" => gas_premium,
    "Method" => method_num,
    "Params" => params,
    + "CID" = message_cid,
});

json_object!(SignedMessage as "SignedMessage" => {
    "Message" => message,
    "Signature" => signature,
    + "CID" = SignedMessage::cid,
});

json_object!(Ticket as "Ticket" => {
    "VRFProof" => vrf_proof,
});

json_object!(ElectionProof as "ElectionProof" => {
    "WinCount" => win_count,
    "VRFProof" => vrf_proof,
});

json_object!(BeaconEntry as "BeaconEntry" => {
    "Round" => round,
    "Data" => signature,
});

json_object!(PoStProof as "PoStProof" => {
    "PoStProof" => post_proof,
    "ProofBytes" => proof_bytes,
});

json_object!(BlockHeader as "BlockHeader" => {
    "Miner" => miner,
    "Ticket" => ticket,
    "ElectionProof" => election_proof,
    "BeaconEntries" nil => beacon_entries,
    "WinPoStProof" nil => winning_post,
    "Parents" => parents,
    "ParentWeight" => parent_weight,
    "Height" => height,
    "ParentStateRoot" => parent_state,
    "ParentMessageReceipts" => parent_receipts,
    "Messages" => messages,
    "BLSAggregate" => bls_aggregate,
    /// Seconds since 1970.
    "Timestamp" => timestamp_seconds,
    "BlockSig" => signature,
    "ForkSignaling" => fork_signal,
    "ParentBaseFee" => parent_base_fee,
});

json_object!(BlockMessage as "BlockMsg" => {
    "Header" => header,
    "BlsMessages" nil => bls,
    "SecpkMessages" nil => signed,
});

/// A list of CIDs. Where a tipset is asked for, the empty list and null mean the head.
impl Json for TipsetKey {
    fn write(&self, out: &mut String) {
        self.cids().to_vec().write(out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        Vec::read(value).map(Self::new)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        let cid = Cid::schema(schemas);
        schemas.named("TipSetKey", |_| {
            json!({
                "type": ["array", "null"],
                "items": cid,
                "description": "CIDs of a tipset's blocks; where one is asked for, empty or null is the head.",
            })
        })
    }
}

impl Json for Tipset {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        object.field("Cids", self.key());
        let headers: Vec<BlockHeader> = self.headers().cloned().collect();
        object.field("Blocks", &headers);
        object.field("Height", &self.height());
        object.end();
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        let headers: Vec<BlockHeader> = Fields::of(value)?.take("Blocks")?;
        Self::new(headers).map_err(|e| Mismatch::new(e.to_string()).at("Blocks"))
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.named("TipSet", |schemas| {
            let mut object = ObjectSchema::new(schemas);
            object.field::<Self, _>("Cids", "", Self::key);
            object.computed::<Self, Vec<BlockHeader>>("Blocks", |_| Vec::new());
            object.computed::<Self, _>("Height", Self::height);
            object.end()
        })
    }
}

json_object!(Receipt as "MessageReceipt" => {
    "ExitCode" => exit_code,
    "Return" => return_data,
    "GasUsed" => gas_used,
    /// Root of the events; null if there are none.
    "EventsRoot" => events_root,
});

json_object!(ActorState as "Actor" => {
    "Code" => code,
    /// Root of its state.
    "Head" => state,
    "Nonce" => sequence,
    "Balance" => balance,
    "DelegatedAddress" => delegated_address,
});

json_structs! {
    /// An event that an actor emitted.
    struct Event {
        /// Id of the actor.
        "Emitter" => emitter: u64,
        /// What it says.
        "Entries" nil => entries: Vec<EventEntry>,
    }

    /// One entry of an event.
    struct EventEntry {
        /// 1: the key is indexed; 2: the value is indexed.
        "Flags" => flags: u64,
        /// Its name.
        "Key" => key: String,
        /// How the value is encoded.
        "Codec" => codec: u64,
        /// The value.
        "Value" => value: Bytes,
    }
}

impl From<StampedEvent> for Event {
    fn from(event: StampedEvent) -> Self {
        let entries = event.event.entries.into_iter().map(|entry| EventEntry {
            flags: entry.flags.bits(),
            key: entry.key,
            codec: entry.codec,
            value: Bytes(entry.value),
        });
        Self {
            emitter: event.emitter,
            entries: entries.collect(),
        }
    }
}
