//! Actors whose upgrade goes wrong in many ways.
#![allow(missing_docs, reason = "a fixture")]

use filigree_sdk::prelude::*;

/// What the upgrade of a vault will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// Sends the balance away.
    Generous,
    /// Links a block that is no map, where one should be.
    Muddled,
    /// Breaks a rule of the new version.
    Unsound,
    Panicking,
    Other,
}

#[tuple]
pub struct Vault {
    pub mood: u64,
}

#[actor]
impl Vault {
    #[constructor]
    pub fn new(mood: u64) -> Self {
        Self { mood }
    }
}

pub mod v2 {
    use super::*;

    #[tuple]
    pub struct Vault {
        pub mood: u64,
        pub entries: Map<ActorID, u64>,
    }

    #[actor]
    impl Vault {
        #[constructor]
        pub fn new() -> Result<Self> {
            Err(Error::forbidden("only by upgrade"))
        }

        #[upgrade]
        pub fn take_over(ctx: &mut Context, _info: UpgradeInfo) -> Result<Self> {
            let old: super::Vault = ctx.load()?;
            let mut entries: Map<ActorID, u64> = Map::new()?;
            match old.mood {
                1 => {
                    let caller = Address::new_id(ctx.caller());
                    let all = ctx.balance()?;
                    ctx.send(Call::<()>::new(caller, 0, None).value(all))?;
                }
                2 => entries = Map::from_root(filigree_sdk::store::save(&"no map")?),
                4 => panic!("on purpose"),
                _ => {}
            }
            Ok(Self {
                mood: old.mood,
                entries,
            })
        }

        #[view]
        pub fn is_sound(&self) -> bool {
            self.mood != 3
        }

        #[view]
        pub fn answers(&self) -> Result<u64> {
            ensure!(self.mood != 5, illegal_argument, "no answer");
            Ok(42)
        }

        /// Says that it is a view, and is none.
        #[view]
        pub fn touches(ctx: &Context) -> Result<()> {
            ctx.emit(&Event::of("touched")?)
        }
    }
}
