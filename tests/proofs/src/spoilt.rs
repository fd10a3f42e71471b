//! What is done to a proof so that it is none any more.

/// A proof with something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoilt {
    /// What is wrong.
    pub what: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Where a bit is flipped: so many quarters of the proof, so many bytes on, and which bit.
///
/// A Groth16 proof of 192 bytes is a point of 48, one of 96 and one of 48, so that quarters begin at points. The first byte of each
/// has its flags: whether it is compressed (bit 7), and which of two points it is (bit 5). Flipping the latter gives another
/// point of the group; other bits seldom give one at all.
const BITS: [(usize, isize, u8); 10] = [
    (0, 0, 0),
    (0, 0, 5),
    (0, 0, 6),
    (0, 0, 7),
    (1, 0, 5),
    (2, 0, 0),
    (2, 0, 3),
    (3, 0, 5),
    (4, -1, 0),
    (4, -1, 7),
];

/// A proof with one bit flipped, in all these places; without its last byte; and with another's bytes.
pub fn spoilt(proof: &[u8], other: &[u8]) -> Vec<Spoilt> {
    let flipped = BITS.iter().map(|&(quarters, bytes, bit)| {
        let at = (quarters * proof.len() / 4).saturating_add_signed(bytes);
        let mut spoilt = proof.to_vec();
        spoilt[at] ^= 1 << bit;
        Spoilt {
            what: format!("bit {bit} of byte {at} flipped"),
            bytes: spoilt,
        }
    });
    let mut all: Vec<Spoilt> = flipped.collect();
    let mut add = |what: &str, bytes: &[u8]| {
        all.push(Spoilt {
            what: what.to_owned(),
            bytes: bytes.to_vec(),
        });
    };
    add("the last byte missing", &proof[..proof.len() - 1]);
    add("another's proof", other);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_is_another_and_all_but_two_differ_by_a_bit() {
        let proof = [0x5a; 192];
        let all = spoilt(&proof, &[1; 192]);
        let distinct: BTreeSet<&[u8]> = all.iter().map(|spoilt| &*spoilt.bytes).collect();
        assert_eq!((all.len(), distinct.len()), (12, 12));
        assert!(!distinct.contains(&proof[..]));
        for Spoilt { what, bytes } in &all[..10] {
            let bits = bytes.iter().zip(proof).map(|(a, b)| (a ^ b).count_ones());
            assert_eq!(bits.sum::<u32>(), 1, "{what}");
        }
        assert_eq!(all[4].bytes[48], 0x7a);
        assert_eq!(all[8].bytes[191], 0x5b);
    }
}
