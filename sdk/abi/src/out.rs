//! The values that cross the border: what syscalls write to an out-pointer, and the one struct they read.
//!
//! All are packed (`repr(C, packed)`), little-endian, without padding or pointers, and the same in every supported
//! network version. They are the types of `fvm_shared`; the assertions below stop the build if a size changes.

pub use fvm_shared::crypto::signature::{BLS_PUB_LEN, BLS_SIG_LEN, SECP_PUB_LEN, SECP_SIG_LEN};
pub use fvm_shared::randomness::RANDOMNESS_LENGTH;
pub use fvm_shared::sys::out::{crypto, ipld, network, send, vm};
pub use fvm_shared::sys::{EventEntry, SendFlags, TokenAmount};

/// Stops the build unless `T` takes so many bytes.
const fn takes<T>(bytes: usize) {
    assert!(size_of::<T>() == bytes);
    assert!(align_of::<T>() == 1);
}

const _: () = {
    takes::<TokenAmount>(16);
    takes::<ipld::IpldOpen>(16);
    takes::<ipld::IpldStat>(12);
    takes::<send::Send>(20);
    takes::<crypto::VerifyConsensusFault>(20);
    takes::<network::NetworkContext>(44);
    takes::<vm::MessageContext>(80);
    takes::<EventEntry>(24);
    takes::<[u8; SECP_PUB_LEN]>(65);
    takes::<[u8; RANDOMNESS_LENGTH]>(32);
};
