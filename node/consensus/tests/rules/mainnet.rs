//! Two blocks of mainnet, as public explorers and the documentation of its API show them: what can be said of them without
//! their ancestors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cid::Cid;
use filigree_blocks::{
    BeaconEntry, BlockHeader, ElectionProof, Signature, SignatureType, Ticket, TipsetKey,
};
use filigree_consensus::{ChainConfig, beacon, structure, timestamp, validate};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof};

fn bytes(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

fn cid(text: &str) -> Cid {
    text.parse().unwrap()
}

fn bls(base64: &str) -> Option<Signature> {
    Some(Signature::new(SignatureType::Bls, bytes(base64)))
}

fn entry(round: u64, base64: &str) -> BeaconEntry {
    BeaconEntry {
        round,
        signature: bytes(base64),
    }
}

fn winning_post(base64: &str) -> Vec<PoStProof> {
    vec![PoStProof {
        post_proof: RegisteredPoStProof::StackedDRGWinning32GiBV1,
        proof_bytes: bytes(base64),
    }]
}

/// Of network version 24, after a null round, with quicknet's rounds.
fn quicknet_block() -> BlockHeader {
    BlockHeader {
        miner: Address::new_id(1_938_223),
        ticket: Some(Ticket {
            vrf_proof: bytes(
                "rIPyBy+F827Szc5oN/6ylCmpzxfAWr7aI5F4YJrN4pLSyknkcJI3ivsCo2KKjQVZFRnFyEus1maD5LdzQpnFRKMla4138qEuML+Ne/fsgOMr\
                 UEAeL34ceVwJd+Mt4Jrz",
            ),
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: bytes(
                "sN51JqjZNf+xWxwoo+wlMH1bpXI9T3wUIrla6FpwTxU4jC1z+ab5NFU/B2ZdDITTE+u8qaiibtLkld5lhNcOEOUqwKNyJ4nwFo5vAhWqvOTN\
                 dOiZmxsKpWG0NZUoXb/+",
            ),
        }),
        beacon_entries: vec![
            entry(
                17_133_822,
                "tH4q8euIaP9/QRJt8ALfkBvttSmQ/DOAt8+37wGGV5f8kkhzEFrHhskitNnPS70j",
            ),
            entry(
                17_133_832,
                "uQD5cEn8U69+sPjpccT8Bm0jVrnXLScf2jBkLJNHvAHLA6tPsZDREzpBIckpVvPy",
            ),
        ],
        winning_post: winning_post(
            "qOPLMhMui8qm/rE2y/UceyBDv5JvRCH5Fc5Ul+kuN190XDcMme5eKURUCmE2sN1HoQ2dMZX+xNZY351dbG93H/tUr6wuNhkvmemi2Xi62YvqU36/\
             kJh+K2YBiW7h/4LXCUTP/6XAOONOPl+j9GqS7RQxruPLfIyehvzVC0C8dB8+SVWtAnRKRPUUOPJvyHKejlrCyzWXOz/I7JG2/qEGLD0xwazBVwML\
             1vVvuE5NzXeOoQGlnB2PwSRb5Cn8FH8Q",
        ),
        parents: TipsetKey::new([
            cid("bafy2bzaceba2kdmysmi5ieugzvv5np7f2lobayzpvtk777du74n7jq6xhynda"),
            cid("bafy2bzacecrye24tkqrvvddcf62gfi4z4o33z2tdedbpaalordozaxfrz2jyi"),
            cid("bafy2bzaceab5mrohjvnp3mz7mo33ky7qqlmssrs7veqmjrgouafxyhnd5dy66"),
        ]),
        parent_weight: 116_013_147_118_u64.into(),
        height: 4_863_283,
        parent_state: cid("bafy2bzaceajxzsvzuq3ddzxfrs2jlaxsooqmgdy5uxbqujnjy3y56iumzzy7u"),
        parent_receipts: cid("bafy2bzacecfcx2ykqucyv3gkyrcy3upwrvdraz3ktfg7phkqysefdwsggglac"),
        messages: cid("bafy2bzacebzofmh6migvc4v6qsme6vuxlhi6pv2ocy4apyic3uihjqm7dum3u"),
        bls_aggregate: bls(
            "krFATGA0OBu/kFwtXsThVtKCkppnU7045uTURCeiOeJttxuXfx3wqJrLkCytnJFWFLVC+tiVWI4BxC3wqc9r6eAlNr9dEBx+3KwML/RFG/b5grmk\
             nLpGWn7g1EB/2T4y",
        ),
        timestamp_seconds: 1_744_204_890,
        signature: bls(
            "pWiUr+M8xxTxLED7GuU586gSfZCaHyLbLj0uS0HhKYRtHuyG47fIrfIT/04OCmQvEXBD8pFraWbMc3tnFrSsM1mIBJ5M38UPUfXDSspo+QGdouo2\
             kll2X+VNKY3ajb1K",
        ),
        fork_signal: 0,
        parent_base_fee: TokenAmount::from_atto(20_592_036),
    }
}

/// Of network version 15, the last that counted a round too few, with a round of drand's first network.
fn chained_block() -> BlockHeader {
    BlockHeader {
        miner: Address::new_id(1_675_012),
        ticket: Some(Ticket {
            vrf_proof: bytes(
                "gQhNDq5AuLceYg1rc7pior/h3eGJeoL020M2czgaYn8MKT4wcQe2MwBwvDYplfxJEWt1ywsS5m/Gt2Obcde4axL5pCSaYXvKXddiKQJs8lwM\
                 9/G0yfxmNkEfILtd7nwC",
            ),
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: bytes(
                "lbNIXkbkfNPsrl0L38CY2/Lx1N+3VBtk9zxdX69RyuFC8wEP0A0XP2ddG4aSat/KFjSvljf8EouYscDU7Vognow9W7OajtlN2AVYzRdYO61J\
                 +GY9pt+FYoxAzJN1JN1D",
            ),
        }),
        beacon_entries: vec![entry(
            2_014_805,
            "grEqjWmRPLP+eR4fTzb770Undx8AYDrUIU9mZ+Qr5cgiMgi5QbPNavKDpb6lJ2jbFoAluYRx+N+JoQPm+7vfC7SsrEQELFc1LnQwDZ/OD05J81ID\
             NVsXPoiiQ28Q9gVV",
        )],
        winning_post: winning_post(
            "iwGv022aM97e5X9q+yQVQsMHfMcPTBjakji5Ys27W2b+0U7s8fTHqcnzI+PRWjhzgs45E+nvLvh4vOImhNLopLEpQh+Whn8HUANN+ChteCsAFsFw\
             +ZNPgmd/MUNZVPEYBIPdtBsnEZXq28rTEQYbJJizQ463TsEbSJa0Xy7LGlnksMwo85cPMprio78xxVTjoadduGgxld60kK7vpTwktV1dpZsyk7w2\
             E/X7cHJZoQ1+YnCr3Rk5WdLuTgoVic2S",
        ),
        parents: TipsetKey::new([
            cid("bafy2bzaceafxc544aggeim7nx5aws3v5c4rhxmdewovfoirzo5icle4ibcaac"),
            cid("bafy2bzacebiugsg6m3is47p7wsztnhlhkeg5vkzuapcucvxl2prwbvrbblfha"),
            cid("bafy2bzaceaipzlpzrhq7xxeuz37ymhmiisajatolqff5a2jhf3ttum3hlukm4"),
            cid("bafy2bzacec4epy47nubciwsgspvf33wxl6ryejonf2lon5ikoafefhtq5iram"),
        ]),
        parent_weight: 44_698_197_127_u64.into(),
        height: 1_918_961,
        parent_state: cid("bafy2bzaceb2muaf5km4i2jxa55ovzzrgtukf6gie3s7sprpvzn7osick4gori"),
        parent_receipts: cid("bafy2bzacedj3xqgx6bmkfadtahaoav2s44iuwprhxdea5jkudzjawmfdawpxc"),
        messages: cid("bafy2bzacec2eo4izghntphsouvi7dfzvfqxvzmghjifw34jpiza4prq7ib6gi"),
        bls_aggregate: bls(
            "r3vRjWMMSkb/XbIlVm/vaTWKIvl6xaRhxX2R7R06raf58mzaSbH5I0PMQiT+9QKXBgnWNrCYsZoGXb4mDMZjKHZEnD8Z/WF61F705RoMe64XX4V2\
             Bsm0+W8CBtN8GuLJ",
        ),
        timestamp_seconds: 1_655_875_230,
        signature: bls(
            "ka6nv7gbeXTDuJKUXPZoknVCEPGI1gcVbiVvT7lNP+cTKB+vAdF7+pTIy532JvWpF397UTXOR1I7GhxK5ElY6mMnWlFjEw2Tl1rdWwg19tK9nqZC\
             zGaCPOvDeR+RGqS4",
        ),
        fork_signal: 0,
        parent_base_fee: TokenAmount::from_atto(125_249_085),
    }
}

#[test]
fn their_cids_are_those_of_the_network() {
    for (header, expected) in [
        (
            quicknet_block(),
            "bafy2bzacedo7hjsumaajt6sbor42qycvjyk6goqe4oi4o4ddsjxkdeqrqf42c",
        ),
        (
            chained_block(),
            "bafy2bzacebrrj32tuexypcohrqwc2nh4q6ju5geughmsfrlpxcw7lswzbrvnw",
        ),
    ] {
        assert_eq!(header.cid(), cid(expected));
        assert_eq!(BlockHeader::from_bytes(&header.to_bytes()).unwrap(), header);
    }
}

#[test]
fn alone_they_are_good() {
    let config = ChainConfig::mainnet();
    for header in [quicknet_block(), chained_block()] {
        structure::check(&header).unwrap();
        timestamp::check_time(&config, &header).unwrap();
        validate::check_alone(&config, &header, header.timestamp_seconds).unwrap();
        let early = header.timestamp_seconds - 2;
        assert!(
            validate::check_alone(&config, &header, early)
                .unwrap_err()
                .may_pass()
        );
    }
}

/// The round of a null round before it is in a block, too.
#[test]
fn the_rounds_of_quicknet_are_those_of_the_block() {
    let config = ChainConfig::mainnet();
    let header = quicknet_block();
    let parents_epoch = header.height - 2;
    let rounds = beacon::rounds_of_block(&config, header.height, parents_epoch, 17_133_812);
    assert_eq!(rounds, Some(vec![17_133_822, 17_133_832]));
    // What the beacon said before does not matter to quicknet.
    let previous = entry(17_133_812, "");
    assert_eq!(
        beacon::check(&config, &header, parents_epoch, &previous),
        Ok(())
    );
    let wrong = beacon::check(&config, &header, parents_epoch - 1, &previous);
    assert!(
        wrong
            .unwrap_err()
            .to_string()
            .contains("entry 0 is of round 17133822, not 17133812")
    );
}

#[test]
fn the_round_of_the_first_network_is_that_of_the_block() {
    let config = ChainConfig::mainnet();
    let header = chained_block();
    let parents_epoch = header.height - 1;
    let rounds = beacon::rounds_of_block(&config, header.height, parents_epoch, 2_014_804);
    assert_eq!(rounds, Some(vec![2_014_805]));
}
