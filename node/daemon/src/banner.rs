//! What a devnet says when it is there: at most 25 lines, to copy from.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::network::Network;

/// Most lines of it.
pub const MAX_LINES: usize = 25;

/// What it is made of.
pub struct Banner<'a> {
    /// The network.
    pub network: &'a Network,
    /// Where the RPC listens.
    pub api: SocketAddr,
    /// A token that allows everything.
    pub token: &'a str,
    /// The data directory.
    pub data: &'a str,
    /// Whether that is not where the program looks for it.
    pub is_elsewhere: bool,
    /// The program.
    pub command: &'a str,
    /// Whether the network was made just now.
    pub is_new: bool,
    /// The bundle that was given, when the network has other actors.
    pub other_actors: Option<&'a str>,
}

impl Banner<'_> {
    /// The text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self {
            network,
            api,
            command,
            ..
        } = self;
        let verb = if self.is_new { "runs" } else { "runs again" };
        writeln!(out, "\nThe network {} {verb}.", network.name)?;
        writeln!(
            out,
            "  RPC      http://{api}/rpc/v1  (ws:// as well; /metrics /healthz /readyz)"
        )?;
        writeln!(out, "  token    {}", self.token)?;
        writeln!(out, "  data     {}", self.data)?;
        let ids: Vec<String> = network
            .miners
            .iter()
            .map(|miner| format!("t0{}", miner.id))
            .collect();
        let clock = match network.virtual_clock {
            true => "a block when a message arrives".to_owned(),
            false => format!("a block every {} s", network.block_time),
        };
        writeln!(out, "  miners   {}, {clock}", ids.join(" "))?;
        writeln!(out, "  wallet   {}, 100 million FIL", network.treasury)?;
        if let Some(fork) = &network.fork {
            writeln!(
                out,
                "  fork     of {} after epoch {}; epochs begin with 0 again",
                fork.network, fork.epoch
            )?;
        }
        let mock = network.proofs.mock_parts();
        match mock.is_empty() {
            true => writeln!(out, "  proofs   real, with parameters for development")?,
            false => writeln!(out, "  MOCK     {}", mock.join(", "))?,
        }
        if let Some(bundle) = self.other_actors {
            writeln!(
                out,
                "  ACTORS   others than those in {bundle}, which were not taken: upgrade to them, or --reset"
            )?;
        }
        writeln!(out, "Try, in another terminal:")?;
        if self.is_elsewhere {
            writeln!(out, "  export FILIGREE_HOME={}", self.data)?;
        }
        for (what, words) in [
            ("see the head", "chain head"),
            ("send some FIL", "send bls 1 FIL"),
            ("see what an actor can do", "msg methods t04"),
            ("deploy your own actor", "actor create ACTOR.wasm"),
            ("pledge a sector", "sector pledge"),
            (
                "upgrade the actors",
                "devnet upgrade --bundle NEW.car --at +20",
            ),
        ] {
            writeln!(out, "  {command} {words:<42} # {what}")?;
        }
        writeln!(
            out,
            "Stop it with Ctrl-C; the same command goes on where it was, --reset starts anew."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Miner;
    use crate::proofs::Mode;

    #[test]
    fn it_says_what_one_needs_in_few_lines() {
        let network = Network {
            format: Network::format(None, &Default::default()),
            name: "mynet".to_owned(),
            genesis: String::new(),
            genesis_time: 0,
            block_time: 4,
            version: 28,
            beacon: String::new(),
            proofs: Mode::Mock,
            virtual_clock: false,
            treasury: "t1treasury".to_owned(),
            miners: (1000..1003)
                .map(|id| Miner {
                    id,
                    worker: String::new(),
                    sectors: Vec::new(),
                })
                .collect(),
            fork: None,
            policy: Default::default(),
            upgrades: Vec::new(),
        };
        let banner = Banner {
            network: &network,
            api: "127.0.0.1:7".parse().unwrap(),
            token: "a.b.c",
            data: "some/where",
            is_elsewhere: true,
            command: "filigree",
            is_new: true,
            other_actors: Some("b.car"),
        };
        let text = banner.text();
        assert!(text.lines().count() <= MAX_LINES, "{text}");
        for part in [
            "http://127.0.0.1:7/rpc/v1",
            "a.b.c",
            "FILIGREE_HOME=some/where",
            "t01000 t01001 t01002",
            "t1treasury",
            "MOCK     winning proofs",
            "every 4 s",
            "sector pledge",
            "devnet upgrade",
            "others than those in b.car",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
