//! Schemas of actors: how parameters, results and state of any actor are shown as JSON. Each actor's Wasm, which is in the
//! store, brings its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use cid::Cid;
use filigree_schema::Schema;
use fvm_ipld_blockstore::Blockstore;
use serde_json::Value;

use crate::error::{Reply, RpcError};
use crate::json::builtin::to_lotus;

/// Schemas kept in memory. A network has some 20 built-in actors.
const KEPT: usize = 64;

/// Schemas by the CIDs of code; also which code has none.
#[derive(Debug, Default)]
pub struct ActorSchemas {
    kept: Mutex<VecDeque<(Cid, Option<Arc<Schema>>)>>,
}

impl ActorSchemas {
    /// The schema of code; none if it brings none, or is not in the store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, store: &impl Blockstore, code: &Cid) -> Reply<Option<Arc<Schema>>> {
        if let Some((_, schema)) = self.lock().iter().find(|(kept, _)| kept == code) {
            return Ok(schema.clone());
        }
        let wasm = store
            .get(code)
            .map_err(|e| RpcError::general(format!("{e:#}")))?;
        // A schema that is damaged is none: nothing on chain says that there must be one.
        let schema = wasm.and_then(|wasm| Schema::from_wasm(&wasm).ok().flatten());
        let schema = schema.map(Arc::new);
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((*code, schema.clone()));
        Ok(schema)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Cid, Option<Arc<Schema>>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a method returned, as JSON; of a built-in actor in Lotus' shape. Null if there is nothing, or no schema, or it does not fit.
pub(crate) fn decode_return(
    schema: Option<&Schema>,
    is_builtin: bool,
    method: u64,
    bytes: &[u8],
) -> Value {
    let method = schema.and_then(|schema| schema.method(method));
    let Some((method, bytes)) = method.zip((!bytes.is_empty()).then_some(bytes)) else {
        return Value::Null;
    };
    match method.decode_return(Some(bytes)) {
        Ok(value) if is_builtin => to_lotus(&method.returns, value),
        Ok(value) => value,
        Err(_) => Value::Null,
    }
}

/// The method of a number, by a schema that must be there.
pub(crate) fn method<'a>(
    schema: Option<&'a Arc<Schema>>,
    actor: &dyn std::fmt::Display,
    number: u64,
) -> Reply<&'a filigree_schema::Method> {
    let schema =
        schema.ok_or_else(|| RpcError::general(format!("the code of {actor} brings no schema")))?;
    let unknown = || RpcError::general(format!("{actor} has no method {number}"));
    schema.method(number).ok_or_else(unknown)
}
