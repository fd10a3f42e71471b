//! What a prover is asked, in the terms of the chain, and what it answers: the lines of the recording.

use fvm_shared::ActorID;
use fvm_shared::sector::SectorNumber;
use serde::{Deserialize, Serialize};

/// A sector of 2 KiB: what its replica depends on, beside its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sector {
    /// The miner actor.
    pub miner: ActorID,
    /// Its number.
    pub number: SectorNumber,
    /// Randomness of the chain from before it was sealed.
    #[serde(with = "as_hex")]
    pub ticket: [u8; 32],
}

/// Data of a piece: one byte over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// That byte.
    pub byte: u8,
    /// Bytes of the piece, padding of field elements included.
    pub piece_bytes: u64,
}

/// A sector, and what its proof of replication is challenged with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeded {
    /// The sector.
    pub sector: Sector,
    /// Randomness of the chain from after its pre-commit.
    #[serde(with = "as_hex")]
    pub seed: [u8; 32],
}

/// A replica that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The sector.
    pub sector: Sector,
    /// The piece that was encoded into it, if it is not the first replica.
    pub update: Option<Data>,
}

/// What a prover is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// To seal a sector, with a piece or empty.
    Seal {
        /// The sector.
        sector: Sector,
        /// Its piece.
        data: Option<Data>,
    },
    /// To prove its replication.
    Commit(Seeded),
    /// To aggregate the proofs of several, in this order.
    Aggregate(Vec<Seeded>),
    /// To encode a piece into a sealed sector.
    Update {
        /// The sector.
        sector: Sector,
        /// Its piece.
        data: Data,
    },
    /// To prove that update.
    ProveUpdate {
        /// The sector.
        sector: Sector,
        /// The piece that was encoded.
        data: Data,
    },
    /// To prove that a miner stores replicas.
    Window {
        /// The miner actor.
        miner: ActorID,
        /// Randomness of the chain.
        #[serde(with = "as_hex")]
        randomness: [u8; 32],
        /// The replicas, in order of their sectors' numbers.
        stored: Vec<Stored>,
    },
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A sector is sealed, or updated.
    Sealed(SealedSector),
    /// A proof.
    Proof(#[serde(with = "as_hex")] Vec<u8>),
}

/// Commitments of a sealed or updated sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSector {
    /// CommR.
    #[serde(with = "as_hex")]
    pub comm_r: [u8; 32],
    /// CommD.
    #[serde(with = "as_hex")]
    pub comm_d: [u8; 32],
    /// Its pieces, without the zeros that fill it up.
    pub pieces: Vec<Piece>,
}

/// A piece in a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its bytes, a power of two.
    pub size_bytes: u64,
    /// CommP.
    #[serde(with = "as_hex")]
    pub comm_p: [u8; 32],
}

/// Bytes as text.
mod as_hex {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
        from: D,
    ) -> Result<T, D::Error> {
        let bytes = hex::decode(String::deserialize(from)?).map_err(D::Error::custom)?;
        let len = bytes.len();
        T::try_from(bytes).map_err(|_| D::Error::custom(format!("{len} bytes are of no use here")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_hex_and_of_the_right_number() {
        let piece = Piece {
            size_bytes: 128,
            comm_p: [0xab; 32],
        };
        let text = serde_json::to_string(&piece).unwrap();
        assert!(text.contains(&"ab".repeat(32)), "{text}");
        assert_eq!(serde_json::from_str::<Piece>(&text).unwrap(), piece);
        for bad in [
            "ab".repeat(31),
            "ab".repeat(33),
            format!("{}g", "a".repeat(63)),
        ] {
            let text = format!(r#"{{"size_bytes":128,"comm_p":"{bad}"}}"#);
            assert!(serde_json::from_str::<Piece>(&text).is_err(), "{bad}");
        }
    }
}
