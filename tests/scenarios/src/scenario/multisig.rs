//! Wallets of several signers: transactions from proposal to sending, signers, thresholds, locks.

pub mod change;
pub mod create;
pub mod lock;
pub mod transaction;

use filigree_actor_multisig::{
    ConstructorParams, MultisigClient, ProposeParams, Transaction, TxnIdParams, proposal_bytes,
};
use filigree_sandbox::{Account, Who};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;
use multihash_codetable::{Code, MultihashDigest};

use crate::exec::create;
use crate::stage::Stage;

/// FIL as attoFIL.
fn fil(fil: u64) -> TokenAmount {
    TokenAmount::from_whole(fil)
}

/// Three accounts.
fn three(stage: &mut Stage) -> [Account; 3] {
    [0; 3].map(|_| stage.account(1_000))
}

/// Parameters of a wallet without a lock.
fn of(signers: &[Account], threshold: u64) -> ConstructorParams {
    ConstructorParams {
        signers: signers.iter().map(|signer| signer.address).collect(),
        num_approvals_threshold: threshold,
        unlock_duration: 0,
        start_epoch: 0,
    }
}

/// A wallet with some FIL, created by its first signer.
fn wallet(stage: &mut Stage, signers: &[Account], threshold: u64, balance: u64) -> MultisigClient {
    wallet_of(stage, signers[0], of(signers, threshold), balance)
}

fn wallet_of(
    stage: &mut Stage,
    creator: Account,
    params: ConstructorParams,
    balance: u64,
) -> MultisigClient {
    let construction = MultisigClient::construct(params);
    let created = create(stage, creator, "multisig", construction, fil(balance)).ok();
    MultisigClient::at(created.robust_address)
}

/// A payment, to be proposed.
fn payment(to: impl Who, amount: u64) -> ProposeParams {
    ProposeParams {
        to: to.address(),
        value: fil(amount),
        method: METHOD_SEND,
        params: RawBytes::default(),
    }
}

/// A call, to be proposed.
fn proposal<R>(call: Call<R>) -> ProposeParams {
    ProposeParams {
        to: call.to,
        value: call.value,
        method: call.method,
        params: call
            .params
            .map_or_else(RawBytes::default, |params| RawBytes::new(params.data)),
    }
}

/// Names a transaction whatever its hash is.
fn any(id: i64) -> TxnIdParams {
    TxnIdParams {
        id,
        proposal_hash: Bytes::default(),
    }
}

/// Names a transaction by its hash too, which is of its proposal by these approvers.
fn hashed(id: i64, proposed: &ProposeParams, approved: &[Account]) -> TxnIdParams {
    let txn = Transaction {
        to: proposed.to,
        value: proposed.value.clone(),
        method: proposed.method,
        params: proposed.params.clone(),
        approved: approved.iter().map(|by| Address::new_id(by.id)).collect(),
    };
    let bytes = proposal_bytes(&txn).expect("a transaction encodes");
    TxnIdParams {
        id,
        proposal_hash: Bytes(Code::Blake2b256.digest(&bytes).digest().to_vec()),
    }
}

/// Has the first signer propose a call that the wallet makes of itself, and the second approve it. Gives the exit code of the call.
fn by_two<R>(
    stage: &mut Stage,
    wallet: &MultisigClient,
    signers: [Account; 2],
    call: Call<R>,
) -> ExitCode {
    let proposed = stage.call(signers[0], wallet.propose(proposal(call))).ok();
    assert!(!proposed.applied);
    let approved = stage
        .call(signers[1], wallet.approve(any(proposed.txn_id)))
        .ok();
    assert!(approved.applied);
    approved.code
}
