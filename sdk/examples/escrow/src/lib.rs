//! An escrow: money from a payer for a payee, kept until the payer releases it. If the payer does not, the payee can give it back at any
//! time, and the payer can take it back after a deadline.
//!
//! Each way out reads: check who asks and when → close the escrow in a transaction → pay. Paying comes last, so that whoever is paid
//! finds the escrow closed if it calls back.

use filigree_sdk::prelude::*;

/// An escrow.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escrow {
    /// Whose money it is.
    pub payer: ActorID,
    /// Who gets it.
    pub payee: ActorID,
    /// The epoch after which the payer can take it back.
    pub deadline: ChainEpoch,
    /// What was deposited, attoFIL.
    pub deposited: TokenAmount,
    /// How far it got.
    pub stage: Stage,
}

/// How far an escrow got.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Takes deposits.
    Open = 0,
    /// The payee was paid.
    Released = 1,
    /// The payer was paid back.
    Refunded = 2,
}

#[actor]
impl Escrow {
    /// An empty escrow.
    #[constructor]
    pub fn new(
        ctx: &Context,
        payer: Address,
        payee: Address,
        deadline: ChainEpoch,
    ) -> Result<Self> {
        ensure!(
            deadline > ctx.epoch()?,
            illegal_argument,
            "epoch {deadline} is over"
        );
        Ok(Self {
            payer: ctx.resolve_required(&payer)?,
            payee: ctx.resolve_required(&payee)?,
            deadline,
            deposited: TokenAmount::default(),
            stage: Stage::Open,
        })
    }

    /// Takes the value of the call; returns what is deposited in all.
    #[method]
    pub fn deposit(&mut self, ctx: &Context) -> Result<TokenAmount> {
        self.take(ctx.caller(), ctx.epoch()?, &ctx.value_received())?;
        Ok(self.deposited.clone())
    }

    /// Pays the payee. For the payer.
    #[method]
    pub fn release(ctx: &mut Context) -> Result<()> {
        let payee =
            ctx.transaction(|escrow: &mut Escrow, ctx| escrow.close_for_payee(ctx.caller()))?;
        pay_all(ctx, payee, "released")
    }

    /// Pays the payer back. For the payee; after the deadline for the payer too.
    #[method]
    pub fn refund(ctx: &mut Context) -> Result<()> {
        let payer = ctx.transaction(|escrow: &mut Escrow, ctx| {
            escrow.close_for_payer(ctx.caller(), ctx.epoch()?)
        })?;
        pay_all(ctx, payer, "refunded")
    }

    /// How far it got.
    #[view]
    pub fn stage(&self) -> Stage {
        self.stage
    }
}

/// The rules. Each leaves the escrow as it was if it fails.
impl Escrow {
    fn take(&mut self, caller: ActorID, epoch: ChainEpoch, value: &TokenAmount) -> Result<()> {
        ensure!(caller == self.payer, forbidden, "only the payer deposits");
        ensure!(
            epoch <= self.deadline,
            forbidden,
            "the deadline was epoch {}",
            self.deadline
        );
        ensure!(
            value.is_positive(),
            illegal_argument,
            "send what is to be deposited with the call"
        );
        self.check_open()?;
        self.deposited = self.deposited.plus(value)?;
        Ok(())
    }

    /// Gives whom to pay.
    fn close_for_payee(&mut self, caller: ActorID) -> Result<ActorID> {
        ensure!(caller == self.payer, forbidden, "only the payer releases");
        self.check_open()?;
        ensure!(
            self.deposited.is_positive(),
            illegal_state,
            "nothing was deposited"
        );
        self.stage = Stage::Released;
        Ok(self.payee)
    }

    /// Gives whom to pay.
    fn close_for_payer(&mut self, caller: ActorID, epoch: ChainEpoch) -> Result<ActorID> {
        let is_late = epoch > self.deadline;
        let allowed = caller == self.payee || (caller == self.payer && is_late);
        ensure!(
            allowed,
            forbidden,
            "the payer is refunded after epoch {}, or by the payee",
            self.deadline
        );
        self.check_open()?;
        self.stage = Stage::Refunded;
        Ok(self.payer)
    }

    fn check_open(&self) -> Result<()> {
        ensure!(
            self.stage == Stage::Open,
            illegal_state,
            "the escrow is closed"
        );
        Ok(())
    }
}

/// Pays the whole balance: what was deposited, and what strangers may have sent.
fn pay_all(ctx: &mut Context, to: ActorID, what: &str) -> Result<()> {
    let amount = ctx.balance()?;
    ctx.emit(&Event::of(what)?.key("to", &to)?.value("amount", &amount)?)?;
    ctx.transfer(&Address::new_id(to), &amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYER: ActorID = 100;
    const PAYEE: ActorID = 101;
    const STRANGER: ActorID = 102;
    const DEADLINE: ChainEpoch = 50;

    fn escrow() -> Escrow {
        let mut escrow = Escrow {
            payer: PAYER,
            payee: PAYEE,
            deadline: DEADLINE,
            deposited: TokenAmount::default(),
            stage: Stage::Open,
        };
        escrow
            .take(PAYER, DEADLINE, &TokenAmount::from_whole(2))
            .unwrap();
        escrow
    }

    #[test]
    fn who_may_do_what_and_when() {
        let release = |caller| escrow().close_for_payee(caller).map_err(|e| e.code);
        let refund = |caller, epoch| escrow().close_for_payer(caller, epoch).map_err(|e| e.code);
        let forbidden = Err(ExitCode::USR_FORBIDDEN);
        assert_eq!(release(PAYER), Ok(PAYEE));
        assert_eq!(release(PAYEE), forbidden);
        assert_eq!(release(STRANGER), forbidden);
        assert_eq!(refund(PAYEE, 0), Ok(PAYER));
        assert_eq!(refund(PAYER, DEADLINE), forbidden);
        assert_eq!(refund(PAYER, DEADLINE + 1), Ok(PAYER));
        assert_eq!(refund(STRANGER, DEADLINE + 1), forbidden);
    }

    #[test]
    fn it_pays_once() {
        let mut released = escrow();
        released.close_for_payee(PAYER).unwrap();
        let mut refunded = escrow();
        refunded.close_for_payer(PAYEE, 0).unwrap();
        for mut closed in [released, refunded] {
            let before = closed.clone();
            let one = TokenAmount::from_whole(1);
            let illegal = ExitCode::USR_ILLEGAL_STATE;
            assert_eq!(closed.close_for_payee(PAYER).unwrap_err().code, illegal);
            assert_eq!(closed.close_for_payer(PAYEE, 0).unwrap_err().code, illegal);
            assert_eq!(closed.take(PAYER, 0, &one).unwrap_err().code, illegal);
            assert_eq!(closed, before);
        }
    }

    #[test]
    fn deposits_add_up() {
        let mut escrow = escrow();
        let one = TokenAmount::from_whole(1);
        escrow.take(PAYER, 0, &one).unwrap();
        assert_eq!(escrow.deposited, TokenAmount::from_whole(3));
        assert!(escrow.take(PAYEE, 0, &one).is_err());
        assert!(escrow.take(PAYER, DEADLINE + 1, &one).is_err());
        assert!(escrow.take(PAYER, 0, &TokenAmount::default()).is_err());
    }
}
