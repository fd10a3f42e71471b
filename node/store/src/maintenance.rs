//! Which long work on a store excludes which: collection and import run alone, walks beside each other.

use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;

/// What runs now.
#[derive(Default)]
pub(crate) struct Maintenance(Mutex<Running>);

#[derive(Default)]
struct Running {
    alone: Option<&'static str>,
    walks: Vec<&'static str>,
}

/// Something runs while this lives.
pub(crate) struct Permit<'a> {
    maintenance: &'a Maintenance,
    /// The name of a walk; none of what runs alone.
    walk: Option<&'static str>,
}

impl Maintenance {
    /// Permission to change the store as a whole.
    pub fn alone(&self, what: &'static str) -> Result<Permit<'_>, StoreError> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.alone.or(running.walks.first().copied()) {
            return Err(StoreError::Busy { running });
        }
        running.alone = Some(what);
        Ok(Permit {
            maintenance: self,
            walk: None,
        })
    }

    /// Permission to read all of it.
    pub fn walk(&self, what: &'static str) -> Result<Permit<'_>, StoreError> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.alone {
            return Err(StoreError::Busy { running });
        }
        running.walks.push(what);
        Ok(Permit {
            maintenance: self,
            walk: Some(what),
        })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut running = self
            .maintenance
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match self.walk {
            None => running.alone = None,
            Some(walk) => {
                let at = running.walks.iter().position(|w| *w == walk);
                at.map(|at| running.walks.swap_remove(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_run_together_and_the_rest_alone() {
        let maintenance = Maintenance::default();
        let refused = |result: Result<Permit<'_>, StoreError>| match result.err() {
            Some(StoreError::Busy { running }) => running,
            _ => "nothing",
        };
        let export = maintenance.walk("export").unwrap();
        let check = maintenance.walk("check").unwrap();
        assert_eq!(refused(maintenance.alone("gc")), "export");
        drop(export);
        assert_eq!(refused(maintenance.alone("gc")), "check");
        drop(check);
        let gc = maintenance.alone("gc").unwrap();
        assert_eq!(refused(maintenance.alone("import")), "gc");
        assert_eq!(refused(maintenance.walk("export")), "gc");
        drop(gc);
        drop(maintenance.alone("import").unwrap());
    }
}
