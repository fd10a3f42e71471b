//! The datacap of verified deals: for each client what is left of it, and what is to be allocated.

use filigree_builtin::calls::datacap::{self, TransferFromParams};
use filigree_builtin::calls::verifreg::{
    AllocationId, AllocationRequest, AllocationRequests, AllocationsResponse,
};
use filigree_builtin::ids;
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;

use crate::deal::{DealId, DealProposal, Parties};
use crate::rule::datacap as rule;

/// Clients with verified deals, sorted by id.
#[derive(Default)]
pub(super) struct Datacap(Vec<Client>);

struct Client {
    id: ActorID,
    /// Tokens that no deal has taken yet.
    left: TokenAmount,
    deals: Vec<DealId>,
    requests: Vec<AllocationRequest>,
}

impl Datacap {
    /// Takes the datacap for a deal from what its client has left; tells whether there was enough.
    pub fn take(
        &mut self,
        ctx: &mut Context,
        id: DealId,
        deal: &DealProposal,
        parties: Parties,
    ) -> Result<bool> {
        let client = self.client(ctx, parties.client)?;
        let tokens = rule::tokens(deal.piece_size);
        if client.left < tokens {
            return Ok(false);
        }
        client.left -= tokens;
        client.deals.push(id);
        let request = rule::allocation(deal, parties, ctx.epoch()?);
        client.requests.push(request);
        Ok(true)
    }

    fn client(&mut self, ctx: &mut Context, id: ActorID) -> Result<&mut Client> {
        let at = match self.0.binary_search_by_key(&id, |client| client.id) {
            Ok(at) => at,
            Err(at) => {
                let balance = ctx.send(datacap::balance(&Address::new_id(id))?);
                let client = Client {
                    id,
                    left: balance.map_err(|_| Error::not_found("no balance of datacap"))?,
                    deals: Vec::new(),
                    requests: Vec::new(),
                };
                self.0.insert(at, client);
                at
            }
        };
        Ok(&mut self.0[at])
    }

    /// Moves the tokens of all deals to the verified registry; gives the allocation of each deal.
    pub fn allocate(&mut self, ctx: &mut Context) -> Result<Vec<(DealId, AllocationId)>> {
        let mut allocations = Vec::new();
        for client in self.0.drain(..).filter(|client| !client.deals.is_empty()) {
            let requested = client.requests.len();
            let params = TransferFromParams {
                from: Address::new_id(client.id),
                to: ids::address(ids::VERIFIED_REGISTRY),
                amount: rule::total(&client.requests)?,
                operator_data: RawBytes::new(cbor::encode(&AllocationRequests {
                    allocations: client.requests,
                    extensions: Vec::new(),
                })?),
            };
            let ids = transfer(ctx, &params)
                .map_err(|_| Error::illegal_state("datacap could not be transferred"))?;
            ensure!(
                ids.len() == requested,
                illegal_state,
                "{} allocations for {requested} deals",
                ids.len()
            );
            allocations.extend(client.deals.into_iter().zip(ids));
        }
        Ok(allocations)
    }
}

fn transfer(ctx: &mut Context, params: &TransferFromParams) -> Result<Vec<AllocationId>> {
    let moved = ctx.send(datacap::transfer_from(params)?)?;
    let response: AllocationsResponse = cbor::decode(&moved.recipient_data)?;
    Ok(response.new_allocations)
}
