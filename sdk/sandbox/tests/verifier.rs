//! A sandbox judges proofs by the verifier that it was given, wherever it makes a host; without one it takes mock proofs.

use std::sync::Arc;

use cid::Cid;
use filigree_sandbox::{Account, Builder, MOCK_PROOF, Sandbox};
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, RegisteredUpdateProof,
    ReplicaUpdateInfo, SealVerifyInfo, WindowPoStVerifyInfo,
};

/// Takes one replica update; of another proof it cannot tell; of nothing else it knows anything.
struct Picky;

const GOOD: &[u8] = b"good";
const UNTOLD: &[u8] = b"untold";

impl Verifier for Picky {
    fn unsealed_sector_cid(
        &self,
        _: RegisteredSealProof,
        _: &[PieceInfo],
    ) -> std::result::Result<Cid, VerifyError> {
        Err(VerifyError::Malformed("no pieces here".to_owned()))
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        Ok(false)
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        Ok(false)
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Ok(false)
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        match info.proof.as_slice() {
            UNTOLD => Err(VerifyError::Unavailable(anyhow::anyhow!("the key is lost"))),
            proof => Ok(proof == GOOD),
        }
    }
}

fn is_proven(proof: &[u8]) -> Result<bool> {
    proofs::verify_replica_update(&ReplicaUpdateInfo {
        update_proof_type: RegisteredUpdateProof::StackedDRG2KiBV1,
        old_sealed_cid: Cid::default(),
        new_sealed_cid: Cid::default(),
        new_unsealed_cid: Cid::default(),
        proof: proof.to_vec(),
    })
}

/// Has the host judge proofs.
#[tuple]
pub struct Judge {
    asked: u64,
}

#[actor]
impl Judge {
    /// So many questions were asked elsewhere.
    #[constructor]
    pub fn new(asked: u64) -> Self {
        Self { asked }
    }

    /// Whether a proof is valid.
    #[method]
    pub fn judge(&mut self, proof: Bytes) -> Result<bool> {
        self.asked += 1;
        is_proven(&proof.0)
    }
}

mod next {
    use super::*;

    #[tuple]
    pub struct Judge {
        asked: u64,
    }

    #[actor]
    impl Judge {
        #[constructor]
        pub fn new() -> Result<Self> {
            Err(Error::forbidden("only by upgrade"))
        }

        /// Takes over if the proof that comes with it is valid.
        #[upgrade]
        pub fn take_over(_ctx: &mut Context, _info: UpgradeInfo, proof: Bytes) -> Result<Self> {
            ensure!(is_proven(&proof.0)?, illegal_argument, "no proof");
            Ok(Self { asked: 0 })
        }
    }
}

struct Court {
    sandbox: Sandbox,
    alice: Account,
    judge: JudgeClient,
}

impl Court {
    fn new(builder: Builder) -> Self {
        let mut sandbox = builder.core().build();
        let alice = sandbox.account(TokenAmount::from_whole(10));
        let code = sandbox.install_native::<Judge>();
        let judge = sandbox.deploy(&code, JudgeClient::new(0)).ok();
        Self {
            sandbox,
            alice,
            judge: JudgeClient::at(judge),
        }
    }

    /// Which of these it takes.
    #[track_caller]
    fn expect(&mut self, good: bool, mock: bool) {
        let mut judge = |proof: &[u8]| {
            let call = self.judge.judge(Bytes(proof.to_vec()));
            self.sandbox.call(self.alice, call).ok()
        };
        let verdicts = (judge(GOOD), judge(MOCK_PROOF), judge(b"bad"));
        assert_eq!(verdicts, (good, mock, false));
    }
}

fn picky() -> Builder {
    Sandbox::builder().verifier(Arc::new(Picky))
}

#[test]
fn proofs_are_judged_by_the_verifier_that_was_given() {
    Court::new(Sandbox::builder()).expect(false, true);
    // Settings may be kept and used again.
    let builder = picky();
    Court::new(builder.clone()).expect(true, false);
    let mut court = Court::new(builder);
    court.expect(true, false);
    let before = court.sandbox.checkpoint();
    court.sandbox.advance(3);
    court.expect(true, false);
    court.sandbox.revert(&before);
    court.expect(true, false);
}

#[test]
fn rehearsals_ask_it_too() {
    let mut court = Court::new(picky());
    let old = court.sandbox.actor(court.judge.address).unwrap().code;
    let new = court.sandbox.install_native::<next::Judge>();
    for (proof, passed) in [(GOOD, 1), (MOCK_PROOF, 0)] {
        let rehearsal = court.sandbox.rehearse(old, &new);
        let report = rehearsal.params(Bytes(proof.to_vec())).run().unwrap();
        assert_eq!(report.passed, passed, "{report}");
    }
}

#[test]
fn a_file_is_taken_up_with_a_verifier_and_loaded_without() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("court.car");
    let court = Court::new(picky());
    court.sandbox.save(&path).unwrap();
    let loaded = |mut sandbox: Sandbox| {
        // Native code stays behind.
        sandbox.install_native::<Judge>();
        Court { sandbox, ..court }
    };
    loaded(picky().fork(&path).unwrap()).expect(true, false);
    loaded(Sandbox::load(&path).unwrap()).expect(false, true);
}

#[test]
fn if_it_cannot_tell_there_is_no_receipt() {
    let mut court = Court::new(picky());
    let call = court.judge.judge(Bytes(UNTOLD.to_vec()));
    let call = Call::<()>::new(call.to, call.method, call.params);
    let outcome = court.sandbox.try_call(&court.alice.address, call);
    let error = format!("{:#}", outcome.expect_err("a receipt"));
    assert!(error.contains("the key is lost"), "{error}");
}
