//! Payment channels: vouchers signed off chain, redeemed in any order, and settled.

pub mod close;
pub mod voucher;

use filigree_actor_paych::{ConstructorParams, PaychClient, SignedVoucher};
use filigree_sandbox::{Account, Who};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;

use crate::exec::create;
use crate::stage::Stage;

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

/// FIL as attoFIL.
fn fil(fil: u64) -> TokenAmount {
    TokenAmount::from_whole(fil)
}

/// Who pays, who is paid, and their channel with 100 FIL.
struct Channel {
    payer: Account,
    payee: Account,
    client: PaychClient,
}

impl Channel {
    fn open(stage: &mut Stage) -> Self {
        let (payer, payee) = (stage.account(1_000), stage.account(10));
        let construction = PaychClient::construct(parties(payer, payee));
        let created = create(stage, payer, "paymentchannel", construction, fil(100)).ok();
        let client = PaychClient::at(created.robust_address);
        Self {
            payer,
            payee,
            client,
        }
    }

    /// A voucher without conditions, not signed yet.
    fn voucher(&self, lane: u64, nonce: u64, amount: u64) -> SignedVoucher {
        SignedVoucher {
            channel_addr: self.client.address,
            time_lock_min: 0,
            time_lock_max: 0,
            secret_pre_image: Bytes::default(),
            extra: None,
            lane,
            nonce,
            amount: fil(amount),
            min_settle_height: 0,
            merges: Vec::new(),
            signature: None,
        }
    }

    /// Redeems a voucher of the payer's with a secret.
    fn update(&self, voucher: SignedVoucher, secret: &[u8]) -> Call<()> {
        let voucher = signed(voucher, self.payer);
        let secret = Bytes(secret.to_vec());
        self.client.update_channel_state(voucher, secret)
    }

    /// The payee redeems a voucher of the payer's.
    #[track_caller]
    fn redeem(&self, stage: &mut Stage, voucher: SignedVoucher) {
        stage.call(self.payee, self.update(voucher, &[])).ok();
    }

    /// The payee tries to.
    #[track_caller]
    fn refused(&self, stage: &mut Stage, voucher: SignedVoucher, code: ExitCode) {
        let update = self.update(voucher, &[]);
        stage.call(self.payee, update).expect_exit(code, "");
    }
}

fn parties(from: impl Who, to: impl Who) -> ConstructorParams {
    ConstructorParams {
        from: from.address(),
        to: to.address(),
    }
}

fn signed(voucher: SignedVoucher, by: Account) -> SignedVoucher {
    let bytes = voucher.signing_bytes().expect("a voucher encodes");
    SignedVoucher {
        signature: Some(by.sign(&bytes)),
        ..voucher
    }
}
