//! CIDs as DAG-JSON writes them, `{"/": "bafy…"}`, for `#[serde(with = "cidjson")]`.

use cid::Cid;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    #[serde(rename = "/")]
    cid: String,
}

/// Writes a CID as a link.
pub fn serialize<S: Serializer>(cid: &Cid, serializer: S) -> Result<S::Ok, S::Error> {
    let cid = cid.to_string();
    Link { cid }.serialize(serializer)
}

/// Reads a link.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cid, D::Error> {
    let link = Link::deserialize(deserializer)?;
    link.cid
        .parse()
        .map_err(|e| D::Error::custom(format!("`{}` is not a CID: {e}", link.cid)))
}

/// A field that may be absent, `null` or a link. With `#[serde(default)]`, absent reads as `None`, `null` as `Some(None)`.
pub mod maybe {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Plain(#[serde(with = "super")] Cid);

    /// Writes `null` or a link; an absent field must be left out by `skip_serializing_if`.
    pub fn serialize<S: Serializer>(
        value: &Option<Option<Cid>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.flatten().map(Plain).serialize(serializer)
    }

    /// Reads `null` or a link.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<Cid>>, D::Error> {
        let value = Option::<Plain>::deserialize(deserializer)?;
        Ok(Some(value.map(|plain| plain.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafy2bzacebypic5up4c4wazg6nf4ms23eizwhduk7b7beowo4wpqlowehbkdy";

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        #[serde(with = "super")]
        root: Cid,
        #[serde(
            default,
            with = "super::maybe",
            skip_serializing_if = "Option::is_none"
        )]
        events: Option<Option<Cid>>,
    }

    fn check(json: &str, events: Option<Option<Cid>>) {
        let read: Sample = serde_json::from_str(json).unwrap();
        let root = CID.parse().unwrap();
        assert_eq!(read, Sample { root, events });
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn links_round_trip() {
        let cid = CID.parse().unwrap();
        check(&format!(r#"{{"root":{{"/":"{CID}"}}}}"#), None);
        check(
            &format!(r#"{{"root":{{"/":"{CID}"}},"events":null}}"#),
            Some(None),
        );
        check(
            &format!(r#"{{"root":{{"/":"{CID}"}},"events":{{"/":"{CID}"}}}}"#),
            Some(Some(cid)),
        );
    }

    #[test]
    fn what_is_not_a_link_is_refused() {
        for (json, expected) in [
            (r#"{"root":{"/":"bafy"}}"#, "`bafy` is not a CID"),
            (r#"{"root":"bafy"}"#, "invalid type: string"),
            (r#"{"root":{"cid":"bafy"}}"#, "unknown field `cid`"),
        ] {
            let error = serde_json::from_str::<Sample>(json)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
