//! Ethereum's addresses, and Filecoin's addresses for them.

use std::fmt;
use std::str::FromStr;

use fvm_shared::address::{Address, Payload};

use crate::hash::keccak_256;

/// Id of the Ethereum Address Manager, whose addresses are f410.
pub const EAM_ID: u64 = 10;

/// 20 bytes that name an account or a contract. 0xff, eleven zeros and eight bytes are a masked id: the actor of that id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EthAddress(pub [u8; 20]);

/// First bytes of a masked id.
const MASK: [u8; 12] = [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl EthAddress {
    /// The address of an uncompressed public key.
    pub fn of_public_key(key: &[u8; 65]) -> Self {
        let hash = keccak_256(&key[1..]);
        Self(hash[12..].try_into().expect("20 of 32 bytes"))
    }

    /// The masked id of an actor.
    pub fn of_id(id: u64) -> Self {
        let mut bytes = [0; 20];
        bytes[..12].copy_from_slice(&MASK);
        bytes[12..].copy_from_slice(&id.to_be_bytes());
        Self(bytes)
    }

    /// What Ethereum calls a Filecoin address: f410 and f0 have names there. An f410 address of a masked id has none, as the
    /// address manager never gives one.
    pub fn from_filecoin(address: &Address) -> Option<Self> {
        match address.payload() {
            Payload::ID(id) => Some(Self::of_id(*id)),
            Payload::Delegated(delegated) if delegated.namespace() == EAM_ID => {
                let own = Self(delegated.subaddress().try_into().ok()?);
                own.masked_id().is_none().then_some(own)
            }
            _ => None,
        }
    }

    /// f0 for a masked id, f410 for all others.
    pub fn to_filecoin(self) -> Address {
        match self.masked_id() {
            Some(id) => Address::new_id(id),
            None => Address::new_delegated(EAM_ID, &self.0).expect("20 bytes are not too many"),
        }
    }

    /// The id in a masked id.
    pub fn masked_id(self) -> Option<u64> {
        let id = self.0.strip_prefix(&MASK)?;
        Some(u64::from_be_bytes(id.try_into().expect("8 of 20 bytes")))
    }
}

impl fmt::Display for EthAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EthAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no Ethereum address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Ethereum address, which is 0x and 40 hex digits")]
pub struct NoAddress(String);

impl FromStr for EthAddress {
    type Err = NoAddress;

    /// 0x and 40 hex digits of either case. The checksum that mixed case stands for (EIP-55) is not looked at.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
        let mut bytes = [0; 20];
        let mut nibbles = digits.unwrap_or_default().chars().map(|c| c.to_digit(16));
        for byte in &mut bytes {
            let (Some(Some(high)), Some(Some(low))) = (nibbles.next(), nibbles.next()) else {
                return Err(NoAddress(text.to_owned()));
            };
            *byte = u8::try_from(high * 16 + low).expect("two hex digits are a byte");
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_names_on_both_sides() {
        let text = "0xd388ab098ed3e84c0d808776440b48f685198498";
        let eth: EthAddress = text.parse().unwrap();
        assert_eq!(eth.to_string(), text);
        let filecoin = eth.to_filecoin();
        assert_eq!(filecoin, Address::new_delegated(10, &eth.0).unwrap());
        assert_eq!(EthAddress::from_filecoin(&filecoin), Some(eth));

        let masked = EthAddress::of_id(0x1234);
        let text = "0xff00000000000000000000000000000000001234";
        assert_eq!(masked.to_string(), text);
        assert_eq!(masked.to_filecoin(), Address::new_id(0x1234));
        assert_eq!(
            EthAddress::from_filecoin(&Address::new_id(0x1234)),
            Some(masked)
        );
    }

    #[test]
    fn other_addresses_have_no_name_in_ethereum() {
        let masked = Address::new_delegated(10, &EthAddress::of_id(7).0).unwrap();
        for address in [
            Address::new_actor(b"actor"),
            Address::new_secp256k1(&[4; 65]).unwrap(),
            Address::new_bls(&[7; 48]).unwrap(),
            Address::new_delegated(11, &[1; 20]).unwrap(),
            Address::new_delegated(10, &[1; 19]).unwrap(),
            Address::new_delegated(10, &[1; 21]).unwrap(),
            masked,
        ] {
            assert_eq!(EthAddress::from_filecoin(&address), None, "{address}");
        }
    }

    #[test]
    fn texts_that_are_no_addresses_are_refused() {
        let good = "0xd388ab098ed3e84c0d808776440b48f685198498";
        for text in [
            "",
            "0x",
            &good[2..],
            &good[..41],
            &format!("{good}0"),
            &good.replace('a', "g"),
            &good.replace("d3", "+3"),
            &good.replace("d3", "é"),
        ] {
            assert!(text.parse::<EthAddress>().is_err(), "{text}");
        }
    }
}
