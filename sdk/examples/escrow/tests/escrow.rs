//! The escrow on a chain, as Wasm: money moves as it says.

use example_escrow::{Escrow, EscrowClient, Stage};
use filigree_sandbox::fuzz::Fuzz;
use filigree_sandbox::{Account, Sandbox, wasm_of};
use filigree_sdk::prelude::*;

fn fil(whole: i64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

/// An escrow with 3 FIL of a payer who has 10, until epoch `now + 100`.
fn funded() -> (Sandbox, Account, Account, EscrowClient) {
    let mut sandbox = Sandbox::new();
    let [payer, payee] = [10, 0].map(|whole| sandbox.account(fil(whole)));
    let code = sandbox.install(wasm_of!());
    let deadline = sandbox.epoch() + 100;
    let construction = EscrowClient::new(payer.address, payee.address, deadline);
    let escrow = EscrowClient::at(sandbox.deploy(&code, construction).ok());
    assert_eq!(
        sandbox.call(payer, escrow.deposit().value(fil(3))).ok(),
        fil(3)
    );
    (sandbox, payer, payee, escrow)
}

#[test]
fn release_pays_the_payee() {
    let (mut sandbox, payer, payee, escrow) = funded();
    sandbox
        .call(payee, escrow.release())
        .expect_exit(ExitCode::USR_FORBIDDEN, "only the payer");
    let outcome = sandbox.call(payer, escrow.release());
    assert_eq!(outcome.events().len(), 1);
    outcome.ok();
    assert_eq!(sandbox.balance(payee), fil(3));
    assert_eq!(sandbox.balance(escrow.address), fil(0));
    assert_eq!(sandbox.view(escrow.stage()), Stage::Released);
    sandbox
        .call(payer, escrow.release())
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "closed");
}

#[test]
fn the_payer_is_refunded_after_the_deadline() {
    let (mut sandbox, payer, _, escrow) = funded();
    sandbox
        .call(payer, escrow.refund())
        .expect_exit(ExitCode::USR_FORBIDDEN, "after epoch");
    sandbox.set_epoch(sandbox.epoch() + 101);
    let late = escrow.deposit().value(fil(1));
    sandbox
        .call(payer, late)
        .expect_exit(ExitCode::USR_FORBIDDEN, "deadline");
    sandbox.call(payer, escrow.refund()).ok();
    assert_eq!(sandbox.balance(payer), fil(10));
    assert_eq!(sandbox.view(escrow.stage()), Stage::Refunded);
}

#[test]
fn nobody_makes_an_escrow_that_is_over() {
    let mut sandbox = Sandbox::new();
    let code = sandbox.install(wasm_of!());
    let [payer, payee] = [1, 2].map(|_| sandbox.account(fil(1)));
    let late = EscrowClient::new(payer.address, payee.address, sandbox.epoch());
    sandbox
        .deploy(&code, late)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "is over");
}

/// Random calls with random money. The escrow runs natively here, which is faster.
#[test]
fn it_keeps_what_was_deposited_and_pays_all_at_once() {
    let mut sandbox = Sandbox::new();
    let [payer, payee] = [100, 100].map(|whole| sandbox.account(fil(whole)));
    let code = sandbox.install_native::<Escrow>();
    let construction = EscrowClient::new(payer.address, payee.address, sandbox.epoch() + 100);
    let escrow = sandbox.deploy(&code, construction).ok();
    let fuzz = Fuzz::new(escrow).payable();
    fuzz.check(&mut sandbox, |sandbox, step| {
        let state: Escrow = sandbox.state(escrow);
        let balance = sandbox.balance(escrow);
        let is_paid = matches!(step.call.method.as_str(), "Release" | "Refund");
        if state.stage == Stage::Open && balance < state.deposited {
            return Err(format!("it has {balance} of {}", state.deposited));
        }
        if is_paid && step.outcome.is_ok() && !balance.is_zero() {
            return Err(format!("it paid and still has {balance}"));
        }
        Ok(())
    });
}
