//! Balances and allowances, in maps. Whatever is wrong aborts.

use cid::Cid;
use fvm_ipld_encoding::tuple::{Deserialize_tuple, Serialize_tuple};
use fvm_ipld_hamt::{BytesKey, Hamt};
use fvm_shared::ActorID;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use num_traits::Zero;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::runtime::{Blockstore, abort};

const BIT_WIDTH: u32 = 5;

type Map<V> = Hamt<Blockstore, V>;

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct Ledger {
    pub granularity: u64,
    pub supply: TokenAmount,
    balances: Cid,
    allowances: Cid,
}

impl Ledger {
    pub fn new(granularity: u64) -> Self {
        let empty = flush(&mut new_map::<TokenAmount>());
        Self {
            granularity,
            supply: TokenAmount::zero(),
            balances: empty,
            allowances: empty,
        }
    }

    pub fn balance(&self, owner: ActorID) -> TokenAmount {
        get(&load(&self.balances), owner)
    }

    /// Opens the map once.
    pub fn balances(&self, one: ActorID, other: ActorID) -> (TokenAmount, TokenAmount) {
        let balances = load(&self.balances);
        (get(&balances, one), get(&balances, other))
    }

    pub fn mint(&mut self, to: ActorID, amount: &TokenAmount) {
        self.check_amount(amount);
        self.change_balance(to, amount);
        self.supply += amount;
    }

    pub fn burn(&mut self, owner: ActorID, amount: &TokenAmount) -> TokenAmount {
        self.check_amount(amount);
        let balance = self.change_balance(owner, &-amount);
        self.supply -= amount;
        balance
    }

    pub fn transfer(&mut self, from: ActorID, to: ActorID, amount: &TokenAmount) {
        self.check_amount(amount);
        let mut balances = load(&self.balances);
        add(&mut balances, from, &-amount);
        add(&mut balances, to, amount);
        self.balances = flush(&mut balances);
    }

    pub fn allowance(&self, owner: ActorID, operator: ActorID) -> TokenAmount {
        get(&self.open_allowances(owner).1, operator)
    }

    pub fn change_allowance(
        &mut self,
        owner: ActorID,
        operator: ActorID,
        change: &TokenAmount,
    ) -> TokenAmount {
        let open = self.open_allowances(owner);
        let allowance = (get(&open.1, operator) + change).max(TokenAmount::zero());
        self.set_allowance(open, owner, operator, &allowance);
        allowance
    }

    pub fn revoke_allowance(&mut self, owner: ActorID, operator: ActorID) {
        let open = self.open_allowances(owner);
        self.set_allowance(open, owner, operator, &TokenAmount::zero());
    }

    pub fn spend_allowance(
        &mut self,
        owner: ActorID,
        operator: ActorID,
        amount: &TokenAmount,
    ) -> TokenAmount {
        self.check_amount(amount);
        let open = self.open_allowances(owner);
        let before = get(&open.1, operator);
        if before.is_zero() || before < *amount {
            abort(
                ExitCode::USR_FORBIDDEN,
                &format!("f0{operator} may spend {before} tokens of f0{owner} only"),
            );
        }
        let left = before - amount;
        self.set_allowance(open, owner, operator, &left);
        left
    }

    fn check_amount(&self, amount: &TokenAmount) {
        if amount.is_negative() {
            abort(ExitCode::USR_ILLEGAL_ARGUMENT, "a negative amount");
        }
        if !(amount.atto() % self.granularity).is_zero() {
            abort(
                ExitCode::USR_ILLEGAL_ARGUMENT,
                &format!("not a multiple of {} atto", self.granularity),
            );
        }
    }

    fn change_balance(&mut self, owner: ActorID, change: &TokenAmount) -> TokenAmount {
        let mut balances = load(&self.balances);
        let balance = add(&mut balances, owner, change);
        self.balances = flush(&mut balances);
        balance
    }

    fn open_allowances(&self, owner: ActorID) -> OpenAllowances {
        let allowances = load::<Cid>(&self.allowances);
        let of_owner = match checked(allowances.get(&key(owner))) {
            Some(root) => load(root),
            None => new_map(),
        };
        (allowances, of_owner)
    }

    fn set_allowance(
        &mut self,
        (mut allowances, mut of_owner): OpenAllowances,
        owner: ActorID,
        operator: ActorID,
        allowance: &TokenAmount,
    ) {
        put(&mut of_owner, operator, allowance);
        if of_owner.is_empty() {
            checked(allowances.delete(&key(owner)));
        } else {
            checked(allowances.set(key(owner), flush(&mut of_owner)));
        }
        self.allowances = flush(&mut allowances);
    }
}

/// All allowances, and those that one owner gave.
type OpenAllowances = (Map<Cid>, Map<TokenAmount>);

/// Gives the new balance.
fn add(balances: &mut Map<TokenAmount>, owner: ActorID, change: &TokenAmount) -> TokenAmount {
    let before = get(balances, owner);
    let balance = &before + change;
    if balance.is_negative() {
        abort(
            ExitCode::USR_INSUFFICIENT_FUNDS,
            &format!("f0{owner} has {before} tokens only"),
        );
    }
    put(balances, owner, &balance);
    balance
}

fn new_map<V: Serialize + DeserializeOwned>() -> Map<V> {
    Hamt::new_with_bit_width(Blockstore, BIT_WIDTH)
}

fn load<V: Serialize + DeserializeOwned>(root: &Cid) -> Map<V> {
    checked(Hamt::load_with_bit_width(root, Blockstore, BIT_WIDTH))
}

fn flush<V: Serialize + DeserializeOwned>(map: &mut Map<V>) -> Cid {
    checked(map.flush())
}

fn get(map: &Map<TokenAmount>, id: ActorID) -> TokenAmount {
    checked(map.get(&key(id))).cloned().unwrap_or_default()
}

/// Zero is not kept.
fn put(map: &mut Map<TokenAmount>, id: ActorID, amount: &TokenAmount) {
    if amount.is_zero() {
        checked(map.delete(&key(id)));
    } else {
        checked(map.set(key(id), amount.clone()));
    }
}

fn key(id: ActorID) -> BytesKey {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    BytesKey(unsigned_varint::encode::u64(id, &mut buffer).to_vec())
}

fn checked<T>(result: Result<T, fvm_ipld_hamt::Error>) -> T {
    result.unwrap_or_else(|error| abort(ExitCode::USR_ILLEGAL_STATE, &error.to_string()))
}
