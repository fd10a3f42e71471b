//! Many allocations and claims of many parties, in order and in none.

use filigree_actor_verifreg::{
    AllocationId, AllocationRequest, ClaimExtensionRequest, ClaimTerm, ExtendClaimTermsParams,
    RemoveExpiredAllocationsParams, RemoveExpiredClaimsParams,
};
use filigree_builtin::POLICY;
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use super::{claim, claims, sector};
use crate::dice::Dice;
use crate::onboard::{DAY, Provider};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{
    MIB, allocate, answered, client, datacap_for, datacap_of, registry, request, spend, verifier,
};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "verifreg/hundreds-of-claims",
        run: hundreds_of_claims,
    },
    Scenario {
        name: "verifreg/claims-in-no-order",
        run: claims_in_no_order,
    },
    Scenario {
        name: "verifreg/claims-in-no-order-either",
        run: claims_in_no_order_either,
    },
];

fn hundreds_of_claims(stage: &mut Stage) {
    let alice = client(stage, 1_000 * MIB);
    let provider = Provider::new(stage);
    let requests: Vec<_> = (0..300).map(|n| request(stage, provider.id, n)).collect();
    let ids = allocate(stage, alice, requests.clone());
    let expiry = stage.epoch() + POLICY.minimum_verified_allocation_term;
    let all: Vec<_> = ids.iter().zip(&requests).collect();
    let sectors = all[..200].chunks(10).zip(1..).map(|(some, number)| {
        let some = some.iter().map(|(id, request)| claim(alice, **id, request));
        sector(number, expiry, some.collect())
    });
    let call = registry().claim_allocations(claims(sectors.collect(), true));
    let done = stage.implicit(provider.id, call).ok();
    assert!(done.sector_results.all_ok());
    // The others expire.
    stage.sandbox().set_epoch(requests[0].expiration);
    let remove = |named: Vec<AllocationId>| {
        registry().remove_expired_allocations(RemoveExpiredAllocationsParams {
            client: alice.id,
            allocation_ids: named,
        })
    };
    stage.call(alice, remove(ids[180..240].to_vec())).ok();
    let done = stage.call(alice, remove(Vec::new())).ok();
    assert_eq!(done.considered.len(), 60);
    assert_eq!(
        datacap_of(stage, alice.id),
        TokenAmount::from_whole(800 * MIB)
    );
    let remove = |named: Vec<AllocationId>| {
        registry().remove_expired_claims(RemoveExpiredClaimsParams {
            provider: provider.id,
            claim_ids: named,
        })
    };
    stage
        .sandbox()
        .set_epoch(1_000 + POLICY.maximum_verified_allocation_term);
    stage.call(alice, remove(ids[100..220].to_vec())).ok();
    let done = stage.call(alice, remove(Vec::new())).ok();
    assert_eq!(done.considered.len(), 100);
    stage.check_invariants();
}

fn claims_in_no_order(stage: &mut Stage) {
    play(stage, 1);
}

fn claims_in_no_order_either(stage: &mut Stage) {
    play(stage, 2);
}

/// Who plays, and what there is to play with.
struct Game {
    dice: Dice,
    verifier: Account,
    clients: [Account; 3],
    providers: [Provider; 2],
    /// Allocations that were made, some of which are claims by now and some gone.
    made: Vec<(AllocationId, usize, usize)>,
    /// What was asked for, by the place in `made`.
    asked: Vec<AllocationRequest>,
}

fn play(stage: &mut Stage, seed: u64) {
    let mut game = Game {
        dice: Dice::new(seed),
        verifier: verifier(stage, 200 * MIB),
        clients: [0; 3].map(|_| client(stage, 20 * MIB)),
        providers: [0; 2].map(|_| Provider::new(stage)),
        made: Vec::new(),
        asked: Vec::new(),
    };
    for turn in 1..=150 {
        match game.dice.below(12) {
            0..3 => game.allocate(stage),
            3..5 => game.claim(stage),
            5 => game.extend(stage),
            6 => game.extend_with_datacap(stage),
            7..9 => game.remove(stage),
            9 => game.give(stage),
            _ => {
                let to = stage.epoch() + 1 + game.dice.below(60_000) as ChainEpoch;
                stage.sandbox().set_epoch(to);
            }
        }
        if turn % 25 == 0 {
            stage.check_invariants();
        }
    }
    let end = stage.epoch() + 6 * 365 * DAY;
    stage.sandbox().set_epoch(end);
    for _ in 0..20 {
        game.remove(stage);
    }
    stage.check_invariants();
}

impl Game {
    fn some(&mut self) -> Vec<(usize, (AllocationId, usize, usize))> {
        let from = self.made.len().saturating_sub(15);
        let last: Vec<_> = self.made.iter().copied().enumerate().skip(from).collect();
        self.dice.some_of(&last)
    }

    fn allocate(&mut self, stage: &mut Stage) {
        let by = self.dice.below(3) as usize;
        let count = 1 + self.dice.below(4);
        let mut requests = Vec::new();
        for piece in 0..count {
            let provider = self.providers[self.dice.below(2) as usize].id;
            let term_min = (180 + self.dice.below(50) as ChainEpoch) * DAY;
            requests.push(AllocationRequest {
                size: PaddedPieceSize(MIB + self.dice.below(MIB)),
                term_min,
                term_max: term_min + self.dice.below(400_000) as ChainEpoch,
                expiration: stage.epoch() + self.dice.below(175_000) as ChainEpoch,
                ..request(stage, provider, piece)
            });
        }
        let bytes = requests.iter().map(|request| request.size.0).sum::<u64>();
        let more = u64::from(self.dice.once_in(10));
        let send = spend(bytes + more, requests.clone(), Vec::new());
        let outcome = stage.call(self.clients[by], send);
        if outcome.is_ok() {
            let miner = |id| usize::from(self.providers[1].id == id);
            for (id, request) in answered(outcome).new_allocations.into_iter().zip(requests) {
                self.made.push((id, by, miner(request.provider)));
                self.asked.push(request);
            }
        }
    }

    fn claim(&mut self, stage: &mut Stage) {
        let provider = self.dice.below(2) as usize;
        let mut sectors = Vec::new();
        for number in 0..=self.dice.below(3) {
            let mut some = self.some();
            if !self.dice.once_in(6) {
                some.retain(|(_, (_, _, miner))| *miner == provider);
            }
            some.truncate(3);
            let some = some
                .iter()
                .map(|(at, (id, by, _))| claim(self.clients[*by], *id, &self.asked[*at]));
            let some = some.collect();
            let lifetime = (200 + self.dice.below(40) as ChainEpoch) * DAY;
            sectors.push(sector(number, stage.epoch() + lifetime, some));
        }
        let all_or_nothing = self.dice.once_in(3);
        let call = registry().claim_allocations(claims(sectors, all_or_nothing));
        let outcome = stage.implicit(self.providers[provider].id, call);
        assert!(outcome.is_ok() || outcome.exit_code() == ExitCode::USR_ILLEGAL_ARGUMENT);
    }

    fn extend(&mut self, stage: &mut Stage) {
        let by = self.dice.one_of(&self.clients);
        let most = POLICY.maximum_verified_allocation_term as u64;
        let terms = self
            .some()
            .into_iter()
            .map(|(_, (id, _, miner))| ClaimTerm {
                provider: self.providers[miner].id,
                claim_id: id,
                term_max: self.dice.below(most + most / 8) as ChainEpoch,
            });
        let terms = terms.collect();
        let call = registry().extend_claim_terms(ExtendClaimTermsParams { terms });
        stage.call(by, call).ok();
    }

    fn extend_with_datacap(&mut self, stage: &mut Stage) {
        let by = self.dice.one_of(&self.clients);
        let most = POLICY.maximum_verified_allocation_term;
        let Some((at, (id, _, miner))) = self.some().pop() else {
            return;
        };
        let asked = ClaimExtensionRequest {
            provider: self.providers[miner].id,
            claim: id,
            term_max: most - self.dice.below(10_000) as ChainEpoch,
        };
        let send = spend(self.asked[at].size.0, Vec::new(), vec![asked]);
        let code = stage.call(by, send).exit_code();
        assert_ne!(code, ExitCode::USR_ASSERTION_FAILED);
    }

    fn remove(&mut self, stage: &mut Stage) {
        let anyone = self.verifier;
        let named: Vec<AllocationId> = self.some().iter().map(|(_, made)| made.0).collect();
        let allocations = RemoveExpiredAllocationsParams {
            client: self.dice.one_of(&self.clients).id,
            allocation_ids: named.clone(),
        };
        stage
            .call(anyone, registry().remove_expired_allocations(allocations))
            .ok();
        let claims = RemoveExpiredClaimsParams {
            provider: self.dice.one_of(&self.providers).id,
            claim_ids: named,
        };
        stage
            .call(anyone, registry().remove_expired_claims(claims))
            .ok();
    }

    fn give(&mut self, stage: &mut Stage) {
        let client = self.dice.one_of(&self.clients);
        let bytes = MIB / 2 + self.dice.below(20 * MIB);
        let give = registry().add_verified_client(datacap_for(client, bytes));
        let code = stage.call(self.verifier, give).exit_code();
        assert!(code.is_success() || code == ExitCode::USR_ILLEGAL_ARGUMENT);
    }
}
