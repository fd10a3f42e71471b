//! What somebody asks a network to be. What a network is, it stays: asking an old one to be different is an error.

use anyhow::{Result, bail};
use filigree_consensus::config::check_runnable;
use filigree_genesis::devnet::{DevnetTemplate, Miner};
use fvm_shared::sector::SectorSize;
use fvm_shared::version::NetworkVersion;

use crate::network::Network;
use crate::options::DevnetOptions;
use crate::proofs::Mode;

/// Seconds between blocks, where nobody says otherwise.
const BLOCK_SECONDS: u64 = 4;
/// The same with real winning proofs, each of which costs some 15 seconds of a processor.
const REAL_BLOCK_SECONDS: u64 = 30;
/// Least seconds between blocks with real winning proofs.
const LEAST_REAL_BLOCK_SECONDS: u64 = 20;

/// What was asked for, if anything was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    block_seconds: Option<u64>,
    miners: Option<u64>,
    mode: Option<Mode>,
    instant: bool,
}

impl Plan {
    /// Of what was typed, and of what the template says where nothing was typed.
    ///
    /// # Errors
    /// When they contradict themselves or each other.
    pub fn of(options: &DevnetOptions, template: &DevnetTemplate) -> Result<Self> {
        let plan = Self {
            block_seconds: options.block_time.or(template.block_time),
            miners: options.miners,
            mode: options.proofs.map(Mode::from),
            instant: options.instant,
        };
        if plan.mode() == Mode::Real && plan.block_seconds() < LEAST_REAL_BLOCK_SECONDS {
            bail!(
                "--block-time, or block_time of the template: with --proofs real each block has a proof that takes some 15 seconds of a processor, so epochs \
                 last {LEAST_REAL_BLOCK_SECONDS}s at least"
            );
        }
        if plan.miners.is_some() && !template.miners.is_empty() {
            bail!(
                "--miners: the template has [[miners]], which says how many there are; leave one of the two out"
            );
        }
        let is_small = |miner: &Miner| miner.sector_size == SectorSize::_2KiB;
        if plan.mode() != Mode::Mock && !template.miners.iter().all(is_small) {
            bail!(
                "sector_size: this program has verifying keys for sectors of 2KiB alone; others want --proofs mock"
            );
        }
        if let Some(version) = template.network_version {
            check_runnable(NetworkVersion::new(version))?;
        }
        Ok(plan)
    }

    /// A template with as many miners as were asked for, where it names none.
    pub fn complete(&self, template: &DevnetTemplate) -> DevnetTemplate {
        let mut template = template.clone();
        if template.miners.is_empty() {
            let miners = (0..self.miners.unwrap_or(1)).map(|_| Miner::default());
            template.miners.extend(miners);
        }
        template
    }

    /// Seconds between blocks of a new network.
    pub fn block_seconds(&self) -> u64 {
        let usual = match self.mode() {
            Mode::Real => REAL_BLOCK_SECONDS,
            Mode::Dev | Mode::Mock => BLOCK_SECONDS,
        };
        self.block_seconds.unwrap_or(usual)
    }

    /// Its proofs.
    pub fn mode(&self) -> Mode {
        self.mode.unwrap_or(Mode::Dev)
    }

    /// Whether its clock is virtual.
    pub fn is_instant(&self) -> bool {
        self.instant
    }

    /// Whether a network is what was asked for.
    ///
    /// # Errors
    /// In what it differs.
    pub fn check(&self, network: &Network) -> Result<()> {
        let miners = network.miners.len() as u64;
        let block_time = network.block_time;
        let mode = network.proofs;
        let differs = if self.block_seconds.is_some_and(|asked| asked != block_time) {
            Some(format!("--block-time {block_time}s"))
        } else if self.miners.is_some_and(|asked| asked != miners) {
            Some(format!("--miners {miners}"))
        } else if self.mode.is_some_and(|asked| asked != mode) {
            Some(format!("--proofs {}", mode.name()))
        } else if self.instant && !network.virtual_clock {
            Some("a clock, without --instant".to_owned())
        } else {
            None
        };
        if let Some(was) = differs {
            bail!(
                "the network {} was made with {was}; leave that option out, add --reset for a new network in its place, or \
                 name another directory with --data",
                network.name
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Proofs;

    fn network() -> Network {
        Network {
            format: Network::format(None, &Default::default()),
            name: "mynet".to_owned(),
            genesis: String::new(),
            genesis_time: 0,
            block_time: 4,
            version: 28,
            beacon: String::new(),
            proofs: Mode::Dev,
            virtual_clock: false,
            treasury: String::new(),
            miners: Vec::new(),
            fork: None,
            policy: Default::default(),
            upgrades: Vec::new(),
        }
    }

    #[test]
    fn an_old_network_is_not_asked_to_be_another() {
        let plan = |change: fn(&mut DevnetOptions)| {
            let mut options = DevnetOptions::default();
            change(&mut options);
            Plan::of(&options, &DevnetTemplate::default()).unwrap()
        };
        assert!(plan(|_| ()).check(&network()).is_ok());
        assert!(plan(|o| o.block_time = Some(4)).check(&network()).is_ok());
        for (change, named) in [
            (
                (|o| o.block_time = Some(1)) as fn(&mut DevnetOptions),
                "--block-time 4s",
            ),
            (|o| o.miners = Some(3), "--miners 0"),
            (|o| o.proofs = Some(Proofs::Mock), "--proofs dev"),
            (|o| o.instant = true, "--instant"),
        ] {
            let error = plan(change).check(&network()).unwrap_err().to_string();
            assert!(
                error.contains(named) && error.contains("--reset"),
                "{error}"
            );
        }
    }

    #[test]
    fn real_proofs_need_time() {
        let mut options = DevnetOptions {
            proofs: Some(Proofs::Real),
            ..DevnetOptions::default()
        };
        assert_eq!(
            Plan::of(&options, &DevnetTemplate::default())
                .unwrap()
                .block_seconds(),
            30
        );
        options.block_time = Some(4);
        assert!(
            Plan::of(&options, &DevnetTemplate::default())
                .unwrap_err()
                .to_string()
                .contains("20s")
        );
        options.block_time = Some(20);
        assert!(Plan::of(&options, &DevnetTemplate::default()).is_ok());
    }

    #[test]
    fn a_template_says_what_was_not_typed() {
        let template = |text: &str| DevnetTemplate::parse(text).unwrap();
        let typed = |block_time, miners| DevnetOptions {
            block_time,
            miners,
            proofs: Some(Proofs::Dev),
            ..DevnetOptions::default()
        };
        let of = |options, text| Plan::of(&options, &template(text));
        let seconds = |options, text| of(options, text).unwrap().block_seconds();
        assert_eq!(seconds(typed(None, None), "block_time = 7"), 7);
        assert_eq!(seconds(typed(Some(2), None), "block_time = 7"), 2);
        let miners = |options, text| {
            of(options, text)
                .unwrap()
                .complete(&template(text))
                .miners
                .len()
        };
        assert_eq!(miners(typed(None, None), ""), 1);
        assert_eq!(miners(typed(None, Some(3)), ""), 3);
        assert_eq!(miners(typed(None, None), "[[miners]]\n[[miners]]"), 2);
        for (options, text, words) in [
            (typed(None, Some(2)), "[[miners]]", "--miners"),
            (
                typed(None, None),
                "[[miners]]\nsector_size = \"8MiB\"",
                "--proofs mock",
            ),
            (typed(None, None), "network_version = 29", "29"),
        ] {
            let error = of(options, text).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
