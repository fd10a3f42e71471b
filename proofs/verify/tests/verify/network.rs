//! Which keys a network's node starts with.

use filigree_proofs_params::{DEVNET_CHAIN_ID, NotADevnet, Selection, Set};
use filigree_proofs_verify::{Limits, ProofVerifier, StartError};
use filigree_vm::Network;
use fvm_shared::version::NetworkVersion;

use crate::recorded::{fixtures, questions, selection};

/// Starts with the recorded keys, called of `set`.
fn start(chain_id: u64, set: Set) -> Result<ProofVerifier, StartError> {
    let network = Network {
        chain_id,
        ..Network::new(NetworkVersion::V28)
    };
    let selection = Selection { set, ..selection() };
    ProofVerifier::for_network(&network, &selection, &fixtures(), Limits::default())
}

#[test]
fn a_network_that_is_no_devnet_refuses_development_keys() {
    // Mainnet, calibnet, a network that has not said.
    for chain_id in [314, 314_159, 0] {
        match start(chain_id, Set::Development) {
            Err(StartError::Network(refused)) => assert_eq!(refused, NotADevnet { chain_id }),
            other => panic!("{other:?}"),
        }
    }
    let verifier = start(DEVNET_CHAIN_ID, Set::Development).unwrap();
    assert!(questions()[0].asked.ask(&verifier).unwrap());
}

#[test]
fn development_keys_in_the_place_of_the_networks_are_found_out() {
    for chain_id in [314, DEVNET_CHAIN_ID] {
        let error = start(chain_id, Set::Production).unwrap_err();
        let StartError::Keys(faults) = &error else {
            panic!("{error}")
        };
        assert_eq!(faults.len(), 5);
        let text = error.to_string();
        for (fault, file) in faults.iter().zip(selection().files()) {
            let line = fault.to_string();
            assert!(text.contains(&line), "{text}");
            assert!(
                line.contains("it is of the dev set; run: filigree params fetch"),
                "{line}"
            );
            assert!(text.contains(&file.name()), "{text}");
        }
    }
}
