//! A disk that is full: the error names the file and the cause, nothing half written looks whole, and the step is done
//! when there is room.
//!
//! The limit of a process's files stands in for the disk: writing beyond it fails as it does there, with another number.

use std::io::ErrorKind;

use filigree_proofs_prove::{Control, ProveError, Workers};

use crate::interrupted::{Expected, tasks};
use crate::support::*;

/// Workers whose files have at most so many blocks of 512 bytes.
pub fn limited(workers: &Workers, blocks: u64) -> Workers {
    let program = workers.program.to_str().unwrap();
    // Ignored, the signal that would end the process is an error of the write.
    let script = r#"trap "" XFSZ; ulimit -f "$0"; exec "$1""#;
    let arguments = ["-c", script, &blocks.to_string(), program];
    Workers {
        program: "/bin/sh".into(),
        arguments: arguments.map(str::to_owned).to_vec(),
        ..workers.clone()
    }
}

#[test]
fn a_write_that_fails_is_named_and_the_step_goes_on_later() {
    let expected = Expected::new();
    let farm = Farm::new();
    for (at, task) in tasks(&farm).iter().enumerate() {
        let (before, after) = (&expected.wholes[at], &expected.wholes[at + 1]);
        let mut refused = 0;
        let outcome = loop {
            let workers = limited(&farm.workers(), refused);
            let error = match workers.run(task, 2, &Control::default()) {
                Ok(outcome) => break outcome,
                Err(error) => error,
            };
            let ProveError::Io { path, source } = &error else {
                panic!("{task:?}, {refused} blocks: {error}")
            };
            assert!(path.starts_with(farm.path()), "{error}");
            assert_eq!(source.kind(), ErrorKind::FileTooLarge, "{error}");
            check_whole(&farm, before, after);
            refused += 1;
        };
        assert!((1..100).contains(&refused), "{task:?}: {refused}");
        assert_eq!(outcome, expected.outcomes[at]);
        assert!(farm.wholes() == *after, "{task:?}");
    }
    assert_eq!(farm.names(), expected.names);
}
