//! How a message is to be sent.

use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

/// What a message may cost where nobody says otherwise: 0.07 FIL.
const DEFAULT_MAX_FEE_ATTO: u64 = 70_000_000_000_000_000;

/// How a message is to be sent. The default is what the node is set to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spec {
    /// Most that it may cost, attoFIL; 0: what the node is set to.
    pub max_fee: TokenAmount,
    /// A name by which a message sent twice is known, a UUID; empty or all zeros: none.
    pub name: String,
    /// Whether the whole of `max_fee` becomes the cap.
    pub maximize_fee_cap: bool,
}

impl Spec {
    /// A message that may cost so much, attoFIL.
    pub fn up_to(max_fee: TokenAmount) -> Self {
        Self {
            max_fee,
            ..Self::default()
        }
    }

    /// The name, if there is one.
    pub(crate) fn known_as(&self) -> Option<String> {
        let name = self.name.to_lowercase();
        let is_name = |digit: char| digit.is_ascii_hexdigit() && digit != '0';
        name.chars().any(is_name).then_some(name)
    }
}

/// Lowers the fee cap so that the message costs no more than it may, and the premium to the cap.
pub(crate) fn cap_fees(message: &mut Message, spec: &Spec) {
    let max_fee = match spec.max_fee.is_positive() {
        true => spec.max_fee.clone(),
        false => TokenAmount::from_atto(DEFAULT_MAX_FEE_ATTO),
    };
    let limit = message.gas_limit.max(1);
    if spec.maximize_fee_cap || &message.gas_fee_cap * limit > max_fee {
        message.gas_fee_cap = max_fee.div_floor(limit);
    }
    if message.gas_premium > message.gas_fee_cap {
        message.gas_premium.clone_from(&message.gas_fee_cap);
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::RawBytes;
    use fvm_shared::address::Address;

    use super::*;

    fn atto(amount: u64) -> TokenAmount {
        TokenAmount::from_atto(amount)
    }

    #[test]
    fn fees_stay_below_what_a_message_may_cost() {
        let message = |fee_cap, premium| Message {
            version: 0,
            from: Address::new_id(100),
            to: Address::new_id(101),
            sequence: 0,
            value: atto(0),
            method_num: 0,
            params: RawBytes::default(),
            gas_limit: 1000,
            gas_fee_cap: atto(fee_cap),
            gas_premium: atto(premium),
        };
        let spec = |max_fee, maximize_fee_cap| Spec {
            max_fee: atto(max_fee),
            name: String::new(),
            maximize_fee_cap,
        };
        for (fee_cap, premium, spec, expected) in [
            (50, 5, spec(100_000, false), (50, 5)),
            (50, 5, spec(20_999, false), (20, 5)),
            (50, 5, spec(2_000, false), (2, 2)),
            (50, 5, spec(100_000, true), (100, 5)),
            // 0 is what the node is set to.
            (50, 5, spec(0, false), (50, 5)),
            (u64::MAX, 5, spec(0, false), (70_000_000_000_000, 5)),
        ] {
            let mut message = message(fee_cap, premium);
            cap_fees(&mut message, &spec);
            let (fee_cap, premium) = expected;
            assert_eq!(
                (message.gas_fee_cap, message.gas_premium),
                (atto(fee_cap), atto(premium))
            );
        }
    }

    #[test]
    fn a_name_of_zeros_is_none() {
        let known_as = |name: &str| {
            let spec = Spec {
                name: name.to_owned(),
                ..Spec::default()
            };
            spec.known_as()
        };
        assert_eq!(known_as(""), None);
        assert_eq!(known_as("00000000-0000-0000-0000-000000000000"), None);
        assert_eq!(known_as("A0"), Some("a0".to_owned()));
    }
}
