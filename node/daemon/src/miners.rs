//! The miners of the process, put to work: their sectors, their proofs, their blocks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use filigree_mine::{Beacon, MinerIdentity, Mining, MockWinning, WinningProver};
use filigree_seal::{Pipeline, Prover, Settings, Winning};
use fvm_shared::ActorID;

use crate::devnet;
use crate::network::{Miner, Network};
use crate::node::Node;
use crate::proofs::Mode;

/// How long an epoch of a virtual clock waits for the sectors of a miner. Proofs that take longer have the epochs of their
/// window; a proof of replication, which takes minutes, shall not keep messages from being mined.
const SETTLING: Duration = Duration::from_secs(3);

impl Node {
    /// Has the miners of a network of one's own seal, prove and make blocks.
    pub(crate) fn put_miners_to_work(
        &mut self,
        network: &Network,
        prover: Arc<Prover>,
    ) -> Result<()> {
        for miner in &network.miners {
            let pipeline = Pipeline::start(self.sealing(miner.id, &prover), miner.id)
                .with_context(|| format!("the sectors of miner f0{}", miner.id))?;
            self.pipelines.insert(miner.id, pipeline);
        }
        let winning: Arc<dyn WinningProver> = match network.proofs {
            Mode::Real => Arc::new(WinningByMiner(
                self.pipelines
                    .iter()
                    .map(|(id, pipeline)| (*id, pipeline.winning_prover()))
                    .collect(),
            )),
            Mode::Dev | Mode::Mock => Arc::new(MockWinning),
        };
        // The network's time does not pass a deadline whose proof is being made.
        let pipelines: Vec<_> = self.pipelines.values().cloned().collect();
        let parts = filigree_mine::Parts {
            chain: Arc::clone(&self.chain),
            states: self.states.clone(),
            pool: Arc::clone(&self.pool),
            intake: Arc::clone(&self.intake),
            wallet: Arc::clone(&self.wallet),
            last: Arc::clone(&self.last),
            beacon: Beacon::local(devnet::beacon(&self.wallet)?),
            prover: winning,
            hold: Some(Box::new(move |epoch| {
                let mut pipelines = pipelines.iter();
                pipelines.find_map(|pipeline| pipeline.holds_back(epoch))
            })),
        };
        let identities = network.miners.iter().map(identity);
        let identities = identities.collect::<Result<_>>()?;
        let mining = Mining::start(parts, identities, self.clock.clone())?;
        if network.virtual_clock {
            for pipeline in self.pipelines.values() {
                let pipeline = Arc::clone(pipeline);
                mining.after_each_epoch(Box::new(move |_| {
                    pipeline.settle(SETTLING);
                }));
            }
            mining.instant()?;
        }
        self.mining = Some(mining);
        Ok(())
    }

    fn sealing(&self, miner: ActorID, prover: &Arc<Prover>) -> filigree_seal::Parts {
        filigree_seal::Parts {
            chain: Arc::clone(&self.chain),
            states: self.states.clone(),
            pool: Arc::clone(&self.pool),
            wallet: Arc::clone(&self.wallet),
            sending: Arc::clone(&self.sending),
            db: self.db.clone(),
            prover: Arc::clone(prover),
            directory: self.home.sectors(miner),
            settings: Settings::devnet(),
        }
    }
}

/// The winning provers of several miners as one.
struct WinningByMiner(BTreeMap<ActorID, Winning>);

impl WinningProver for WinningByMiner {
    fn prove(
        &self,
        miner: ActorID,
        challenge: [u8; 32],
        sectors: &[fvm_shared::sector::SectorInfo],
    ) -> Result<Vec<fvm_shared::sector::PoStProof>> {
        let prover = self.0.get(&miner);
        let prover =
            prover.with_context(|| format!("the sectors of miner f0{miner} are not here"))?;
        Ok(prover.proofs(miner, challenge, sectors)?)
    }
}

fn identity(miner: &Miner) -> Result<MinerIdentity> {
    Ok(MinerIdentity {
        id: miner.id,
        worker: miner.worker()?,
    })
}
