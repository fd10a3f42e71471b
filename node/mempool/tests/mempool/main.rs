//! The pool as its users meet it: each rule broken once, the head moving, restarts, too many messages, and the best block.

mod head;
mod local;
mod prune;
mod rules;
mod selection;
mod support;
