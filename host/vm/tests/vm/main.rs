//! The VM host from outside: what the differential tests cannot see or the reference does not have.

mod profile;
mod robust;
mod support;
mod trace;
mod upgrade;
