//! Tokens.

use crate::error::Reply;
use crate::json::Bytes;
use crate::methods;
use crate::permission::{Permission, Permissions};
use crate::services::Services;

methods! { Filecoin:
    /// What a token allows.
    [read] AuthVerify(token: String) -> Vec<Permission> = verify;

    /// A new token, as bytes of text. It cannot be taken back.
    [admin] AuthNew(
        /// All that it allows: none of the permissions includes another.
        permissions: Vec<Permission>,
    ) -> Bytes = new;
}

fn verify(services: &Services, token: String) -> Reply<Vec<Permission>> {
    Ok(services.tokens.verify(&token)?.list())
}

fn new(services: &Services, permissions: Vec<Permission>) -> Reply<Bytes> {
    let token = services.tokens.issue(Permissions::of(&permissions));
    Ok(Bytes(token.into_bytes()))
}
