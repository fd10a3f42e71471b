//! Long work: told while it goes on, and called off.

use std::thread;
use std::time::{Duration, Instant};

use filigree_rpc::Client;
use filigree_rpc::method::filigree::{CancelTask, DbCheck, Tasks};

use super::failed;
use crate::common::Node;

#[test]
fn work_is_told_and_called_off() {
    let node = Node::start(Default::default());
    let client = node.client();
    assert!(client.call(Tasks {}).unwrap().is_empty());
    thread::scope(|scope| {
        let check = |id: &str| {
            let task = Some(id.to_owned());
            let client = node.client();
            scope.spawn(move || client.call(DbCheck { light: true, task }))
        };
        let (mine, other) = (check("mine"), check("other"));
        let patience = Instant::now() + Duration::from_secs(60);
        let is_under_way = || {
            let all = client.call(Tasks {}).unwrap();
            all.len() == 2 && all.iter().all(|task| task.total == 10)
        };
        while !is_under_way() {
            assert!(Instant::now() < patience, "it does not begin");
        }
        let again = client.call(DbCheck {
            light: true,
            task: Some("mine".to_owned()),
        });
        let again = failed(again.unwrap_err()).1;
        assert_eq!(again, "there is a task mine already");
        let anybody = Client::new(format!("http://{}/rpc/v1", node.address), None);
        let all = anybody.call(Tasks {}).unwrap();
        let found = all.iter().find(|task| task.id == "mine").unwrap();
        let told = (
            found.name.as_str(),
            found.stage.as_str(),
            found.unit.as_str(),
        );
        assert_eq!(told, ("database check", "looking", "epochs"));
        assert_eq!((found.done, found.total, found.cancelled), (3, 10, false));
        let cancel = |client: &Client, task: &str| {
            client.call(CancelTask {
                task: task.to_owned(),
            })
        };
        assert!(cancel(&anybody, "mine").is_err(), "not everybody may");
        cancel(&client, "mine").unwrap();
        let stopped = failed(mine.join().unwrap().unwrap_err()).1;
        assert!(stopped.contains("stopped"), "{stopped}");
        assert!(cancel(&client, "mine").is_err(), "it has ended");
        assert!(!other.is_finished());
        cancel(&client, "other").unwrap();
        other.join().unwrap().unwrap_err();
    });
    assert!(client.call(Tasks {}).unwrap().is_empty());
}
