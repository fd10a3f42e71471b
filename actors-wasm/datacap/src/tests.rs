//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::datacap as calls;
use filigree_builtin::ids;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Datacap::SCHEMA.methods.iter();
    methods.map(|method| (method.name, method.number)).collect()
}

/// The client's call and the one others make are one.
fn same<R>(client: Call<R>, others: Result<Call<R>>) {
    let others = others.unwrap();
    assert_eq!(client.to, others.to);
    assert_eq!(client.method, others.method);
    assert_eq!(client.params, others.params);
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [
        ("Constructor", 1),
        ("Name", 48_890_204),
        ("Symbol", 2_061_153_854),
        ("Granularity", 3_936_767_397),
        ("TotalSupply", 114_981_429),
        ("Balance", 3_261_979_605),
        ("Allowance", 4_205_072_950),
        ("Mint", 116_935_346),
        ("Destroy", 2_624_896_501),
        ("Transfer", 80_475_954),
        ("TransferFrom", 3_621_052_141),
        ("IncreaseAllowance", 1_777_121_560),
        ("DecreaseAllowance", 1_529_376_545),
        ("RevokeAllowance", 2_765_635_761),
        ("Burn", 1_434_719_642),
        ("BurnFrom", 2_979_674_018),
    ];
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let client = DatacapClient::at(ids::address(ids::DATACAP));
    let (from, to) = (Address::new_id(100), Address::new_id(101));
    let amount = TokenAmount::from_whole(7);
    let operator_data = RawBytes::new(vec![1, 2]);
    let params = MintParams {
        to,
        amount: amount.clone(),
        operators: vec![from],
    };
    same(client.mint(params.clone()), calls::mint(&params));
    let params = DestroyParams {
        owner: from,
        amount: amount.clone(),
    };
    same(client.destroy(params.clone()), calls::destroy(&params));
    same(client.balance(to), calls::balance(&to));
    let params = TransferParams {
        to,
        amount: amount.clone(),
        operator_data: operator_data.clone(),
    };
    same(client.transfer(params.clone()), calls::transfer(&params));
    let params = TransferFromParams {
        from,
        to,
        amount: amount.clone(),
        operator_data,
    };
    same(
        client.transfer_from(params.clone()),
        calls::transfer_from(&params),
    );
    let params = BurnParams { amount };
    same(client.burn(params.clone()), calls::burn(&params));
}
