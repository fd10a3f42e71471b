//! `state market`, `state deals`: what people have in the market, and what was agreed there.

use anyhow::Result;
use filigree_rpc::json::market::MarketDeal;
use filigree_rpc::method::state::market::{
    StateMarketBalance, StateMarketDeals, StateMarketParticipants, StateMarketStorageDeal,
};

use crate::node::Node;
use crate::{print, show};

pub(super) fn market(node: &Node, address: Option<&str>, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    if let Some(address) = address {
        let address = node.address(address)?;
        let balance = node.call(StateMarketBalance { address, tipset })?;
        return node.show(&balance, || {
            print::facts([
                ("escrow", show::fil(&balance.escrow)),
                ("locked", show::fil(&balance.locked)),
            ])
        });
    }
    let all = node.call(StateMarketParticipants { tipset })?;
    node.show(&all, || {
        let rows = all.iter().map(|(who, balance)| {
            vec![
                print::plain(who),
                show::fil(&balance.escrow),
                show::fil(&balance.locked),
            ]
        });
        print::columns(&["who", "escrow", "locked"], rows, &[1, 2])
    })
}

pub(super) fn deals(node: &Node, deal: Option<u64>, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    if let Some(deal) = deal {
        let found = node.call(StateMarketStorageDeal { deal, tipset })?;
        return node.show(&found, || {
            let json = print::of_rpc(&found).unwrap_or_default();
            serde_json::to_string_pretty(&json).unwrap_or_default()
        });
    }
    let deals = node.call(StateMarketDeals { tipset })?;
    node.show(&deals, || {
        let row = |(number, deal): (&String, &MarketDeal)| {
            let proposal = &deal.proposal;
            let since = match deal.state.sector_start_epoch {
                -1 => "not yet".to_owned(),
                epoch => epoch.to_string(),
            };
            vec![
                print::plain(number),
                proposal.client.to_string(),
                proposal.provider.to_string(),
                show::size_u64(proposal.piece_size_bytes),
                proposal.start_epoch.to_string(),
                proposal.end_epoch.to_string(),
                since,
            ]
        };
        let names = [
            "deal",
            "client",
            "provider",
            "piece",
            "start",
            "end",
            "stored since",
        ];
        print::columns(&names, deals.iter().map(row), &[0, 3, 4, 5, 6])
    })
}
