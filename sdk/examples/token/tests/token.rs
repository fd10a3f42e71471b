//! The token on a chain, as Wasm: receivers accept, refuse and call back; operators spend what they may; random calls keep the books.

use example_token::{BurnParams, RevokeAllowanceParams, Token, TokenClient};
use filigree_sandbox::fuzz::Fuzz;
use filigree_sandbox::{Account, Code, Sandbox, wasm_of};
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::{Received, TokensReceived};

/// Takes tokens and remembers what came last; refuses amounts above a limit.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    token: ActorID,
    limit: TokenAmount,
    last: Option<TokensReceived>,
}

#[actor]
impl Vault {
    /// For one token, up to a limit at once.
    #[constructor]
    pub fn new(ctx: &Context, token: Address, limit: TokenAmount) -> Result<Self> {
        Ok(Self {
            token: ctx.resolve_required(&token)?,
            limit,
            last: None,
        })
    }

    /// Takes what is no more than the limit.
    #[receive]
    pub fn receive(&mut self, ctx: &Context, received: Received) -> Result<()> {
        ctx.require_caller(&[self.token])?;
        let tokens = received.tokens()?;
        ensure!(tokens.amount <= self.limit, illegal_state, "too much");
        self.last = Some(tokens);
        Ok(())
    }

    /// Sends tokens on.
    #[method]
    pub fn send(ctx: &mut Context, to: Address, amount: TokenAmount) -> Result<TokenAmount> {
        let token = TokenClient::at(Address::new_id(ctx.load::<Vault>()?.token));
        let moved = ctx.send(token.transfer(to, amount, RawBytes::default()))?;
        Ok(moved.from_balance)
    }
}

fn tokens(whole: i64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

fn none() -> RawBytes {
    RawBytes::default()
}

/// A token, its minter, and two vaults: the first has 100 tokens, neither takes more than 100 at once.
struct Scene {
    sandbox: Sandbox,
    minter: Account,
    token: TokenClient,
    vaults: [Address; 2],
}

fn scene() -> Scene {
    scene_with(|sandbox| sandbox.install(wasm_of!()))
}

fn scene_with(install: impl FnOnce(&mut Sandbox) -> Code) -> Scene {
    let mut sandbox = Sandbox::new();
    let minter = sandbox.account(TokenAmount::from_whole(10));
    // Actors of a test need no Wasm of their own.
    let (code, vault) = (install(&mut sandbox), sandbox.install_native::<Vault>());
    let construction = TokenClient::new(
        "Example".to_owned(),
        "EXA".to_owned(),
        1_000_000_000,
        minter.address,
    );
    let token = TokenClient::at(sandbox.deploy(&code, construction).ok());
    let vaults = [0, 1].map(|_| {
        sandbox
            .deploy(&vault, VaultClient::new(token.address, tokens(100)))
            .ok()
    });
    sandbox
        .call(minter, token.mint(vaults[0], tokens(100), none()))
        .ok();
    Scene {
        sandbox,
        minter,
        token,
        vaults,
    }
}

#[test]
fn it_describes_itself() {
    let Scene {
        mut sandbox,
        token,
        vaults,
        ..
    } = scene();
    assert_eq!(sandbox.view(token.name()), "Example");
    assert_eq!(sandbox.view(token.symbol()), "EXA");
    assert_eq!(sandbox.view(token.granularity()), 1_000_000_000);
    assert_eq!(sandbox.view(token.total_supply()), tokens(100));
    assert_eq!(sandbox.view(token.balance(vaults[0])), tokens(100));
    assert_eq!(sandbox.view(token.balance(vaults[1])), tokens(0));
}

#[test]
fn methods_have_the_numbers_of_the_standard() {
    let token = TokenClient::at(Address::new_id(1_000));
    let (to, amount) = (Address::new_id(1), tokens(1));
    assert_eq!(
        token.transfer(to, amount.clone(), none()).method,
        80_475_954
    );
    assert_eq!(
        token.transfer_from(to, to, amount, none()).method,
        3_621_052_141
    );
    assert_eq!(token.balance(to).method, 3_261_979_605);
    assert_eq!(token.total_supply().method, 114_981_429);
    assert_eq!(token.granularity().method, 3_936_767_397);
    assert_eq!(token.name().method, 48_890_204);
    assert_eq!(token.symbol().method, 2_061_153_854);
}

#[test]
fn the_receiver_is_told() {
    let Scene {
        mut sandbox,
        minter,
        token,
        vaults: [one, two],
    } = scene();
    let left = sandbox
        .call(minter, VaultClient::at(one).send(two, tokens(30)))
        .ok();
    assert_eq!(left, tokens(70));
    let (one, two) = (sandbox.id(one), sandbox.id(two));
    let last = sandbox.state::<Vault>(Address::new_id(two)).last.unwrap();
    assert_eq!((last.from, last.to, last.operator), (one, two, one));
    assert_eq!(last.amount, tokens(30));
    assert_eq!(
        sandbox.view(token.balance(Address::new_id(two))),
        tokens(30)
    );
}

#[test]
fn a_refusal_takes_the_transfer_back() {
    let Scene {
        mut sandbox,
        minter,
        token,
        vaults: [one, _],
    } = scene();
    let too_much = token.mint(one, tokens(101), none());
    sandbox
        .call(minter, too_much)
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "too much");
    // The token actor has no hook itself.
    let to_itself = VaultClient::at(one).send(token.address, tokens(1));
    assert_eq!(
        sandbox.call(minter, to_itself).exit_code(),
        ExitCode::USR_UNHANDLED_MESSAGE
    );
    assert_eq!(sandbox.view(token.balance(one)), tokens(100));
    assert_eq!(sandbox.view(token.total_supply()), tokens(100));
}

#[test]
fn strangers_neither_mint_nor_spend() {
    let Scene {
        mut sandbox,
        token,
        vaults: [one, two],
        ..
    } = scene();
    let stranger = sandbox.account(TokenAmount::from_whole(1));
    let forbidden = ExitCode::USR_FORBIDDEN;
    sandbox
        .call(stranger, token.mint(one, tokens(1), none()))
        .expect_exit(forbidden, "");
    for amount in [0, 1] {
        let call = token.transfer_from(one, two, tokens(amount), none());
        sandbox
            .call(stranger, call)
            .expect_exit(forbidden, "may spend 0");
        sandbox
            .call(stranger, token.burn_from(one, tokens(amount)))
            .expect_exit(forbidden, "may spend 0");
    }
}

#[test]
fn operators_spend_what_they_may() {
    let Scene {
        mut sandbox,
        minter,
        token,
        vaults: [one, two],
    } = scene();
    let operator = sandbox.account(TokenAmount::from_whole(1));
    // The vaults' own calls are for their owner to write; here the protocol speaks for one.
    let owner = sandbox.id(one);
    let allowed = sandbox
        .implicit(
            owner,
            token.increase_allowance(operator.address, tokens(50)),
        )
        .ok();
    assert_eq!(allowed, tokens(50));
    let moved = sandbox
        .call(operator, token.transfer_from(one, two, tokens(20), none()))
        .ok();
    assert_eq!(
        (moved.from_balance, moved.to_balance, moved.allowance),
        (tokens(80), tokens(20), tokens(30))
    );
    let burnt = sandbox
        .call(operator, token.burn_from(one, tokens(10)))
        .ok();
    assert_eq!((burnt.balance, burnt.allowance), (tokens(70), tokens(20)));
    assert_eq!(sandbox.view(token.total_supply()), tokens(90));

    let params = RevokeAllowanceParams {
        operator: operator.address,
    };
    sandbox.implicit(owner, token.revoke_allowance(params)).ok();
    assert_eq!(
        sandbox.view(token.allowance(one, operator.address)),
        tokens(0)
    );
    let burn = BurnParams { amount: tokens(71) };
    assert_eq!(
        sandbox.implicit(owner, token.burn(burn)).exit_code(),
        ExitCode::USR_INSUFFICIENT_FUNDS
    );
    let odd = token.mint(one, TokenAmount::from_atto(1), none());
    sandbox
        .call(minter, odd)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "multiple");
    let state = sandbox.state::<Token>(token.address);
    assert_eq!(state.ledger.check_invariants(sandbox.store()), Ok(vec![]));
}

/// Random calls from three accounts, then the books: balances add up to the supply, which only minting and burning change.
fn the_books_are_kept(mut scene: Scene, cases: u32) {
    let token = scene.token;
    let accounts = [(); 3].map(|()| scene.sandbox.account(TokenAmount::from_whole(1)));
    for account in accounts {
        let mint = token.mint(account.address, tokens(50), none());
        scene.sandbox.call(scene.minter, mint).ok();
    }
    let mut supply = tokens(250);
    let fuzz = Fuzz::new(token.address).cases(cases).max_calls(10);
    fuzz.check(&mut scene.sandbox, |sandbox, step| {
        let state = sandbox.state::<Token>(token.address);
        let broken = state.ledger.check_invariants(sandbox.store());
        match broken.map_err(|e| e.to_string())?.as_slice() {
            [] => (),
            broken => return Err(format!("{broken:?}")),
        }
        // Each sequence begins where the search did.
        let before = match step.index {
            0 => tokens(250),
            _ => supply.clone(),
        };
        supply = state.ledger.supply;
        let may = match (step.call.method.as_str(), step.outcome.is_ok()) {
            ("Mint", true) => supply >= before,
            ("Burn" | "BurnFrom", true) => supply <= before,
            _ => supply == before,
        };
        match may {
            true => Ok(()),
            false => Err(format!("the supply went from {before} to {supply}")),
        }
    });
}

#[test]
fn random_calls_keep_the_books() {
    the_books_are_kept(scene(), 24);
}

/// The same, natively: more calls in less time.
#[test]
fn many_random_calls_keep_the_books() {
    the_books_are_kept(scene_with(Sandbox::install_native::<Token>), 100);
}
