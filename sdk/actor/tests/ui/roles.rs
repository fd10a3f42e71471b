//! Functions that do not fit their role.
use filigree_sdk::prelude::*;
#[tuple]
pub struct Counter {
    value: u64,
}

#[actor]
impl Counter {
    #[constructor]
    pub fn new(&self) -> Self {
        Self { value: 0 }
    }

    #[view]
    pub fn bump(&mut self) {
        self.value += 1;
    }

    #[view]
    #[method]
    pub fn value(&self) -> u64 {
        self.value
    }

    #[method]
    pub fn take(self) -> u64 {
        self.value
    }

    #[method]
    pub fn any<T>(&self, value: T) {
        drop(value);
    }

    #[upgrade]
    pub fn upgrade() -> Result<Self> {
        Ok(Self { value: 0 })
    }

    #[fallback]
    pub fn other(ctx: &mut Context) -> Result<Option<IpldBlock>> {
        Ok(None)
    }
}

fn main() {}
