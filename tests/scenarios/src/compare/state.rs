//! States of actors beside each other.

use std::collections::{BTreeMap, BTreeSet};

use cid::Cid;
use filigree_schema::{Limits, Schema, Type};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use serde_json::Value;

use super::value::{self, Schemas};
use crate::stage::Stage;
use crate::standing::{Change, Standing};

/// Compares how actors stand after a step.
pub(super) struct States<'a> {
    pub schemas: &'a Schemas,
    pub official: &'a Stage,
    pub ours: &'a Stage,
}

impl States<'_> {
    /// Notes what differs.
    pub fn compare(
        &self,
        official: &BTreeMap<ActorID, Change>,
        ours: &BTreeMap<ActorID, Change>,
        found: &mut Vec<String>,
    ) {
        let ids: BTreeSet<&ActorID> = official.keys().chain(ours.keys()).collect();
        for id in ids {
            let at = format!("f0{id}");
            match (official.get(id), ours.get(id)) {
                (Some(official), Some(ours)) if official == ours => {}
                (Some(Some(official)), Some(Some(ours))) => {
                    self.standing(&at, official, ours, found);
                }
                (official, ours) => {
                    let told = |change: Option<&Change>| match change {
                        None => "unchanged".to_owned(),
                        Some(None) => "gone".to_owned(),
                        Some(Some(standing)) => format!("changed ({})", standing.code),
                    };
                    value::field(found, &at, &told(official), &told(ours));
                }
            }
        }
    }

    fn standing(&self, at: &str, official: &Standing, ours: &Standing, found: &mut Vec<String>) {
        let field = |what: &str| format!("{at} {what}");
        value::field(found, &field("code"), &official.code, &ours.code);
        let (theirs, own) = (official.balance.atto(), ours.balance.atto());
        value::field(found, &field("balance"), &theirs, &own);
        value::field(
            found,
            &field("sequence"),
            &official.sequence,
            &ours.sequence,
        );
        let delegated = |standing: &Standing| {
            let address = standing.delegated.as_ref();
            address.map_or("none".to_owned(), ToString::to_string)
        };
        value::field(
            found,
            &field("f4 address"),
            &delegated(official),
            &delegated(ours),
        );
        if let (Some(theirs), Some(own)) = (official.head, ours.head)
            && theirs != own
        {
            let schema = self.schemas.actor(&ours.code);
            let before = found.len();
            let theirs_read = read(schema, &self.official.store(), &theirs);
            let own_read = read(schema, &self.ours.store(), &own);
            value::values(found, &field("state"), &theirs_read, &own_read);
            if found.len() == before {
                // Values that were read are equal, so the shape of a map or array is not, or something beyond the limits of reading.
                value::field(found, &field("state, encoded otherwise"), &theirs, &own);
            }
        }
    }
}

/// A state with what is below it, as JSON: by the schema of our actor, or as any CBOR.
fn read(schema: Option<&Schema>, store: &dyn Blockstore, head: &Cid) -> Value {
    let block = match store.get(head) {
        Ok(Some(block)) => block,
        _ => return Value::from(format!("{head} is not in the store")),
    };
    let deep = schema.and_then(|schema| {
        let state = schema.decode_state_deep(&block, store, Limits::default());
        state.ok().flatten()
    });
    match deep {
        Some(deep) => deep.value,
        None => Type::Any
            .decode(&block)
            .unwrap_or_else(|_| Value::from(value::hex(&block))),
    }
}
