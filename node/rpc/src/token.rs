//! Tokens: JSON web tokens (RFC 7519) with HMAC-SHA-256, of one shape: `{"Allow": ["read", "write"]}`, as Lotus makes them.
//!
//! Nothing is kept of a token that was made, so none can be taken back, but for all together: by deleting the secret.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::permission::{Permission, Permissions};
use crate::secret::{self, Secret, SecretError};

/// Longest token that is looked at, in bytes; real ones have some 150.
const MAX_TOKEN_BYTES: usize = 4096;

/// Makes tokens and checks them.
pub struct Tokens {
    secret: Secret,
}

/// Why a token is refused. Callers are told only that it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not three parts in base 64 with JSON in them.
    #[error("not a JSON web token")]
    Malformed,
    /// It asks to be checked by something else.
    #[error("only HS256 is taken")]
    OtherAlgorithm,
    /// Somebody else made it, or it was changed.
    #[error("not signed by this node")]
    WrongSignature,
    /// It was made for a time that is over, or not yet come.
    #[error("it has a time limit, which this node does not set")]
    TimeLimit,
}

impl Tokens {
    /// Tokens of a secret.
    pub fn new(secret: [u8; 32]) -> Self {
        Self {
            secret: Zeroizing::new(secret),
        }
    }

    /// Tokens of a secret that nobody keeps.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, SecretError> {
        Ok(Self {
            secret: secret::random()?,
        })
    }

    /// Tokens of the secret in a file, which is made (mode 0600) if it is not there.
    ///
    /// # Errors
    /// When it cannot be read or made, or holds something else.
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        Ok(Self {
            secret: secret::open(path)?,
        })
    }

    /// A token that allows this.
    pub fn issue(&self, permissions: Permissions) -> String {
        let allow: Vec<&str> = permissions
            .list()
            .into_iter()
            .map(Permission::name)
            .collect();
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let payload = json!({ "Allow": allow });
        let signed = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = signed.join(".");
        let signature = self.mac(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What a token allows. Permissions that this node does not know are passed over.
    ///
    /// # Errors
    /// When it is not one of this node's.
    pub fn verify(&self, token: &str) -> Result<Permissions, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let signature = decode(signature)?;
        if parse(header)?["alg"] != "HS256" {
            return Err(TokenError::OtherAlgorithm);
        }
        self.mac(signed)
            .verify_slice(&signature)
            .map_err(|_| TokenError::WrongSignature)?;
        let payload = parse(payload)?;
        if !payload["exp"].is_null() || !payload["nbf"].is_null() {
            return Err(TokenError::TimeLimit);
        }
        let allow = payload["Allow"].as_array().ok_or(TokenError::Malformed)?;
        let known = allow.iter().filter_map(Value::as_str);
        let known: Vec<Permission> = known.filter_map(Permission::from_name).collect();
        Ok(Permissions::of(&known))
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.secret).expect("HMAC takes any key");
        mac.update(signed.as_bytes());
        mac
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

fn parse(part: &str) -> Result<Value, TokenError> {
    serde_json::from_slice(&decode(part)?).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::new([7; 32])
    }

    fn signed(header: &str, payload: &str) -> String {
        let signed = [header, payload]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".");
        let signature = tokens().mac(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_token_allows_what_it_was_made_for() {
        for permissions in [
            Permissions::default(),
            Permissions::all(),
            Permissions::of(&[Permission::Sign]),
            Permissions::of(&[Permission::Read, Permission::Admin]),
        ] {
            let token = tokens().issue(permissions);
            assert_eq!(tokens().verify(&token), Ok(permissions));
            let others = Tokens::new([8; 32]);
            assert_eq!(others.verify(&token), Err(TokenError::WrongSignature));
        }
    }

    /// The example of RFC 7515, appendix A.1, has the header of RFC 7519's; the MAC is checked by its key there.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                      cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let mut mac = Hmac::<Sha256>::new_from_slice(&decode(key).unwrap()).unwrap();
        mac.update(signed.as_bytes());
        let expected = decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(mac.verify_slice(&expected).is_ok());
    }

    #[test]
    fn what_is_no_token_of_ours_is_refused() {
        let token = tokens().issue(Permissions::all());
        let changed = token.replacen('.', ".A", 1);
        let (body, _) = token.rsplit_once('.').unwrap();
        let header = r#"{"alg":"HS256"}"#;
        for (token, error) in [
            ("", TokenError::Malformed),
            ("a.b", TokenError::Malformed),
            ("....", TokenError::Malformed),
            (&changed, TokenError::WrongSignature),
            (&format!("{body}."), TokenError::WrongSignature),
            (&"a".repeat(5000), TokenError::Malformed),
            (
                &signed(r#"{"alg":"none"}"#, r#"{"Allow":["admin"]}"#),
                TokenError::OtherAlgorithm,
            ),
            (
                &signed("{}", r#"{"Allow":["admin"]}"#),
                TokenError::OtherAlgorithm,
            ),
            (&signed(header, "{}"), TokenError::Malformed),
            (
                &signed(header, r#"{"Allow":"admin"}"#),
                TokenError::Malformed,
            ),
            (
                &signed(header, r#"{"Allow":["read"],"exp":1}"#),
                TokenError::TimeLimit,
            ),
        ] {
            assert_eq!(tokens().verify(token), Err(error), "{token}");
        }
        let odd = signed(header, r#"{"Allow":["read","rule",7]}"#);
        assert_eq!(
            tokens().verify(&odd),
            Ok(Permissions::of(&[Permission::Read]))
        );
    }

    #[test]
    fn a_token_is_good_for_as_long_as_the_secret_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let token = Tokens::open(&path).unwrap().issue(Permissions::all());
        assert!(Tokens::open(&path).unwrap().verify(&token).is_ok());
        std::fs::remove_file(&path).unwrap();
        assert!(Tokens::open(&path).unwrap().verify(&token).is_err());
    }
}
