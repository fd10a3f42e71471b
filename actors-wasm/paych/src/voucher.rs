//! Vouchers: promises to pay, signed and handed over off chain (Filecoin spec, "Payment Channels", "Vouchers").

use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use fvm_shared::crypto::signature::Signature;

/// A promise to pay so much in a lane, in all.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVoucher {
    /// The channel it is for.
    pub channel_addr: Address,
    /// The first epoch it can be redeemed at.
    pub time_lock_min: ChainEpoch,
    /// The last one; 0 for no end.
    pub time_lock_max: ChainEpoch,
    /// BLAKE2b-256 of a secret that is needed to redeem it; empty for none.
    pub secret_pre_image: Bytes,
    /// A call that must succeed for it to be redeemed.
    pub extra: Option<ModVerifyParams>,
    /// The lane it is paid in, which is opened if need be.
    pub lane: u64,
    /// Its number in the lane: it is worth nothing once one with the same or a higher number is redeemed.
    pub nonce: u64,
    /// All that was paid in the lane up to it, attoFIL.
    pub amount: TokenAmount,
    /// The channel settles at this epoch at the earliest; 0 for no such promise.
    pub min_settle_height: ChainEpoch,
    /// Lanes whose payments `amount` counts as well.
    pub merges: Vec<Merge>,
    /// The other party's signature.
    pub signature: Option<Signature>,
}

/// A call that a voucher demands.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModVerifyParams {
    /// Whom to call.
    pub actor: Address,
    /// The method.
    pub method: MethodNum,
    /// Its parameters, CBOR.
    pub data: RawBytes,
}

/// A lane merged into another.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The lane.
    pub lane: u64,
    /// The number its next voucher must exceed.
    pub nonce: u64,
}

impl SignedVoucher {
    /// What is signed: the voucher without its signature, DAG-CBOR.
    pub fn signing_bytes(&self) -> Result<Vec<u8>> {
        cbor::encode(&Self {
            signature: None,
            ..self.clone()
        })
    }

    /// Fails unless the voucher can be redeemed at an epoch.
    pub(crate) fn check_time(&self, epoch: ChainEpoch) -> Result<()> {
        let (first, last) = (self.time_lock_min, self.time_lock_max);
        ensure!(
            epoch >= first,
            illegal_argument,
            "the voucher is for epoch {first} and later"
        );
        ensure!(
            last == 0 || epoch <= last,
            illegal_argument,
            "the voucher ended with epoch {last}"
        );
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A voucher of a lane.
    pub(crate) fn voucher(lane: u64, nonce: u64, amount: i64) -> SignedVoucher {
        SignedVoucher {
            channel_addr: Address::new_id(100),
            time_lock_min: 0,
            time_lock_max: 0,
            secret_pre_image: Bytes::default(),
            extra: None,
            lane,
            nonce,
            amount: TokenAmount::from_atto(amount),
            min_settle_height: 0,
            merges: Vec::new(),
            signature: None,
        }
    }

    #[test]
    fn the_signature_is_over_all_but_itself() {
        let mut voucher = SignedVoucher {
            time_lock_min: 1,
            time_lock_max: 2,
            secret_pre_image: Bytes(vec![3]),
            extra: Some(ModVerifyParams {
                actor: Address::new_id(4),
                method: 5,
                data: RawBytes::new(vec![6]),
            }),
            min_settle_height: 10,
            merges: vec![Merge {
                lane: 11,
                nonce: 12,
            }],
            ..voucher(7, 8, 9)
        };
        let extra = [0x83, 0x42, 0, 4, 5, 0x41, 6];
        let expected = [
            &[0x8b, 0x42, 0, 100, 1, 2, 0x41, 3][..],
            &extra,
            &[7, 8, 0x42, 0, 9, 10, 0x81, 0x82, 11, 12, 0xf6],
        ]
        .concat();
        assert_eq!(voucher.signing_bytes().unwrap(), expected);
        voucher.signature = Some(Signature::new_secp256k1(vec![1; 65]));
        assert_eq!(voucher.signing_bytes().unwrap(), expected);
        // With its signature it is longer, and read back as it was.
        let bytes = cbor::encode(&voucher).unwrap();
        assert_eq!(bytes.len(), expected.len() - 1 + 2 + 1 + 65);
        assert_eq!(cbor::decode(&bytes), Ok(voucher));
    }

    #[test]
    fn vouchers_have_a_time() {
        let check = |first, last, epoch| {
            let voucher = SignedVoucher {
                time_lock_min: first,
                time_lock_max: last,
                ..voucher(0, 1, 1)
            };
            voucher.check_time(epoch).map_err(|error| error.code)
        };
        let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
        assert_eq!(check(0, 0, 1_000), Ok(()));
        assert_eq!(check(10, 0, 9), illegal);
        for epoch in [10, 11, 20] {
            assert_eq!(check(10, 20, epoch), Ok(()));
        }
        assert_eq!(check(10, 20, 21), illegal);
        assert_eq!(check(0, -1, 0), illegal);
    }
}
