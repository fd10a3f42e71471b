//! The keys of the configuration, in the order of the file that shows them.

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// With its table: `rpc.address`.
    pub name: &'static str,
    /// What it is, with its unit; what it takes.
    pub doc: &'static str,
}

impl Key {
    /// The variable that goes before the file: `FILIGREE_RPC_ADDRESS`.
    pub fn variable(&self) -> String {
        let name = self.name.replace('.', "_");
        format!("FILIGREE_{}", name.to_ascii_uppercase())
    }
}

const fn key(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc }
}

/// All of them.
pub const KEYS: &[Key] = &[
    key(
        "rpc.address",
        "Where JSON-RPC, /metrics, /healthz and /readyz listen. Port 0 takes a free one.",
    ),
    key(
        "rpc.connections",
        "Most connections at once; further ones wait.",
    ),
    key(
        "rpc.websockets",
        "Most WebSockets among them; further ones are refused. A quarter of the connections is kept for HTTP in any case.",
    ),
    key("rpc.body_mib", "Longest request, in MiB, a batch included."),
    key("rpc.answer_mib", "Longest answer, in MiB."),
    key("rpc.batch", "Most requests of a batch."),
    key("rpc.depth", "Deepest nesting of parameters."),
    key(
        "rpc.run_seconds",
        "How long a method may run, in seconds. Waiting for the chain is not running.",
    ),
    key(
        "rpc.trace_mib",
        "Longest trace of StateCall, StateReplay and StateCompute, in MiB of memory. What would be longer is an error.",
    ),
    key(
        "store.cache_mib",
        "Memory for blocks that were read, with the indexes of their files, in MiB.",
    ),
    key(
        "store.write_buffer_mib",
        "Memory for writes that are not in files yet, in MiB.",
    ),
    key(
        "store.open_files",
        "Most files of the database that are held open.",
    ),
    key(
        "store.recover_damaged_log",
        "Open a database whose log of last writes is damaged, without the writes after the damage.",
    ),
    key(
        "log.filter",
        "What is logged: off, error, warn, info, debug, trace; or by parts, as in \"info,filigree_mine=debug\".",
    ),
    key("log.format", "\"text\" for people, \"json\" for programs."),
    key(
        "mempool.high",
        "With more messages than this the pool drops the worst.",
    ),
    key("mempool.low", "How many it then keeps."),
    key(
        "mining.enabled",
        "Whether the miners whose keys are here make blocks and prove their sectors.",
    ),
    key(
        "proofs.parameters",
        "Directory of the parameters that proofs are made with; where `filigree params` has them, if it is empty.",
    ),
    key(
        "proofs.parents",
        "Directory of the graphs that sealing keeps; beside the parameters, if it is empty.",
    ),
    key(
        "proofs.threads",
        "Threads that make proofs, over all sectors; 0 for all but one of the processor's.",
    ),
    key(
        "proofs.memory_mib",
        "Memory for making proofs, over all sectors, in MiB; 0 for three quarters of what is free at the start.",
    ),
    key(
        "host.concurrency",
        "Messages that run at once, over all that the node does; 0 for two for each core.",
    ),
    key(
        "host.modules",
        "Directory where compiled actors are kept from run to run; the user's cache, if it is empty.",
    ),
    key(
        "wallet.password_file",
        "File whose first line is the keystore's password; `keystore.password` in the data directory, if it is empty. The variable \
         FILIGREE_PASSWORD goes before it.",
    ),
];

/// Variables that are no keys, and what they are.
pub const VARIABLES: &[(&str, &str)] = &[
    ("FILIGREE_HOME", "the data directory"),
    (
        "FILIGREE_PASSWORD",
        "the password of the keys; other programs of the same user can read it",
    ),
    (
        "FILIGREE_API",
        "the node that commands talk to, instead of that of the data directory",
    ),
    ("FILIGREE_TOKEN", "the token for it"),
    (
        "FILIGREE_CACHE",
        "where compiled actors are kept, among others",
    ),
];
