//! Downloads from a gateway on this machine that drops connections, sends wrong bytes and wrong ranges.

mod server;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filigree_proofs_params::catalogue::find;
use filigree_proofs_params::fetch::{
    Client, Error, Outcome, PARTIAL, Patience, Problem, Progress, Stage,
};
use filigree_proofs_params::{Digest, File, Kind, Proof, SectorSize, Set};
use server::{Behaviour, Server};

/// As long as several buffers.
fn content() -> Vec<u8> {
    (0..3_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// A file of the network whose bytes are `content`.
fn file(content: &[u8], size_is_known: bool) -> File {
    let size = Some(SectorSize::_2KiB);
    File {
        digest: Digest::of(content),
        size_bytes: size_is_known.then_some(content.len() as u64),
        ..find(Set::Production, Proof::WindowPost, size, Kind::Key).unwrap()
    }
}

fn client(servers: &[&Server]) -> Client {
    let patience = Patience {
        failures: 3,
        pause: Duration::from_millis(1),
        silence: Duration::from_millis(500),
    };
    Client::new(servers.iter().map(|s| s.url.clone()).collect(), patience)
}

/// What came of a download, and what is in the directory afterwards.
struct Result {
    result: std::result::Result<Vec<Outcome>, Error>,
    content: Option<Vec<u8>>,
    partial: Option<Vec<u8>>,
}

fn fetch_into(directory: &Path, servers: &[&Server], file: &File) -> Result {
    let result = client(servers).fetch(&[*file], directory, &|_| true);
    Result {
        result,
        content: fs::read(directory.join(file.name())).ok(),
        partial: fs::read(directory.join(format!("{}{PARTIAL}", file.name()))).ok(),
    }
}

/// Checks that behaviours lead to the right file, whether or not its size is known, with requests at these places.
#[track_caller]
fn arrives(behaviours: &[Behaviour], starts: &[usize]) {
    let content = content();
    for size_is_known in [true, false] {
        let server = Server::start(&content, behaviours.to_vec());
        let dir = tempfile::tempdir().unwrap();
        let got = fetch_into(dir.path(), &[&server], &file(&content, size_is_known));
        assert_eq!(got.result.unwrap(), [Outcome::Fetched]);
        assert!(got.content.as_ref() == Some(&content));
        assert!(got.partial.is_none());
        assert_eq!(server.starts(), starts);
    }
}

/// Checks that behaviours lead to no file, and to a problem.
#[track_caller]
fn fails(behaviours: &[Behaviour], expected: fn(&Problem) -> bool) {
    let content = content();
    for size_is_known in [true, false] {
        let server = Server::start(&content, behaviours.to_vec());
        let dir = tempfile::tempdir().unwrap();
        let got = fetch_into(dir.path(), &[&server], &file(&content, size_is_known));
        assert!(got.content.is_none(), "a wrong file has a right name");
        match got.result.unwrap_err() {
            Error::Failed { problems, .. } => {
                assert_eq!(problems.len(), 1);
                let (gateway, problem) = &problems[0];
                assert_eq!(*gateway, server.url);
                assert!(expected(problem), "{problem}");
            }
            other => panic!("{other}"),
        }
    }
}

use Behaviour::*;

#[test]
fn a_file_arrives_under_its_cid() {
    arrives(&[Serve], &[0]);
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, true);
    fetch_into(dir.path(), &[&server], &file);
    let paths: Vec<String> = server
        .requests
        .lock()
        .unwrap()
        .iter()
        .map(|r| r.1.clone())
        .collect();
    assert_eq!(paths, [format!("/ipfs/{}", file.cid.unwrap())]);
}

#[test]
fn a_dropped_connection_is_resumed() {
    arrives(
        &[DropAfter(1_000_000), DropAfter(1_500_000), Serve],
        &[0, 1_000_000, 2_500_000],
    );
}

#[test]
fn many_drops_are_fine_as_long_as_bytes_come() {
    let drops = vec![DropAfter(200_001); 20];
    let starts: Vec<usize> = (0..15).map(|i| i * 200_001).collect();
    arrives(&drops, &starts);
}

#[test]
fn a_gateway_without_ranges_starts_over() {
    arrives(&[DropAfter(1_000_000), IgnoreRange], &[0, 1_000_000]);
}

#[test]
fn a_gateway_that_never_gets_further_is_given_up() {
    fails(&[IgnoreRangeAndDropAfter(1_000_000)], |p| {
        matches!(p, Problem::Short | Problem::Connection(_))
    });
}

#[test]
fn a_range_in_the_wrong_place_is_not_taken() {
    arrives(
        &[DropAfter(1_000_000), ShiftRange(7), Serve],
        &[0, 1_000_000, 1_000_000],
    );
    fails(&[DropAfter(1_000_000), ShiftRange(7)], |p| {
        matches!(p, Problem::WrongRange)
    });
}

#[test]
fn a_busy_gateway_is_asked_again() {
    arrives(&[Status(503), Status(429), Serve], &[0, 0, 0]);
    fails(&[Status(503)], |p| matches!(p, Problem::Status(503)));
}

#[test]
fn a_gateway_that_has_not_the_file_is_asked_once() {
    fails(&[Status(404)], |p| matches!(p, Problem::Status(404)));
}

#[test]
fn silence_ends() {
    arrives(&[Silence, Serve], &[0, 0]);
}

#[test]
fn what_is_no_http_is_no_answer() {
    fails(&[Garbage], |p| matches!(p, Problem::Connection(_)));
}

#[test]
fn wrong_bytes_get_no_name() {
    fails(&[WrongBytes], |p| matches!(p, Problem::WrongBytes(_)));
}

#[test]
fn wrong_bytes_in_the_middle_are_thrown_away_and_all_is_asked_for_again() {
    let content = content();
    let server = Server::start(&content, vec![DropAfter(1_000_000), WrongBytes, Serve]);
    let dir = tempfile::tempdir().unwrap();
    // The first part came from this gateway too, so it is the gateway that is wrong.
    let got = fetch_into(dir.path(), &[&server], &file(&content, true));
    assert!(got.content.is_none());
    assert_eq!(got.partial.unwrap(), b"");
    // Of a part from an earlier run nobody knows: it is asked for anew.
    let name = file(&content, true).name();
    fs::write(dir.path().join(format!("{name}{PARTIAL}")), [9; 1000]).unwrap();
    let got = fetch_into(dir.path(), &[&server], &file(&content, true));
    assert_eq!(got.result.unwrap(), [Outcome::Fetched]);
    assert!(got.content.unwrap() == content);
    assert_eq!(server.starts(), [0, 1_000_000, 1000, 0]);
}

#[test]
fn too_many_bytes_are_not_taken() {
    let content = content();
    let server = Server::start(&content, vec![TooMany]);
    let dir = tempfile::tempdir().unwrap();
    let got = fetch_into(dir.path(), &[&server], &file(&content, true));
    assert!(got.content.is_none());
    assert!(got.partial.unwrap().len() <= content.len());
    fails(&[TooMany], |p| {
        matches!(p, Problem::TooLong(_) | Problem::WrongBytes(_))
    });
    fails(&[WrongTotal], |p| {
        matches!(p, Problem::WrongLength { .. } | Problem::WrongBytes(_))
    });
}

#[test]
fn the_next_gateway_goes_on_where_the_first_one_stopped() {
    let content = content();
    let first = Server::start(&content, vec![DropAfter(1_000_000), Status(404)]);
    let second = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let got = fetch_into(dir.path(), &[&first, &second], &file(&content, true));
    assert_eq!(got.result.unwrap(), [Outcome::Fetched]);
    assert!(got.content.unwrap() == content);
    assert_eq!(second.starts(), [1_000_000]);
}

#[test]
fn the_next_gateway_mends_what_the_first_one_spoilt() {
    let content = content();
    let first = Server::start(&content, vec![WrongBytes]);
    let second = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let got = fetch_into(dir.path(), &[&first, &second], &file(&content, false));
    assert!(got.content.unwrap() == content);
}

#[test]
fn a_whole_part_of_an_earlier_run_needs_no_bytes() {
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, false);
    let partial = dir.path().join(format!("{}{PARTIAL}", file.name()));
    fs::write(&partial, &content).unwrap();
    let got = fetch_into(dir.path(), &[&server], &file);
    assert!(got.content.unwrap() == content);
    assert_eq!(server.starts(), [content.len()]);
}

#[test]
fn what_comes_after_a_part_that_was_too_long_counts_as_progress() {
    let content = content();
    let mut behaviours = vec![Serve];
    behaviours.extend(vec![DropAfter(200_001); 20]);
    let server = Server::start(&content, behaviours);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, false);
    let partial = dir.path().join(format!("{}{PARTIAL}", file.name()));
    fs::write(&partial, vec![9; content.len() + 1]).unwrap();
    let got = fetch_into(dir.path(), &[&server], &file);
    assert_eq!(got.result.unwrap(), [Outcome::Fetched]);
    assert!(got.content.unwrap() == content);
}

#[test]
fn a_good_file_stays_and_a_wrong_one_is_replaced() {
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, true);
    fs::write(dir.path().join(file.name()), b"wrong").unwrap();
    let got = fetch_into(dir.path(), &[&server], &file);
    assert_eq!(got.result.unwrap(), [Outcome::Fetched]);
    let got = fetch_into(dir.path(), &[&server], &file);
    assert_eq!(got.result.unwrap(), [Outcome::Kept]);
    assert!(got.content.unwrap() == content);
    assert_eq!(server.starts(), [0]);
}

#[test]
fn a_cancelled_download_goes_on_later() {
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, true);
    let asked = AtomicUsize::new(0);
    let watch = |_| asked.fetch_add(1, Ordering::Relaxed) < 3;
    let cancelled = client(&[&server]).fetch(&[file], dir.path(), &watch);
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    let got = fetch_into(dir.path(), &[&server], &file);
    assert!(got.content.unwrap() == content);
    let starts = server.starts();
    assert_eq!(starts.len(), 2);
    assert!(starts[1] > 0 && starts[1] < content.len());
}

#[test]
fn the_check_of_a_file_that_is_there_can_be_cancelled() {
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, true);
    fs::write(dir.path().join(file.name()), &content).unwrap();
    let looks = AtomicUsize::new(0);
    let watch = |progress: Progress| {
        looks.fetch_add(1, Ordering::Relaxed);
        progress.stage != Stage::Checking
    };
    let cancelled = client(&[&server]).fetch(&[file], dir.path(), &watch);
    assert!(matches!(cancelled, Err(Error::Cancelled)), "{cancelled:?}");
    assert_eq!(looks.into_inner(), 1, "looks at a file of several buffers");
    assert_eq!(server.starts(), [0; 0]);
}

#[test]
fn two_clients_in_one_directory_download_once() {
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = file(&content, true);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let run = || fetch_into(dir.path(), &[&server], &file).result.unwrap()[0];
        let both = [scope.spawn(run), scope.spawn(run)];
        both.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(outcomes.contains(&Outcome::Kept) && outcomes.contains(&Outcome::Fetched));
    assert_eq!(server.starts(), [0]);
}

#[test]
fn nobody_has_the_development_set() {
    let content = content();
    let server = Server::start(&content, vec![Serve]);
    let dir = tempfile::tempdir().unwrap();
    let file = File {
        set: Set::Development,
        cid: None,
        ..file(&content, true)
    };
    let got = fetch_into(dir.path(), &[&server], &file);
    assert!(matches!(got.result, Err(Error::NotPublished(_))));
    assert_eq!(server.starts(), [0; 0]);
}
