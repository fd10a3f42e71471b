//! Profiles: to which functions, syscalls and charges the gas of a message went, by call stack.
//!
//! Recorded where the engines were made for it ([`Engines::for_profiles`](crate::Engines::for_profiles)), never on a
//! network. There each function of an actor tells when it begins and ends, with the gas left inside its module; the
//! difference since the last such moment belongs to the innermost open site. Gas itself is untouched: the sum over a
//! profile is what the message used, to the milligas.

use std::borrow::Cow;
use std::collections::HashMap;

use cid::Cid;
use filigree_engine::PROFILE_MODULE;
use filigree_gas::{Gas, GasCharge, GasTracker, OutOfGas};
use fvm_shared::{ActorID, MethodNum};
use wasmtime::{Caller, Linker};

use crate::frame::Frame;
use crate::stack::CallStack;

/// Most call stacks kept apart; what comes beyond counts for the site it happens in.
const MAX_NODES: usize = 1 << 20;

/// What gas is used by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// An invocation of an actor.
    Call {
        /// The actor.
        id: ActorID,
        /// Its code.
        code: Cid,
        /// How it is entered: the export `invoke`, or `upgrade`.
        export: &'static str,
        /// The method; for an upgrade the number it runs under.
        method: MethodNum,
    },
    /// A function of the actor's Wasm, by its index, imports included.
    Function(u32),
    /// A syscall: module and name.
    Syscall(&'static str, &'static str),
    /// A charge of the host outside of syscalls, as the price list names it.
    Charge(Cow<'static, str>),
}

/// A site below another.
#[derive(Clone, Debug)]
struct Node {
    site: Site,
    /// The node it is below; 0 is the message itself.
    parent: usize,
    own: Gas,
}

/// The gas of one message, by call stack.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    nodes: Vec<Node>,
}

impl Profile {
    /// Each call stack that used gas itself, outermost site first, with the milligas, in order of first appearance.
    pub fn stacks(&self) -> impl Iterator<Item = (Vec<&Site>, u64)> {
        let used = (1..=self.nodes.len()).filter(|node| !self.node(*node).own.is_zero());
        used.map(|node| {
            let mut stack = Vec::new();
            let mut at = node;
            while at != 0 {
                stack.push(&self.node(at).site);
                at = self.node(at).parent;
            }
            stack.reverse();
            (stack, self.node(node).own.as_milligas())
        })
    }

    /// All milligas.
    pub fn milligas(&self) -> u64 {
        let all = self.nodes.iter().map(|node| node.own);
        all.fold(Gas::ZERO, |sum, own| sum + own).as_milligas()
    }

    /// Nodes count from 1.
    fn node(&self, node: usize) -> &Node {
        &self.nodes[node - 1]
    }

    /// Books what a fatal error takes beyond what was used.
    pub(crate) fn fill_up(&mut self, to: Gas) {
        let own = to - Gas::from_milligas(self.milligas());
        self.nodes.push(Node {
            site: Site::Charge("FatalError".into()),
            parent: 0,
            own,
        });
    }
}

/// Makes the profile of one message.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    profile: Profile,
    below: HashMap<(usize, Site), usize>,
    /// The open nodes, outermost first.
    open: Vec<usize>,
    /// Gas of Wasm that was booked and is not charged yet.
    ahead: Gas,
}

impl Recorder {
    fn top(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    /// The node of a site below the innermost one.
    fn node(&mut self, site: Site) -> usize {
        let parent = self.top();
        if self.profile.nodes.len() >= MAX_NODES {
            let known = self.below.get(&(parent, site)).copied();
            return known.unwrap_or(parent);
        }
        let (nodes, key) = (&mut self.profile.nodes, (parent, site));
        if let Some(node) = self.below.get(&key) {
            return *node;
        }
        nodes.push(Node {
            site: key.1.clone(),
            parent,
            own: Gas::ZERO,
        });
        self.below.insert(key, nodes.len());
        nodes.len()
    }

    fn enter(&mut self, site: Site) {
        let node = self.node(site);
        self.open.push(node);
    }

    fn leave(&mut self) {
        self.open.pop();
    }

    fn book(&mut self, node: usize, gas: Gas) {
        if let Some(node) = node.checked_sub(1) {
            self.profile.nodes[node].own += gas;
        }
    }

    /// Books what Wasm has used since it last got gas, as far as that was not done.
    fn wasm(&mut self, used: Gas) {
        self.book(self.top(), used - self.ahead);
        self.ahead = self.ahead.max(used);
    }

    /// Charges, and books what was really taken: in a syscall for it, in a call or outside of one under the charge's name.
    pub fn charge(&mut self, gas: &mut GasTracker, charge: GasCharge) -> Result<(), OutOfGas> {
        let before = gas.used();
        let name = charge.name.clone();
        let result = gas.charge(charge);
        let taken = gas.used() - before;
        let rest = taken - self.ahead;
        self.ahead -= taken;
        if !rest.is_zero() {
            let top = self.top();
            let in_call = top == 0 || matches!(self.profile.node(top).site, Site::Call { .. });
            let node = if in_call {
                self.node(Site::Charge(name))
            } else {
                top
            };
            self.book(node, rest);
        }
        result
    }
}

impl CallStack {
    /// A recorder, if the engine is one for profiles.
    pub fn recorder(profiling: bool) -> Option<Box<Recorder>> {
        profiling.then(Box::default)
    }

    /// Opens a site.
    pub fn enter_site(&mut self, site: impl FnOnce() -> Site) {
        if let Some(recorder) = &mut self.recorder {
            recorder.enter(site());
        }
    }

    /// Closes the innermost site.
    pub fn leave_site(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.leave();
        }
    }

    /// How many sites are open.
    pub fn open_sites(&self) -> usize {
        self.recorder.as_ref().map_or(0, |r| r.open.len())
    }

    /// Closes all sites but the outermost `open`: those of an actor that trapped or exited.
    pub fn unwind_sites(&mut self, open: usize) {
        if let Some(recorder) = &mut self.recorder {
            recorder.open.truncate(open);
        }
    }

    /// The profile, at the end of the message.
    pub fn take_profile(&mut self) -> Option<Box<Profile>> {
        let recorder = self.recorder.take()?;
        Some(Box::new(recorder.profile))
    }
}

impl Frame {
    /// Books what Wasm used, given the counter of its module in milligas.
    pub fn book_wasm(&mut self, counter: i64) {
        if self.stack.recorder.is_none() {
            return;
        }
        // No more is taken than there is.
        let used = self.used(counter).min(self.stack.gas.available());
        if let Some(recorder) = &mut self.stack.recorder {
            recorder.wasm(used);
        }
    }
}

/// Binds what wrapped functions call.
pub(crate) fn link(linker: &mut Linker<Frame>) -> wasmtime::Result<()> {
    let enter = |mut caller: Caller<'_, Frame>, function: u32, counter: i64| {
        let frame = caller.data_mut();
        frame.book_wasm(counter);
        frame.stack.enter_site(|| Site::Function(function));
    };
    let leave = |mut caller: Caller<'_, Frame>, counter: i64| {
        let frame = caller.data_mut();
        frame.book_wasm(counter);
        frame.stack.leave_site();
    };
    linker.func_wrap(PROFILE_MODULE, "enter", enter)?;
    linker.func_wrap(PROFILE_MODULE, "leave", leave)?;
    Ok(())
}
