//! The worker process of `filigree-proofs-prove`: a task on standard input, events and the outcome on standard output.

use std::process::ExitCode;

fn main() -> ExitCode {
    filigree_proofs_prove::worker::serve()
}
