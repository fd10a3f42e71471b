//! What a caller may do. As in Lotus, none of the four includes another: tokens list all that they allow.

use std::fmt;

use serde_json::{Value, json};

use crate::json::{Json, Mismatch, Schemas};

/// One of the four permissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// To read the chain and what the node knows. Who has no token has this.
    Read,
    /// To change what the node keeps: messages, blocks, peers; to see which addresses are in its wallet.
    Write,
    /// To sign with keys of the wallet.
    Sign,
    /// To manage the node: keys, tokens, shutdown.
    Admin,
}

impl Permission {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Sign, Self::Admin];

    /// Its name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Sign => "sign",
            Self::Admin => "admin",
        }
    }

    /// The permission of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.name() == name)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Json for Permission {
    fn write(&self, out: &mut String) {
        self.name().to_owned().write(out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        let known = value.as_str().and_then(Self::from_name);
        known.ok_or_else(|| Mismatch::expected("read, write, sign or admin", &value))
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "enum": ["read", "write", "sign", "admin"] })
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// These and no others.
    pub fn of(permissions: &[Permission]) -> Self {
        Self(permissions.iter().fold(0, |set, one| set | 1 << *one as u8))
    }

    /// All four.
    pub fn all() -> Self {
        Self::of(&Permission::ALL)
    }

    /// What who has no token may do.
    pub fn without_token() -> Self {
        Self::of(&[Permission::Read])
    }

    /// Whether `permission` is one of them.
    pub fn allow(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u8 != 0
    }

    /// One by one.
    pub fn list(self) -> Vec<Permission> {
        let all = Permission::ALL.into_iter();
        all.filter(|permission| self.allow(*permission)).collect()
    }
}
