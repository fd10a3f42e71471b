//! The wallet as its users meet it: keys in and out, a wrong password, damage, others' access, and death while writing.

mod damage;
mod exports;
mod keys;
mod kill;
mod support;
