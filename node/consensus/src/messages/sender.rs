//! Who sends a message: what state says of the actor, and whether such an actor may send.

use anyhow::Result;
use filigree_blocks::SignedMessage;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Payload, Protocol};

/// The actor that makes Ethereum's addresses f4 addresses.
const ETHEREUM_ADDRESS_MANAGER: ActorID = 10;

/// Where senders are looked up: the state after a block's parents. `node/state` implements it; so may the mempool.
pub trait Senders: Sync {
    /// The actor at an address; none if there is none.
    ///
    /// # Errors
    /// When state cannot be read.
    fn sender(&self, address: &Address) -> Result<Option<Sender>>;

    /// Whether this very signature has been found good before, for this very message and the sender's key that
    /// [`sender`](Self::sender) gives. It is then not checked again. Asked by several threads at once.
    fn is_known_good(&self, _signed: &SignedMessage) -> bool {
        false
    }
}

/// What an actor's code makes of it as a sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SenderKind {
    /// An account with a key.
    Account,
    /// An account of an Ethereum address.
    EthAccount,
    /// An address with funds and no code yet: becomes an Ethereum account with its first message.
    Placeholder,
    /// Anything else.
    Other,
}

/// What state says of a sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sender {
    /// Its id.
    pub id: ActorID,
    /// What it is.
    pub kind: SenderKind,
    /// Its next sequence number.
    pub sequence: u64,
    /// Its f4 address, if it has one.
    pub delegated_address: Option<Address>,
    /// The f1 or f3 address in the state of an account.
    pub key_address: Option<Address>,
}

impl Sender {
    /// Whether such an actor sends messages (FIP-0055; Lotus, `IsValidForSending`).
    pub fn may_send(&self) -> bool {
        match self.kind {
            SenderKind::Account | SenderKind::EthAccount => true,
            SenderKind::Placeholder => self.sequence == 0 && self.is_of_ethereum(),
            SenderKind::Other => false,
        }
    }

    /// The address of the key that signs for it when it is written as `from`: that address itself if it says which, else its
    /// f4 address, else the address in an account's state. None for f2 addresses.
    pub fn signer(&self, from: &Address) -> Option<Address> {
        match from.protocol() {
            Protocol::BLS | Protocol::Secp256k1 | Protocol::Delegated => Some(*from),
            Protocol::Actor => None,
            Protocol::ID => self.delegated_address.or(self.key_address),
        }
    }

    fn is_of_ethereum(&self) -> bool {
        let address = self.delegated_address.as_ref();
        let payload = address.map(Address::payload);
        matches!(payload, Some(Payload::Delegated(d)) if d.namespace() == ETHEREUM_ADDRESS_MANAGER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_fresh_ethereum_addresses_send() {
        let delegated = |namespace| Address::new_delegated(namespace, &[7; 20]).ok();
        let may_send = |kind, sequence, delegated_address| {
            let sender = Sender {
                id: 100,
                kind,
                sequence,
                delegated_address,
                key_address: None,
            };
            sender.may_send()
        };
        use SenderKind::{Account, EthAccount, Other, Placeholder};
        assert!(may_send(Account, 7, None));
        assert!(may_send(EthAccount, 7, delegated(10)));
        assert!(may_send(Placeholder, 0, delegated(10)));
        assert!(!may_send(Placeholder, 1, delegated(10)));
        assert!(!may_send(Placeholder, 0, delegated(11)));
        assert!(!may_send(Placeholder, 0, None));
        assert!(!may_send(Other, 0, delegated(10)));
    }

    #[test]
    fn the_signer_is_who_the_address_or_the_state_says() {
        let key = Address::new_bls(&[3; 48]).unwrap();
        let delegated = Address::new_delegated(10, &[7; 20]).unwrap();
        let mut sender = Sender {
            id: 100,
            kind: SenderKind::Account,
            sequence: 0,
            delegated_address: None,
            key_address: Some(key),
        };
        let by_id = Address::new_id(100);
        assert_eq!(sender.signer(&by_id), Some(key));
        assert_eq!(sender.signer(&Address::new_actor(b"a")), None);
        let other = Address::new_secp256k1(&[4; 65]).unwrap();
        assert_eq!(sender.signer(&other), Some(other));
        sender.delegated_address = Some(delegated);
        assert_eq!(sender.signer(&by_id), Some(delegated));
    }
}
