//! TEMPORARY: the oracle again.
use crate::{oracle::{Run,Step},setup::*};
pub fn run(a:&Setup,b:&Genesis,c:&[Step])->anyhow::Result<Run>{ if std::env::var_os("OURS").is_some() { anyhow::bail!("x") } Ok(crate::oracle::run(a,b,c)?) }

