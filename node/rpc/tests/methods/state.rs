//! State as it is read: actors, miners, the network.

use filigree_rpc::json::Bytes;
use filigree_rpc::method::miner::MinerGetBaseInfo;
use filigree_rpc::method::msig::{MsigGetAvailableBalance, MsigGetPending};
use filigree_rpc::method::state::actors::{
    StateAccountKey, StateDecodeParams, StateEncodeParams, StateGetActor, StateListActors,
    StateLookupID, StateReadState,
};
use filigree_rpc::method::state::market::{StateMarketBalance, StateVerifiedRegistryRootKey};
use filigree_rpc::method::state::miner::{
    StateListMiners, StateMinerAvailableBalance, StateMinerDeadlines, StateMinerInfo,
    StateMinerPartitions, StateMinerPower, StateMinerProvingDeadline,
};
use filigree_rpc::method::state::network::{
    StateActorCodeCIDs, StateCirculatingSupply, StateGetBeaconEntry, StateGetNetworkParams,
    StateGetRandomnessFromBeacon, StateGetRandomnessFromTickets, StateNetworkName,
    StateNetworkVersion, StateVMCirculatingSupplyInternal,
};
use filigree_rpc::method::state::sector::{
    StateMinerActiveSectors, StateMinerInitialPledgeForSector, StateMinerSectorCount,
    StateMinerSectors, StateSectorExpiration, StateSectorPartition,
};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use serde_json::{Value, json};

use super::{RECEIVER, failed, fil, head, node};
use crate::common::world;
use crate::common::world::{MINER, mine, owner, worker};

#[test]
fn actors_are_read_by_any_address_and_by_their_schemas() {
    let node = node();
    let client = node.client();
    let key = *owner().address();
    let id = client
        .call(StateLookupID {
            actor: key,
            tipset: head(),
        })
        .unwrap();
    assert_eq!(
        client
            .call(StateAccountKey {
                account: id,
                tipset: head()
            })
            .unwrap(),
        key
    );
    let by_key = client
        .call(StateGetActor {
            actor: key,
            tipset: head(),
        })
        .unwrap();
    assert_eq!(
        client
            .call(StateGetActor {
                actor: id,
                tipset: head()
            })
            .unwrap(),
        by_key
    );
    let nobody = Address::new_id(9_999);
    let missing = client
        .call(StateGetActor {
            actor: nobody,
            tipset: head(),
        })
        .unwrap_err();
    assert_eq!(failed(missing), (11, "actor not found".to_owned()));
    assert!(
        client
            .call(StateListActors { tipset: head() })
            .unwrap()
            .contains(&id)
    );
    let state = client
        .call(StateReadState {
            actor: id,
            tipset: head(),
        })
        .unwrap();
    assert_eq!(state.balance, by_key.balance);
    assert!(
        state.state.to_string().contains(&key.to_string()[1..]),
        "{}",
        state.state
    );

    let miner = client
        .call(StateGetActor {
            actor: Address::new_id(MINER),
            tipset: head(),
        })
        .unwrap();
    // ChangePeerID of the miner takes bytes.
    let params = json!({ "NewID": "AQID" });
    let encode = |params: Value| StateEncodeParams {
        code: miner.code,
        method_number: 4,
        params,
    };
    let encoded = client.call(encode(params)).unwrap();
    let decode = StateDecodeParams {
        receiver: Address::new_id(MINER),
        method_number: 4,
        params: encoded.clone(),
        tipset: head(),
    };
    let decoded = client.call(decode).unwrap();
    assert_eq!(decoded, json!({ "NewID": "AQID" }));
    // By the name that the schema has, too; but never in hex.
    let ours = client.call(encode(json!({ "new_id": "AQID" })));
    assert_eq!(ours.unwrap(), encoded);
    let hex = client.call(encode(json!({ "new_id": "0x0102" })));
    assert_eq!(failed(hex.unwrap_err()).0, -32602);
    assert_eq!(client.call(encode(decoded)).unwrap(), encoded);
    assert!(client.call(encode(json!("wrong"))).is_err());
}

#[test]
fn a_miner_is_told_in_all_its_parts() {
    let node = node();
    let client = node.client();
    mine(&node.services);
    let miner = Address::new_id(MINER);
    let tipset = head;
    assert_eq!(
        client.call(StateListMiners { tipset: tipset() }).unwrap().0,
        [miner]
    );
    let power = client
        .call(StateMinerPower {
            miner,
            tipset: tipset(),
        })
        .unwrap();
    assert_eq!(power.miner.raw_bytes, 4096.into());
    assert_eq!(power.miner, power.total);
    assert!(power.has_min_power);
    let info = client
        .call(StateMinerInfo {
            miner,
            tipset: tipset(),
        })
        .unwrap();
    let key = StateAccountKey {
        account: info.worker,
        tipset: tipset(),
    };
    assert_eq!(client.call(key).unwrap(), *worker().address());
    assert_eq!((info.sector_size_bytes, info.new_worker.0), (2048, None));
    assert_eq!(info.peer_id.as_deref(), Some("15T"));
    let sectors = client
        .call(StateMinerSectors {
            miner,
            sectors: None,
            tipset: tipset(),
        })
        .unwrap()
        .0;
    let numbers: Vec<_> = sectors.iter().map(|sector| sector.number).collect();
    assert_eq!(numbers, [0, 1]);
    assert_eq!(
        client
            .call(StateMinerActiveSectors {
                miner,
                tipset: tipset()
            })
            .unwrap()
            .0,
        sectors
    );
    let count = client
        .call(StateMinerSectorCount {
            miner,
            tipset: tipset(),
        })
        .unwrap();
    assert_eq!((count.live, count.active, count.faulty), (2, 2, 0));
    let deadline = client
        .call(StateMinerProvingDeadline {
            miner,
            tipset: tipset(),
        })
        .unwrap();
    assert!(deadline.open <= deadline.current_epoch && deadline.current_epoch < deadline.close);
    let deadlines = client
        .call(StateMinerDeadlines {
            miner,
            tipset: tipset(),
        })
        .unwrap();
    assert_eq!(deadlines.len() as u64, deadline.period_deadlines);
    let place = client
        .call(StateSectorPartition {
            miner,
            sector: 0,
            tipset: tipset(),
        })
        .unwrap()
        .unwrap();
    let partitions = StateMinerPartitions {
        miner,
        deadline: place.deadline,
        tipset: tipset(),
    };
    let partitions = client.call(partitions).unwrap().0;
    assert!(partitions[place.partition as usize].active.get(0));
    let expiration = client
        .call(StateSectorExpiration {
            miner,
            sector: 0,
            tipset: tipset(),
        })
        .unwrap()
        .unwrap();
    assert!(expiration.on_time >= sectors[0].expiration && expiration.early == 0);
    assert_eq!(
        client
            .call(StateSectorPartition {
                miner,
                sector: 7,
                tipset: tipset()
            })
            .unwrap(),
        None
    );
    assert!(
        client
            .call(StateMinerAvailableBalance {
                miner,
                tipset: tipset()
            })
            .is_ok()
    );
    let pledge = StateMinerInitialPledgeForSector {
        duration: 1000,
        sector_size: 2048,
        verified_size: 0,
        tipset: tipset(),
    };
    assert!(client.call(pledge).unwrap().is_positive());
    let base = client
        .call(MinerGetBaseInfo {
            miner,
            epoch: 2,
            parents: tipset(),
        })
        .unwrap()
        .unwrap();
    assert_eq!(
        (base.worker_key, base.sectors.len(), base.eligible),
        (*worker().address(), 1, true)
    );
    let wrong = StateMinerInfo {
        miner: Address::new_id(RECEIVER),
        tipset: tipset(),
    };
    assert!(
        failed(client.call(wrong).unwrap_err())
            .1
            .contains("is no storageminer")
    );
    let missing = StateMinerInfo {
        miner: Address::new_id(9_999),
        tipset: tipset(),
    };
    assert_eq!(failed(client.call(missing).unwrap_err()).0, 11);
}

#[test]
fn the_network_tells_of_itself() {
    let node = node();
    let client = node.client();
    mine(&node.services);
    assert_eq!(client.call(StateNetworkName {}).unwrap(), "one process");
    assert_eq!(
        client.call(StateNetworkVersion { tipset: head() }).unwrap(),
        NetworkVersion::V28
    );
    let params = client.call(StateGetNetworkParams {}).unwrap();
    assert_eq!(params.upgrades["UpgradeFireHorseHeight"], -1);
    assert_eq!(params.upgrades["UpgradeXxHeight"], 999_999_999_999_999);
    assert_eq!(params.upgrades["UpgradePhoenixHeight"], -1);
    assert_eq!(params.upgrades["BreezeGasTampingDuration"], 0);
    let codes = client
        .call(StateActorCodeCIDs {
            version: NetworkVersion::V28,
        })
        .unwrap();
    let miner = client
        .call(StateGetActor {
            actor: Address::new_id(MINER),
            tipset: head(),
        })
        .unwrap();
    assert_eq!(codes["storageminer"], miner.code);
    assert!(
        client
            .call(StateActorCodeCIDs {
                version: NetworkVersion::V21
            })
            .is_err()
    );
    let supply = client
        .call(StateVMCirculatingSupplyInternal { tipset: head() })
        .unwrap();
    assert!(supply.circulating.is_positive());
    assert!(
        client
            .call(StateCirculatingSupply { tipset: head() })
            .unwrap()
            .is_positive()
    );
    assert_eq!(
        client.call(StateGetBeaconEntry { epoch: 1 }).unwrap(),
        world::beacon().entry(2)
    );
    let entropy = || Bytes(b"entropy".to_vec());
    let tickets = |purpose| StateGetRandomnessFromTickets {
        purpose,
        epoch: 1,
        entropy: entropy(),
        tipset: head(),
    };
    assert_eq!(client.call(tickets(2)).unwrap().0.len(), 32);
    assert_ne!(
        client.call(tickets(2)).unwrap(),
        client.call(tickets(3)).unwrap()
    );
    assert_eq!(failed(client.call(tickets(0)).unwrap_err()).0, -32602);
    let beacon = StateGetRandomnessFromBeacon {
        purpose: 2,
        epoch: 1,
        entropy: entropy(),
        tipset: head(),
    };
    assert_eq!(client.call(beacon).unwrap().0.len(), 32);
    let root = client
        .call(StateVerifiedRegistryRootKey { tipset: head() })
        .unwrap();
    assert!(root.id().is_ok());
    let market = StateMarketBalance {
        address: *owner().address(),
        tipset: head(),
    };
    assert!(client.call(market).unwrap().escrow.is_zero());
}

#[test]
fn a_multisig_is_told() {
    let node = node();
    let client = node.client();
    let actors = client.call(StateListActors { tipset: head() }).unwrap();
    let codes = client
        .call(StateActorCodeCIDs {
            version: NetworkVersion::V28,
        })
        .unwrap();
    let is_multisig = |actor: &Address| {
        let actor = client
            .call(StateGetActor {
                actor: *actor,
                tipset: head(),
            })
            .unwrap();
        actor.code == codes["multisig"] && actor.balance == fil(1_000)
    };
    let wallet = actors.into_iter().find(is_multisig).unwrap();
    let available = client
        .call(MsigGetAvailableBalance {
            wallet,
            tipset: head(),
        })
        .unwrap();
    assert_eq!(available, TokenAmount::default());
    assert_eq!(
        client
            .call(MsigGetPending {
                wallet,
                tipset: head()
            })
            .unwrap()
            .0,
        []
    );
}
