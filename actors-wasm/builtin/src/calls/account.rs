//! Calls to accounts, and to all that can speak for themselves as accounts can (FIP-0044).

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;

/// Method PubkeyAddress.
pub const PUBKEY_ADDRESS: MethodNum = 2;
/// Method AuthenticateMessage.
pub const AUTHENTICATE_MESSAGE: MethodNum = method_number!("AuthenticateMessage");

/// Parameters of AuthenticateMessage.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticateMessageParams {
    /// The signature, without a byte for its type.
    pub signature: Bytes,
    /// What was signed.
    pub message: Bytes,
}

/// The address of an account's key.
pub fn pubkey_address(account: Address) -> Call<Address> {
    Call::new(account, PUBKEY_ADDRESS, None)
}

/// Whether an actor stands by a message. Accounts fail rather than say no; others may say it.
pub fn authenticate_message(
    signer: Address,
    signature: Vec<u8>,
    message: Vec<u8>,
) -> Result<Call<bool>> {
    let params = encode(&AuthenticateMessageParams {
        signature: Bytes(signature),
        message: Bytes(message),
    })?;
    Ok(Call::new(signer, AUTHENTICATE_MESSAGE, params).read_only())
}
