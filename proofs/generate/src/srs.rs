//! The SRS of aggregation (FIP-0013): powers of two secrets in both groups.
//!
//! The library makes it by a method of its own that is fast enough for the sizes that a devnet needs.

use std::io::{self, Write};

use bellperson::groth16::aggregate::{GenericSRS, setup_fake_srs};
use blstrs::Bls12;
use rand_core::RngCore;

/// Writes an SRS for at most `proofs` aggregated proofs, a power of two.
pub fn write(proofs: usize, rng: &mut impl RngCore, out: &mut dyn Write) -> io::Result<()> {
    let srs: GenericSRS<Bls12> = setup_fake_srs(rng, proofs);
    let mut out = out;
    srs.write(&mut out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::stream;

    #[test]
    fn what_is_written_can_be_read_and_used() {
        let mut bytes = Vec::new();
        write(8, &mut stream("srs"), &mut bytes).unwrap();
        // Four vectors of 16 compressed points: two in G1, two in G2.
        assert_eq!(bytes.len(), 4 * 4 + 16 * 2 * (48 + 96));
        let srs = GenericSRS::<Bls12>::read(&mut bytes.as_slice()).unwrap();
        let (_, verifier) = srs.specialize(8);
        assert_eq!(verifier.n, 8);
        let mut again = Vec::new();
        write(8, &mut stream("srs"), &mut again).unwrap();
        assert!(bytes == again);
    }
}
