//! Money and the actors that hold it, over RPC.

use anyhow::Result;
use filigree_actor_multisig as multisig;
use filigree_actor_paych as paych;
use filigree_actor_paych::SignedVoucher;
use filigree_builtin::calls::init::{ExecParams, ExecReturn};
use filigree_keys::KeyType;
use filigree_keys::eth::message::INVOKE_CONTRACT;
use filigree_node_tests::Node;
use filigree_node_tests::talk::{call, fil, head, returned, send};
use filigree_rpc::json::Bytes;
use filigree_rpc::method::msig::MsigGetPending;
use filigree_rpc::method::state::actors::{StateAccountKey, StateGetActor, StateLookupID};
use filigree_rpc::method::wallet::{WalletNew, WalletSign};
use filigree_sdk::prelude::Bytes as ActorBytes;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

/// The init actor.
const INIT: Address = Address::new_id(1);
/// Its method Exec.
const EXEC: u64 = 2;

/// Addresses with money, of keys of each kind.
fn people(node: &Node) -> Result<[Address; 3]> {
    let rich = node.rich()?;
    let kinds = [KeyType::Secp256k1, KeyType::Bls, KeyType::Delegated];
    let mut people = Vec::new();
    for kind in kinds {
        let address = node.call(WalletNew { kind })?;
        node.run(send(rich, address, fil(100)))?;
        people.push(address);
    }
    node.advance(1)?;
    Ok([people[0], people[1], people[2]])
}

/// A transfer as its sender can sign it. Those with Ethereum addresses sign Ethereum's transactions, which name receivers by ids
/// or Ethereum addresses, and call a method of any contract (FIP-0055).
fn payment(node: &Node, from: Address, to: Address, value: TokenAmount) -> Result<Message> {
    if from.protocol() != Protocol::Delegated {
        return Ok(send(from, to, value));
    }
    let to = match to.protocol() {
        Protocol::Delegated => to,
        _ => node.call(StateLookupID {
            actor: to,
            tipset: head(),
        })?,
    };
    Ok(Message {
        method_num: INVOKE_CONTRACT,
        ..send(from, to, value)
    })
}

/// An actor made by the init actor: its f2 address.
fn create(
    node: &Node,
    from: Address,
    name: &str,
    constructor: RawBytes,
    value: TokenAmount,
) -> Result<Address> {
    let params = ExecParams {
        code_cid: node.code_named(name)?,
        constructor_params: constructor,
    };
    let message = Message {
        value,
        ..call(from, INIT, EXEC, &params)?
    };
    let made: ExecReturn = returned(&node.run(message)?)?;
    assert_eq!(made.robust_address.protocol(), Protocol::Actor);
    Ok(made.robust_address)
}

#[test]
fn money_goes_from_every_kind_of_address_to_every_kind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    let people = people(&node)?;
    // Each person is also known by an id, and the wallet of several signers by an f2 address.
    let ids = people.map(|actor| {
        node.call(StateLookupID {
            actor,
            tipset: head(),
        })
        .unwrap()
    });
    let constructor = multisig::ConstructorParams {
        signers: vec![people[0]],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    };
    let constructor = RawBytes::serialize(&constructor)?;
    let wallet = create(&node, people[0], "multisig", constructor, fil(1))?;
    let all: Vec<Address> = people.into_iter().chain(ids).chain([wallet]).collect();
    let kinds = all.iter().map(|address| address.protocol() as u8);
    assert_eq!(kinds.collect::<Vec<_>>(), [1, 3, 4, 0, 0, 0, 2]);

    for (at, from) in people.into_iter().enumerate() {
        for to in &all {
            let value = fil(1);
            node.advance(1)?;
            let before = node.balance(*to)?;
            node.run(payment(&node, from, *to, value.clone())?)?;
            node.advance(1)?;
            let after = node.balance(*to)?;
            let is_own = *to == people[at] || *to == ids[at];
            match is_own {
                // The gas alone is gone.
                true => assert!(after < before && after > before - value, "{from} to itself"),
                false => assert_eq!(after, before + value, "{from} to {to}"),
            }
        }
    }
    // Ethereum's transactions have no method 0, so what they sign has none.
    assert!(node.push(send(people[2], ids[0], fil(1))).is_err());
    // An id stands for its key, and signs as that.
    let key = node.call(StateAccountKey {
        account: ids[0],
        tipset: head(),
    })?;
    assert_eq!(key, people[0]);
    node.run(send(ids[0], people[1], fil(1)))?;
    // More than one has is not sent: the pool says so.
    let error = node
        .push(send(people[0], people[1], fil(1_000_000)))
        .unwrap_err();
    assert!(
        error.to_string().contains("funds") || error.to_string().contains("FIL"),
        "{error}"
    );
    // A new key's address becomes an account by being paid.
    let fresh = node.call(WalletNew { kind: KeyType::Bls })?;
    assert!(
        node.call(StateGetActor {
            actor: fresh,
            tipset: head()
        })
        .is_err()
    );
    node.run(send(people[1], fresh, fil(2)))?;
    node.advance(1)?;
    assert_eq!(node.balance(fresh)?, fil(2));
    assert!(node.stop()?.success());
    Ok(())
}

#[test]
fn a_wallet_of_several_signers_pays_when_enough_agree() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    let signers = people(&node)?;
    let constructor = multisig::ConstructorParams {
        signers: signers.to_vec(),
        num_approvals_threshold: 2,
        unlock_duration: 0,
        start_epoch: 0,
    };
    let constructor = RawBytes::serialize(&constructor)?;
    let wallet = create(&node, signers[0], "multisig", constructor, fil(10))?;
    let payee = node.call(WalletNew {
        kind: KeyType::Secp256k1,
    })?;
    let proposal = multisig::ProposeParams {
        to: payee,
        value: fil(7),
        method: 0,
        params: RawBytes::default(),
    };
    let proposed = node.run(call(signers[1], wallet, 2, &proposal)?)?;
    let proposed: multisig::ProposeReturn = returned(&proposed)?;
    assert!(!proposed.applied);
    node.advance(1)?;
    let pending = || {
        node.call(MsigGetPending {
            wallet,
            tipset: head(),
        })
    };
    let waiting = pending()?.0;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].value.clone(), waiting[0].approved.len()),
        (fil(7), 1)
    );

    // Whoever is no signer has no say.
    let rich = node.rich()?;
    let approval = multisig::TxnIdParams {
        id: proposed.txn_id,
        proposal_hash: ActorBytes::default(),
    };
    let refused = Message {
        // It would not be sent otherwise: the node sees that it fails.
        gas_limit: 10_000_000,
        ..call(rich, wallet, 3, &approval)?
    };
    assert_eq!(node.try_run(refused)?.receipt.exit_code.value(), 18);

    let approved = node.run(call(signers[0], wallet, 3, &approval)?)?;
    let approved: multisig::ApproveReturn = returned(&approved)?;
    assert!(approved.applied && approved.code.is_success());
    node.advance(1)?;
    assert!(pending()?.0.is_empty());
    assert_eq!(node.balance(payee)?, fil(7));
    assert_eq!(node.balance(wallet)?, fil(3));
    Ok(())
}

#[test]
fn a_payment_channel_is_opened_used_settled_and_collected() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    let [payer, payee, _] = people(&node)?;
    let constructor = paych::ConstructorParams {
        from: payer,
        to: payee,
    };
    let constructor = RawBytes::serialize(&constructor)?;
    let channel = create(&node, payer, "paymentchannel", constructor, fil(10))?;
    node.advance(1)?;

    let voucher = |lane, nonce, whole| -> Result<SignedVoucher> {
        let mut voucher = SignedVoucher {
            channel_addr: channel,
            time_lock_min: 0,
            time_lock_max: 0,
            secret_pre_image: ActorBytes::default(),
            extra: None,
            lane,
            nonce,
            amount: fil(whole),
            min_settle_height: 0,
            merges: Vec::new(),
            signature: None,
        };
        let bytes = Bytes(voucher.signing_bytes()?);
        let signature = node.call(WalletSign {
            address: payer,
            bytes,
        })?;
        voucher.signature = Some(fvm_shared::crypto::signature::Signature {
            sig_type: fvm_shared::crypto::signature::SignatureType::Secp256k1,
            bytes: signature.bytes,
        });
        Ok(voucher)
    };
    let redeem = |voucher: SignedVoucher| -> Result<Message> {
        Ok(Message {
            gas_limit: 50_000_000,
            ..call(payee, channel, 2, &(voucher, ActorBytes::default()))?
        })
    };
    let first = voucher(0, 1, 2)?;
    node.run(redeem(first.clone())?)?;
    node.run(redeem(voucher(0, 2, 4)?)?)?;
    node.run(redeem(voucher(1, 1, 1)?)?)?;
    // Once is enough; and nobody promises more than there is, or in another's name.
    assert!(!node.try_run(redeem(first)?)?.receipt.exit_code.is_success());
    assert!(
        !node
            .try_run(redeem(voucher(2, 1, 6)?)?)?
            .receipt
            .exit_code
            .is_success()
    );
    let mut forged = voucher(0, 3, 5)?;
    forged.amount = fil(6);
    assert!(
        !node
            .try_run(redeem(forged)?)?
            .receipt
            .exit_code
            .is_success()
    );

    let none = RawBytes::default();
    let plain = |method_num| Message {
        method_num,
        params: none.clone(),
        gas_limit: 50_000_000,
        ..send(payee, channel, TokenAmount::default())
    };
    node.run(plain(3))?;
    // There is time to redeem what one has.
    assert!(!node.try_run(plain(4))?.receipt.exit_code.is_success());
    node.advance(paych::SETTLE_DELAY as u64)?;
    let before = node.balance(payer)?;
    node.run(plain(4))?;
    node.advance(1)?;
    assert_eq!(node.balance(payer)?, before + fil(5));
    let gone = StateGetActor {
        actor: channel,
        tipset: head(),
    };
    assert!(node.call(gone).is_err());
    Ok(())
}
