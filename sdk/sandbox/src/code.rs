//! Codes: Wasm that was installed, or Rust of the test itself.

use std::rc::Rc;

use cid::Cid;
use filigree_build::check::{Rules, check_statically};
use filigree_build::code_cid;
use filigree_schema::Schema;
use filigree_sdk::dispatch::Actor;
use fvm_ipld_blockstore::Blockstore;

use crate::directory::Known;
use crate::native::Native;
use crate::sandbox::Sandbox;

/// A code that actors can be deployed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its CID: of the Wasm's bytes; of native code, made up.
    pub cid: Cid,
    /// The actor's name, from its schema.
    pub name: String,
    /// Whether it runs as a part of the test. Then only its syscalls cost gas.
    pub is_native: bool,
}

impl Sandbox {
    /// Installs Wasm. Nothing is deployed yet.
    ///
    /// # Panics
    /// If the host of this network version would not run it; the message lists why.
    #[track_caller]
    pub fn install(&mut self, wasm: impl AsRef<[u8]>) -> Code {
        let wasm = wasm.as_ref();
        let version = u32::from(self.point.network.version);
        let rules = Rules::mainnet(version).map(|rules| {
            rules
                .with_upgrade(self.point.network.allow_upgrade)
                .with_install(self.point.network.allow_install)
        });
        let report = rules.map(|rules| check_statically(wasm, &rules));
        let report = report.unwrap_or_else(|e| panic!("the Wasm cannot be checked: {e}"));
        if report
            .findings
            .iter()
            .any(|finding| finding.severity.is_error())
        {
            let findings: Vec<String> = report
                .findings
                .iter()
                .map(|finding| format!("  {finding}"))
                .collect();
            panic!(
                "the host of network version {version} would not run this Wasm ({} bytes):\n{}",
                wasm.len(),
                findings.join("\n")
            );
        }
        if let Err(e) = Schema::from_wasm(wasm) {
            panic!("the Wasm has a schema that cannot be read: {e}");
        }
        let cid = code_cid(wasm);
        self.store
            .put_keyed(&cid, wasm)
            .expect("memory takes blocks");
        Code {
            name: self.learn_wasm(cid, wasm),
            cid,
            is_native: false,
        }
    }

    /// Remembers the schema of Wasm that is in the store. Gives the actor's name.
    pub(crate) fn learn_wasm(&mut self, code: Cid, wasm: &[u8]) -> String {
        let schema = Schema::from_wasm(wasm).ok().flatten();
        let name = schema
            .as_ref()
            .map_or_else(|| "actor".to_owned(), |schema| schema.actor.clone());
        let known = Known {
            name: name.clone(),
            schema: schema.map(Rc::new),
            native: None,
            installed: true,
        };
        self.learn(code, known);
        name
    }

    /// Installs an actor that runs as a part of the test: with a debugger, with coverage, fast. It meets the same
    /// host and the same rules, but only its syscalls cost gas.
    #[track_caller]
    pub fn install_native<A: Actor + 'static>(&mut self) -> Code {
        let schema = Schema::from_json(A::SCHEMA_JSON.as_bytes()).unwrap_or_else(|e| {
            panic!(
                "the schema of {} cannot be read: {e}",
                std::any::type_name::<A>()
            )
        });
        let text = format!("native {} {}", std::any::type_name::<A>(), A::SCHEMA_JSON);
        let cid = code_cid(text.as_bytes());
        let name = schema.actor.clone();
        let known = Known {
            name: name.clone(),
            schema: Some(Rc::new(schema)),
            native: Some(Rc::new(Native::<A>::new())),
            installed: true,
        };
        self.learn(cid, known);
        Code {
            cid,
            name,
            is_native: true,
        }
    }

    fn learn(&mut self, code: Cid, known: Known) {
        if let (Some(native), Some(machine)) = (&known.native, &mut self.machine) {
            machine.install_native(code, Rc::clone(native));
        }
        Rc::make_mut(&mut self.directory).insert(code, known);
    }
}
