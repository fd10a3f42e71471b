//! The network's files: names, CIDs and digests as in `parameters.json` and `srs-inner-product.json` of
//! rust-fil-proofs 19.1, which storage-proofs-core carries.
//!
//! Sizes in bytes follow from the circuits: the counts of a circuit's constraints, variables and inputs fix the length
//! of its files, whoever made the setup. They are known here where this project has generated the development twin.

use crate::digest::Digest;
use crate::file::{Proof, SectorSize};

/// A circuit with what its setup yields.
pub struct Circuit {
    /// What it proves.
    pub proof: Proof,
    /// For sectors of which size.
    pub sector_size: SectorSize,
    /// Its name, without version and extension.
    pub id: &'static str,
    /// Its Groth16 parameters.
    pub parameters: Published,
    /// Its verifying key.
    pub key: Published,
}

/// What the network's list says of a file.
pub struct Published {
    /// Root of the file's UnixFS tree.
    pub cid: &'static str,
    /// What its bytes hash to.
    pub digest: Digest,
}

const fn published(cid: &'static str, digest: &str) -> Published {
    Published {
        cid,
        digest: Digest::from_hex(digest),
    }
}

/// The name of the SRS, without version and extension.
pub const SRS_ID: &str = "fil-inner-product-v1";

/// The SRS of aggregation: up to 2^19 proofs as one.
pub const SRS: Published = published(
    "Qmdq44DjcQnFfU3PJcdX7J49GCqcUYszr1TxMbHtAkvQ3g",
    "ae20310138f5ba81451d723f858e3797",
);

/// Every circuit, by sector size.
pub const CIRCUITS: &[Circuit] = &[
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_2KiB,
        id: "stacked-proof-of-replication-merkletree-poseidon_hasher-8-0-0-sha256_hasher-032d3138d22506ec0082ed72b2dcba18df18477904e35bafee82b3793b06832f",
        parameters: published(
            "QmWceMgnWYLopMuM4AoGMvGEau7tNe5UK83XFjH5V9B17h",
            "434fb1338ecfaf0f59256f30dde4968f",
        ),
        key: published(
            "QmamahpFCstMUqHi2qGtVoDnRrsXhid86qsfvoyCTKJqHr",
            "dc1ade9929ade1708238f155343044ac",
        ),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_2KiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-3ea05428c9d11689f23529cde32fd30aabd50f7d2c93657c1d3650bca3e8ea9e",
        parameters: published(
            "QmcSTqDcFVLGGVYz1njhUZ7B6fkKtBumsLUwx4nkh22TzS",
            "82c88066be968bb550a05e30ff6c2413",
        ),
        key: published(
            "QmSTCXF2ipGA3f6muVo6kHc2URSx6PzZxGUqu7uykaH5KU",
            "ffd79788d614d27919ae5bd2d94eacb6",
        ),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_2KiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-0170db1f394b35d995252228ee359194b13199d259380541dc529fb0099096b0",
        parameters: published(
            "QmVxjFRyhmyQaZEtCh7nk2abc7LhFkzhnRX4rcHqCCpikR",
            "7610b9f82bfc88405b7a832b651ce2f6",
        ),
        key: published(
            "QmcS5JZs8X3TdtkEBpHAdUYjdNDqcL7fWQFtQz69mpnu2X",
            "0e0958009936b9d5e515ec97b8cb792d",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_2KiB,
        id: "empty-sector-update-merkletree-poseidon_hasher-8-0-0-fb9e095bebdd77511c0269b967b4d87ba8b8a525edaa0e165de23ba454510194",
        parameters: published(
            "QmYM6Hg7mjmvA3ZHTsqkss1fkdyDju5dDmLiBZGJ5pz9y9",
            "311f92a3e75036ced01b1c0025f1fa0c",
        ),
        key: published(
            "QmaQsTLL3nc5dw6wAvaioJSBfd1jhQrA2o6ucFf7XeV74P",
            "eadad9784969890d30f2749708c79771",
        ),
    },
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_8MiB,
        id: "stacked-proof-of-replication-merkletree-poseidon_hasher-8-0-0-sha256_hasher-ecd683648512ab1765faa2a5f14bab48f676e633467f0aa8aad4b55dcb0652bb",
        parameters: published(
            "QmPXAPPuQtuQz7Zz3MHMAMEtsYwqM1o9H1csPLeiMUQwZH",
            "09e612e4eeb7a0eb95679a88404f960c",
        ),
        key: published(
            "QmYCuipFyvVW1GojdMrjK1JnMobXtT4zRCZs1CGxjizs99",
            "b687beb9adbd9dabe265a7e3620813e4",
        ),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_8MiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-50c7368dea9593ed0989e70974d28024efa9d156d585b7eea1be22b2e753f331",
        parameters: published(
            "QmU9SBzJNrcjRFDiFc4GcApqdApN6z9X7MpUr66mJ2kAJP",
            "700171ecf7334e3199437c930676af82",
        ),
        key: published(
            "QmbmUMa3TbbW3X5kFhExs6WgC4KeWT18YivaVmXDkB6ANG",
            "79ebb55f56fda427743e35053edad8fc",
        ),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_8MiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-5294475db5237a2e83c3e52fd6c2b03859a1831d45ed08c4f35dbf9a803165a9",
        parameters: published(
            "QmdNEL2RtqL52GQNuj8uz6mVj5Z34NVnbaJ1yMyh1oXtBx",
            "c49499bb76a0762884896f9683403f55",
        ),
        key: published(
            "QmUiVYCQUgr6Y13pZFr8acWpSM4xvTXUdcvGmxyuHbKhsc",
            "34d4feeacd9abf788d69ef1bb4d8fd00",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_8MiB,
        id: "empty-sector-update-merkletree-poseidon_hasher-8-0-0-92180959e1918d26350b8e6cfe217bbdd0a2d8de51ebec269078b364b715ad63",
        parameters: published(
            "QmQiT4qBGodrVNEgVTDXxBNDdPbaD8Ag7Sx3ZTq1zHX79S",
            "5aedd2cf3e5c0a15623d56a1b43110ad",
        ),
        key: published(
            "QmdcpKUQvHM8RFRVKbk1yHfEqMcBzhtFWKRp9SNEmWq37i",
            "abd80269054d391a734febdac0d2e687",
        ),
    },
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_512MiB,
        id: "stacked-proof-of-replication-merkletree-poseidon_hasher-8-0-0-sha256_hasher-6babf46ce344ae495d558e7770a585b2382d54f225af8ed0397b8be7c3fcd472",
        parameters: published(
            "QmYBpTt7LWNAWr1JXThV5VxX7wsQFLd1PHrGYVbrU1EZjC",
            "6c77597eb91ab936c1cef4cf19eba1b3",
        ),
        key: published(
            "QmWionkqH2B6TXivzBSQeSyBxojaiAFbzhjtwYRrfwd8nH",
            "065179da19fbe515507267677f02823e",
        ),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_512MiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-7d739b8cf60f1b0709eeebee7730e297683552e4b69cab6984ec0285663c5781",
        parameters: published(
            "QmVgCsJFRXKLuuUhT3aMYwKVGNA9rDeR6DCrs7cAe8riBT",
            "827359440349fe8f5a016e7598993b79",
        ),
        key: published(
            "QmfA31fbCWojSmhSGvvfxmxaYCpMoXP95zEQ9sLvBGHNaN",
            "bd2cd62f65c1ab84f19ca27e97b7c731",
        ),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_512MiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-0cfb4f178bbb71cf2ecfcd42accce558b27199ab4fb59cb78f2483fe21ef36d9",
        parameters: published(
            "QmUiRx71uxfmUE8V3H9sWAsAXoM88KR4eo1ByvvcFNeTLR",
            "1a7d4a9c8a502a497ed92a54366af33f",
        ),
        key: published(
            "QmfCeddjFpWtavzfEzZpJfzSajGNwfL4RjFXWAvA9TSnTV",
            "4dae975de4f011f101f5a2f86d1daaba",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_512MiB,
        id: "empty-sector-update-merkletree-poseidon_hasher-8-0-0-61fa69f38b9cc771ba27b670124714b4ea77fbeae05e377fb859c4a43b73a30c",
        parameters: published(
            "Qma5WL6abSqYg9uUQAZ3EHS286bsNsha7oAGsJBD48Bq2q",
            "c3ad7bb549470b82ad52ed070aebb4f4",
        ),
        key: published(
            "QmUa7f9JtJMsqJJ3s3ZXk6WyF4xJLE8FiqYskZGgk8GCDv",
            "994c5b7d450ca9da348c910689f2dc7f",
        ),
    },
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_32GiB,
        id: "stacked-proof-of-replication-merkletree-poseidon_hasher-8-8-0-sha256_hasher-82a357d2f2ca81dc61bb45f4a762807aedee1b0a53fd6c4e77b46a01bfef7820",
        parameters: published(
            "QmengpM684XLQfG8754ToonszgEg2bQeAGUan5uXTHUQzJ",
            "6a388072a518cf46ebd661f5cc46900a",
        ),
        key: published(
            "Qmf93EMrADXAK6CyiSfE8xx45fkMfR3uzKEPCvZC1n2kzb",
            "0c7b4aac1c40fdb7eb82bc355b41addf",
        ),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_32GiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-8-0-559e581f022bb4e4ec6e719e563bf0e026ad6de42e56c18714a2c692b1b88d7e",
        parameters: published(
            "Qmdtczp7p4wrbDofmHdGhiixn9irAcN77mV9AEHZBaTt1i",
            "d84f79a16fe40e9e25a36e2107bb1ba0",
        ),
        key: published(
            "QmZCvxKcKP97vDAk8Nxs9R1fWtqpjQrAhhfXPoCi1nkDoF",
            "fc02943678dd119e69e7fab8420e8819",
        ),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_32GiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-8-0-0377ded656c6f524f1618760bffe4e0a1c51d5a70c4509eedae8a27555733edc",
        parameters: published(
            "QmaUmfcJt6pozn8ndq1JVBzLRjRJdHMTPd4foa8iw5sjBZ",
            "2cf49eb26f1fee94c85781a390ddb4c8",
        ),
        key: published(
            "QmR9i9KL3vhhAqTBGj1bPPC7LvkptxrH9RvxJxLN1vvsBE",
            "0f8ec542485568fa3468c066e9fed82b",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_32GiB,
        id: "empty-sector-update-merkletree-poseidon_hasher-8-8-0-3b7f44a9362e3985369454947bc94022e118211e49fd672d52bec1cbfd599d18",
        parameters: published(
            "QmNPc75iEfcahCwNKdqnWLtxnjspUGGR4iscjiz3wP3RtS",
            "1b3cfd761a961543f9eb273e435a06a2",
        ),
        key: published(
            "QmdFFUe1gcz9MMHc6YW8aoV48w4ckvcERjt7PkydQAMfCN",
            "3a6941983754737fde880d29c7094905",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdatePoseidon,
        sector_size: SectorSize::_32GiB,
        id: "empty-sector-update-poseidon-merkletree-poseidon_hasher-8-8-0-3b7f44a9362e3985369454947bc94022e118211e49fd672d52bec1cbfd599d18",
        parameters: published(
            "QmfK4tonETepL6F4kDFdJ3fr72fzRWoRPf3XGMhV3RLX1S",
            "b69983b5d7a97a20f43b3d5ff2a4ed04",
        ),
        key: published(
            "QmYCTYJQPu8wgtB2rMZ7HJC9nDx8c1fzYRPdCUiErK4q5a",
            "1ac05784f304129f74c5184190c1ec78",
        ),
    },
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_64GiB,
        id: "stacked-proof-of-replication-merkletree-poseidon_hasher-8-8-2-sha256_hasher-96f1b4a04c5c51e4759bbf224bbc2ef5a42c7100f16ec0637123f16a845ddfb2",
        parameters: published(
            "QmS7ye6Ri2MfFzCkcUJ7FQ6zxDKuJ6J6B8k5PN7wzSR9sX",
            "1801f8a6e1b00bceb00cc27314bb5ce3",
        ),
        key: published(
            "QmehSmC6BhrgRZakPDta2ewoH9nosNzdjCqQRXsNFNUkLN",
            "a89884252c04c298d0b3c81bfd884164",
        ),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_64GiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-8-2-b62098629d07946e9028127e70295ed996fe3ed25b0f9f88eb610a0ab4385a3c",
        parameters: published(
            "QmVkrXc1SLcpgcudK5J25HH93QvR9tNsVhVTYHm5UymXAz",
            "2170a91ad5bae22ea61f2ea766630322",
        ),
        key: published(
            "QmbfQjPD7EpzjhWGmvWAsyN2mAZ4PcYhsf3ujuhU9CSuBm",
            "6d3789148fb6466d07ee1e24d6292fd6",
        ),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_64GiB,
        id: "proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-8-2-2627e4006b67f99cef990c0a47d5426cb7ab0a0ad58fc1061547bf2d28b09def",
        parameters: published(
            "QmeAN4vuANhXsF8xP2Lx5j2L6yMSdogLzpcvqCJThRGK1V",
            "3810b7780ac0e299b22ae70f1f94c9bc",
        ),
        key: published(
            "QmWV8rqZLxs1oQN9jxNWmnT1YdgLwCcscv94VARrhHf1T7",
            "59d2bf1857adc59a4f08fcf2afaa916b",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_64GiB,
        id: "empty-sector-update-merkletree-poseidon_hasher-8-8-2-102e1444a7e9a97ebf1e3d6855dcc77e66c011ea66f936d9b2c508f87f2f83a7",
        parameters: published(
            "QmUB6xTVjzBQGuDNeyJMrrJ1byk58vhPm8eY2Lv9pgwanp",
            "1a392e7b759fb18e036c7559b5ece816",
        ),
        key: published(
            "Qmd794Jty7k26XJ8Eg4NDEks65Qk8G4GVfGkwqvymv8HAg",
            "80e366df2f1011953c2d01c7b7c9ee8e",
        ),
    },
    Circuit {
        proof: Proof::ReplicaUpdatePoseidon,
        sector_size: SectorSize::_64GiB,
        id: "empty-sector-update-poseidon-merkletree-poseidon_hasher-8-8-2-102e1444a7e9a97ebf1e3d6855dcc77e66c011ea66f936d9b2c508f87f2f83a7",
        parameters: published(
            "QmNaaQXfm2NveN2Hf7bJ3udnQB2Qa4moMcUoJYJS6oWL6w",
            "a6d4f96e2b641a6d7a1a8e6dc1155c8a",
        ),
        key: published(
            "QmXyeg9hbM7x9dGuUuAS68ozhiFEez4UkPTgwSDCVYKHBw",
            "8e8fb9e2c56eb5d740d0de135305a7b8",
        ),
    },
];
