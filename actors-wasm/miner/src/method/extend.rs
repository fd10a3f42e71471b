//! Sectors live longer (FIP-0045). Sectors with verified claims name them, so that the registry tells whether their terms allow it.

use std::collections::BTreeMap;

use filigree_builtin::POLICY;
use filigree_builtin::calls::verifreg::{self, Claim, ClaimId, GetClaimsParams};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::{SectorNumber, SectorSize};

use super::{add_to_set, effects, require_controlling};
use crate::deadline::Deadline;
use crate::extension::{ClaimSpace, Now, extended_sector};
use crate::params::{ExpirationExtension2, SectorClaim};
use crate::quantize::QuantSpec;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::types::PowerPair;

/// Sizes of claims, by sector.
type Claims = BTreeMap<SectorNumber, ClaimSpace>;

/// Sectors of a partition that will expire later.
struct Extension {
    partition: u64,
    sectors: BitField,
    new_expiration: ChainEpoch,
}

/// What changes of power, pledge and daily fees.
#[derive(Default)]
struct Delta {
    power: PowerPair,
    pledge: TokenAmount,
    daily_fee: TokenAmount,
}

/// Extends sectors.
pub(crate) fn extend(ctx: &mut Context, extensions: Vec<ExpirationExtension2>) -> Result<()> {
    let claims = check_claims(ctx, &extensions)?;
    let now = Now {
        epoch: ctx.epoch()?,
        version: ctx.network_version()?,
        circulating_supply: ctx.circulating_supply()?,
    };
    let by_deadline = group(extensions)?;
    let (power, pledge) = ctx.transaction(|state: &mut Miner, ctx| {
        let info = state.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        let mut deadlines = state.load_deadlines(ActorStore)?;
        let mut sectors = Sectors::load(ActorStore, &state.sectors)?;
        let mut power = PowerPair::zero();
        let mut pledge = TokenAmount::default();
        for (index, extensions) in by_deadline {
            let mut deadline = deadlines.load_deadline(ActorStore, index)?;
            let delta = extend_deadline(
                &mut deadline,
                &mut sectors,
                &extensions,
                state.quant_spec_for_deadline(&POLICY, index),
                info.sector_size,
                &now,
                &claims,
            )?;
            deadline.live_power += delta.power;
            deadline.daily_fee += delta.daily_fee;
            power += delta.power;
            pledge += delta.pledge;
            deadlines.update_deadline(&POLICY, ActorStore, index, &deadline)?;
        }
        state.sectors = sectors.flush()?;
        state.save_deadlines(ActorStore, &deadlines)?;
        Ok((power, pledge))
    })?;
    effects::update_power(ctx, power)?;
    effects::update_pledge(ctx, &pledge)
}

/// Asks the registry about the claims of each sector; gives their sizes.
fn check_claims(ctx: &mut Context, extensions: &[ExpirationExtension2]) -> Result<Claims> {
    let mut spaces = Claims::new();
    for extension in extensions {
        ensure!(
            extension.deadline < POLICY.wpost_period_deadlines,
            illegal_argument,
            "there is no deadline {}",
            extension.deadline
        );
        for sector in &extension.sectors_with_claims {
            let ids = [&*sector.maintain_claims, &*sector.drop_claims].concat();
            let claims = get_claims(ctx, ids)?;
            let new_expiration = extension.new_expiration;
            add_claims(&mut spaces, sector, &claims, ctx.receiver(), new_expiration)?;
        }
    }
    Ok(spaces)
}

fn get_claims(ctx: &mut Context, claim_ids: Vec<ClaimId>) -> Result<Vec<Claim>> {
    let asked = claim_ids.len();
    let params = GetClaimsParams {
        provider: ctx.receiver(),
        claim_ids,
    };
    let found = ctx.send(verifreg::get_claims(&params)?)?;
    ensure!(
        found.batch_info.success_count as usize >= asked,
        illegal_argument,
        "the miner does not have all of the claims"
    );
    Ok(found.claims)
}

/// Adds the claims of a sector, those that go on first, to the sizes.
fn add_claims(
    spaces: &mut Claims,
    sector: &SectorClaim,
    claims: &[Claim],
    miner: ActorID,
    new_expiration: ChainEpoch,
) -> Result<()> {
    for (i, claim) in claims.iter().enumerate() {
        ensure!(
            claim.provider == miner && claim.sector == sector.sector_number,
            illegal_argument,
            "a claim of sector {} of f0{} is named for sector {}",
            claim.sector,
            claim.provider,
            sector.sector_number
        );
        let goes_on = i < sector.maintain_claims.len();
        let end = claim.term_start.saturating_add(claim.term_max);
        ensure!(
            !goes_on || new_expiration <= end,
            forbidden,
            "a claim of sector {} lasts until {end} at most",
            sector.sector_number
        );
        let space = spaces.entry(sector.sector_number).or_default();
        space.all += claim.size.0;
        if goes_on {
            space.maintained += claim.size.0;
        }
    }
    Ok(())
}

/// By deadline: deadlines in the order in which they are named first, and what is named for each in order.
fn group(extensions: Vec<ExpirationExtension2>) -> Result<Vec<(u64, Vec<Extension>)>> {
    let mut groups: Vec<(u64, Vec<Extension>)> = Vec::new();
    for extension in extensions {
        let mut sectors = BitField::new();
        for sector in &extension.sectors_with_claims {
            add_to_set(&mut sectors, sector.sector_number)?;
        }
        sectors |= &extension.sectors;
        let item = Extension {
            partition: extension.partition,
            sectors,
            new_expiration: extension.new_expiration,
        };
        match groups
            .iter_mut()
            .find(|(deadline, _)| *deadline == extension.deadline)
        {
            Some((_, group)) => group.push(item),
            None => groups.push((extension.deadline, vec![item])),
        }
    }
    Ok(groups)
}

fn extend_deadline(
    deadline: &mut Deadline,
    sectors: &mut Sectors<ActorStore>,
    extensions: &[Extension],
    quant: QuantSpec,
    sector_size: SectorSize,
    now: &Now,
    claims: &Claims,
) -> Result<Delta> {
    let mut delta = Delta::default();
    let mut partitions = deadline.partitions_amt(ActorStore)?;
    // Partitions by the epoch to which sectors of theirs are extended; epochs in the order in which they come first.
    let mut rescheduled: Vec<(ChainEpoch, Vec<u64>)> = Vec::new();
    for extension in extensions {
        let mut partition = partitions
            .get(extension.partition)?
            .ok_or_else(|| Error::not_found("no such partition"))?;
        let old = sectors.load_sectors(&extension.sectors)?;
        let expiration = extension.new_expiration;
        let new = old.iter().map(|sector| {
            let claims = claims.get(&sector.sector_number).copied();
            extended_sector(now, expiration, sector, sector_size, claims)
        });
        let new = new.collect::<Result<Vec<_>>>()?;
        sectors.store(&new)?;
        let (power, pledge, daily_fee) =
            partition.replace_sectors(ActorStore, &old, &new, sector_size, quant)?;
        delta.power += power;
        delta.pledge += pledge;
        delta.daily_fee += daily_fee;
        partitions.set(extension.partition, &partition)?;
        match rescheduled
            .iter_mut()
            .find(|(epoch, _)| *epoch == expiration)
        {
            Some((_, at)) => at.push(extension.partition),
            None => rescheduled.push((expiration, vec![extension.partition])),
        }
    }
    deadline.partitions = partitions.close()?;
    for (epoch, at) in rescheduled {
        deadline.add_expiration_partitions(ActorStore, epoch, &at, quant)?;
    }
    Ok(delta)
}

#[cfg(test)]
mod tests;
