//! What `#[actor]` makes of an impl block, without a host: clients, numbers, schemas, encodings.

use filigree_sdk::describe::{MethodKind, Type};
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::Received;
use fvm_ipld_encoding::{from_slice, to_vec};

/// One of everything.
#[tuple]
#[derive(Clone, Debug, PartialEq)]
pub struct Everything {
    flag: bool,
    mood: Mood,
    price: Price,
    names: Vec<String>,
    next: Option<Address>,
    raw: Bytes,
}

/// An integer.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    /// -1
    Bad = -1,
    /// 5
    Fair = 5,
    /// 6
    Good,
}

/// A newtype.
#[tuple(transparent)]
#[derive(Clone, Debug, PartialEq)]
pub struct Price(TokenAmount);

#[actor]
impl Everything {
    /// Makes it.
    #[constructor(by = any)]
    pub fn new(mood: Mood, price: Price) -> Self {
        Self {
            flag: true,
            mood,
            price,
            names: Vec::new(),
            next: None,
            raw: Bytes::default(),
        }
    }

    /// By number and by name.
    #[method(7, "Rename")]
    pub fn rename(&mut self, names: Vec<String>) -> Result<()> {
        self.names = names;
        Ok(())
    }

    #[view]
    fn mood_of(&self, _ctx: &Context) -> Mood {
        self.mood
    }

    #[method]
    fn pay_all(ctx: &mut Context, to: Address, amount: TokenAmount) -> Result<bool> {
        ctx.transfer(&to, &amount)?;
        Ok(true)
    }

    #[receive]
    fn take(&mut self, _ctx: &Context, received: Received) -> Result<()> {
        received.tokens().map(drop)
    }

    #[fallback]
    fn other(
        _ctx: &mut Context,
        _method: MethodNum,
        params: Option<IpldBlock>,
    ) -> Result<Option<IpldBlock>> {
        Ok(params)
    }

    #[upgrade]
    fn upgrade(_ctx: &mut Context, _from: UpgradeInfo, mood: Mood) -> Result<Self> {
        Ok(Self::new(mood, Price(TokenAmount::default())))
    }

    /// Parameters may have the names of what the macro itself needs.
    #[method]
    fn unlucky(&mut self, ctx: u64, state: u64, params: u64) -> u64 {
        ctx + state + params
    }

    #[view]
    fn more(&self, ctx: &Context, method: u64) -> u64 {
        ctx.caller() + method
    }

    /// No method.
    pub fn helper(&self) -> usize {
        self.names.len()
    }
}

fn sample() -> Everything {
    Everything {
        flag: false,
        mood: Mood::Bad,
        price: Price(TokenAmount::from_atto(300)),
        names: vec!["a".to_owned()],
        next: Some(Address::new_id(7)),
        raw: Bytes(vec![1, 2]),
    }
}

#[test]
fn tuples_are_arrays_newtypes_their_content_and_enums_numbers() {
    let bytes = to_vec(&sample()).unwrap();
    assert_eq!(
        bytes,
        [
            0x86, 0xf4, 0x20, // [false, -1,
            0x43, 0, 1, 44, // 300 attoFIL,
            0x81, 0x61, b'a', // ["a"],
            0x42, 0, 7, // f07,
            0x42, 1, 2, // bytes]
        ]
    );
    assert_eq!(from_slice::<Everything>(&bytes).unwrap(), sample());
    for bad in [
        &[0x86, 0xf4][..],
        &[0x85, 0xf4, 0x20, 0x40, 0x80, 0xf6],
        &[0xa0],
        &[0x06],
    ] {
        assert!(from_slice::<Everything>(bad).is_err(), "{bad:x?}");
    }
    assert!(from_slice::<Mood>(&[0x04]).is_err());
    assert_eq!(from_slice::<Mood>(&[0x06]).unwrap(), Mood::Good);
}

#[test]
fn clients_encode_one_parameter_as_itself_and_several_as_an_array() {
    let client = EverythingClient::at(Address::new_id(100));
    let data = |block: Option<IpldBlock>| block.map(|block| block.data);
    let rename = client.rename(vec!["b".to_owned()]);
    assert_eq!((rename.to, rename.method), (Address::new_id(100), 7));
    assert_eq!(data(rename.params), Some(vec![0x81, 0x61, b'b']));
    let pay = client.pay_all(Address::new_id(3), TokenAmount::from_atto(1));
    assert_eq!(pay.method, method_number!("PayAll"));
    assert_eq!(data(pay.params), Some(vec![0x82, 0x42, 0, 3, 0x42, 0, 1]));
    assert_eq!(data(client.mood_of().params), None);
    let made = EverythingClient::new(Mood::Fair, Price(TokenAmount::default()));
    assert_eq!(data(made.params), Some(vec![0x82, 0x05, 0x40]));
    let limited = client
        .mood_of()
        .gas_limit(5)
        .read_only()
        .value(TokenAmount::from_atto(2));
    assert!(limited.read_only && limited.gas_limit == Some(5) && !limited.value.is_zero());
}

#[test]
fn the_schema_has_a_row_for_every_number() {
    let schema = Everything::SCHEMA;
    let rows: Vec<_> = schema
        .methods
        .iter()
        .map(|m| (m.name, m.number, m.kind))
        .collect();
    assert_eq!(
        rows,
        [
            ("Constructor", 1, MethodKind::Constructor),
            ("Rename", 7, MethodKind::Method),
            ("Rename", method_number!("Rename"), MethodKind::Method),
            ("MoodOf", method_number!("MoodOf"), MethodKind::View),
            ("PayAll", method_number!("PayAll"), MethodKind::Method),
            ("Receive", 3_726_118_371, MethodKind::Receive),
            ("Other", 0, MethodKind::Fallback),
            ("Upgrade", 0, MethodKind::Upgrade),
            ("Unlucky", method_number!("Unlucky"), MethodKind::Method),
            ("More", method_number!("More"), MethodKind::View),
        ]
    );
    let names = |i: usize| {
        schema.methods[i]
            .params
            .iter()
            .map(|p| p.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0), ["mood", "price"]);
    assert_eq!(names(7), ["mood"]);
    assert_eq!(*schema.methods[4].returns, Type::Simple("bool"));
    assert!(Everything::SCHEMA_JSON.starts_with(
        r#"{"filigree":1,"actor":"Everything","state":{"tuple":{"name":"Everything","#
    ));
}
