//! What a file is, and for whom: names of proofs, sector sizes, kinds, roles and sets.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// The generation of circuits that all names begin with.
pub const VERSION: &str = "v28";

/// A statement that has a circuit of its own, or the aggregation of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proof {
    /// Proof of replication: a sector was sealed. All versions of the proof, non-interactive too (FIP-0092), have one
    /// circuit.
    Porep,
    /// Proof of spacetime of a block's producer.
    WinningPost,
    /// Proof of spacetime of a deadline's partition.
    WindowPost,
    /// A sector without data was given some (FIP-0019).
    ReplicaUpdate,
    /// A variant of it with Poseidon trees alone, published but behind no registered proof type.
    ReplicaUpdatePoseidon,
    /// Many proofs of replication as one (FIP-0013), of all sector sizes.
    Aggregation,
}

impl Proof {
    /// Every proof.
    pub const ALL: [Proof; 6] = [
        Proof::Porep,
        Proof::WinningPost,
        Proof::WindowPost,
        Proof::ReplicaUpdate,
        Proof::ReplicaUpdatePoseidon,
        Proof::Aggregation,
    ];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Porep => "porep",
            Proof::WinningPost => "winning-post",
            Proof::WindowPost => "window-post",
            Proof::ReplicaUpdate => "replica-update",
            Proof::ReplicaUpdatePoseidon => "replica-update-poseidon",
            Proof::Aggregation => "aggregation",
        }
    }
}

/// Sizes of sectors for which the network publishes parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SectorSize {
    /// 2048 bytes.
    _2KiB,
    /// 2^23 bytes.
    _8MiB,
    /// 2^29 bytes.
    _512MiB,
    /// 2^35 bytes.
    _32GiB,
    /// 2^36 bytes.
    _64GiB,
}

impl SectorSize {
    /// Every size.
    pub const ALL: [SectorSize; 5] = [
        SectorSize::_2KiB,
        SectorSize::_8MiB,
        SectorSize::_512MiB,
        SectorSize::_32GiB,
        SectorSize::_64GiB,
    ];

    /// The size.
    pub const fn bytes(self) -> u64 {
        match self {
            SectorSize::_2KiB => 1 << 11,
            SectorSize::_8MiB => 1 << 23,
            SectorSize::_512MiB => 1 << 29,
            SectorSize::_32GiB => 1 << 35,
            SectorSize::_64GiB => 1 << 36,
        }
    }

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            SectorSize::_2KiB => "2KiB",
            SectorSize::_8MiB => "8MiB",
            SectorSize::_512MiB => "512MiB",
            SectorSize::_32GiB => "32GiB",
            SectorSize::_64GiB => "64GiB",
        }
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Groth16 parameters (`.params`): to prove.
    Parameters,
    /// The verifying key of the same setup (`.vk`).
    Key,
    /// The structured reference string of aggregation (`.srs`): to aggregate, and to verify aggregates.
    Srs,
}

impl Kind {
    /// What the name of such a file ends with.
    pub const fn extension(self) -> &'static str {
        match self {
            Kind::Parameters => "params",
            Kind::Key => "vk",
            Kind::Srs => "srs",
        }
    }
}

/// What the files are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Verifying: keys and the SRS. Every node of a network.
    Verify,
    /// Proving: all. Storage providers.
    Prove,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 2] = [Role::Verify, Role::Prove];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Verify => "verify",
            Role::Prove => "prove",
        }
    }

    /// Whether the role needs files of a kind.
    pub const fn needs(self, kind: Kind) -> bool {
        match self {
            Role::Verify => !matches!(kind, Kind::Parameters),
            Role::Prove => true,
        }
    }
}

/// Whose setup a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Set {
    /// The network's: of a ceremony that is safe if one participant was honest.
    Production,
    /// This project's, from a public seed: who reads the seed can forge every proof.
    Development,
}

impl Set {
    /// Both.
    pub const ALL: [Set; 2] = [Set::Production, Set::Development];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Set::Production => "production",
            Set::Development => "dev",
        }
    }
}

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Whose setup.
    pub set: Set,
    /// For which proof.
    pub proof: Proof,
    /// For sectors of which size; none if for all.
    pub sector_size: Option<SectorSize>,
    /// What it holds.
    pub kind: Kind,
    /// The circuit's name: what it proves, the shape of its trees, a hash of its constants.
    pub id: &'static str,
    /// What its bytes hash to.
    pub digest: Digest,
    /// Its length, if known.
    pub size_bytes: Option<u64>,
    /// Where content-addressed gateways have it: the CID of its UnixFS tree. None for what is only generated.
    pub cid: Option<&'static str>,
}

impl File {
    /// The name that the proof library looks for.
    pub fn name(&self) -> String {
        format!("{VERSION}-{}.{}", self.id, self.kind.extension())
    }

    /// What it is for, in words.
    pub fn purpose(&self) -> String {
        let kind = match self.kind {
            Kind::Parameters => "parameters",
            Kind::Key => "verifying key",
            Kind::Srs => "SRS",
        };
        match self.sector_size {
            Some(size) => format!("{kind} of {} for {size} sectors", self.proof),
            None => format!("{kind} of {}", self.proof),
        }
    }
}

/// A word on a command line that names nothing.
#[derive(Debug, thiserror::Error)]
#[error("{word:?} is none of {}", names.join(", "))]
pub struct UnknownName {
    word: String,
    names: Vec<&'static str>,
}

/// Display and parse by [`name`](Proof::name) for the types that have a table `ALL`.
macro_rules! by_name {
    ($($type:ident),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(word: &str) -> Result<$type, UnknownName> {
                let found = $type::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(word));
                found.ok_or_else(|| UnknownName {
                    word: word.to_owned(),
                    names: $type::ALL.iter().map(|it| it.name()).collect(),
                })
            }
        }
    )*};
}

by_name!(Proof, SectorSize, Role, Set);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for size in SectorSize::ALL {
            assert_eq!(size.to_string().parse::<SectorSize>().unwrap(), size);
        }
        for proof in Proof::ALL {
            assert_eq!(proof.to_string().parse::<Proof>().unwrap(), proof);
        }
        assert_eq!("32gib".parse::<SectorSize>().unwrap(), SectorSize::_32GiB);
        let error = "4KiB".parse::<SectorSize>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"4KiB\" is none of 2KiB, 8MiB, 512MiB, 32GiB, 64GiB"
        );
    }
}
