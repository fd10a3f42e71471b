//! The token's script.

use example_token::{BurnParams, RevokeAllowanceParams, TokenClient};
use filigree_sdk::call::Construction;
use filigree_sdk::prelude::*;

use super::{Scene, Step, Steps};
use crate::vault::{Vault, VaultClient};

fn tokens(whole: i64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

fn make_token(name: &str, granularity: u64, minter: Address) -> Construction {
    TokenClient::new(name.to_owned(), "EXA".to_owned(), granularity, minter)
}

/// Alice mints; one vault has a hook that takes no more than 100.
pub fn token(scene: &mut Scene) -> Vec<Step> {
    let [alice, bob] = scene.accounts;
    const GRANULARITY: u64 = 1_000_000_000;
    scene.deploy(make_token("Example", GRANULARITY, alice.address));
    let (at, token) = (scene.actor, TokenClient::at(scene.actor));
    let vault = scene.sandbox.install_native::<Vault>();
    let deployed = scene
        .sandbox
        .deploy(&vault, VaultClient::new(at, tokens(100)));
    let vault = deployed.ok();
    scene.others.push(vault);
    let vault_client = VaultClient::at(vault);
    let nobody = Address::new_id(99_999);
    let stranger = Address::new_actor(b"a stranger");
    let new_key = |seed: u8| Address::new_secp256k1(&[seed; 65]).expect("65 bytes are a key");
    let (a, b) = (alice.address, bob.address);
    let none = RawBytes::default;
    let odd = TokenAmount::from_atto(1);
    let burn = |whole| {
        token.burn(BurnParams {
            amount: tokens(whole),
        })
    };
    let revoke = |operator| token.revoke_allowance(RevokeAllowanceParams { operator });
    let data = RawBytes::new(b"for the hook".to_vec());

    let mut s = Steps::default();
    s.deploy(alice, "Constructor", make_token("Other", 1, b));
    s.deploy(alice, "Constructor: no name", make_token("", 1, b));
    s.deploy(
        alice,
        "Constructor: no granularity",
        make_token("Other", 0, b),
    );
    s.deploy(
        alice,
        "Constructor: no minter",
        make_token("Other", 1, stranger),
    );
    s.deploy(
        alice,
        "Constructor: no parameters",
        Construction { params: None },
    );
    s.call(
        alice,
        "Constructor: by an account",
        Call::<()>::new(at, 1, make_token("A", 1, a).params),
    );
    s.call(bob, "Name", token.name());
    s.call(bob, "Symbol", token.symbol());
    s.call(bob, "Granularity", token.granularity());
    s.call(bob, "Balance of nobody yet", token.balance(b));
    s.call(bob, "Balance: an unknown address", token.balance(stranger));
    s.call(
        alice,
        "Mint to an account",
        token.mint(a, tokens(1_000), none()),
    );
    s.call(
        alice,
        "Mint to a hook",
        token.mint(vault, tokens(100), data.clone()),
    );
    s.call(bob, "Mint: a stranger", token.mint(b, tokens(1), none()));
    s.call(
        alice,
        "Mint: the hook refuses",
        token.mint(vault, tokens(101), none()),
    );
    s.call(
        alice,
        "Mint: a part of the smallest amount",
        token.mint(a, odd.clone(), none()),
    );
    s.call(alice, "Mint: below zero", token.mint(a, tokens(-1), none()));
    s.call(
        alice,
        "Mint: nobody there",
        token.mint(nobody, tokens(1), none()),
    );
    s.call(
        alice,
        "Mint: an unknown address",
        token.mint(stranger, tokens(1), none()),
    );
    s.call(
        alice,
        "Mint: to the token, which has no hook",
        token.mint(at, tokens(1), none()),
    );
    s.call(bob, "TotalSupply", token.total_supply());
    s.call(bob, "Balance", token.balance(a));
    s.call(
        alice,
        "Transfer to an account",
        token.transfer(b, tokens(30), none()),
    );
    s.call(
        alice,
        "Transfer to a new key",
        token.transfer(new_key(1), tokens(3), none()),
    );
    s.call(
        alice,
        "Transfer to a hook",
        token.transfer(vault, tokens(7), data.clone()),
    );
    s.call(
        alice,
        "Transfer to oneself",
        token.transfer(a, tokens(5), none()),
    );
    s.call(
        bob,
        "Transfer of nothing",
        token.transfer(a, tokens(0), none()),
    );
    s.call(
        bob,
        "Transfer of all",
        token.transfer(a, tokens(30), none()),
    );
    s.call(
        alice,
        "Transfer: more than there is",
        token.transfer(b, tokens(5_000), none()),
    );
    s.call(
        bob,
        "Transfer: to oneself, more than there is",
        token.transfer(b, tokens(1), none()),
    );
    s.call(
        alice,
        "Transfer: the hook refuses",
        token.transfer(vault, tokens(200), none()),
    );
    s.call(
        alice,
        "Transfer: a part of the smallest amount",
        token.transfer(b, odd.clone(), none()),
    );
    s.call(
        alice,
        "Transfer: below zero",
        token.transfer(b, tokens(-1), none()),
    );
    s.call(bob, "Transfer by an actor", vault_client.send(b, tokens(2)));
    s.call(
        alice,
        "IncreaseAllowance",
        token.increase_allowance(b, tokens(50)),
    );
    s.call(
        alice,
        "IncreaseAllowance again",
        token.increase_allowance(b, tokens(50)),
    );
    s.call(
        alice,
        "IncreaseAllowance for a new key",
        token.increase_allowance(new_key(2), tokens(1)),
    );
    s.call(
        alice,
        "IncreaseAllowance: below zero",
        token.increase_allowance(b, tokens(-1)),
    );
    s.call(
        bob,
        "IncreaseAllowance: read-only",
        vault_client.allow_without_permission(tokens(1)),
    );
    s.call(bob, "Allowance", token.allowance(a, b));
    s.call(
        bob,
        "Allowance: an unknown address",
        token.allowance(a, stranger),
    );
    s.call(alice, "Allowance of nobody", token.allowance(b, a));
    s.call(
        alice,
        "DecreaseAllowance",
        token.decrease_allowance(b, tokens(10)),
    );
    s.call(
        alice,
        "DecreaseAllowance below nothing",
        token.decrease_allowance(new_key(2), tokens(10)),
    );
    s.call(
        alice,
        "DecreaseAllowance: below zero",
        token.decrease_allowance(b, tokens(-1)),
    );
    s.call(
        bob,
        "TransferFrom to an account",
        token.transfer_from(a, b, tokens(20), none()),
    );
    s.call(
        bob,
        "TransferFrom to a hook",
        token.transfer_from(a, vault, tokens(20), data),
    );
    s.call(
        bob,
        "TransferFrom: more than allowed",
        token.transfer_from(a, b, tokens(60), none()),
    );
    s.call(
        alice,
        "TransferFrom: nothing allowed",
        token.transfer_from(b, a, tokens(1), none()),
    );
    s.call(
        alice,
        "TransferFrom: nothing of nothing allowed",
        token.transfer_from(b, a, tokens(0), none()),
    );
    s.call(
        bob,
        "TransferFrom: a part of the smallest amount",
        token.transfer_from(a, b, odd, none()),
    );
    s.call(bob, "BurnFrom", token.burn_from(a, tokens(5)));
    s.call(
        bob,
        "BurnFrom: more than allowed",
        token.burn_from(a, tokens(500)),
    );
    s.call(alice, "RevokeAllowance", revoke(b));
    s.call(alice, "RevokeAllowance: there is none", revoke(b));
    s.call(alice, "Burn", burn(1));
    s.call(bob, "Burn: more than there is", burn(10_000));
    s.call(bob, "Burn: below zero", burn(-1));
    s.call(bob, "an unknown method", Call::<()>::new(at, 77, None));
    s.call(
        bob,
        "a deposit without a method",
        Call::<()>::new(at, 0, None).value(tokens(1)),
    );

    let methods = [
        token.name().method,
        token.balance(b).method,
        token.allowance(a, b).method,
        token.transfer(b, tokens(1), none()).method,
        token.transfer_from(a, b, tokens(1), none()).method,
        token.increase_allowance(b, tokens(1)).method,
        token.decrease_allowance(b, tokens(1)).method,
        revoke(b).method,
        burn(1).method,
        token.burn_from(b, tokens(1)).method,
        token.mint(b, tokens(1), none()).method,
    ];
    s.malformed(alice, at, &methods);
    s.0
}
