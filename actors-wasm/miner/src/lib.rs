//! A storage miner: sectors, their proofs, faults and fees, and the money behind them (Filecoin spec, "Storage Mining"). Method numbers
//! that are missing were used by older releases.
//!
//! | number | method | also by name | caller |
//! |---|---|---|---|
//! | 1 | Constructor | | f01, for the power actor |
//! | 2 | ControlAddresses | | any built-in actor |
//! | 3 | ChangeWorkerAddress | yes | owner |
//! | 4 | ChangePeerID | yes | owner, worker, control addresses |
//! | 5 | SubmitWindowedPoSt | | owner, worker, control addresses |
//! | 9 | TerminateSectors | | owner, worker, control addresses |
//! | 10 | DeclareFaults | | owner, worker, control addresses |
//! | 11 | DeclareFaultsRecovered | | owner, worker, control addresses |
//! | 12 | OnDeferredCronEvent | | f04 |
//! | 13 | CheckSectorProven | | any built-in actor |
//! | 14 | ApplyRewards | | f02 |
//! | 15 | ReportConsensusFault | | any built-in actor |
//! | 16 | WithdrawBalance | yes | owner, beneficiary |
//! | 17 | InternalSectorSetupForPreseal | | f00, at genesis |
//! | 18 | ChangeMultiaddrs | yes | owner, worker, control addresses |
//! | 19 | CompactPartitions | | owner, worker, control addresses |
//! | 20 | CompactSectorNumbers | | owner, worker, control addresses |
//! | 21 | ConfirmChangeWorkerAddress | yes | owner |
//! | 22 | RepayDebt | yes | owner, worker, control addresses |
//! | 23 | ChangeOwnerAddress | yes | owner, proposed owner |
//! | 24 | DisputeWindowedPoSt | | any built-in actor |
//! | 28 | PreCommitSectorBatch2 | | owner, worker, control addresses |
//! | 30 | ChangeBeneficiary | yes | owner, beneficiary, proposed beneficiary |
//! | 31 | GetBeneficiary | yes | anyone |
//! | 32 | ExtendSectorExpiration2 | | owner, worker, control addresses |
//! | 34 | ProveCommitSectors3 | | owner, worker, control addresses |
//! | 35 | ProveReplicaUpdates3 | | owner, worker, control addresses |
//! | 36 | ProveCommitSectorsNI | | owner, worker, control addresses |
//! | | GetOwner, IsControllingAddress, GetSectorSize, GetAvailableBalance, GetVestingFunds, GetPeerID, GetMultiaddrs, MaxTerminationFee, InitialPledge, GenerateSectorLocation, ValidateSectorStatus, GetNominalSectorExpiration | only | anyone |
//!
//! State, from the top: [`state`] (the miner), [`deadlines`] and [`deadline`] (sectors by the time they are proven at), [`partition`]
//! (sectors that are proven together), [`expiration_queue`] and [`bitfield_queue`] (when sectors end), [`sectors`] and [`types`] (what is
//! known of a sector, and of who acts for the miner), [`vesting`] (money that is freed over time).
//!
//! Rules: [`quantize`], [`deadline_info`] and [`assignment`] (time, and which sector is proven when), [`power`] (what sectors count for),
//! [`monies`] and [`fees`] (pledge, deposits, penalties, fees), [`lifetime`] and [`extension`] (how long sectors live), `replica` (what data
//! makes of a sector), [`policy`] (limits).
//!
//! Methods: `method`, with what they take and return in [`params`]; `events`, [`notifications`].

pub mod assignment;
pub mod bitfield_queue;
mod block;
pub mod deadline;
pub mod deadline_info;
pub mod deadlines;
mod events;
pub mod expiration_queue;
pub mod expiration_set;
pub mod extension;
pub mod fees;
pub mod int;
mod invariants;
pub mod lifetime;
mod method;
pub mod monies;
pub mod notifications;
pub mod params;
pub mod partition;
pub mod policy;
pub mod power;
pub mod quantize;
mod replica;
pub mod sector_map;
pub mod sectors;
pub mod state;
pub mod termination;
#[cfg(test)]
mod testing;
pub mod types;
pub mod vesting;

pub use method::effects::ERR_BALANCE_INVARIANTS_BROKEN;
pub use state::Miner;

use filigree_builtin::batch::BatchReturn;
use filigree_builtin::{ids, internal_api};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::{SectorNumber, SectorSize};

use method::*;
use params::*;

#[actor(before = internal_api::check)]
impl Miner {
    /// A new miner, which holds its deposit already.
    #[constructor]
    pub fn create(ctx: &mut Context, params: MinerConstructorParams) -> Result<Self> {
        construct::construct(ctx, params)
    }

    /// Who owns it and who acts for it, by their ids.
    #[view(2)]
    pub fn control_addresses(&self) -> Result<GetControlAddressesReturn> {
        self.controllers()
    }

    /// Sets the control addresses at once; another worker takes over later.
    #[method(3, "ChangeWorkerAddress")]
    pub fn change_worker_address(
        ctx: &mut Context,
        params: ChangeWorkerAddressParams,
    ) -> Result<()> {
        worker::change(ctx, params)
    }

    /// Sets the libp2p peer id.
    #[method(4, "ChangePeerID")]
    pub fn change_peer_id(&mut self, ctx: &Context, params: ChangePeerIdParams) -> Result<()> {
        self.set_peer_id(ctx, params.new_id)
    }

    /// Proves partitions of the deadline that is open.
    #[method(5)]
    pub fn submit_windowed_post(ctx: &mut Context, params: SubmitWindowedPoStParams) -> Result<()> {
        post::submit(ctx, params)
    }

    /// Ends sectors before their time.
    #[method(9)]
    pub fn terminate_sectors(
        ctx: &mut Context,
        params: TerminateSectorsParams,
    ) -> Result<TerminateSectorsReturn> {
        terminate::terminate(ctx, params.terminations)
    }

    /// Declares sectors faulty.
    #[method(10)]
    pub fn declare_faults(ctx: &mut Context, params: DeclareFaultsParams) -> Result<()> {
        faults::declare_faults(ctx, params.faults)
    }

    /// Declares that faulty sectors will be proven again.
    #[method(11)]
    pub fn declare_faults_recovered(
        ctx: &mut Context,
        params: DeclareFaultsRecoveredParams,
    ) -> Result<()> {
        faults::declare_recovered(ctx, params.recoveries)
    }

    /// Does what was enrolled with cron.
    #[method(12)]
    pub fn on_deferred_cron_event(
        ctx: &mut Context,
        params: DeferredCronEventParams,
    ) -> Result<()> {
        ctx.require_caller(&[ids::POWER])?;
        cron::on_event(ctx, &params)
    }

    /// Fails unless a sector was proven.
    #[view(13)]
    pub fn check_sector_proven(&self, params: CheckSectorProvenParams) -> Result<()> {
        self.require_sector(params.sector_number)
    }

    /// Takes a block's reward, and a penalty.
    #[method(14)]
    pub fn apply_rewards(ctx: &mut Context, params: ApplyRewardParams) -> Result<()> {
        funds::apply_rewards(ctx, &params)
    }

    /// Proves a consensus fault of the miner; the caller is rewarded.
    #[method(15)]
    pub fn report_consensus_fault(
        ctx: &mut Context,
        params: ReportConsensusFaultParams,
    ) -> Result<()> {
        consensus_fault::report(ctx, &params)
    }

    /// Sends money to the beneficiary; returns how much, attoFIL.
    #[method(16, "WithdrawBalance")]
    pub fn withdraw_balance(
        ctx: &mut Context,
        params: WithdrawBalanceParams,
    ) -> Result<TokenAmount> {
        funds::withdraw(ctx, &params.amount_requested)
    }

    /// Activates sectors that the network begins with.
    #[method(17)]
    pub fn internal_sector_setup_for_preseal(
        ctx: &mut Context,
        params: InternalSectorSetupForPresealParams,
    ) -> Result<()> {
        ctx.require_caller(&[ids::SYSTEM])?;
        preseal::setup(ctx, params)
    }

    /// Sets the multiaddresses.
    #[method(18, "ChangeMultiaddrs")]
    pub fn change_multiaddrs(
        &mut self,
        ctx: &Context,
        params: ChangeMultiaddrsParams,
    ) -> Result<()> {
        self.set_multiaddrs(ctx, params.new_multi_addrs)
    }

    /// Takes terminated sectors out of partitions, and fills these again.
    #[method(19)]
    pub fn compact_partitions(
        &mut self,
        ctx: &Context,
        params: CompactPartitionsParams,
    ) -> Result<()> {
        self.compact_partitions_of(ctx, &params)
    }

    /// Gives up sector numbers that were not used.
    #[method(20)]
    pub fn compact_sector_numbers(
        &mut self,
        ctx: &Context,
        params: CompactSectorNumbersParams,
    ) -> Result<()> {
        self.give_up_sector_numbers(ctx, &params.mask_sector_numbers)
    }

    /// Puts the next worker in its place, if it is time.
    #[method(21, "ConfirmChangeWorkerAddress")]
    pub fn confirm_change_worker_address(&mut self, ctx: &Context) -> Result<()> {
        self.confirm_worker(ctx)
    }

    /// Pays as much of the debt as possible.
    #[method(22, "RepayDebt")]
    pub fn repay_debt(ctx: &mut Context) -> Result<()> {
        funds::repay_debt(ctx)
    }

    /// Proposes an owner, or confirms as the one proposed.
    #[method(23, "ChangeOwnerAddress")]
    pub fn change_owner_address(&mut self, ctx: &Context, new_owner: Address) -> Result<()> {
        self.change_owner(ctx, new_owner)
    }

    /// Shows that a windowed proof was invalid; the caller is rewarded.
    #[method(24)]
    pub fn dispute_windowed_post(
        ctx: &mut Context,
        params: DisputeWindowedPoStParams,
    ) -> Result<()> {
        dispute::dispute(ctx, params)
    }

    /// Announces sectors about to be sealed.
    #[method(28)]
    pub fn pre_commit_sector_batch2(
        ctx: &mut Context,
        params: PreCommitSectorBatchParams2,
    ) -> Result<()> {
        pre_commit::pre_commit(ctx, params)
    }

    /// Proposes a beneficiary, or approves the one proposed.
    #[method(30, "ChangeBeneficiary")]
    pub fn change_beneficiary(
        &mut self,
        ctx: &Context,
        params: ChangeBeneficiaryParams,
    ) -> Result<()> {
        self.propose_or_approve_beneficiary(ctx, params)
    }

    /// The beneficiary, and the one proposed.
    #[view(31, "GetBeneficiary")]
    pub fn get_beneficiary(&self) -> Result<GetBeneficiaryReturn> {
        self.beneficiary()
    }

    /// Makes sectors live longer.
    #[method(32)]
    pub fn extend_sector_expiration2(
        ctx: &mut Context,
        params: ExtendSectorExpiration2Params,
    ) -> Result<()> {
        extend::extend(ctx, params.extensions)
    }

    /// Proves sectors that were announced; returns what became of each.
    #[method(34)]
    pub fn prove_commit_sectors3(
        ctx: &mut Context,
        params: ProveCommitSectors3Params,
    ) -> Result<BatchReturn> {
        prove_commit::prove_commit(ctx, &params)
    }

    /// Proves that empty sectors got data; returns what became of each.
    #[method(35)]
    pub fn prove_replica_updates3(
        ctx: &mut Context,
        params: ProveReplicaUpdates3Params,
    ) -> Result<BatchReturn> {
        replica_update::prove_replica_updates(ctx, &params)
    }

    /// Proves empty sectors that were not announced; returns what became of each.
    #[method(36)]
    pub fn prove_commit_sectors_ni(
        ctx: &mut Context,
        params: ProveCommitSectorsNIParams,
    ) -> Result<BatchReturn> {
        prove_commit_ni::prove_commit(ctx, &params)
    }

    /// The owner, and the one proposed.
    #[view]
    pub fn get_owner(&self) -> Result<GetOwnerReturn> {
        self.owners()
    }

    /// Whether an address is the owner's, the worker's or a control address.
    #[view]
    pub fn is_controlling_address(&self, ctx: &Context, address: Address) -> Result<bool> {
        self.is_controlled_by(ctx, &address)
    }

    /// Size of its sectors, bytes.
    #[view]
    pub fn get_sector_size(&self) -> Result<SectorSize> {
        Ok(self.get_info(ActorStore)?.sector_size)
    }

    /// What is neither locked nor owed, attoFIL; below zero if more is owed than there is.
    #[view("GetAvailableBalance")]
    pub fn available_balance(&self, ctx: &Context) -> Result<TokenAmount> {
        self.get_available_balance(&ctx.balance()?)
    }

    /// What vests, and when.
    #[view]
    pub fn get_vesting_funds(&self) -> Result<GetVestingFundsReturn> {
        self.vesting()
    }

    /// The libp2p peer id.
    #[view("GetPeerID")]
    pub fn get_peer_id(&self) -> Result<GetPeerIdReturn> {
        self.peer_id()
    }

    /// The multiaddresses.
    #[view]
    pub fn get_multiaddrs(&self) -> Result<GetMultiaddrsReturn> {
        self.multiaddrs()
    }

    /// The most that terminating a sector of some power and pledge can cost, attoFIL.
    #[method]
    pub fn max_termination_fee(
        ctx: &mut Context,
        params: MaxTerminationFeeParams,
    ) -> Result<TokenAmount> {
        funds::max_termination_fee(ctx, &params)
    }

    /// What is pledged for all sectors, attoFIL.
    #[view("InitialPledge")]
    pub fn total_initial_pledge(&self) -> TokenAmount {
        self.initial_pledge.clone()
    }

    /// Where a sector is and how it does, by a search too long for most calls on chain.
    #[view]
    pub fn generate_sector_location(
        &self,
        params: GenerateSectorLocationParams,
    ) -> Result<GenerateSectorLocationReturn> {
        self.locate(params.sector_number)
    }

    /// Whether a sector, where it is said to be, does as it should.
    #[view]
    pub fn validate_sector_status(&self, params: ValidateSectorStatusParams) -> Result<bool> {
        self.validate_status(&params)
    }

    /// When a sector expires.
    #[view]
    pub fn get_nominal_sector_expiration(&self, sector_number: SectorNumber) -> Result<ChainEpoch> {
        self.expiration_of(sector_number)
    }
}

#[cfg(test)]
mod tests;
