//! How addresses, CIDs, amounts and sizes are written in a template.

/// Addresses, of either prefix.
pub(crate) mod address {
    use fvm_shared::address::{Address, Network};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn parse(text: &str) -> Result<Address, String> {
        let parsed = Network::Mainnet
            .parse_address(text)
            .or_else(|_| Network::Testnet.parse_address(text));
        parsed.map_err(|e| format!("{text} is no address: {e}"))
    }

    pub fn serialize<S: Serializer>(address: &Address, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(address)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Address, D::Error> {
        parse(&String::deserialize(d)?).map_err(D::Error::custom)
    }
}

/// Lists of addresses.
pub(crate) mod addresses {
    use fvm_shared::address::Address;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(addresses: &[Address], s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(addresses.iter().map(Address::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Address>, D::Error> {
        let texts = Vec::<String>::deserialize(d)?;
        let parsed = texts.iter().map(|text| super::address::parse(text));
        parsed.collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

/// CIDs.
pub(crate) mod cid {
    use cid::Cid;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(cid: &Cid, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(cid)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Cid, D::Error> {
        let text = String::deserialize(d)?;
        text.parse()
            .map_err(|e| D::Error::custom(format!("{text} is no CID: {e}")))
    }
}

/// CIDs that may be left out.
pub(crate) mod optional_cid {
    use cid::Cid;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Text(#[serde(with = "super::cid")] Cid);

    pub fn serialize<S: Serializer>(cid: &Option<Cid>, s: S) -> Result<S::Ok, S::Error> {
        cid.map(Text).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Cid>, D::Error> {
        Ok(Option::<Text>::deserialize(d)?.map(|text| text.0))
    }
}

/// Amounts in FIL: a whole number, or a decimal fraction as text, with at most 18 digits after the point.
pub(crate) mod fil {
    use std::fmt;

    use fvm_shared::bigint::BigInt;
    use fvm_shared::econ::TokenAmount;
    use num_traits::Signed;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub fn parse(text: &str) -> Result<TokenAmount, String> {
        let wrong = || format!("{text} is no amount in FIL: write 12 or \"12.5\"");
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || rest.len() > 18 || !is_number(whole) || !is_number(rest) {
            return Err(wrong());
        }
        if text.ends_with('.') {
            return Err(wrong());
        }
        let atto: BigInt = format!("{whole}{rest:0<18}").parse().map_err(|_| wrong())?;
        Ok(TokenAmount::from_atto(atto))
    }

    pub fn serialize<S: Serializer>(amount: &TokenAmount, s: S) -> Result<S::Ok, S::Error> {
        if amount.atto().is_negative() {
            return Err(serde::ser::Error::custom("an amount below zero"));
        }
        let digits = format!("{:0>19}", amount.atto());
        let (whole, rest) = digits.split_at(digits.len() - 18);
        match (rest.trim_end_matches('0'), whole.parse::<i64>()) {
            ("", Ok(whole)) => s.serialize_i64(whole),
            (rest, _) => s.collect_str(&format_args!("{whole}.{rest:0<1}")),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<TokenAmount, D::Error> {
        d.deserialize_any(Amount)
    }

    struct Amount;

    impl Visitor<'_> for Amount {
        type Value = TokenAmount;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an amount in FIL, as 12 or \"12.5\"")
        }

        fn visit_i64<E: Error>(self, whole: i64) -> Result<TokenAmount, E> {
            parse(&whole.to_string()).map_err(E::custom)
        }

        fn visit_u64<E: Error>(self, whole: u64) -> Result<TokenAmount, E> {
            Ok(TokenAmount::from_whole(whole))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<TokenAmount, E> {
            parse(text).map_err(E::custom)
        }
    }
}

/// Amounts in attoFIL, for base fees: a whole number.
pub(crate) mod atto {
    use fvm_shared::econ::TokenAmount;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(amount: &TokenAmount, s: S) -> Result<S::Ok, S::Error> {
        let atto = i64::try_from(amount.atto().clone());
        s.serialize_i64(atto.map_err(serde::ser::Error::custom)?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<TokenAmount, D::Error> {
        let atto = i64::deserialize(d)?;
        if atto < 0 {
            return Err(D::Error::custom("a base fee below zero"));
        }
        Ok(TokenAmount::from_atto(atto))
    }
}

/// The same, where they may be left out.
pub(crate) mod optional_atto {
    use fvm_shared::econ::TokenAmount;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Number(#[serde(with = "super::atto")] TokenAmount);

    pub fn serialize<S: Serializer>(fee: &Option<TokenAmount>, s: S) -> Result<S::Ok, S::Error> {
        fee.clone().map(Number).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<TokenAmount>, D::Error> {
        Ok(Option::<Number>::deserialize(d)?.map(|number| number.0))
    }
}

/// Sizes of sectors.
pub(crate) mod sector_size {
    use fvm_shared::sector::SectorSize;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    const SIZES: [(&str, SectorSize); 5] = [
        ("2KiB", SectorSize::_2KiB),
        ("8MiB", SectorSize::_8MiB),
        ("512MiB", SectorSize::_512MiB),
        ("32GiB", SectorSize::_32GiB),
        ("64GiB", SectorSize::_64GiB),
    ];

    pub fn serialize<S: Serializer>(size: &SectorSize, s: S) -> Result<S::Ok, S::Error> {
        let row = SIZES.iter().find(|(_, known)| known == size);
        let (name, _) = row.ok_or_else(|| serde::ser::Error::custom("no size of sectors"))?;
        s.serialize_str(name)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<SectorSize, D::Error> {
        let text = String::deserialize(d)?;
        let row = SIZES.iter().find(|(name, _)| *name == text);
        row.map(|(_, size)| *size).ok_or_else(|| {
            let names = SIZES.map(|(name, _)| name).join(", ");
            D::Error::custom(format!("no sectors have {text}: use one of {names}"))
        })
    }
}

/// A libp2p peer id: base58, as everywhere.
pub(crate) mod peer_id {
    use multibase::Base;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&Base::Base58Btc.encode(id))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        let decoded = Base::Base58Btc.decode(&text);
        decoded.map_err(|e| D::Error::custom(format!("{text} is no peer id: {e}")))
    }
}

/// Bytes in hexadecimal.
pub(crate) mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&::hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        ::hex::decode(&text).map_err(|e| D::Error::custom(format!("{text} is not hex: {e}")))
    }
}

/// The same, where they may be left out.
pub(crate) mod optional_hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Text(#[serde(with = "super::hex")] Vec<u8>);

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, s: S) -> Result<S::Ok, S::Error> {
        bytes.clone().map(Text).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Text>::deserialize(d)?.map(|text| text.0))
    }
}

#[cfg(test)]
mod tests {
    use fvm_shared::econ::TokenAmount;

    use super::*;

    #[test]
    fn amounts_have_up_to_18_digits_after_the_point() {
        let atto = |text| fil::parse(text).map(|amount| amount.atto().to_string());
        assert_eq!(atto("0").unwrap(), "0");
        assert_eq!(atto("12").unwrap(), "12000000000000000000");
        assert_eq!(atto("12.5").unwrap(), "12500000000000000000");
        assert_eq!(atto("0.000000000000000001").unwrap(), "1");
        for wrong in [
            "",
            ".5",
            "5.",
            "-1",
            "1e3",
            "1_000",
            "0.0000000000000000001",
            "1.2.3",
        ] {
            assert!(atto(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_have_either_prefix() {
        let same = ["f01234", "t01234"].map(|text| address::parse(text).unwrap());
        assert_eq!(same[0], same[1]);
        assert!(address::parse("x01234").is_err());
    }

    #[test]
    fn amounts_survive_being_written() {
        #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
        struct One {
            #[serde(with = "fil")]
            amount: TokenAmount,
        }
        for atto in [
            "0",
            "1",
            "1000000000000000000",
            "1500000000000000000",
            "1100000000000000000",
        ] {
            let number: fvm_shared::bigint::BigInt = atto.parse().unwrap();
            let one = One {
                amount: TokenAmount::from_atto(number),
            };
            let text = toml::to_string(&one).unwrap();
            assert_eq!(toml::from_str::<One>(&text).unwrap(), one, "{text}");
        }
    }
}
