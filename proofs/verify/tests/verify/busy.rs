//! Many callers at a verifier that has just started: the first proofs of a key come while its tables are made.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use filigree_proofs_verify::{Limits, ProofVerifier};
use filigree_vm::Verifier;

use crate::support::*;

/// How long all callers together may take. They take seconds, unless one waits for itself.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn all_callers_of_a_fresh_verifier_get_their_verdicts() {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let forge = forge();
        let (seal, window) = (
            proved_seal(&forge, SEAL, 1),
            proved_window(&forge, WINDOW, 2),
        );
        let limits = Limits {
            threads: 8,
            verdicts: 0,
        };
        for _ in 0..4 {
            let verifier = ProofVerifier::new(forge.keys(), limits).unwrap();
            thread::scope(|scope| {
                for caller in 0..24 {
                    let (verifier, seal, window) = (&verifier, &seal, &window);
                    scope.spawn(move || match caller % 2 {
                        0 => assert!(verifier.window_post(window).unwrap()),
                        _ => assert!(verifier.seal(seal).unwrap()),
                    });
                }
            });
        }
        done.send(()).unwrap();
    });
    ended
        .recv_timeout(PATIENCE)
        .expect("all verdicts are valid and come in time");
}
