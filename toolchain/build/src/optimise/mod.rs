//! What is done to a module after the compiler: smaller, and a little cheaper to run; nothing of it changes what the
//! actor does.
//!
//! The compiler has done the rest: with link-time optimisation over all crates its code is tight. Left are
//! - sections nobody reads (`strip`);
//! - numbers that the linker wrote with room to spare: each address, call and global takes five bytes, whatever its
//!   value. Writing the module anew takes them away, a fourteenth of it (`rewrite`);
//! - functions that came out equal, and those nobody calls any more (`functions`);
//! - branches around code, written as the compiler does, which has no `if` (`branches`).
//!
//! Binaryen's `wasm-opt` makes 3 to 5% less of what comes out here, and takes ten minutes to compile; this has no C++ and is
//! small enough to read. The bytes that come out depend on those that go in and on nothing else.

mod branches;
mod functions;
mod rewrite;
mod strip;

pub use strip::strip;

use wasmparser::Validator;

use crate::check::ACCEPTED;
use crate::{Layout, Malformed};
use functions::Plan;

/// What to keep beside the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Names of functions, for profiles and inspection. The code is the same with and without.
    pub names: bool,
}

/// Optimises a module. One that the host would not accept is only stripped: that is for `check` to say.
pub fn optimise(wasm: &[u8], keep: Keep) -> Result<Vec<u8>, Malformed> {
    let stripped = strip(wasm, keep)?;
    if !is_accepted(&stripped) {
        return Ok(stripped);
    }
    let plan = Plan::of(&Layout::read(&stripped)?)?;
    let optimised = rewrite::rewrite(&stripped, &plan)?;
    // Nothing is known that ends in an invalid module; if there is such a case, it is built without.
    if is_accepted(&optimised) && optimised.len() <= stripped.len() {
        Ok(optimised)
    } else {
        Ok(stripped)
    }
}

fn is_accepted(wasm: &[u8]) -> bool {
    Validator::new_with_features(ACCEPTED)
        .validate_all(wasm)
        .is_ok()
}
