//! Keys and signatures as others have made them, and as whoever checks must take or refuse them.

mod aggregate;
mod messages;
mod transactions;
mod vectors;
