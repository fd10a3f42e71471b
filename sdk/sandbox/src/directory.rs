//! What a sandbox knows of codes and actors beyond the state: names, schemas, native code. Traces and reports read it.

use std::collections::HashMap;
use std::rc::Rc;

use cid::Cid;
use filigree_schema::{Method, MethodKind, Schema};
use filigree_state::Manifest;
use filigree_vm::METHOD_UPGRADE;
use filigree_vm::native::NativeActor;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::address::Address;

/// Codes by CID, names by id.
#[derive(Clone, Default)]
pub(crate) struct Directory {
    codes: HashMap<Cid, Known>,
    labels: HashMap<ActorID, String>,
    /// The init actor's code, and the schema of what stands in for it where the sandbox deploys.
    deployer: Option<(Cid, Rc<Schema>)>,
}

/// A code that was installed, or is one of the network's.
#[derive(Clone)]
pub(crate) struct Known {
    /// The name of the actor.
    pub name: String,
    /// Its schema, where it has one.
    pub schema: Option<Rc<Schema>>,
    /// Its code, if it is not Wasm.
    pub native: Option<Rc<dyn NativeActor>>,
    /// Whether it was installed; the network's own were not.
    pub installed: bool,
}

impl Directory {
    /// The actors of the network's manifest, with the schemas that their Wasm has.
    pub fn of_manifest(manifest: &Manifest, store: &impl Blockstore) -> anyhow::Result<Self> {
        let mut directory = Self::default();
        for (name, code) in manifest.entries() {
            let wasm = store.get(code)?.unwrap_or_default();
            let known = Known {
                name: name.clone(),
                schema: Schema::from_wasm(&wasm).ok().flatten().map(Rc::new),
                native: None,
                installed: false,
            };
            directory.codes.insert(*code, known);
        }
        Ok(directory)
    }

    pub fn insert(&mut self, code: Cid, known: Known) {
        self.codes.insert(code, known);
    }

    pub fn label(&mut self, id: ActorID, name: &str) {
        self.labels.insert(id, name.to_owned());
    }

    pub fn set_deployer(&mut self, init: Cid, schema: Schema) {
        self.deployer = Some((init, Rc::new(schema)));
    }

    pub fn code(&self, code: &Cid) -> Option<&Known> {
        self.codes.get(code)
    }

    /// Codes that are not Wasm.
    pub fn natives(&self) -> impl Iterator<Item = (&Cid, &Rc<dyn NativeActor>)> {
        self.codes
            .iter()
            .filter_map(|(code, known)| Some((code, known.native.as_ref()?)))
    }

    /// Wasm that was installed, in order.
    pub fn wasms(&self) -> impl Iterator<Item = &Cid> {
        let installed = self
            .codes
            .iter()
            .filter(|(_, known)| known.installed && known.native.is_none());
        let codes: std::collections::BTreeSet<&Cid> = installed.map(|(code, _)| code).collect();
        codes.into_iter()
    }

    /// All names given to actors, by id.
    pub fn labels(&self) -> Vec<(ActorID, String)> {
        let mut labels: Vec<_> = self
            .labels
            .iter()
            .map(|(id, name)| (*id, name.clone()))
            .collect();
        labels.sort();
        labels
    }

    /// An actor as a trace names it: `alice(f0101)`, `Counter(f0102)`, `f0103`.
    pub fn actor(&self, id: ActorID, code: Option<&Cid>) -> String {
        let address = Address::new_id(id);
        let of_code = || Some(&self.codes.get(code?)?.name);
        match self.labels.get(&id).or_else(of_code) {
            Some(name) => format!("{name}({address})"),
            None => address.to_string(),
        }
    }

    /// The method of a code with a number.
    pub fn method(&self, code: &Cid, number: u64) -> Option<&Method> {
        let own = || {
            let schema = self.codes.get(code)?.schema.as_ref()?;
            match number {
                METHOD_UPGRADE => schema.of_kind(MethodKind::Upgrade),
                number => schema.method(number),
            }
        };
        self.deployment(code, number).or_else(own)
    }

    /// The sandbox's own method to deploy.
    pub fn deployment(&self, code: &Cid, number: u64) -> Option<&Method> {
        let (_, schema) = self.deployer.as_ref().filter(|(init, _)| init == code)?;
        schema.method(number).filter(|_| number != 1)
    }
}

/// A method as a trace names it.
pub(crate) fn method_name(number: u64, method: Option<&Method>) -> String {
    match (number, method) {
        (0, _) => "Send".to_owned(),
        (_, Some(method)) => method.name.clone(),
        (1, None) => "Constructor".to_owned(),
        (METHOD_UPGRADE, None) => "Upgrade".to_owned(),
        (number, None) => format!("method {number}"),
    }
}
