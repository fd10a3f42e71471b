//! The rules of deals, without state: what may be published, when a deal may begin, what is to be paid, when cron looks.

pub mod activation;
pub mod bounds;
pub mod datacap;
pub mod payment;
pub mod schedule;
