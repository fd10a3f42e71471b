//! The counter's script.

use example_counter::CounterClient;
use example_counter_v2 as v2;
use filigree_sdk::call::Construction;
use filigree_sdk::prelude::*;

use super::{Scene, Step, Steps};

/// Alice counts, bob tries to; in the end the counter becomes its next version.
pub fn counter(scene: &mut Scene) -> Vec<Step> {
    let [alice, bob] = scene.accounts;
    let next = scene.sandbox.install_native::<v2::Counter>().cid;
    scene.deploy(CounterClient::new(alice.address));
    let (at, counter) = (scene.actor, CounterClient::at(scene.actor));
    let stranger = Address::new_actor(b"a stranger");
    let limit = RawBytes::serialize(5u64).expect("a number encodes");
    let new = CounterClient::new;

    let mut s = Steps::default();
    s.deploy(alice, "Constructor", new(bob.address));
    s.deploy(
        alice,
        "Constructor: an id without an actor",
        new(Address::new_id(99_999)),
    );
    s.deploy(alice, "Constructor: an unknown address", new(stranger));
    s.deploy(
        alice,
        "Constructor: no parameters",
        Construction { params: None },
    );
    let again: Call<()> = Call::new(at, 1, new(alice.address).params);
    s.call(alice, "Constructor: by an account", again);
    s.call(alice, "Increment", counter.increment(3));
    s.call(bob, "Increment: a stranger", counter.increment(1));
    s.call(alice, "Increment: overflow", counter.increment(u64::MAX));
    s.call(bob, "Value", counter.value());
    s.call(bob, "an unknown method", Call::<()>::new(at, 77, None));
    let change = counter.change_code(next, limit.clone());
    s.malformed(
        alice,
        at,
        &[
            1,
            counter.increment(1).method,
            counter.value().method,
            change.method,
        ],
    );

    s.call(bob, "ChangeCode: a stranger", change.clone());
    let unknown = filigree_build::code_cid(b"no code");
    s.call(
        alice,
        "ChangeCode: unknown code",
        counter.change_code(unknown, limit),
    );
    let bad = RawBytes::new(vec![0x60]);
    s.call(
        alice,
        "ChangeCode: the new code refuses",
        counter.change_code(next, bad),
    );
    s.call(alice, "Increment again", counter.increment(4));
    s.call(alice, "ChangeCode", change);
    s.call(
        alice,
        "the next version",
        v2::CounterClient::at(at).increment(5),
    );
    s.0
}
