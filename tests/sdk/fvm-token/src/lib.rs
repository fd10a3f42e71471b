//! The token of `sdk/examples/token`, written by hand against the crate `fvm_sdk`: same state, methods, returns and exit codes. The SDK
//! is measured beside it.
#![allow(
    unexpected_cfgs,
    reason = "the entry point is compiled as with #[actor]"
)]

mod ledger;
mod runtime;
mod types;

use fvm_ipld_encoding::RawBytes;
use fvm_sdk::{NO_DATA_BLOCK_ID, message};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::{ActorID, METHOD_CONSTRUCTOR, MethodNum};
use num_traits::Zero;

use ledger::Ledger;
use runtime::{abort, no_params, params, resolve, resolve_or_create, returned};
use types::{
    Arrival, BurnFromReturn, BurnParams, BurnReturn, ConstructorParams, MintReturn,
    RevokeAllowanceParams, Token, TransferFromReturn, TransferReturn,
};

const INIT: ActorID = 1;

/// Method numbers by FRC-0042.
mod method {
    use super::MethodNum;

    pub const NAME: MethodNum = 48_890_204;
    pub const SYMBOL: MethodNum = 2_061_153_854;
    pub const GRANULARITY: MethodNum = 3_936_767_397;
    pub const TOTAL_SUPPLY: MethodNum = 114_981_429;
    pub const BALANCE: MethodNum = 3_261_979_605;
    pub const ALLOWANCE: MethodNum = 4_205_072_950;
    pub const TRANSFER: MethodNum = 80_475_954;
    pub const TRANSFER_FROM: MethodNum = 3_621_052_141;
    pub const INCREASE_ALLOWANCE: MethodNum = 1_777_121_560;
    pub const DECREASE_ALLOWANCE: MethodNum = 1_529_376_545;
    pub const REVOKE_ALLOWANCE: MethodNum = 2_765_635_761;
    pub const BURN: MethodNum = 1_434_719_642;
    pub const BURN_FROM: MethodNum = 2_979_674_018;
    pub const MINT: MethodNum = 116_935_346;
}

/// The Wasm export `invoke`.
#[allow(unsafe_code)]
#[cfg_attr(filigree_entry, unsafe(no_mangle))]
pub extern "C" fn invoke(id: u32) -> u32 {
    fvm_sdk::vm::set_panic_handler();
    match message::method_number() {
        METHOD_CONSTRUCTOR => construct(params(id)),
        method::NAME => {
            no_params(id);
            returned(&Token::load().name)
        }
        method::SYMBOL => {
            no_params(id);
            returned(&Token::load().symbol)
        }
        method::GRANULARITY => {
            no_params(id);
            returned(&Token::load().ledger.granularity)
        }
        method::TOTAL_SUPPLY => {
            no_params(id);
            returned(&Token::load().ledger.supply)
        }
        method::BALANCE => returned(&balance(params(id))),
        method::ALLOWANCE => returned(&allowance(params(id))),
        method::TRANSFER => returned(&transfer(params(id))),
        method::TRANSFER_FROM => returned(&transfer_from(params(id))),
        method::INCREASE_ALLOWANCE => returned(&increase_allowance(params(id))),
        method::DECREASE_ALLOWANCE => returned(&decrease_allowance(params(id))),
        method::REVOKE_ALLOWANCE => revoke_allowance(params(id)),
        method::BURN => returned(&burn(params(id))),
        method::BURN_FROM => returned(&burn_from(params(id))),
        method::MINT => returned(&mint(params(id))),
        _ => abort(ExitCode::USR_UNHANDLED_MESSAGE, "no such method"),
    }
}

fn construct(params: ConstructorParams) -> u32 {
    if message::caller() != INIT {
        abort(ExitCode::USR_FORBIDDEN, "f01 constructs");
    }
    if params.name.is_empty() || params.symbol.is_empty() {
        abort(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            "a token has a name and a symbol",
        );
    }
    if params.granularity == 0 {
        abort(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            "the granularity is at least 1",
        );
    }
    let Some(minter) = resolve(&params.minter) else {
        abort(ExitCode::USR_NOT_FOUND, "no actor has the address");
    };
    Token {
        name: params.name,
        symbol: params.symbol,
        minter,
        ledger: Ledger::new(params.granularity),
    }
    .create();
    NO_DATA_BLOCK_ID
}

fn balance(owner: Address) -> TokenAmount {
    let token = Token::load();
    match resolve(&owner) {
        Some(owner) => token.ledger.balance(owner),
        None => TokenAmount::zero(),
    }
}

fn allowance((owner, operator): (Address, Address)) -> TokenAmount {
    let token = Token::load();
    match (resolve(&owner), resolve(&operator)) {
        (Some(owner), Some(operator)) => token.ledger.allowance(owner, operator),
        _ => TokenAmount::zero(),
    }
}

fn transfer((to, amount, data): (Address, TokenAmount, RawBytes)) -> TransferReturn {
    let (from, to) = (message::caller(), resolve_or_create(&to));
    let mut token = Token::load();
    token.ledger.transfer(from, to, &amount);
    token.save();
    let recipient_data = notify(from, to, amount, data);
    // The hook may have changed the state.
    let (from_balance, to_balance) = Token::load().ledger.balances(from, to);
    TransferReturn {
        from_balance,
        to_balance,
        recipient_data,
    }
}

fn transfer_from(
    (from, to, amount, data): (Address, Address, TokenAmount, RawBytes),
) -> TransferFromReturn {
    let operator = message::caller();
    let (from, to) = (resolve_or_create(&from), resolve_or_create(&to));
    let mut token = Token::load();
    token.ledger.spend_allowance(from, operator, &amount);
    token.ledger.transfer(from, to, &amount);
    token.save();
    let recipient_data = notify(from, to, amount, data);
    let ledger = Token::load().ledger;
    let (from_balance, to_balance) = ledger.balances(from, to);
    TransferFromReturn {
        from_balance,
        to_balance,
        allowance: ledger.allowance(from, operator),
        recipient_data,
    }
}

fn increase_allowance((operator, increase): (Address, TokenAmount)) -> TokenAmount {
    let (owner, operator) = (message::caller(), resolve_or_create(&operator));
    not_negative(&increase);
    change_allowance(owner, operator, &increase)
}

fn decrease_allowance((operator, decrease): (Address, TokenAmount)) -> TokenAmount {
    let (owner, operator) = (message::caller(), resolve_or_create(&operator));
    not_negative(&decrease);
    change_allowance(owner, operator, &-decrease)
}

fn not_negative(amount: &TokenAmount) {
    if amount.is_negative() {
        abort(ExitCode::USR_ILLEGAL_ARGUMENT, "a negative amount");
    }
}

fn change_allowance(owner: ActorID, operator: ActorID, change: &TokenAmount) -> TokenAmount {
    let mut token = Token::load();
    let allowance = token.ledger.change_allowance(owner, operator, change);
    token.save();
    allowance
}

fn revoke_allowance(params: RevokeAllowanceParams) -> u32 {
    let (owner, operator) = (message::caller(), resolve_or_create(&params.operator));
    let mut token = Token::load();
    token.ledger.revoke_allowance(owner, operator);
    token.save();
    NO_DATA_BLOCK_ID
}

fn burn(params: BurnParams) -> BurnReturn {
    let mut token = Token::load();
    let balance = token.ledger.burn(message::caller(), &params.amount);
    token.save();
    BurnReturn { balance }
}

fn burn_from((owner, amount): (Address, TokenAmount)) -> BurnFromReturn {
    let (owner, operator) = (resolve_or_create(&owner), message::caller());
    let mut token = Token::load();
    let allowance = token.ledger.spend_allowance(owner, operator, &amount);
    let balance = token.ledger.burn(owner, &amount);
    token.save();
    BurnFromReturn { balance, allowance }
}

fn mint((to, amount, data): (Address, TokenAmount, RawBytes)) -> MintReturn {
    let to = resolve_or_create(&to);
    let mut token = Token::load();
    if message::caller() != token.minter {
        abort(ExitCode::USR_FORBIDDEN, "only the minter mints");
    }
    token.ledger.mint(to, &amount);
    token.save();
    let recipient_data = notify(message::receiver(), to, amount, data);
    let ledger = Token::load().ledger;
    MintReturn {
        balance: ledger.balance(to),
        supply: ledger.supply,
        recipient_data,
    }
}

fn notify(from: ActorID, to: ActorID, amount: TokenAmount, operator_data: RawBytes) -> RawBytes {
    runtime::notify(Arrival {
        from,
        to,
        operator: message::caller(),
        amount,
        operator_data,
        token_data: RawBytes::default(),
    })
}
