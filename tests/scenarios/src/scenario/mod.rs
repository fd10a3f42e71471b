//! All scenarios, by topic. Each is a function of a [`Stage`]: it sends messages, lets time pass, and says what must come of it in exit
//! codes, returns and states; never in the actors' messages, which are for people and differ.

pub mod account;
pub mod datacap;
pub mod ethereum;
pub mod exported;
pub mod foreign;
pub mod genesis;
pub mod init;
pub mod market;
pub mod miner;
pub mod multisig;
pub mod paych;
pub mod power;
pub mod protocol;
pub mod reward;
pub mod verifreg;

use crate::stage::Stage;

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, `topic/what-happens`.
    pub name: &'static str,
    /// What happens.
    pub run: fn(&mut Stage),
}

/// All scenarios, in the order of their topics.
pub fn all() -> Vec<Scenario> {
    const TOPICS: &[&[Scenario]] = &[
        account::ALL,
        ethereum::ALL,
        exported::ALL,
        foreign::ALL,
        genesis::ALL,
        init::ALL,
        protocol::ALL,
        reward::ALL,
        datacap::ALL,
        datacap::spend::ALL,
        miner::batch::ALL,
        miner::beneficiary::ALL,
        miner::bitfield::ALL,
        miner::claimed::ALL,
        miner::compact::ALL,
        miner::crowd::ALL,
        miner::dispute::ALL,
        miner::economy::ALL,
        miner::extend::ALL,
        miner::fault::ALL,
        miner::funds::ALL,
        miner::getter::ALL,
        miner::hostile::ALL,
        miner::lifecycle::ALL,
        miner::ni::ALL,
        miner::people::ALL,
        miner::post::ALL,
        miner::protocol::ALL,
        miner::snap::ALL,
        miner::terminate::ALL,
        market::activate::ALL,
        market::balance::ALL,
        market::crowd::ALL,
        market::end::ALL,
        market::look::ALL,
        market::onboarded::ALL,
        market::publish::ALL,
        market::snapped::ALL,
        market::verified::ALL,
        multisig::change::ALL,
        multisig::create::ALL,
        multisig::lock::ALL,
        multisig::transaction::ALL,
        paych::close::ALL,
        paych::voucher::ALL,
        power::claim::ALL,
        power::create::ALL,
        power::hostile::ALL,
        verifreg::allocation::ALL,
        verifreg::claim::ALL,
        verifreg::crowd::ALL,
        verifreg::grant::ALL,
        verifreg::removal::ALL,
        verifreg::term::ALL,
    ];
    TOPICS.concat()
}
