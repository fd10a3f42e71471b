//! Keys of the node's wallet.

use filigree_blocks::{Signature, SignedMessage};
use filigree_wallet::{Key, KeyType};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::error::{Reply, RpcError};
use crate::json::Bytes;
use crate::json::chain::parse_address;
use crate::json::node::KeyInfo;
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// Makes a key. It becomes the default if there is none.
    [write] WalletNew(kind: KeyType) -> Address = new;

    /// Whether the wallet has the key of an address.
    [write] WalletHas(address: Address) -> bool = has;

    /// The addresses of all keys.
    [write] WalletList() -> Vec<Address> = list;

    /// What an address has at the head; 0 if there is no such actor.
    [read] WalletBalance(address: Address) -> TokenAmount = balance;

    /// Signs bytes.
    [sign] WalletSign(address: Address, bytes: Bytes) -> Signature = sign;

    /// Signs a message, as it is.
    [sign] WalletSignMessage(address: Address, message: Message) -> SignedMessage = sign_message;

    /// Whether a signature is of an address for these bytes. The wallet need not have its key.
    [read] WalletVerify(address: Address, bytes: Bytes, signature: Signature) -> bool = verify;

    /// The address that sends where no other is named.
    [write] WalletDefaultAddress() -> Address = default_address;

    /// Makes an address the default.
    [write] WalletSetDefault(address: Address) -> () = set_default;

    /// The secret of an address.
    [admin] WalletExport(address: Address) -> KeyInfo = export;

    /// Takes a key in.
    [admin] WalletImport(key: KeyInfo) -> Address = import;

    /// Deletes a key: its file goes to the wallet's trash.
    [admin] WalletDelete(address: Address) -> () = delete;

    /// The address that a text is; an error if it is none.
    [read] WalletValidateAddress(text: String) -> Address = validate_address;
}

fn new(services: &Services, kind: KeyType) -> Reply<Address> {
    Ok(services.wallet.generate(kind)?)
}

fn has(services: &Services, address: Address) -> Reply<bool> {
    Ok(services.wallet.has(&address))
}

fn list(services: &Services) -> Reply<Vec<Address>> {
    let entries = services.wallet.list()?;
    Ok(entries.into_iter().map(|entry| entry.address).collect())
}

fn balance(services: &Services, address: Address) -> Reply<TokenAmount> {
    let view = services.states.view_before(&services.chain.head())?;
    let actor = view.actor(&address)?;
    Ok(actor.map_or_else(TokenAmount::default, |actor| actor.balance))
}

fn sign(services: &Services, address: Address, bytes: Bytes) -> Reply<Signature> {
    let key = services.key_address(&address)?;
    Ok(services.wallet.sign(&key, &bytes.0)?)
}

fn sign_message(services: &Services, address: Address, message: Message) -> Reply<SignedMessage> {
    let key = services.key_address(&address)?;
    let chain_id = services.config().eth_chain_id;
    Ok(services.wallet.sign_message(&key, message, chain_id)?)
}

fn verify(_: &Services, address: Address, bytes: Bytes, signature: Signature) -> Reply<bool> {
    Ok(filigree_keys::verify(&signature, &address, &bytes.0))
}

fn default_address(services: &Services) -> Reply<Address> {
    let none = || RpcError::general("the wallet has no default address: make a key, or set one");
    services.wallet.default_address().ok_or_else(none)
}

fn set_default(services: &Services, address: Address) -> Reply<()> {
    Ok(services.wallet.set_default(&address)?)
}

fn export(services: &Services, address: Address) -> Reply<KeyInfo> {
    let key = services.wallet.key(&address)?;
    Ok(KeyInfo {
        kind: key.key_type(),
        secret: Bytes(key.secret().to_vec()),
    })
}

fn import(services: &Services, key: KeyInfo) -> Reply<Address> {
    Ok(services
        .wallet
        .import(Key::from_secret(key.kind, &key.secret.0)?)?)
}

fn delete(services: &Services, address: Address) -> Reply<()> {
    Ok(services.wallet.delete(&address)?)
}

fn validate_address(_: &Services, text: String) -> Reply<Address> {
    parse_address(&text).map_err(|e| RpcError::general(e.to_string()))
}
