//! Shapes beside Lotus': the example values of its own document of the interface (`build/openrpc/full.json`), read and written
//! again, must stay what they are. CIDs of messages and blocks are computed, so they hold the encodings, too.

use std::collections::BTreeMap;

use filigree_blocks::{BlockHeader, BlockMessage, SignedMessage, Tipset, TipsetKey};
use filigree_rpc::json::call::{
    ActorStateView, ApiMessage, BlockMessages, InvocResult, MessageMatch, MsgLookup,
};
use filigree_rpc::json::chain::Event;
use filigree_rpc::json::market::{
    Allocation, CirculatingSupply, DealCollateralBounds, MarketBalance, MarketDeal, VerifiedClaim,
};
use filigree_rpc::json::mempool::{
    MessageCheckStatus, MessagePrototype, MessageSendSpec, MpoolConfig,
};
use filigree_rpc::json::miner::{
    BlockTemplate, Deadline, DeadlineInfo, MinerInfo, MinerPower, MinerSectors, MiningBaseInfo,
    Partition, SectorExpiration, SectorLocation, SectorOnChainInfo, SectorPreCommitOnChainInfo,
};
use filigree_rpc::json::multisig::{MsigTransaction, MsigVesting};
use filigree_rpc::json::node::{
    HeadChange, IpldObject, KeyInfo, NetworkParams, NodeStatus, ObjStat,
};
use filigree_rpc::json::{Json, from_text, to_text};
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use fvm_shared::state::ActorState;
use serde_json::Value;

/// Shapes that are parts of others: `@name` stands for them.
const PARTS: &[(&str, &str)] = &[
    (
        "@call",
        concat!(
            r#"{"Msg":{"From":"f01234","To":"f01234","Value":"0","Method":1,"Params":@bytes,"ParamsCodec":42,"#,
            r#""GasLimit":42,"ReadOnly":true},"MsgRct":{"ExitCode":0,"Return":@bytes,"ReturnCodec":42},"#,
            r#""InvokedActor":{"Id":1000,"State":{"Code":@cid,"Head":@cid,"Nonce":42,"Balance":"0","#,
            r#""DelegatedAddress":"f01234"}},"GasCharges":[{"Name":"string value","tg":9,"cg":9,"sg":9,"#,
            r#""tt":60000000000}],"Subcalls":null,"Logs":["string value"],"IpldOps":[{"Op":"Get","Cid":@cid,"Size":42}]}"#,
        ),
    ),
    (
        "@header",
        concat!(
            r#"{"Miner":"f01234","Ticket":{"VRFProof":@bytes},"ElectionProof":{"WinCount":9,"VRFProof":@bytes},"#,
            r#""BeaconEntries":[{"Round":42,"Data":@bytes}],"WinPoStProof":[{"PoStProof":8,"ProofBytes":@bytes}],"#,
            r#""Parents":[@cid],"ParentWeight":"0","Height":10101,"ParentStateRoot":@cid,"ParentMessageReceipts":@cid,"#,
            r#""Messages":@cid,"BLSAggregate":@signature,"Timestamp":42,"BlockSig":@signature,"ForkSignaling":42,"#,
            r#""ParentBaseFee":"0"}"#,
        ),
    ),
    (
        "@signed",
        r#"{"Message":@message,"Signature":@signature,"CID":{"/":"bafy2bzacebbpdegvr3i4cosewthysg5xkxpqfn2wfcz6mv2hmoktwbdxkax4s"}}"#,
    ),
    (
        "@message",
        concat!(
            r#"{"Version":42,"To":"f01234","From":"f01234","Nonce":42,"Value":"0","GasLimit":9,"GasFeeCap":"0","#,
            r#""GasPremium":"0","Method":1,"Params":@bytes,"#,
            r#""CID":{"/":"bafy2bzacebbpdegvr3i4cosewthysg5xkxpqfn2wfcz6mv2hmoktwbdxkax4s"}}"#,
        ),
    ),
    ("@signature", r#"{"Type":2,"Data":@bytes}"#),
    ("@bytes", r#""Ynl0ZSBhcnJheQ==""#),
    (
        "@cid",
        r#"{"/":"bafy2bzacea3wsdh6y3a36tb3skempjoxqpuyompjbmfeyf34fi3uy6uue42v4"}"#,
    ),
];

fn expand(text: &str) -> String {
    let parts = PARTS.iter();
    parts.fold(text.to_owned(), |text, (name, part)| {
        text.replace(name, part)
    })
}

fn check<T: Json>(name: &str, text: &str) {
    let text = expand(text);
    let expected: Value = serde_json::from_str(&text).unwrap();
    let value: T = from_text(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let written: Value = serde_json::from_str(&to_text(&value)).unwrap();
    assert_eq!(written, expected, "{name}");
}

macro_rules! check {
    ($( $type:ty = $text:expr; )*) => { $( check::<$type>(stringify!($type), $text); )* };
}

#[test]
fn the_examples_of_lotus_stay_what_they_are() {
    check! {
        BlockHeader = r#"@header"#;
        BlockMessages = r#"{"BlsMessages":[@message],"SecpkMessages":[@signed],"Cids":[@cid]}"#;
        Vec<Event> = r#"[{"Emitter":1000,"Entries":[{"Flags":7,"Key":"string value","Codec":42,"Value":@bytes}]}]"#;
        Vec<ApiMessage> = r#"[{"Cid":@cid,"Message":@message}]"#;
        Vec<Receipt> = r#"[{"ExitCode":0,"Return":@bytes,"GasUsed":9,"EventsRoot":@cid}]"#;
        TipsetKey = r#"[@cid,{"/":"bafy2bzacebp3shtrn43k7g3unredz7fxn4gj533d3o43tqn2p2ipxxhrvchve"}]"#;
        BlockMessage = r#"{"Header":@header,"BlsMessages":[@cid],"SecpkMessages":[@cid]}"#;
        BlockTemplate = concat!(
            r#"{"Miner":"f01234","Parents":[@cid,"#,
            r#"{"/":"bafy2bzacebp3shtrn43k7g3unredz7fxn4gj533d3o43tqn2p2ipxxhrvchve"}],"Ticket":{"VRFProof":@bytes},"#,
            r#""Eproof":{"WinCount":9,"VRFProof":@bytes},"BeaconValues":[{"Round":42,"Data":@bytes}],"#,
            r#""Messages":[@signed],"Epoch":10101,"Timestamp":42,"WinningPoStProof":[{"PoStProof":8,"#,
            r#""ProofBytes":@bytes}]}"#,
        );
        MiningBaseInfo = concat!(
            r#"{"MinerPower":"0","NetworkPower":"0","Sectors":[{"SealProof":8,"SectorNumber":9,"SectorKey":@cid,"#,
            r#""SealedCID":@cid}],"WorkerKey":"f01234","SectorSize":34359738368,"PrevBeaconEntry":{"Round":42,"#,
            r#""Data":@bytes},"BeaconEntries":[{"Round":42,"Data":@bytes}],"EligibleForMining":true}"#,
        );
        MpoolConfig = concat!(
            r#"{"PriorityAddrs":["f01234"],"SizeLimitHigh":123,"SizeLimitLow":123,"ReplaceByFeeRatio":1.23,"#,
            r#""PruneCooldown":60000000000,"GasLimitOverestimation":12.3}"#,
        );
        MessageSendSpec = r#"{"MaxFee":"0","MsgUuid":"07070707-0707-0707-0707-070707070707","MaximizeFeeCap":true}"#;
        SignedMessage = r#"@signed"#;
        MessagePrototype = r#"{"Message":@message,"ValidNonce":true}"#;
        Vec<MsigTransaction> = r#"[{"ID":9,"To":"f01234","Value":"0","Method":1,"Params":@bytes,"Approved":["f01234"]}]"#;
        MsigVesting = r#"{"InitialBalance":"0","StartEpoch":10101,"UnlockDuration":10101}"#;
        NodeStatus = concat!(
            r#"{"SyncStatus":{"Epoch":42,"Behind":42},"PeerStatus":{"PeersToPublishMsgs":123,"#,
            r#""PeersToPublishBlocks":123},"ChainStatus":{"BlocksPerTipsetLast100":12.3,"#,
            r#""BlocksPerTipsetLastFinality":12.3}}"#,
        );
        InvocResult = concat!(
            r#"{"MsgCid":@cid,"Msg":@message,"MsgRct":{"ExitCode":0,"Return":@bytes,"GasUsed":9,"EventsRoot":@cid},"#,
            r#""GasCost":{"Message":@cid,"GasUsed":"0","BaseFeeBurn":"0","OverEstimationBurn":"0","MinerPenalty":"0","#,
            r#""MinerTip":"0","Refund":"0","TotalCost":"0"},"ExecutionTrace":{"Msg":{"From":"f01234","To":"f01234","#,
            r#""Value":"0","Method":1,"Params":@bytes,"ParamsCodec":42,"GasLimit":42,"ReadOnly":true},"#,
            r#""MsgRct":{"ExitCode":0,"Return":@bytes,"ReturnCodec":42},"InvokedActor":{"Id":1000,"#,
            r#""State":{"Code":@cid,"Head":@cid,"Nonce":42,"Balance":"0","DelegatedAddress":"f01234"}},"#,
            r#""GasCharges":[{"Name":"string value","tg":9,"cg":9,"sg":9,"tt":60000000000}],"Subcalls":[@call],"#,
            r#""Logs":["string value"],"IpldOps":[{"Op":"Get","Cid":@cid,"Size":42}]},"Error":"string value","#,
            r#""Duration":60000000000}"#,
        );
        BTreeMap<String, ActorState> = r#"{"t01236":{"Code":@cid,"Head":@cid,"Nonce":42,"Balance":"0","DelegatedAddress":"f01234"}}"#;
        VerifiedClaim = concat!(
            r#"{"Provider":1000,"Client":1000,"Data":@cid,"Size":1032,"TermMin":10101,"TermMax":10101,"#,
            r#""TermStart":10101,"Sector":9}"#,
        );
        Allocation = concat!(
            r#"{"Client":1000,"Provider":1000,"Data":@cid,"Size":1032,"TermMin":10101,"TermMax":10101,"#,
            r#""Expiration":10101}"#,
        );
        NetworkParams = concat!(
            r#"{"NetworkName":"lotus","BlockDelaySecs":42,"ConsensusMinerMinPower":"0","#,
            r#""PreCommitChallengeDelay":10101,"ForkUpgradeParams":{"UpgradeSmokeHeight":10101},"Eip155ChainID":123,"#,
            r#""GenesisTimestamp":42}"#,
        );
        MarketDeal = concat!(
            r#"{"Proposal":{"PieceCID":@cid,"PieceSize":1032,"VerifiedDeal":true,"Client":"f01234","#,
            r#""Provider":"f01234","Label":"","StartEpoch":10101,"EndEpoch":10101,"StoragePricePerEpoch":"0","#,
            r#""ProviderCollateral":"0","ClientCollateral":"0"},"State":{"SectorNumber":9,"SectorStartEpoch":10101,"#,
            r#""LastUpdatedEpoch":10101,"SlashEpoch":10101}}"#,
        );
        BTreeMap<String, MarketBalance> = r#"{"t026363":{"Escrow":"0","Locked":"0"}}"#;
        DealCollateralBounds = r#"{"Min":"0","Max":"0"}"#;
        Vec<SectorOnChainInfo> = concat!(
            r#"[{"SectorNumber":9,"SealProof":8,"SealedCID":@cid,"Activation":10101,"Expiration":10101,"#,
            r#""DealWeight":"0","VerifiedDealWeight":"0","InitialPledge":"0","ExpectedDayReward":"0","#,
            r#""ExpectedStoragePledge":"0","PowerBaseEpoch":10101,"ReplacedDayReward":"0","SectorKeyCID":@cid,"#,
            r#""Flags":0,"DailyFee":"0"}]"#,
        );
        Vec<Deadline> = r#"[{"PostSubmissions":[5,1],"DisputableProofCount":42,"DailyFee":"0"}]"#;
        MinerInfo = MINER_INFO;
        Vec<Partition> = concat!(
            r#"[{"AllSectors":[5,1],"FaultySectors":[5,1],"RecoveringSectors":[5,1],"LiveSectors":[5,1],"#,
            r#""ActiveSectors":[5,1]}]"#,
        );
        MinerPower = concat!(
            r#"{"MinerPower":{"RawBytePower":"0","QualityAdjPower":"0"},"TotalPower":{"RawBytePower":"0","#,
            r#""QualityAdjPower":"0"},"HasMinPower":true}"#,
        );
        DeadlineInfo = concat!(
            r#"{"CurrentEpoch":10101,"PeriodStart":10101,"Index":42,"Open":10101,"Close":10101,"Challenge":10101,"#,
            r#""FaultCutoff":10101,"WPoStPeriodDeadlines":42,"WPoStProvingPeriod":10101,"WPoStChallengeWindow":10101,"#,
            r#""WPoStChallengeLookback":10101,"FaultDeclarationCutoff":10101}"#,
        );
        MinerSectors = r#"{"Live":42,"Active":42,"Faulty":42}"#;
        Vec<Vec<MessageCheckStatus>> = r#"[[{"Cid":@cid,"Code":0,"OK":true,"Err":"string value","Hint":{"abc":123}}]]"#;
        ActorStateView = r#"{"Balance":"0","Code":@cid,"State":{}}"#;
        MsgLookup = concat!(
            r#"{"Message":@cid,"Receipt":{"ExitCode":0,"Return":@bytes,"GasUsed":9,"EventsRoot":@cid},"ReturnDec":{},"#,
            r#""TipSet":[@cid,{"/":"bafy2bzacebp3shtrn43k7g3unredz7fxn4gj533d3o43tqn2p2ipxxhrvchve"}],"Height":10101}"#,
        );
        SectorExpiration = r#"{"OnTime":10101,"Early":10101}"#;
        SectorLocation = r#"{"Deadline":42,"Partition":42}"#;
        SectorPreCommitOnChainInfo = concat!(
            r#"{"Info":{"SealProof":8,"SectorNumber":9,"SealedCID":@cid,"SealRandEpoch":10101,"DealIDs":[5432],"#,
            r#""Expiration":10101,"UnsealedCid":@cid},"PreCommitDeposit":"0","PreCommitEpoch":10101}"#,
        );
        CirculatingSupply = concat!(
            r#"{"FilVested":"0","FilMined":"0","FilBurnt":"0","FilLocked":"0","FilCirculating":"0","#,
            r#""FilReserveDisbursed":"0"}"#,
        );
        MessageMatch = r#"{"To":"f01234","From":"f01234"}"#;
        KeyInfo = r#"{"Type":"bls","PrivateKey":@bytes}"#;
        ObjStat = r#"{"Size":42,"Links":42}"#;
        IpldObject = r#"{"Cid":@cid,"Obj":{}}"#;
    }
}

const MINER_INFO: &str = concat!(
    r#"{"Owner":"f01234","Worker":"f01234","NewWorker":"f01234","ControlAddresses":["f01234"],"#,
    r#""WorkerChangeEpoch":10101,"PeerId":"12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf","#,
    r#""Multiaddrs":[@bytes],"WindowPoStProofType":8,"SectorSize":34359738368,"#,
    r#""WindowPoStPartitionSectors":42,"ConsensusFaultElapsed":10101,"PendingOwnerAddress":"f01234","#,
    r#""Beneficiary":"f01234","BeneficiaryTerm":{"Quota":"0","UsedQuota":"0","Expiration":10101},"#,
    r#""PendingBeneficiaryTerm":{"NewBeneficiary":"f01234","NewQuota":"0","NewExpiration":10101,"#,
    r#""ApprovedByBeneficiary":true,"ApprovedByNominee":true}}"#,
);

/// A tipset of calibnet. That its key comes out right holds the header's encoding against the network's.
const TIPSET: &str = concat!(
    r#"{"Cids":[{"/":"bafy2bzacedo7hjsumaajt6sbor42qycvjyk6goqe4oi4o4ddsjxkdeqrqf42c"}],"#,
    r#""Blocks":[{"Miner":"f01938223","#,
    r#""Ticket":{"VRFProof":"rIPyBy+F827Szc5oN/6ylCmpzxfAWr7aI5F4YJrN4pLSyknkcJI3ivsCo2KKjQVZFRnFyEus1maD5LdzQpnFRKMla4138qEuML+Ne/fsgOMrUEAeL34ceVwJd+Mt4Jrz"},"#,
    r#""ElectionProof":{"WinCount":1,"#,
    r#""VRFProof":"sN51JqjZNf+xWxwoo+wlMH1bpXI9T3wUIrla6FpwTxU4jC1z+ab5NFU/B2ZdDITTE+u8qaiibtLkld5lhNcOEOUqwKNyJ4nwFo5vAhWqvOTNdOiZmxsKpWG0NZUoXb/+"},"#,
    r#""BeaconEntries":[{"Round":17133822,"Data":"tH4q8euIaP9/QRJt8ALfkBvttSmQ/DOAt8+37wGGV5f8kkhzEFrHhskitNnPS70j"},"#,
    r#"{"Round":17133832,"Data":"uQD5cEn8U69+sPjpccT8Bm0jVrnXLScf2jBkLJNHvAHLA6tPsZDREzpBIckpVvPy"}],"#,
    r#""WinPoStProof":[{"PoStProof":3,"#,
    r#""ProofBytes":"qOPLMhMui8qm/rE2y/UceyBDv5JvRCH5Fc5Ul+kuN190XDcMme5eKURUCmE2sN1HoQ2dMZX+xNZY351dbG93H/tUr6wuNhkvmemi2Xi62YvqU36/kJh+K2YBiW7h/4LXCUTP/6XAOONOPl+j9GqS7RQxruPLfIyehvzVC0C8dB8+SVWtAnRKRPUUOPJvyHKejlrCyzWXOz/I7JG2/qEGLD0xwazBVwML1vVvuE5NzXeOoQGlnB2PwSRb5Cn8FH8Q"}],"#,
    r#""Parents":[{"/":"bafy2bzaceba2kdmysmi5ieugzvv5np7f2lobayzpvtk777du74n7jq6xhynda"},"#,
    r#"{"/":"bafy2bzacecrye24tkqrvvddcf62gfi4z4o33z2tdedbpaalordozaxfrz2jyi"},"#,
    r#"{"/":"bafy2bzaceab5mrohjvnp3mz7mo33ky7qqlmssrs7veqmjrgouafxyhnd5dy66"}],"ParentWeight":"116013147118","#,
    r#""Height":4863283,"ParentStateRoot":{"/":"bafy2bzaceajxzsvzuq3ddzxfrs2jlaxsooqmgdy5uxbqujnjy3y56iumzzy7u"},"#,
    r#""ParentMessageReceipts":{"/":"bafy2bzacecfcx2ykqucyv3gkyrcy3upwrvdraz3ktfg7phkqysefdwsggglac"},"#,
    r#""Messages":{"/":"bafy2bzacebzofmh6migvc4v6qsme6vuxlhi6pv2ocy4apyic3uihjqm7dum3u"},"BLSAggregate":{"Type":2,"#,
    r#""Data":"krFATGA0OBu/kFwtXsThVtKCkppnU7045uTURCeiOeJttxuXfx3wqJrLkCytnJFWFLVC+tiVWI4BxC3wqc9r6eAlNr9dEBx+3KwML/RFG/b5grmknLpGWn7g1EB/2T4y"},"#,
    r#""Timestamp":1744204890,"BlockSig":{"Type":2,"#,
    r#""Data":"pWiUr+M8xxTxLED7GuU586gSfZCaHyLbLj0uS0HhKYRtHuyG47fIrfIT/04OCmQvEXBD8pFraWbMc3tnFrSsM1mIBJ5M38UPUfXDSspo+QGdouo2kll2X+VNKY3ajb1K"},"#,
    r#""ForkSignaling":0,"ParentBaseFee":"20592036"}],"Height":4863283}"#,
);

#[test]
fn a_tipset_of_calibnet_has_the_cids_of_the_network() {
    check::<Tipset>("Tipset", TIPSET);
    check::<Vec<HeadChange>>(
        "HeadChange",
        &format!(r#"[{{"Type":"current","Val":{TIPSET}}}]"#),
    );
}

#[test]
fn what_is_nothing_is_written_as_go_writes_it() {
    let message: Message = from_text(r#"{"to":"t01","From":"f02","Unknown":[1]}"#).unwrap();
    let written: Value = serde_json::from_str(&to_text(&message)).unwrap();
    assert_eq!(written["To"], "f01");
    assert_eq!(written["Params"], Value::Null);
    assert_eq!(written["Value"], "0");
    let header: Value = serde_json::from_str(&expand("@header")).unwrap();
    let mut bare = header.clone();
    for field in [
        "Ticket",
        "ElectionProof",
        "BeaconEntries",
        "WinPoStProof",
        "BLSAggregate",
        "BlockSig",
    ] {
        bare[field] = Value::Null;
    }
    check::<BlockHeader>("BlockHeader", &bare.to_string());
    let mut info: Value = serde_json::from_str(&expand(MINER_INFO)).unwrap();
    info["NewWorker"] = "<empty>".into();
    check::<MinerInfo>("MinerInfo", &info.to_string());
}

#[test]
fn what_is_sent_is_not_given_back_whole() {
    let long = "a".repeat(4 << 20);
    for text in [
        format!(r#"{{"To":"{long}"}}"#),
        format!(r#"{{"To":"f01","From":"{long}"}}"#),
    ] {
        let error = from_text::<Message>(&text).unwrap_err().to_string();
        assert!(error.contains("aaaa\"… is no address"), "{error:.300}");
        assert!(error.len() < 200, "{} bytes", error.len());
    }
    let cid = from_text::<cid::Cid>(&format!(r#"{{"/":"{long}"}}"#)).unwrap_err();
    assert!(cid.to_string().len() < 200, "{:.300}", cid.to_string());
    let map = format!(r#"{{"{long}":"b"}}"#);
    let key = from_text::<BTreeMap<String, u64>>(&map).unwrap_err();
    assert!(key.to_string().len() < 200, "{:.300}", key.to_string());
}

#[test]
fn what_has_no_zero_must_be_there() {
    for (text, error) in [
        (
            r#"{"From":"f01"}"#,
            "To: an address is expected, found nothing",
        ),
        (
            r#"{"To":"f01","From":"x01"}"#,
            "From: \"x01\" is no address",
        ),
        (
            r#"{"To":"f01","From":"f01","Value":1}"#,
            "Value: a string of decimal digits is expected",
        ),
        (
            r#"{"To":"f01","From":"f01","Value":"1.5"}"#,
            "Value: \"1.5\" is no decimal number",
        ),
        (
            r#"{"To":"f01","From":"f01","Nonce":-1}"#,
            "Nonce: an integer of 0 or more is expected",
        ),
        (
            r#"{"To":"f01","From":"f01","Params":"?"}"#,
            "Params: base64 is expected",
        ),
        ("[]", "an object is expected, found a list"),
    ] {
        let found = from_text::<Message>(text).unwrap_err().to_string();
        assert!(found.starts_with(error), "{found}");
    }
    let digits = format!(
        r#"{{"To":"f01","From":"f01","Value":"{}"}}"#,
        "9".repeat(1000)
    );
    assert!(from_text::<Message>(&digits).is_err());
    assert!(
        from_text::<SignedMessage>(&expand(r#"{"Message":@message,"Signature":{"Type":9}}"#))
            .is_err()
    );
}
