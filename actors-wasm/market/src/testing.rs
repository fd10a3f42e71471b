//! A deal, and a market in memory, for unit tests.

use std::rc::Rc;

use cid::multihash::Multihash;
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::commcid::{FIL_COMMITMENT_UNSEALED, SHA2_256_TRUNC254_PADDED};
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::SectorNumber;

use crate::deal::{DealId, DealProposal, DealState};
use crate::label::Label;
use crate::rule::bounds::MIN_DURATION;
use crate::state::open::OpenMarket;
use crate::state::queue::OpenQueue;
use crate::state::{Market, sectors};

pub const CLIENT: ActorID = 1_001;
pub const PROVIDER: ActorID = 1_000;

/// From epoch 1,000 on, as short as possible, at 10 attoFIL an epoch; collateral of 500 (client) and 2,000 (provider).
pub fn deal() -> DealProposal {
    let piece = Multihash::wrap(SHA2_256_TRUNC254_PADDED, &[1; 32]).unwrap();
    DealProposal {
        piece_cid: Cid::new_v1(FIL_COMMITMENT_UNSEALED, piece),
        piece_size: PaddedPieceSize(2_048),
        verified_deal: false,
        client: Address::new_id(CLIENT),
        provider: Address::new_id(PROVIDER),
        label: Label::Text("a deal".to_owned()),
        start_epoch: 1_000,
        end_epoch: 1_000 + MIN_DURATION,
        storage_price_per_epoch: TokenAmount::from_atto(10),
        provider_collateral: TokenAmount::from_atto(2_000),
        client_collateral: TokenAmount::from_atto(500),
    }
}

/// The fee of [`deal`] in all, attoFIL.
pub const FEE: i64 = 10 * MIN_DURATION;

pub fn atto(amount: i64) -> TokenAmount {
    TokenAmount::from_atto(amount)
}

/// What an amount is in attoFIL.
pub fn in_atto(amount: &TokenAmount) -> i64 {
    amount.atto().try_into().unwrap()
}

pub type Store = Rc<MemoryBlockstore>;

/// A market in which the client and the provider have some money.
pub struct Fixture {
    pub store: Store,
    pub market: Market,
}

impl Fixture {
    pub fn new(client: i64, provider: i64) -> Self {
        let store = Store::default();
        let market = Market::empty(Rc::clone(&store)).unwrap();
        let mut fixture = Self { store, market };
        fixture.change(|market| {
            market.escrow().unwrap().add(CLIENT, &atto(client)).unwrap();
            market
                .escrow()
                .unwrap()
                .add(PROVIDER, &atto(provider))
                .unwrap();
        });
        fixture
    }

    pub fn change<R>(&mut self, change: impl FnOnce(&mut OpenMarket<Store>) -> R) -> R {
        let mut open = OpenMarket::of(self.market.clone(), Rc::clone(&self.store));
        let result = change(&mut open);
        self.market = open.close().unwrap();
        result
    }

    /// Puts a deal into the state as publishing does, to be looked at when it starts.
    pub fn publish(&mut self, deal: &DealProposal) -> DealId {
        let store = Rc::clone(&self.store);
        self.change(|market| {
            let id = market.state.next_id;
            market.state.next_id += 1;
            market.lock(deal).unwrap();
            let cid = deal.cid(&store).unwrap();
            market.pending().unwrap().set(&cid, &()).unwrap();
            market.proposals().unwrap().set(id, deal).unwrap();
            if deal.verified_deal {
                market.allocations().unwrap().set(&id, &(id + 1)).unwrap();
            }
            let ops = &market.state.deal_ops_by_epoch;
            let mut queue = OpenQueue::open(ops, store).unwrap();
            queue.put(vec![(deal.start_epoch, id)]).unwrap();
            market.state.deal_ops_by_epoch = queue.close().unwrap();
            id
        })
    }

    /// Activates a deal.
    pub fn activate(&mut self, id: DealId, sector: SectorNumber, at: ChainEpoch) -> DealState {
        let state = DealState {
            sector_number: sector,
            sector_start_epoch: at,
            last_updated_epoch: EPOCH_UNDEFINED,
            slash_epoch: EPOCH_UNDEFINED,
        };
        let store = Rc::clone(&self.store);
        self.change(|market| {
            market.states().unwrap().set(id, &state).unwrap();
            market.allocations().unwrap().remove(&id).unwrap();
            let index = &market.state.provider_sectors;
            let placed = vec![(sector, vec![id])];
            market.state.provider_sectors = sectors::add(index, store, PROVIDER, placed).unwrap();
        });
        state
    }

    /// What client and provider have, and how much of it each has locked; attoFIL.
    pub fn balances(&mut self) -> [(i64, i64); 2] {
        [CLIENT, PROVIDER].map(|actor| {
            self.change(|market| {
                let has = market.escrow().unwrap().get(actor).unwrap();
                let locked = market.locked().unwrap().get(actor).unwrap();
                (in_atto(&has), in_atto(&locked))
            })
        })
    }

    /// The names of broken invariants, with a balance of this many attoFIL.
    pub fn broken(&self, now: ChainEpoch, balance: i64) -> Vec<&'static str> {
        let broken = self
            .market
            .check_invariants(Rc::clone(&self.store), now, &atto(balance));
        broken.iter().map(|broken| broken.name).collect()
    }
}
