//! An actor that does without the standard library: what the macros make names nothing of it.
#![no_std]

use filigree_sdk::prelude::*;

/// What somebody holds.
#[tuple]
#[derive(Debug, PartialEq)]
pub struct Vault {
    owner: ActorID,
    kind: Kind,
    held: TokenAmount,
}

/// How long.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// For ever.
    Closed = 1,
    /// As long as the owner likes.
    Open = 2,
}

#[actor]
impl Vault {
    #[constructor(by = any)]
    fn new(ctx: &Context, kind: Kind) -> Self {
        Self {
            owner: ctx.caller(),
            kind,
            held: ctx.value_received(),
        }
    }

    #[method]
    fn withdraw(ctx: &mut Context, amount: TokenAmount, to: Option<Address>) -> Result<()> {
        let owner = ctx.transaction(|state: &mut Vault, ctx| {
            ensure!(state.kind == Kind::Open, forbidden, "closed");
            ensure!(
                ctx.caller() == state.owner,
                forbidden,
                "f0{} is not the owner",
                ctx.caller()
            );
            state.held = state.held.minus(&amount)?;
            Ok(state.owner)
        })?;
        ctx.emit(&Event::of("withdrawn")?.value("amount", &amount)?)?;
        ctx.transfer(&to.unwrap_or(Address::new_id(owner)), &amount)
    }

    #[view]
    fn held(&self) -> TokenAmount {
        self.held.clone()
    }

    #[upgrade]
    fn upgrade(ctx: &mut Context, _from: UpgradeInfo) -> Result<Self> {
        ctx.load()
    }

    #[fallback]
    fn other(
        _ctx: &mut Context,
        method: MethodNum,
        _params: Option<IpldBlock>,
    ) -> Result<Option<IpldBlock>> {
        ensure!(method > 100, illegal_argument, "method {method} is none");
        Ok(None)
    }
}

#[test]
fn it_has_its_methods_and_its_client() {
    assert_eq!(Vault::SCHEMA.methods.len(), 5);
    let vault = VaultClient::at(Address::new_id(100));
    assert_eq!(vault.held().method, method_number!("Held"));
    assert!(
        vault
            .withdraw(TokenAmount::default(), None)
            .params
            .is_some()
    );
    assert!(VaultClient::new(Kind::Open).params.is_some());
}
