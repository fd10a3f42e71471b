//! The methods, against the list of the release.

use super::*;

fn methods(exported: bool) -> Vec<(u64, &'static str)> {
    let methods = <Miner as Actor>::SCHEMA.methods.iter();
    methods
        .map(|method| (method.number, method.name))
        .filter(|(number, _)| internal_api::is_exported(*number) == exported)
        .collect()
}

#[test]
fn methods_are_those_of_the_release() {
    let by_number: Vec<_> = methods(false)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    let numbers = (1..=5).chain(9..=24).chain([28, 30, 31, 32, 34, 35, 36]);
    assert_eq!(by_number, numbers.collect::<Vec<_>>());

    let mut by_name: Vec<_> = methods(true).into_iter().map(|(_, name)| name).collect();
    by_name.sort_unstable();
    let names = [
        "ChangeBeneficiary",
        "ChangeMultiaddrs",
        "ChangeOwnerAddress",
        "ChangePeerID",
        "ChangeWorkerAddress",
        "ConfirmChangeWorkerAddress",
        "GenerateSectorLocation",
        "GetAvailableBalance",
        "GetBeneficiary",
        "GetMultiaddrs",
        "GetNominalSectorExpiration",
        "GetOwner",
        "GetPeerID",
        "GetSectorSize",
        "GetVestingFunds",
        "InitialPledge",
        "IsControllingAddress",
        "MaxTerminationFee",
        "RepayDebt",
        "ValidateSectorStatus",
        "WithdrawBalance",
    ];
    assert_eq!(by_name, names);
}
