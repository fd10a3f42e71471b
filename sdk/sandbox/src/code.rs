//! Codes: Wasm that was installed, or Rust of the test itself.

use std::rc::Rc;

use cid::Cid;
use filigree_build::check::{CheckError, Rules, check_statically};
use filigree_build::code_cid;
use filigree_schema::{Schema, SchemaError};
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

/// Why Wasm cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The network version has no rules to check by.
    #[error("the Wasm cannot be checked: {0}")]
    Rules(CheckError),
    /// No actor of this code could be called.
    #[error(
        "the host of network version {version} would not run this Wasm ({size_bytes} bytes):\n{findings}"
    )]
    Refused {
        /// The network version.
        version: u32,
        /// The size of the Wasm.
        size_bytes: usize,
        /// What was found, a line each.
        findings: String,
    },
    /// Its schema is damaged.
    #[error("the Wasm has a schema that cannot be read: {0}")]
    Schema(SchemaError),
}

impl Sandbox {
    /// Installs Wasm. Nothing is deployed yet.
    ///
    /// # Panics
    /// If the host of this network version would not run it; the message lists why.
    #[track_caller]
    pub fn install(&mut self, wasm: impl AsRef<[u8]>) -> Code {
        match self.try_install(wasm) {
            Ok(code) => code,
            Err(e) => panic!("{e}"),
        }
    }

    /// Installs Wasm, or says why the host of this network version would not run it.
    pub fn try_install(&mut self, wasm: impl AsRef<[u8]>) -> Result<Code, InstallError> {
        let wasm = wasm.as_ref();
        let version = u32::from(self.point.network.version);
        let rules = Rules::mainnet(version).map_err(InstallError::Rules)?;
        let rules = rules
            .with_upgrade(self.point.network.allow_upgrade)
            .with_install(self.point.network.allow_install);
        let findings = check_statically(wasm, &rules).findings;
        let errors = findings.iter().any(|finding| finding.severity.is_error());
        if errors {
            let findings: Vec<String> = findings
                .iter()
                .map(|finding| format!("  {finding}"))
                .collect();
            return Err(InstallError::Refused {
                version,
                size_bytes: wasm.len(),
                findings: findings.join("\n"),
            });
        }
        Schema::from_wasm(wasm).map_err(InstallError::Schema)?;
        let cid = code_cid(wasm);
        self.store
            .put_keyed(&cid, wasm)
            .expect("memory takes blocks");
        Ok(Code {
            name: self.learn_wasm(cid, wasm),
            cid,
            is_native: false,
        })
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
        let actor = std::any::type_name::<A>();
        let schema = match Schema::from_json(A::SCHEMA_JSON.as_bytes()) {
            Ok(schema) => schema,
            Err(e) => panic!("the schema of {actor} cannot be read: {e}"),
        };
        let text = format!("native {actor} {}", A::SCHEMA_JSON);
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
